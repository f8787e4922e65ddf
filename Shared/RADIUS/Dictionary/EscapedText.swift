/// Text with escapes for what is no printable UTF-8: `\\`, `\n`, `\r`, `\t` and `\xHH`.
enum EscapedText {
    /// The octets that a text means.
    static func octets(_ text: String) throws(AttributeEncodingError.Problem) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                octets.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"): octets.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "n"): octets.append(10)
            case UInt8(ascii: "r"): octets.append(13)
            case UInt8(ascii: "t"): octets.append(9)
            case UInt8(ascii: "x"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    throw .badEscape
                }
                octets.append(high << 4 | low)
            default: throw .badEscape
            }
        }
        return octets
    }

    /// The text that means those octets: printable characters as they are, the rest escaped.
    static func text(_ octets: [UInt8]) -> String {
        var text = ""
        text.reserveCapacity(octets.count)
        var index = 0
        while index < octets.count {
            if let scalar = scalar(octets, &index) {
                if scalar == "\\" {
                    text += "\\\\"
                } else {
                    text.unicodeScalars.append(scalar)
                }
            } else {
                text += escape(octets[index])
                index += 1
            }
        }
        return text
    }

    /// The printable character at `index`, which moves behind it; nil, and nothing moves, when there is none.
    private static func scalar(_ octets: [UInt8], _ index: inout Int) -> Unicode.Scalar? {
        let first = octets[index]
        let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard index + length <= octets.count,
            let decoded = String(validating: octets[index..<index + length], as: UTF8.self),
            let scalar = decoded.unicodeScalars.first, decoded.unicodeScalars.count == 1, isPrintable(scalar)
        else { return nil }
        index += length
        return scalar
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    private static func escape(_ octet: UInt8) -> String {
        switch octet {
        case 10: return "\\n"
        case 13: return "\\r"
        case 9: return "\\t"
        default:
            let digits = String(octet, radix: 16)
            return "\\x" + (digits.count == 1 ? "0" : "") + digits
        }
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
