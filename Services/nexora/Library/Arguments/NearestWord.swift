/// Finds what a mistyped word was probably meant to be.
enum NearestWord {
    /// "; did you mean …?" for the closest candidate within two edits, else nothing.
    static func hint(for word: String, among candidates: [String], prefix: String = "") -> String {
        let best = candidates.map { (distance(word, $0), $0) }.min { $0.0 < $1.0 }
        guard let best, best.0 <= max(1, min(2, word.count / 2)) else { return "" }
        return "; did you mean \"\(prefix)\(best.1)\"?"
    }

    /// Levenshtein's distance over characters.
    private static func distance(_ left: String, _ right: String) -> Int {
        let target = Array(right)
        var row = Array(0...target.count)
        for (i, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in target.indices {
                let substitution = diagonal + (character == target[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, diagonal + 1, row[j] + 1)
            }
        }
        return row[target.count]
    }
}
