/// Why an attribute cannot be written.
package struct AttributeEncodingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The attribute's name as it was given.
    package let name: String
    /// What is wrong. Never holds the value, which may be a secret.
    package let problem: Problem

    package var description: String { "\(name): \(problem.text)" }

    /// What is wrong with a name or its value.
    package enum Problem: Error, Equatable, Sendable {
        case unknownName
        case incompleteNumber
        case notOnTheWire
        case notTagged
        case badTag
        case notANumber
        case unknownValue
        case outOfRange(String)
        case badAddress
        case badPrefix
        case bitsBeyondPrefix
        case badHexadecimal
        case badEscape
        case badTime
        case empty
        case wrongLength(Int)
        case tooLong(Int)
        case noSecret
        case withinAnother

        /// One sentence about it.
        package var text: String {
            switch self {
            case .unknownName: "no dictionary knows it"
            case .incompleteNumber: "more numbers are needed, as in Attr-26.9.1"
            case .notOnTheWire: "is never on the wire"
            case .notTagged: "takes no tag"
            case .badTag: "a tag is a number from 0 to 31"
            case .notANumber: "must be a whole number"
            case .unknownValue: "must be a number or one of its names"
            case .outOfRange(let range): "must be \(range)"
            case .badAddress: "must be an address"
            case .badPrefix: "must be a prefix such as 192.0.2.0/24 or 2001:db8::/32"
            case .bitsBeyondPrefix: "has bits beyond its prefix length"
            case .badHexadecimal: "must be hexadecimal digits behind 0x, two for each octet"
            case .badEscape: "a backslash must be followed by \\, n, r, t or x and two hexadecimal digits"
            case .badTime: "must be a time such as 2026-11-20T10:00:00Z, or seconds since 1970"
            case .empty: "must not be empty"
            case .wrongLength(let length): "must be \(length) octets long"
            case .tooLong(let limit): "must be at most \(limit) octets long"
            case .noSecret: "is hidden under a shared secret, and there is none"
            case .withinAnother: "is part of another attribute and can only be added"
            }
        }
    }
}
