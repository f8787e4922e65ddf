/// A strict pull reader for one JSON text (RFC 8259) in memory: it builds no tree, allocates only the strings that are
/// asked for, and refuses what the grammar does not allow (trailing commas, comments, leading zeros, lone surrogates,
/// octets that are not UTF-8). Members that nobody wants are passed over with `skipValue()`.
///
///     var reader = JSONReader(bytes)
///     try reader.readMembers { reader, key throws(JSONError) in
///         switch key {
///         case "id": id = try reader.readString()
///         default: try reader.skipValue()
///         }
///     }
///     try reader.expectEnd()
package struct JSONReader {
    /// How many arrays and objects may stand inside one another.
    package static let maximumDepth = 64

    /// The whole text.
    package let bytes: [UInt8]
    var position: Int
    let end: Int
    var depth = 0

    /// Reads `bytes` from the beginning.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    /// Reads a copy of one part of a text, such as what `rawValue()` returned; error offsets count from its beginning.
    package init(_ slice: ArraySlice<UInt8>) {
        self.init([UInt8](slice))
    }

    // MARK: - Structure

    /// The kind of the next value, which is not consumed.
    package mutating func peek() throws(JSONError) -> JSONKind {
        switch try nextSignificant() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw .unexpectedByte(offset: position)
        }
    }

    /// Calls `member` for each member of the object that comes next, for readers that want the names as text; the closure
    /// must consume exactly the value. Who knows the names uses ``readMembers(_:)``.
    package mutating func readObject(
        _ member: (inout JSONReader, _ key: String) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard try enterObject() else { return }
        repeat {
            guard try nextSignificant() == UInt8(ascii: "\"") else { throw .unexpectedByte(offset: position) }
            let key = try readString()
            try expectColon()
            let before = position
            try member(&self, key)
            guard position > before else { throw .valueNotRead(offset: before) }
        } while try continues(until: UInt8(ascii: "}"))
        depth -= 1
    }

    /// Calls `element` before each element of the array that comes next; the closure must consume exactly the element.
    package mutating func readArray(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        try enter(UInt8(ascii: "["), .array)
        if try nextSignificant() == UInt8(ascii: "]") {
            position += 1
        } else {
            repeat {
                let before = position
                try element(&self)
                guard position > before else { throw .valueNotRead(offset: before) }
            } while try continues(until: UInt8(ascii: "]"))
        }
        depth -= 1
    }

    /// Passes over the next value, which is checked as strictly as one that is read.
    package mutating func skipValue() throws(JSONError) {
        switch try peek() {
        case .object: try readMembers { reader, _ throws(JSONError) in try reader.skipValue() }
        case .array: try readArray { reader throws(JSONError) in try reader.skipValue() }
        case .string: try skipString()
        case .number: _ = try scanNumber()
        case .bool: _ = try readBool()
        case .null: _ = try readNull()
        }
    }

    /// The octets of the next value as they stand in the text, checked and consumed.
    package mutating func rawValue() throws(JSONError) -> ArraySlice<UInt8> {
        _ = try nextSignificant()
        let start = position
        try skipValue()
        return bytes[start..<position]
    }

    /// Throws unless only white space is left.
    package mutating func expectEnd() throws(JSONError) {
        skipWhitespace()
        guard position == end else { throw .trailingBytes(offset: position) }
    }

    // MARK: - Cursor

    mutating func skipWhitespace() {
        while position < end {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    @inline(__always)
    mutating func nextSignificant() throws(JSONError) -> UInt8 {
        if position < end, case let byte = bytes[position], byte > 0x20 { return byte }
        return try nextBehindWhitespace()
    }

    @inline(never)
    private mutating func nextBehindWhitespace() throws(JSONError) -> UInt8 {
        skipWhitespace()
        guard position < end else { throw .unexpectedEnd(offset: position) }
        return bytes[position]
    }

    /// Throws `wrongKind` unless the next value is of `kind`.
    mutating func expect(_ kind: JSONKind) throws(JSONError) {
        let found = try peek()
        guard found == kind else { throw .wrongKind(expected: kind, found: found, offset: position) }
    }

    /// Consumes the opening of an object; false, and the closing consumed as well, when it has no members.
    mutating func enterObject() throws(JSONError) -> Bool {
        try enter(UInt8(ascii: "{"), .object)
        guard try nextSignificant() == UInt8(ascii: "}") else { return true }
        position += 1
        depth -= 1
        return false
    }

    mutating func expectColon() throws(JSONError) {
        guard try nextSignificant() == UInt8(ascii: ":") else { throw .unexpectedByte(offset: position) }
        position += 1
    }

    private mutating func enter(_ opening: UInt8, _ kind: JSONKind) throws(JSONError) {
        if try nextSignificant() != opening { try expect(kind) }
        guard depth < Self.maximumDepth else { throw .tooDeep(offset: position) }
        depth += 1
        position += 1
    }

    /// Consumes a comma (true) or the closing octet (false).
    mutating func continues(until closing: UInt8) throws(JSONError) -> Bool {
        let byte = try nextSignificant()
        guard byte == UInt8(ascii: ",") || byte == closing else { throw .unexpectedByte(offset: position) }
        position += 1
        return byte != closing
    }
}
