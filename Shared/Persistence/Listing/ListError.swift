/// What is wrong with how a list was asked for. Never repeats a value.
package struct ListError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The parameter of the query string at fault: `limit`, `cursor`, `sort`, `filter`, `q`, `count`, `deleted`, `fields`.
    package let parameter: String
    /// What is wrong, for people: `must be a whole number from 1 to 100`.
    package let reason: String

    package init(parameter: String, reason: String) {
        self.parameter = parameter
        self.reason = reason
    }

    package var description: String { "\(parameter) \(reason)" }
}

/// A list that takes too long to read as it was asked for.
package struct ListTooWide: Error, Hashable, Sendable {
    /// How long one statement may take.
    package let limit: Duration
    /// Fields whose filters leave few rows, as `filter` has them.
    package let narrowing: [String]
}
