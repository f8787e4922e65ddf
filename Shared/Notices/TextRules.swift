/// What may be where.
enum TextRules {
    /// Without controls but for the end of a line, and without what changes the direction of writing beyond itself. A tabulator and the
    /// other ends of lines become a blank.
    static func clean(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f || $0 == 0x0a }) { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0a: result.append(scalar)
            case 0x09, 0x0b, 0x0c, 0x85, 0x2028, 0x2029: result.append(" ")
            case 0..<0x20, 0x7f...0x9f, 0x202a...0x202e, 0x2066...0x2069, 0xfeff, 0xfff9...0xfffb, 0xe0000...0xe007f:
                continue
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// One line without controls, its blanks single, none at its ends.
    static func oneLine(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09...0x0d, 0x20, 0x85, 0x2028, 0x2029:
                if let last = result.last, last != " " { result.append(" ") }
            case 0..<0x20, 0x7f...0x9f: continue
            default: result.append(scalar)
            }
        }
        if result.last == " " { result.removeLast() }
        return String(result)
    }

    /// One line of at most 500 octets, in which nothing that was isolated is left open.
    static func subject(_ text: String) -> String {
        let line = oneLine(text)
        guard line.utf8.count > 500 else { return line }
        let cut = line.cut(toOctets: 497)
        let isOpen = cut.unicodeScalars.last { $0 == "\u{2068}" || $0 == "\u{2069}" } == "\u{2068}"
        return isOpen ? cut + "\u{2069}" : cut
    }

    /// At most one empty line between two others, none at the ends.
    static func paragraphs(_ text: String) -> String {
        var result: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let isBlank = line.allSatisfy { $0 == " " }
            if isBlank, result.last?.isEmpty ?? true { continue }
            result.append(isBlank ? "" : line)
        }
        if result.last?.isEmpty == true { result.removeLast() }
        return result.joined(separator: "\n")
    }

    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { [0x22, 0x26, 0x27, 0x3c, 0x3e].contains($0) }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// http or https, a host, and no octet that ends an attribute, a line or a link.
    static func isAddress(_ text: String) -> Bool {
        let rest: Substring
        if text.hasPrefix("https://") {
            rest = text.dropFirst(8)
        } else if text.hasPrefix("http://") {
            rest = text.dropFirst(7)
        } else {
            return false
        }
        guard let first = rest.utf8.first, ![0x2f, 0x3f, 0x23, 0x40, 0x3a].contains(first) else { return false }
        return text.utf8.count <= 2_000
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && ![0x22, 0x27, 0x3c, 0x3e, 0x5c, 0x60].contains($0) }
    }

    /// Everything but letters, digits and `-._~@+`, which telephone numbers and mail addresses need.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        var result = ""
        for octet in text.utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e, 0x40, 0x2b:
                result.unicodeScalars.append(Unicode.Scalar(octet))
            default: result += "%" + String(digits[Int(octet >> 4)]) + String(digits[Int(octet & 15)])
            }
        }
        return result
    }

    /// A letter of Hebrew, Arabic or their neighbours.
    static func hasRightToLeft(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            (0x590...0x8ff).contains(scalar.value) || (0xfb1d...0xfdff).contains(scalar.value)
                || (0xfe70...0xfefe).contains(scalar.value) || (0x10800...0x10fff).contains(scalar.value)
        }
    }
}
