/// A member's name as a reader met it, compared without making text of it:
///
///     switch key {
///     case "id": ...
///     default: ...
///     }
///
/// Holds up to 24 octets of the name, which is more than any name that is asked for; a longer one matches nothing.
/// Public and inlinable because the compiler inlines no `package` code in other modules: a comparison is that of a length
/// and of at most three words, which are known when the program is built.
@frozen public struct JSONKey: Sendable {
    @usableFromInline let words: (UInt64, UInt64, UInt64)
    @usableFromInline let count: Int

    /// The name's octets, little end first in each word.
    @inlinable @inline(__always)
    init(_ octets: UnsafeRawBufferPointer) {
        func word(_ start: Int) -> UInt64 {
            var word: UInt64 = 0
            var index = min(octets.count, start + 8)
            while index > start {
                index -= 1
                word = word << 8 | UInt64(unsafe octets[index])
            }
            return word
        }
        words = (word(0), word(8), word(16))
        count = octets.count
    }

    /// A name of `count` octets, zeros behind it.
    init(words: (UInt64, UInt64, UInt64), count: Int) {
        self.words = words
        self.count = count
    }

    /// Whether this is the name; it must not be longer than 24 octets.
    @inlinable @inline(__always)
    public static func ~= (name: StaticString, key: JSONKey) -> Bool {
        guard key.count == name.utf8CodeUnitCount else { return false }
        assert(name.utf8CodeUnitCount <= 24, "no key holds so long a name")
        // SAFETY: a static string's storage lives as long as the process.
        let wanted = unsafe JSONKey(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        return key.words.0 == wanted.words.0 && key.words.1 == wanted.words.1 && key.words.2 == wanted.words.2
    }
}

extension JSONKey: CustomStringConvertible {
    /// The name, cut behind 24 octets.
    public var description: String {
        var octets: [UInt8] = []
        for index in 0..<min(count, 24) {
            let word = index < 8 ? words.0 : index < 16 ? words.1 : words.2
            octets.append(UInt8(truncatingIfNeeded: word >> UInt64(index % 8 * 8)))
        }
        return String(decoding: octets, as: UTF8.self)
    }
}

extension JSONReader {
    /// Calls `member` for each member of the object that comes next; the closure must consume exactly the value.
    package mutating func readMembers(
        _ member: (inout JSONReader, _ key: JSONKey) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard try enterObject() else { return }
        repeat {
            let key = try readKey()
            try expectColon()
            let before = position
            try member(&self, key)
            guard position > before else { throw .valueNotRead(offset: before) }
        } while try continues(until: UInt8(ascii: "}"))
        depth -= 1
    }

    private mutating func readKey() throws(JSONError) -> JSONKey {
        guard try nextSignificant() == UInt8(ascii: "\"") else { throw .unexpectedByte(offset: position) }
        guard let range = plainString(), end - range.lowerBound >= 24 else {
            // Near the end of the text, or escaped, or not ASCII.
            var name = try readString()
            return name.withUTF8 { unsafe JSONKey(UnsafeRawBufferPointer($0)) }
        }
        position = range.upperBound + 1
        let count = range.count
        let words = unsafe bytes.withUnsafeBytes { bytes in
            // SAFETY: 24 octets stand there, as was just checked.
            (
                unsafe bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: UInt64.self).littleEndian,
                unsafe bytes.loadUnaligned(fromByteOffset: range.lowerBound + 8, as: UInt64.self).littleEndian,
                unsafe bytes.loadUnaligned(fromByteOffset: range.lowerBound + 16, as: UInt64.self).littleEndian
            )
        }
        // A shift by 64 or more leaves nothing: the words behind the name.
        func mask(_ octets: Int) -> UInt64 { ~(UInt64.max << UInt64(max(octets, 0) * 8)) }
        return JSONKey(
            words: (words.0 & mask(count), words.1 & mask(count - 8), words.2 & mask(count - 16)),
            count: count
        )
    }
}
