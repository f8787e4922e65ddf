import NexoraCommand
import SharedTesting
import Testing
import WireFormat

@Suite struct OutputTests {
    static let records: [OutputRecord] = ["alpha", "beta\u{1b}[31m"].enumerated().map { index, name in
        var record = OutputRecord()
        record.add("name", .text(name))
        record.add("coaPort", .integer(Int64(1000 * index + 7)))
        record.add("isActive", .boolean(index == 0))
        record.add("note", .null, detail: true)
        return record
    }

    @Test func `a table has headings, aligned numbers and nothing that drives a terminal`() {
        #expect(
            TableText(columns: nil).table(of: Self.records) == """
                NAME            COA PORT  IS ACTIVE
                alpha                  7  yes
                beta\\u{1b}[31m      1007  no

                """
        )
    }

    @Test func `a narrow screen cuts the widest column, a file never`() {
        let lines = TableText(columns: 30).table(of: Self.records).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 30 })
        #expect(lines[2].hasPrefix("beta\\u{1…"))
    }

    @Test func `one record is told line by line, details included`() {
        #expect(
            TableText(columns: nil).details(of: Self.records[0])
                == "name       alpha\ncoa port   7\nis active  yes\nnote       \n"
        )
    }

    @Test func `json keeps order, types and escapes`() throws {
        var writer = JSONWriter()
        Self.records[1].write(to: &writer)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self).contains(#""coaPort":1007,"isActive":false,"note":null}"#)
        )
        guard case .record(let read) = try OutputValue(json: writer.bytes) else {
            Issue.record("no object")
            return
        }
        #expect(read.fields.map(\.name) == Self.records[1].fields.map(\.name))
        #expect(read.fields.map(\.value) == Self.records[1].fields.map(\.value))
    }
}
