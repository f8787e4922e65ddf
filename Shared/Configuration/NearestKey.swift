/// Finds what somebody probably meant.
enum NearestKey {
    /// The candidate with the fewest edits from `word`, unless more than half of it would have to change.
    static func of(_ word: String, among candidates: some Sequence<String>) -> String? {
        let scored = candidates.map { (candidate: $0, edits: distance(Array(word.utf8), Array($0.utf8))) }
        guard let best = scored.min(by: { ($0.edits, $0.candidate) < ($1.edits, $1.candidate) }),
            best.edits * 2 <= max(word.utf8.count, best.candidate.utf8.count)
        else { return nil }
        return best.candidate
    }

    /// Levenshtein's distance, one row at a time.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let substituted = diagonal + (byte == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
