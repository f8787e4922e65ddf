/// Text as lines that every way of transport leaves as they are (RFC 2045 §6.7).
enum QuotedPrintable {
    private static let lineLimit = 76

    /// UTF-8 with CRLF for each kind of line end, at most 76 octets a line; ends with CRLF.
    static func encode(_ text: String) -> [UInt8] {
        let octets = Array(text.utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity(octets.count + octets.count / 8 + 16)
        var (start, index) = (0, 0)
        // CRLF, LF and CR each end a line. What ends the last one begins no other.
        while index < octets.count {
            let octet = octets[index]
            guard octet == 0x0a || octet == 0x0d else {
                index += 1
                continue
            }
            append(octets, start..<index, to: &encoded)
            index += octet == 0x0d && index + 1 < octets.count && octets[index + 1] == 0x0a ? 2 : 1
            start = index
        }
        if start < octets.count { append(octets, start..<octets.count, to: &encoded) }
        return encoded
    }

    private static func append(_ octets: [UInt8], _ line: Range<Int>, to encoded: inout [UInt8]) {
        var column = 0
        for index in line {
            let octet = octets[index]
            let isPlain = isPlain(octets, index, line, isFirst: column == 0)
            // The last column is kept for the = of a soft break. Octets of one character stay together.
            let width = octet & 0xc0 == 0xc0 ? length(octet) * 3 : isPlain ? 1 : 3
            if octet & 0xc0 != 0x80, column + width > lineLimit - 1 {
                encoded.append(0x3d)
                encoded.append(0x0d)
                encoded.append(0x0a)
                column = 0
            }
            if isPlain {
                encoded.append(octet)
                column += 1
            } else {
                encoded.append(0x3d)
                encoded.append(digit(octet >> 4))
                encoded.append(digit(octet & 15))
                column += 3
            }
        }
        encoded.append(0x0d)
        encoded.append(0x0a)
    }

    /// Whether an octet stands for itself. `isFirst`: a line of what is sent begins with it.
    private static func isPlain(_ octets: [UInt8], _ index: Int, _ line: Range<Int>, isFirst: Bool) -> Bool {
        switch octets[index] {
        case 0x09, 0x20: index != line.upperBound - 1
        case 0x3d: false
        // A dot alone ends a message, and "From " begins one in a mailbox file: neither is left to others' care.
        case 0x2e: !isFirst
        case 0x46: !(isFirst && octets[index..<line.upperBound].starts(with: "From ".utf8))
        case let octet: octet >= 0x21 && octet <= 0x7e
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }

    private static func length(_ first: UInt8) -> Int { first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2 }
}
