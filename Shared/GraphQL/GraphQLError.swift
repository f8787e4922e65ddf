/// Where something stands in a document, counted from 1; columns in characters (October 2021, §7.1.2).
package struct GraphQLLocation: Hashable, Sendable {
    package let line: Int
    package let column: Int
}

/// Why a request is refused before anything is read: a request error (§7.1.2). Holds names of the document at most,
/// never a value of it, so it may be logged as it is.
package struct GraphQLError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package let locations: [GraphQLLocation]

    package init(_ message: String, at locations: [GraphQLLocation] = []) {
        self.message = message
        self.locations = locations
    }

    package var description: String {
        locations.reduce(message) { "\($0) (\($1.line):\($1.column))" }
    }
}

/// How much a request may ask for. What exceeds a bound is refused whole.
package enum GraphQLLimits {
    /// Octets of a document.
    package static let octets = 16_384
    /// Fields inside one another, where data is read. A root field is 1.
    package static let depth = 6
    /// Fields of an operation once its fragments are spread, where data is read.
    package static let fields = 200
    package static let rootFields = 10
    /// Fields of one name beside one another, under different keys.
    package static let aliases = 20
    /// Fragments of a document, and places of an operation where one is spread or stands inline.
    package static let fragments = 50
    package static let spreads = 200
    /// Variables of an operation.
    package static let variables = 50
    /// Likewise where the schema itself is read: tools ask that deeper and for more.
    package static let introspectionDepth = 20
    package static let introspectionFields = 500
    /// Values that an answer about the schema holds.
    package static let introspectionValues = 100_000
    /// Braces, and brackets of values and types, inside one another.
    static let nesting = 32
}
