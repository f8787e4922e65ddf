/// One line of a dictionary, split into words.
struct DictionaryLine {
    /// The words; their octets are UTF-8.
    private(set) var words: [String] = []

    /// Splits a line; what follows `#` is a comment. Nil when the octets are no UTF-8.
    init?(_ bytes: ArraySlice<UInt8>) {
        var start: Int?
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == UInt8(ascii: "#") {
                guard finish(bytes, &start, index) else { return nil }
                return
            }
            let isBlank = byte == UInt8(ascii: " ") || (9...13).contains(byte)
            if isBlank {
                guard finish(bytes, &start, index) else { return nil }
            } else if start == nil {
                start = index
            }
        }
        guard finish(bytes, &start, bytes.endIndex) else { return nil }
    }

    private mutating func finish(_ bytes: ArraySlice<UInt8>, _ start: inout Int?, _ end: Int) -> Bool {
        guard let first = start else { return true }
        start = nil
        guard let word = String(validating: bytes[first..<end], as: UTF8.self) else { return false }
        words.append(word)
        return true
    }

    /// A number in decimal, in hexadecimal behind `0x`, or in octal behind `0`; nil when it is none or above 64 bits.
    static func number(_ text: Substring) -> UInt64? {
        let utf8 = text.utf8
        var digits = utf8[...]
        var radix: UInt64 = 10
        if digits.first == UInt8(ascii: "0"), digits.count > 1 {
            let mark = digits[digits.index(after: digits.startIndex)] | 0x20
            radix = mark == UInt8(ascii: "x") ? 16 : 8
            digits = digits.dropFirst(radix == 16 ? 2 : 1)
        }
        guard !digits.isEmpty else { return nil }
        var number: UInt64 = 0
        for character in digits {
            let digit: UInt64
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(character - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(character - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt64(character - UInt8(ascii: "A") + 10)
            default: return nil
            }
            guard digit < radix else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            number = sum
        }
        return number
    }

    /// The numbers of a dotted code such as `26.9.1`, each of 32 bits; nil when one is none.
    static func codes(_ text: Substring) -> [UInt32]? {
        var codes: [UInt32] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            guard let number = number(part), let code = UInt32(exactly: number) else { return nil }
            codes.append(code)
        }
        return codes
    }
}

extension String {
    /// The text in lower case as far as ASCII goes, which is how names are compared.
    var asciiLowercased: String {
        guard utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else { return self }
        return String(
            decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 },
            as: UTF8.self
        )
    }
}
