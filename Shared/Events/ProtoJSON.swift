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
        value(id.value)
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

    mutating func member(_ key: StaticString, present number: Int64?) {
        guard let number else { return }
        self.key(key)
        value(quoted: number)
    }

    mutating func member(_ key: StaticString, present number: UInt32?) {
        guard let number else { return }
        self.key(key)
        value(number)
    }

    mutating func member(_ key: StaticString, present number: UInt64?) {
        guard let number else { return }
        self.key(key)
        value(quoted: number)
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
        value(time)
    }

    mutating func member(_ key: StaticString, present time: Timestamp?) {
        guard let time else { return }
        member(key, time)
    }

    mutating func member(_ key: StaticString, _ value: some ProtoEnum) {
        self.key(key)
        self.value(plain: value.protoName)
    }
}

extension JSONWriter {
    mutating func value(_ id: UUID128) {
        unsafe value(plain: UUID128.textLength) { place in
            unsafe id.writeText(to: place)
            return UUID128.textLength
        }
    }

    mutating func value(_ time: Timestamp) {
        unsafe value(plain: Timestamp.longestText) { unsafe time.writeRFC3339(to: $0) }
    }
}

/// An enum whose cases are those of a proto3 enum, without its zero value, which no event may carry.
protocol ProtoEnum: CaseIterable, Sendable {
    /// The value's full name, such as `STATUS_TYPE_START`.
    var protoName: StaticString { get }
    /// The value's number.
    var protoNumber: UInt64 { get }
}

extension JSONReader {
    mutating func text() throws(JSONError) -> String? {
        guard try !readNull() else { return nil }
        return try readString()
    }

    mutating func uuid(_ key: JSONKey) throws(JSONError) -> UUID128? {
        // Ids and times are most of an accounting record: they are read where they stand, without making text of them.
        if let place = try readPlainString() {
            guard let id = UUID128(bytes, place) else { throw .invalidMember(key.description) }
            return id
        }
        guard let text = try text() else { return nil }
        guard let id = UUID128(text) else { throw .invalidMember(key.description) }
        return id
    }

    mutating func identifier<Tag>(_ key: JSONKey) throws(JSONError) -> ID<Tag>? {
        guard let id = try uuid(key) else { return nil }
        return ID(id)
    }

    mutating func timestamp(_ key: JSONKey) throws(JSONError) -> Timestamp? {
        if let place = try readPlainString() {
            guard let time = Timestamp(bytes, place) else { throw .invalidMember(key.description) }
            return time
        }
        guard let text = try text() else { return nil }
        guard let time = Timestamp(text) else { throw .invalidMember(key.description) }
        return time
    }

    mutating func unsigned32(_ key: JSONKey) throws(JSONError) -> UInt32? {
        guard try !readNull() else { return nil }
        guard let number = UInt32(exactly: try readUInt64()) else { throw .invalidMember(key.description) }
        return number
    }

    mutating func unsigned64() throws(JSONError) -> UInt64? {
        guard try !readNull() else { return nil }
        return try readUInt64()
    }

    /// A count: an int64 that may not be negative.
    mutating func count(_ key: JSONKey) throws(JSONError) -> Int64? {
        guard try !readNull() else { return nil }
        let number = try readInt64()
        guard number >= 0 else { throw .invalidMember(key.description) }
        return number
    }

    mutating func flag() throws(JSONError) -> Bool? {
        guard try !readNull() else { return nil }
        return try readBool()
    }

    /// An enum by name or, as protobuf's JSON mapping also allows, by number. The zero value counts as absent.
    mutating func choice<Choice: ProtoEnum>(_ key: JSONKey) throws(JSONError) -> Choice? {
        if let place = try readPlainString() {
            for choice in Choice.allCases where isText(choice.protoName, at: place) { return choice }
            guard String(decoding: bytes[place], as: UTF8.self).hasSuffix("_UNSPECIFIED") else {
                throw .invalidMember(key.description)
            }
            return nil
        }
        guard try !readNull() else { return nil }
        guard try peek() == .number else {
            // A name with escapes, or no name at all.
            let name = try readString()
            if let found = Choice.allCases.first(where: { $0.protoName.description == name }) { return found }
            guard name.hasSuffix("_UNSPECIFIED") else { throw .invalidMember(key.description) }
            return nil
        }
        let number = try readUInt64()
        guard number != 0 else { return nil }
        guard let found = Choice.allCases.first(where: { $0.protoNumber == number }) else {
            throw .invalidMember(key.description)
        }
        return found
    }
}

/// The value of a member that must have been read.
func required<Value>(_ value: Value?, _ key: String) throws(JSONError) -> Value {
    guard let value else { throw .missingMember(key) }
    return value
}

// Repeated members: left out when there is none.

extension JSONWriter {
    mutating func member(_ key: StaticString, _ texts: [String]) {
        guard !texts.isEmpty else { return }
        self.key(key)
        beginArray()
        for text in texts { value(text) }
        endArray()
    }

    mutating func member<Tag>(_ key: StaticString, _ ids: [ID<Tag>]) {
        guard !ids.isEmpty else { return }
        self.key(key)
        beginArray()
        for id in ids { value(id.value) }
        endArray()
    }
}

extension JSONReader {
    mutating func identifiers<Tag>(_ key: JSONKey) throws(JSONError) -> [ID<Tag>] {
        guard try !readNull() else { return [] }
        var ids: [ID<Tag>] = []
        try readArray { reader throws(JSONError) in
            ids.append(try required(try reader.identifier(key), key.description))
        }
        return ids
    }
}
