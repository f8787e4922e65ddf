/// Everything that is wrong with a configuration, at once.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// One wrong thing.
    package struct Problem: Sendable, Equatable, CustomStringConvertible {
        /// The dotted key, or the unknown name as it was found.
        package let key: String
        /// Where it was found: `environment NEXORA_X`, `file /etc/x line 3`; nil when it is missing.
        package let source: String?
        /// The value; nil for secrets, unknown keys and missing ones.
        package let value: String?
        /// What is wrong and what would be right.
        package let reason: String

        package var description: String {
            key + (value.map { " = \"\($0)\"" } ?? "") + (source.map { " (\($0))" } ?? "") + ": " + reason
        }
    }

    /// In the order they were found; never empty.
    package let problems: [Problem]

    package var description: String {
        problems.map { "configuration: \($0)" }.joined(separator: "\n")
    }
}
