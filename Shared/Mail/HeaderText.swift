internal import WireFormat

/// Text in fields of a message's head: lines of at most 76 octets where it can be, and nothing in a text can end its field.
enum HeaderText {
    static let lineLimit = 76
    private static let wordBegin = "=?UTF-8?B?"
    private static let wordEnd = "?="

    /// The text without what ends lines or controls anything: a blank stands for each of those.
    static func oneLine(_ text: String) -> String {
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: clean.append(" ")
            default: clean.append(scalar)
            }
        }
        return String(clean)
    }

    /// An unstructured value such as a subject (RFC 5322 §3.6.5, RFC 2047), folded, for a field of that name.
    static func unstructured(_ text: String, after name: String) -> String {
        let line = oneLine(text)
        let first = name.utf8.count + 2
        guard isPlain(line) else { return words(line, column: first) }
        return folded(line.split(separator: " ").map(String.init), column: first)
    }

    /// A mailbox with the name of its owner (RFC 5322 §3.4), folded, for a field of that name.
    static func mailbox(_ address: MailAddress, name: String?, after field: String) -> String {
        let line = oneLine(String((name ?? "").unicodeScalars.prefix(200)))
        let shown = line.split(separator: " ").joined(separator: " ")
        let bare = shown.isEmpty ? address.text : "<\(address.text)>"
        guard !shown.isEmpty else { return bare }
        let column = field.utf8.count + 2
        let phrase = isPlain(shown) && shown.utf8.count <= 60 ? quoted(shown) : words(shown, column: column)
        let lastLine = phrase.utf8.reversed().prefix { $0 != 0x0a }.count
        let used = phrase.utf8.contains(0x0a) ? lastLine : lastLine + column
        return phrase + (used + 1 + bare.utf8.count <= lineLimit ? " " : "\r\n ") + bare
    }

    /// Words with a blank between them, on lines of at most 76 octets where no word is longer.
    static func folded(_ words: [String], column start: Int) -> String {
        var (text, column) = ("", start)
        for (index, word) in words.enumerated() {
            if index > 0 {
                let fits = column + 1 + word.utf8.count <= lineLimit
                text += fits ? " " : "\r\n "
                column = fits ? column + 1 : 1
            }
            text += word
            column += word.utf8.count
        }
        return text
    }

    /// Encoded words of UTF-8 in base 64. No character is cut in two (RFC 2047 §5).
    private static func words(_ text: String, column start: Int) -> String {
        var (lines, chunk, column) = ([String](), [UInt8](), start)
        let room = { (column: Int) in (lineLimit - column - wordBegin.utf8.count - wordEnd.utf8.count) / 4 * 3 }
        for scalar in text.unicodeScalars {
            let octets = Array(String(scalar).utf8)
            if chunk.count + octets.count > room(column) {
                lines.append(wordBegin + Base64.encode(chunk) + wordEnd)
                (chunk, column) = ([], 1)
            }
            chunk += octets
        }
        lines.append(wordBegin + Base64.encode(chunk) + wordEnd)
        return lines.joined(separator: "\r\n ")
    }

    /// Whether it may stand there as it is: printable ASCII, nothing that looks encoded, single blanks, no word that fills a line.
    private static func isPlain(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }), !text.contains("=?"), !text.isEmpty else {
            return text.isEmpty
        }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        return words.allSatisfy { (1...60).contains($0.utf8.count) }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
