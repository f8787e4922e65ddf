/// What was typed into a search: words, each of which must be found.
struct SearchTerms: Sendable, Equatable {
    static let mostWords = 5
    static let mostCharacters = 100

    /// For LIKE over a search_text, in which every word has a blank before it.
    let patterns: [String]

    /// Throws for an empty or too long search.
    init(_ text: String) throws(ListError) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard !words.isEmpty, text.unicodeScalars.count <= Self.mostCharacters, !text.utf8.contains(0) else {
            throw ListError(parameter: "q", reason: "must be 1 to \(Self.mostCharacters) characters")
        }
        guard words.count <= Self.mostWords else {
            throw ListError(parameter: "q", reason: "must be at most \(Self.mostWords) words")
        }
        // Trigrams find three characters anywhere, but one or two only where a word begins.
        patterns = words.map { word in
            word.unicodeScalars.count < 3 ? "% \(Self.escaped(String(word)))%" : "%\(Self.escaped(String(word)))%"
        }
    }

    /// The text with what LIKE takes for a wildcard escaped.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            if character == "%" || character == "_" || character == "\\" { escaped.unicodeScalars.append("\\") }
            escaped.unicodeScalars.append(character)
        }
        return escaped
    }
}
