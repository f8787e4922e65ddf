/// Finds what stands in a JSON string literally, eight octets at a time.
enum PlainText {
    /// The first octet from `start` on that is a quote, a backslash or a control character, else `end`; and whether all
    /// before it are ASCII. `end` is at most the buffer's count.
    @inline(__always)
    static func end(of octets: UnsafeRawBufferPointer, from start: Int, to end: Int) -> (end: Int, isASCII: Bool) {
        var index = start
        var all: UInt64 = 0
        while index + 8 <= end {
            // SAFETY: eight octets stand there.
            let word = unsafe octets.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            let special = specialOctets(word)
            if special != 0 {
                let plain = special.trailingZeroBitCount / 8
                all |= word & ~(UInt64.max << UInt64(plain * 8))
                return (index + plain, all & tops == 0)
            }
            all |= word
            index += 8
        }
        while index < end {
            let octet = unsafe octets[index]
            if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") || octet < 0x20 { break }
            all |= UInt64(octet)
            index += 1
        }
        return (index, all & tops == 0)
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// The lowest set bit stands in the first octet that is special; those behind it may be wrong.
    @inline(__always)
    private static func specialOctets(_ word: UInt64) -> UInt64 {
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5c)
        let low = (word &- ones &* 0x20) & ~word
        return (low | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash) & tops
    }
}
