extension JSONReader {
    /// The next value, which must be a string; its escapes are resolved.
    package mutating func readString() throws(JSONError) -> String {
        if try nextSignificant() != UInt8(ascii: "\"") { try expect(.string) }
        let start = position + 1
        let (plain, isASCII) = plainEnd(from: start)
        if plain < end, bytes[plain] == UInt8(ascii: "\"") {
            position = plain + 1
            if isASCII { return asciiText(start..<plain) }
            guard let text = String(validating: bytes[start..<plain], as: UTF8.self) else {
                throw .malformedString(offset: start)
            }
            return text
        }
        return try readEscapedString(start: start, plain: plain)
    }

    /// Where in ``bytes`` the next string's text stands, which is consumed; nil, and nothing consumed, when the next value
    /// is no string, or one with escapes or beyond ASCII.
    package mutating func readPlainString() throws(JSONError) -> Range<Int>? {
        guard try nextSignificant() == UInt8(ascii: "\""), let range = plainString() else { return nil }
        position = range.upperBound + 1
        return range
    }

    /// Whether the text that ``readPlainString()`` found there is that one.
    package func isText(_ text: StaticString, at place: Range<Int>) -> Bool {
        guard place.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<place.count {
            // SAFETY: the index is below the text's own length.
            guard unsafe bytes[place.lowerBound + index] == text.utf8Start[index] else { return false }
        }
        return true
    }

    /// Passes over a string and checks it.
    mutating func skipString() throws(JSONError) {
        if try readPlainString() == nil { _ = try readString() }
    }

    /// The text of the string that begins at the cursor, when it is ASCII without escapes and has its end.
    func plainString() -> Range<Int>? {
        let start = position + 1
        let (stop, isASCII) = plainEnd(from: start)
        guard isASCII, stop < end, bytes[stop] == UInt8(ascii: "\"") else { return nil }
        return start..<stop
    }

    /// The first octet from `start` on that is not literal text, and whether all before it are ASCII.
    private func plainEnd(from start: Int) -> (end: Int, isASCII: Bool) {
        unsafe bytes.withUnsafeBytes { unsafe PlainText.end(of: $0, from: start, to: end) }
    }

    /// Octets that are known to be ASCII, as text: without the general validation, which costs ten times as much. Most
    /// strings of an event, and all its keys, are.
    private func asciiText(_ range: Range<Int>) -> String {
        // SAFETY: `range` lies within the array.
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
        }
    }

    private mutating func readEscapedString(start: Int, plain: Int) throws(JSONError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(plain - start + 32)
        var index = start
        var stop = plain
        while true {
            text.append(contentsOf: bytes[index..<stop])
            guard stop < end else { throw .unexpectedEnd(offset: stop) }
            let byte = bytes[stop]
            index = stop + 1
            if byte == UInt8(ascii: "\"") { break }
            guard byte == UInt8(ascii: "\\") else { throw .malformedString(offset: stop) }
            index = try appendEscape(at: index, to: &text)
            stop = plainEnd(from: index).end
        }
        guard let string = String(validating: text, as: UTF8.self) else { throw .malformedString(offset: start) }
        position = index
        return string
    }

    /// Resolves the escape whose letter stands at `index`; returns where the text goes on.
    private func appendEscape(at index: Int, to text: inout [UInt8]) throws(JSONError) -> Int {
        guard index < end else { throw .unexpectedEnd(offset: index) }
        switch bytes[index] {
        case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): return try appendUnicodeEscape(at: index + 1, to: &text)
        default: throw .malformedString(offset: index)
        }
        return index + 1
    }

    private func appendUnicodeEscape(at index: Int, to text: inout [UInt8]) throws(JSONError) -> Int {
        var value = try codeUnit(at: index)
        var next = index + 4
        if 0xD800...0xDBFF ~= value {
            guard next + 1 < end, bytes[next] == UInt8(ascii: "\\"), bytes[next + 1] == UInt8(ascii: "u") else {
                throw .malformedString(offset: index)
            }
            let low = try codeUnit(at: next + 2)
            guard 0xDC00...0xDFFF ~= low else { throw .malformedString(offset: index) }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            next += 6
        }
        guard let scalar = Unicode.Scalar(value) else { throw .malformedString(offset: index) }
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        return next
    }

    private func codeUnit(at index: Int) throws(JSONError) -> UInt32 {
        guard index + 4 <= end else { throw .unexpectedEnd(offset: end) }
        var value: UInt32 = 0
        for offset in index..<index + 4 {
            guard let nibble = Hex.nibble(bytes[offset]) else { throw .malformedString(offset: offset) }
            value = value << 4 | UInt32(nibble)
        }
        return value
    }
}
