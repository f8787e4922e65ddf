/// What is wrong with one field.
package enum FieldProblem: Hashable, Sendable {
    case missing
    /// Longer than the given number of characters.
    case tooLong(maximum: Int)
    /// Outside the given inclusive range.
    case outOfRange(minimum: Int64, maximum: Int64)
    /// Not of the form described.
    case malformed(expected: String)
    /// Not together with another field's value.
    case conflicts(reason: String)
}

/// One field that was refused.
package struct InvalidField: Hashable, Sendable, CustomStringConvertible {
    /// The column's name, such as `download_bps`.
    package let field: String
    package let problem: FieldProblem

    /// What is wrong, for people: `download_bps must be between 1 and 100`. Never repeats the value.
    package var description: String {
        switch problem {
        case .missing: "\(field) is required"
        case .tooLong(let maximum): "\(field) is longer than \(maximum) characters"
        case .outOfRange(let minimum, .max): "\(field) must be at least \(minimum)"
        case .outOfRange(let minimum, let maximum): "\(field) must be between \(minimum) and \(maximum)"
        case .malformed(let expected): "\(field) must be \(expected)"
        case .conflicts(let reason): "\(field) \(reason)"
        }
    }
}

/// Everything wrong with a value, field by field, so that one answer tells all of it.
package struct ValidationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Never empty.
    package let fields: [InvalidField]

    package var description: String { fields.map(\.description).joined(separator: "; ") }

    /// One field alone.
    package static func single(_ field: String, _ problem: FieldProblem) -> ValidationError {
        ValidationError(fields: [InvalidField(field: field, problem: problem)])
    }
}

/// A row of the directory that knows the rules of its columns.
package protocol Validated {
    /// Reports every broken rule.
    func check(_ checks: inout FieldChecks)
}

extension Validated {
    /// Throws unless the database's own constraints on single rows would hold.
    package func validate() throws(ValidationError) {
        var checks = FieldChecks()
        check(&checks)
        guard checks.fields.isEmpty else { throw ValidationError(fields: checks.fields) }
    }
}

/// Collects what is wrong.
package struct FieldChecks {
    package private(set) var fields: [InvalidField] = []

    package mutating func refuse(_ field: String, _ problem: FieldProblem) {
        fields.append(InvalidField(field: field, problem: problem))
    }

    /// The text must not be blank, nor longer than Postgres' length() allows (it counts Unicode scalars), nor hold a
    /// NUL, which Postgres cannot keep.
    package mutating func text(_ field: String, _ text: String, maximum: Int) {
        if text.allSatisfy(\.isWhitespace) { refuse(field, .missing) }
        optional(field, text, maximum: maximum)
    }

    /// The same where the text may be missing; a text that is there must not be empty unless `emptyAllowed`.
    package mutating func optional(_ field: String, _ text: String?, maximum: Int, emptyAllowed: Bool = true) {
        guard let text else { return }
        if text.isEmpty, !emptyAllowed { refuse(field, .missing) }
        if text.unicodeScalars.count > maximum { refuse(field, .tooLong(maximum: maximum)) }
        if text.utf8.contains(0) { refuse(field, .malformed(expected: "text without NUL")) }
    }

    /// The text must hold no control characters and nothing that ends a line: it goes where lines are commands.
    package mutating func oneLine(_ field: String, _ text: String?) {
        let breaks = text?.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            // NUL is told of already.
            case .control: scalar.value != 0
            case .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
        if breaks == true { refuse(field, .malformed(expected: "one line without control characters")) }
    }

    /// Up to 50 different words of 1 to 50 characters.
    package mutating func tags(_ field: String, _ tags: [String]) {
        number(field, tags.count, in: 0...50)
        if Set(tags).count < tags.count || tags.contains(where: { !Self.looksLikeTag($0) }) {
            refuse(field, .malformed(expected: "different words of 1 to 50 characters without , ; or blanks"))
        }
    }

    private static func looksLikeTag(_ text: String) -> Bool {
        (1...50).contains(text.unicodeScalars.count)
            && !text.unicodeScalars.contains { $0 == "," || $0 == ";" || $0.value < 0x21 || $0.value == 0x7f }
            && !text.contains(where: \.isWhitespace)
    }

    package mutating func number(_ field: String, _ number: (some BinaryInteger)?, in range: ClosedRange<Int64>) {
        guard let number else { return }
        guard let exact = Int64(exactly: number), range.contains(exact) else {
            return refuse(field, .outOfRange(minimum: range.lowerBound, maximum: range.upperBound))
        }
    }

    package mutating func positive(_ field: String, _ value: (some BinaryInteger)?) {
        number(field, value, in: 1...Int64.max)
    }

    /// The same for a column of type integer.
    package mutating func positive32(_ field: String, _ value: (some BinaryInteger)?) {
        number(field, value, in: 1...Int64(Int32.max))
    }
}

/// What the database adds to a row that it keeps.
package struct RowStamp: Hashable, Sendable {
    /// Grows with every change; of two copies of a row the higher one is the newer.
    package var version: Int64
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(version: Int64, createdAt: Timestamp, updatedAt: Timestamp) {
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
