/// NATS subjects with wildcards: `*` stands for one token, `>` at the end for one or more.
package enum SubjectPattern {
    /// Whether `pattern` covers `subject`.
    package static func matches(_ pattern: String, _ subject: String) -> Bool {
        let wanted = pattern.split(separator: ".", omittingEmptySubsequences: false)
        let tokens = subject.split(separator: ".", omittingEmptySubsequences: false)
        for (index, token) in wanted.enumerated() {
            if token == ">" { return index < tokens.count }
            guard index < tokens.count, token == "*" || token == tokens[index] else { return false }
        }
        return wanted.count == tokens.count
    }
}
