import Domain
import WireFormat

// proto3's canonical JSON: fields without presence are left out at their default value, `optional` fields are
// written whenever they are set ("present:"), 64-bit integers are strings, enums are their names.

extension JSONWriter {
    mutating func member(_ key: StaticString, _ text: String) {
        guard !text.isEmpty else { return }
        self.key(key)
        value(text)
    }

    mutating func member(_ key: StaticString, present text: String?) {
        guard let text else { return }
        self.key(key)
        value(text)
    }

    mutating func member<Tag>(_ key: StaticString, _ id: ID<Tag>) {
        self.key(key)
        value(id.description)
    }

    mutating func member<Tag>(_ key: StaticString, present id: ID<Tag>?) {
        guard let id else { return }
        member(key, id)
    }

    mutating func member(_ key: StaticString, _ number: UInt32) {
        guard number != 0 else { return }
        self.key(key)
        value(number)
    }

    mutating func member(_ key: StaticString, present number: UInt32?) {
        guard let number else { return }
        self.key(key)
        value(number)
    }

    mutating func member(_ key: StaticString, _ number: Int64) {
        guard number != 0 else { return }
        self.key(key)
        value(quoted: number)
    }

    mutating func member(_ key: StaticString, _ number: UInt64) {
        guard number != 0 else { return }
        self.key(key)
        value(quoted: number)
    }

    mutating func member(_ key: StaticString, _ flag: Bool) {
        guard flag else { return }
        self.key(key)
        value(flag)
    }

    mutating func member(_ key: StaticString, _ time: Timestamp) {
        self.key(key)
        value(time.description)
    }

    mutating func member(_ key: StaticString, present time: Timestamp?) {
        guard let time else { return }
        member(key, time)
    }

    mutating func member(_ key: StaticString, _ value: some ProtoEnum) {
        self.key(key)
        self.value(value.protoName)
    }
}

/// An enum whose cases are those of a proto3 enum, without its zero value, which no event may carry.
protocol ProtoEnum: CaseIterable, Sendable {
    /// The value's full name, such as `STATUS_TYPE_START`.
    var protoName: String { get }
    /// The value's number.
    var protoNumber: UInt64 { get }
}

extension JSONReader {
    mutating func text() throws(JSONError) -> String? {
        guard try !readNull() else { return nil }
        return try readString()
    }

    mutating func identifier<Tag>(_ key: String) throws(JSONError) -> ID<Tag>? {
        guard let text = try text() else { return nil }
        guard let id = ID<Tag>(text) else { throw .invalidMember(key) }
        return id
    }

    mutating func timestamp(_ key: String) throws(JSONError) -> Timestamp? {
        guard let text = try text() else { return nil }
        guard let time = Timestamp(text) else { throw .invalidMember(key) }
        return time
    }

    mutating func unsigned32(_ key: String) throws(JSONError) -> UInt32? {
        guard try !readNull() else { return nil }
        guard let number = UInt32(exactly: try readUInt64()) else { throw .invalidMember(key) }
        return number
    }

    mutating func unsigned64() throws(JSONError) -> UInt64? {
        guard try !readNull() else { return nil }
        return try readUInt64()
    }

    /// A count: an int64 that may not be negative.
    mutating func count(_ key: String) throws(JSONError) -> Int64? {
        guard try !readNull() else { return nil }
        let number = try readInt64()
        guard number >= 0 else { throw .invalidMember(key) }
        return number
    }

    mutating func flag() throws(JSONError) -> Bool? {
        guard try !readNull() else { return nil }
        return try readBool()
    }

    /// An enum by name or, as protobuf's JSON mapping also allows, by number. The zero value counts as absent.
    mutating func choice<Choice: ProtoEnum>(_ key: String) throws(JSONError) -> Choice? {
        guard try !readNull() else { return nil }
        if try peek() == .number {
            let number = try readUInt64()
            guard number != 0 else { return nil }
            guard let found = Choice.allCases.first(where: { $0.protoNumber == number }) else {
                throw .invalidMember(key)
            }
            return found
        }
        let name = try readString()
        if let found = Choice.allCases.first(where: { $0.protoName == name }) { return found }
        guard name.hasSuffix("_UNSPECIFIED") else { throw .invalidMember(key) }
        return nil
    }
}

/// The value of a member that must have been read.
func required<Value>(_ value: Value?, _ key: String) throws(JSONError) -> Value {
    guard let value else { throw .missingMember(key) }
    return value
}
