extension JSONReader {
    /// The next value, which must be a string; its escapes are resolved.
    package mutating func readString() throws(JSONError) -> String {
        if try nextSignificant() != UInt8(ascii: "\"") { try expect(.string) }
        let start = position + 1
        let plain = plainEnd(from: start)
        if plain < end, bytes[plain] == UInt8(ascii: "\"") {
            guard let text = String(validating: bytes[start..<plain], as: UTF8.self) else {
                throw .malformedString(offset: start)
            }
            position = plain + 1
            return text
        }
        return try readEscapedString(start: start, plain: plain)
    }

    /// Passes over a string and checks it.
    mutating func skipString() throws(JSONError) {
        _ = try readString()
    }

    /// The first octet from `start` on that is not literal text.
    private func plainEnd(from start: Int) -> Int {
        var index = start
        while index < end {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            index += 1
        }
        return index
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
            stop = plainEnd(from: index)
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
