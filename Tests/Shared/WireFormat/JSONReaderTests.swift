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

    @Test func `a string's end, escapes and foreign octets are seen at every place`() throws {
        for length in 0...40 {
            let plain = [UInt8](repeating: UInt8(ascii: "x"), count: length)
            for octet in UInt8(0)...255 {
                for place in 0...length {
                    var inside = plain
                    inside.insert(octet, at: place)
                    // The same octets behind the string's end change nothing.
                    var text = [UInt8(ascii: "[")] + [0x22] + inside + [0x22]
                    text += [UInt8(ascii: ",")] + [0x22] + plain + [0x22] + [UInt8(ascii: "]")]
                    var strings: [String] = []
                    var reader = JSONReader(text)
                    let isRead =
                        (try? reader.readArray { reader throws(JSONError) in
                            strings.append(try reader.readString())
                        }) != nil
                    let isPlain = octet >= 0x20 && octet < 0x80 && octet != 0x22 && octet != UInt8(ascii: "\\")
                    if isPlain {
                        #expect(
                            isRead
                                && strings == [
                                    String(decoding: inside, as: UTF8.self), String(decoding: plain, as: UTF8.self),
                                ]
                        )
                    } else {
                        // A quote ends it early, a backslash stands before an x or the end: none is a text.
                        #expect(!isRead, "\(octet) at \(place) of \(length)")
                    }
                }
            }
        }
    }

    @Test func `members are known by their whole name, as text or with escapes`() throws {
        let text =
            #"{"a":1,"ab":2,"abcdefgh":3,"abcdefghi":4,"abcdefghijklmnopqrstuvwx":5,"#
            + #""abcdefghijklmnopqrstuvwxy":6,"\u0061":7,"a\u0000":8,"":9,"ü":10,"A":11,"z":12}"#
        for padding in ["", String(repeating: " ", count: 64)] {
            var reader = reader(text + padding)
            var seen: [String: [Int64]] = [:]
            try reader.readMembers { reader, key throws(JSONError) in
                let value = try reader.readInt64()
                let name =
                    switch key {
                    case "a": "a"
                    case "ab": "ab"
                    case "abcdefgh": "8"
                    case "abcdefghi": "9"
                    case "abcdefghijklmnopqrstuvwx": "24"
                    case "": "none"
                    case "ü": "ü"
                    default: "other \(key)"
                    }
                seen[name, default: []].append(value)
            }
            try reader.expectEnd()
            let others =
                ["other abcdefghijklmnopqrstuvwx": [6], "other a\0": [8], "other A": [11], "other z": [12]]
                as [String: [Int64]]
            let known =
                ["a": [1, 7], "ab": [2], "8": [3], "9": [4], "24": [5], "none": [9], "ü": [10]] as [String: [Int64]]
            #expect(seen == known.merging(others) { first, _ in first })
        }
        var unread = reader(#"{"a":1}"#)
        #expect(throws: JSONError.valueNotRead(offset: 5)) { try unread.readMembers { _, _ in } }
    }

    @Test func `a plain string is told by its place, any other is left where it is`() throws {
        var plain = reader(#" "STATUS" "#)
        let place = try #require(try plain.readPlainString())
        #expect(Array(plain.bytes[place]) == Array("STATUS".utf8))
        #expect(
            plain.isText("STATUS", at: place) && !plain.isText("STATUT", at: place) && !plain.isText("STAT", at: place)
        )
        try plain.expectEnd()
        for text in [#""a\n""#, #""ü""#, #""a"#, "1", "null"] {
            var reader = reader(text)
            #expect(try reader.readPlainString() == nil)
            #expect(Array(reader.bytes) == Array(text.utf8))
            _ = try? reader.skipValue()
        }
    }
}
