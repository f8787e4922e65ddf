package import HTTPServer

/// A kind of value that a body's member can have: how it is read, and how it is described.
package struct InputKind<Value: Sendable>: Sendable {
    package let schema: Schema
    /// What it must be, for people: `a whole number from 1 to 31`.
    package let expectation: String
    package let read: @Sendable (JSONValue) -> Value?

    package init(_ schema: Schema, _ expectation: String, _ read: @escaping @Sendable (JSONValue) -> Value?) {
        self.schema = schema
        self.expectation = expectation
        self.read = read
    }

    /// Lists of it.
    package func list(_ maximum: Int, minimum: Int = 0) -> InputKind<[Value]> {
        InputKind<[Value]>(
            .list(schema, maximum: maximum, minimum: minimum),
            "a list of \(minimum) to \(maximum), each \(expectation)"
        ) { value in
            guard case .list(let values) = value, (minimum...maximum).contains(values.count) else { return nil }
            let read = values.compactMap(self.read)
            return read.count == values.count ? read : nil
        }
    }
}

/// A member of a body, and where it goes.
package struct InputField<Target>: Sendable {
    package let name: String
    package let schema: Schema
    /// Must be given where something is made.
    package let isRequired: Bool
    /// Puts the value where it belongs; says what it must be where it cannot.
    let take: @Sendable (JSONValue, inout Target) -> String?

    /// A member that always has a value.
    package init<Value>(
        _ name: String,
        _ kind: InputKind<Value>,
        _ path: any WritableKeyPath<Target, Value> & Sendable,
        isRequired: Bool = false
    ) {
        self.name = name
        schema = kind.schema
        self.isRequired = isRequired
        take = { value, target in
            guard let read = kind.read(value) else { return kind.expectation }
            target[keyPath: path] = read
            return nil
        }
    }

    /// A member that may have none: `null` takes it away, unless it is required.
    package init<Value>(
        _ name: String,
        _ kind: InputKind<Value>,
        clearable path: any WritableKeyPath<Target, Value?> & Sendable,
        isRequired: Bool = false
    ) {
        self.name = name
        schema = isRequired ? kind.schema : .nullable(kind.schema)
        self.isRequired = isRequired
        take = { value, target in
            if value.isNull, !isRequired {
                target[keyPath: path] = nil
                return nil
            }
            guard let read = kind.read(value) else { return kind.expectation + (isRequired ? "" : ", or null") }
            target[keyPath: path] = read
            return nil
        }
    }
}

/// The members that a body can have.
package struct InputShape<Target>: Sendable {
    package let fields: [InputField<Target>]

    package init(_ fields: [InputField<Target>]) {
        self.fields = fields
    }

    /// As it is described; `isWhole` where something is made, so that required members are required.
    package func schema(isWhole: Bool) -> Schema {
        .object(fields.map { .init($0.name, $0.schema, isRequired: isWhole && $0.isRequired) })
    }

    /// Puts the members of a body where they belong. Throws for members that are not known, cannot be read, or are missing where
    /// `isWhole`: all of them at once.
    package func apply(_ body: JSONValue, to target: inout Target, isWhole: Bool) throws(Problem) {
        guard case .object(let members) = body else { throw .invalid("", "must be an object") }
        var details: [Problem.Detail] = []
        var known: Set<String> = []
        for field in fields {
            known.insert(field.name)
            guard let value = members[field.name] else {
                if isWhole, field.isRequired { details.append(Self.detail(field.name, "missing", "is required")) }
                continue
            }
            if let expectation = field.take(value, &target) {
                details.append(Self.detail(field.name, "malformed", "must be \(expectation)"))
            }
        }
        for name in members.keys.sorted() where !known.contains(name) {
            details.append(Self.detail(name, "unknown", "is not known here"))
        }
        guard details.isEmpty else { throw .invalid(details) }
    }

    private static func detail(_ name: String, _ code: String, _ message: String) -> Problem.Detail {
        // RFC 6901: a pointer into the body.
        let escaped = name.replacing("~", with: "~0").replacing("/", with: "~1")
        return Problem.Detail(field: "/" + String(escaped.prefix(100)), code: code, message: message)
    }
}
