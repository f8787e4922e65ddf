import Testing
import WireFormat

@Suite struct JSONReaderTests {
    private func reader(_ text: String) -> JSONReader { JSONReader([UInt8](text.utf8)) }

    private func isValid(_ text: String) -> Bool {
        var reader = reader(text)
        do throws(JSONError) {
            try reader.skipValue()
            try reader.expectEnd()
            return true
        } catch {
            return false
        }
    }

    @Test func `an object hands its members over in order, nested values included`() throws {
        var reader = reader(#" {"id":"a","n":[1,-2,"3"],"ok":true,"gone":null,"other":{"x":[{}]}} "#)
        var id: String?
        var numbers: [Int64] = []
        var flag = false
        var gone = false
        try reader.readObject { reader, key throws(JSONError) in
            switch key {
            case "id": id = try reader.readString()
            case "n": try reader.readArray { reader throws(JSONError) in numbers.append(try reader.readInt64()) }
            case "ok": flag = try reader.readBool()
            case "gone": gone = try reader.readNull()
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        #expect(id == "a")
        #expect(numbers == [1, -2, 3])
        #expect(flag && gone)
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "[,1]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{\"a\":}", "[1 2]", "01", "-", "-01",
        "1.", ".5", "1e",
        "1e+", "+1", "0x1", "tru", "truE", "nul", "NaN", "Infinity", "'a'", "\"", "\"\\", "\"\\x\"", "\"\\u12\"",
        "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\u{1}\"", "\"\n\"", "1 1", "{} {}", "// c\n1", "[1]]",
        "\u{FEFF}1",
    ])
    func `text outside the grammar is refused`(text: String) {
        #expect(!isValid(text))
    }

    @Test(arguments: [
        "0", "-0", "10", "1.5", "-1.25e-3", "1E+9", "true", "false", "null", "\"\"", "[]", "{}", "[[],{}]",
        "\t[ 1 ,\r\n2 ]\n",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\ud83d\\ude00\"", "\"пароль\"",
    ])
    func `text inside the grammar is accepted`(text: String) {
        #expect(isValid(text))
    }

    @Test func `escapes and surrogate pairs are resolved`() throws {
        var reader = reader(#""a\u00e9\ud83d\ude00\n\/\\""#)
        #expect(try reader.readString() == "aé😀\n/\\")
    }

    @Test func `octets that are not UTF-8 are refused`() {
        var reader = JSONReader([0x22, 0xC3, 0x28, 0x22])
        #expect(throws: JSONError.malformedString(offset: 1)) { try reader.readString() }
        var overlong = JSONReader([0x22, 0xC0, 0x80, 0x22])
        #expect(throws: JSONError.self) { try overlong.readString() }
    }

    @Test func `integers are read from numbers and from decimal strings to their limits`() throws {
        for text in ["9223372036854775807", "\"9223372036854775807\""] {
            var reader = reader(text)
            #expect(try reader.readInt64() == .max)
        }
        var least = reader("\"-9223372036854775808\"")
        #expect(try least.readInt64() == .min)
        var unsigned = reader("18446744073709551615")
        #expect(try unsigned.readUInt64() == .max)
    }

    @Test(arguments: [
        "9223372036854775808", "-9223372036854775809", "1.0", "1e3", "\"1.0\"", "\"\"", "\" 1\"", "\"1 \"", "\"01\"",
        "\"-\"",
        "\"0x1\"", "99999999999999999999999", "true", "null", "\"1",
    ])
    func `what is no 64-bit integer is refused`(text: String) {
        var reader = reader(text)
        #expect(throws: JSONError.self) { try reader.readInt64() }
    }

    @Test func `a negative number is no unsigned integer`() {
        var reader = reader("-1")
        #expect(throws: JSONError.self) { try reader.readUInt64() }
    }

    @Test func `a double is finite or refused`() throws {
        var reader = reader("-1.5e2")
        #expect(try reader.readDouble() == -150)
        var large = self.reader("1e999")
        #expect(throws: JSONError.self) { try large.readDouble() }
    }

    @Test func `nesting is bounded`() {
        let deepest = JSONReader.maximumDepth
        #expect(isValid(String(repeating: "[", count: deepest) + String(repeating: "]", count: deepest)))
        #expect(!isValid(String(repeating: "[", count: deepest + 1) + String(repeating: "]", count: deepest + 1)))
        #expect(!isValid(String(repeating: "[{\"a\":", count: 200_000)))
    }

    @Test func `a raw value is the text as it stands, and can be read later`() throws {
        var reader = reader(#"{"data": {"a": [1, 2]} , "z":1}"#)
        var raw: ArraySlice<UInt8> = []
        try reader.readObject { reader, key throws(JSONError) in
            if key == "data" { raw = try reader.rawValue() } else { try reader.skipValue() }
        }
        #expect(String(decoding: raw, as: UTF8.self) == #"{"a": [1, 2]}"#)
        var inner = JSONReader(raw)
        var keys: [String] = []
        try inner.readObject { reader, key throws(JSONError) in
            keys.append(key)
            try reader.skipValue()
        }
        #expect(keys == ["a"])
    }

    @Test func `a value of another kind is told with both kinds`() {
        var reader = reader(" 12")
        #expect(throws: JSONError.wrongKind(expected: .string, found: .number, offset: 1)) { try reader.readString() }
    }

    @Test func `a handler that leaves its value is caught`() {
        var reader = reader(#"{"a":1}"#)
        #expect(throws: JSONError.self) { try reader.readObject { _, _ throws(JSONError) in } }
    }
}
