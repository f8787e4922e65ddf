import SharedTesting
import Testing
import WireFormat

@Suite struct JSONWriterTests {
    @Test func `Commas stand between members and elements only`() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a")
        writer.value(1)
        writer.key("b")
        writer.beginArray()
        writer.value(true)
        writer.null()
        writer.beginObject()
        writer.endObject()
        writer.value("x")
        writer.endArray()
        writer.key(string: "c\"")
        writer.raw(Array("{}".utf8))
        writer.endObject()
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":1,"b":[true,null,{},"x"],"c\"":{}}"#)
    }

    @Test func `Numbers keep their whole range`() {
        var writer = JSONWriter()
        writer.beginArray()
        writer.value(Int64.min)
        writer.value(UInt64.max)
        writer.value(quoted: Int64.max)
        writer.value(0)
        writer.value(Int8.min)
        writer.value(0.1)
        writer.value(Double.nan)
        writer.endArray()
        let expected = #"[-9223372036854775808,18446744073709551615,"9223372036854775807",0,-128,0.1,null]"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test func `Control characters, quotes and backslashes are escaped, the rest is UTF-8`() {
        var writer = JSONWriter()
        writer.value("a\"b\\c\n\r\t\u{08}\u{0C}\u{00}\u{1F}é€😀\u{7F}")
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0000\\u001fé€😀\u{7F}\""
        )
    }

    @Test func `A writer that was emptied writes as a new one`() {
        var writer = JSONWriter()
        writer.value(1)
        writer.removeAll()
        writer.value(2)
        #expect(writer.bytes == Array("2".utf8))
    }

    @Test func `Storage grows as it must, and is handed over with no more than was written`() {
        var writer = JSONWriter(capacity: 0)
        writer.beginArray()
        for number in 0..<100 {
            writer.value(String(repeating: "\u{1}", count: number))
            writer.value(plain: "PLAIN")
        }
        writer.endArray()
        let expected = (0..<100).map { #""\#(String(repeating: #"\u0001"#, count: $0))","PLAIN""# }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "[\(expected.joined(separator: ","))]")
        #expect(writer.finish() == Array("[\(expected.joined(separator: ","))]".utf8))
        #expect(JSONWriter().finish().isEmpty)
    }
}
