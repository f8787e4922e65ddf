import NexoraCommand
import SharedTesting
import Testing
import WireFormat

@Suite struct CSVReaderTests {
    private func records(_ text: String) throws -> [CSVRecord] {
        var reader = CSVReader(Array(text.utf8))
        var records: [CSVRecord] = []
        while let record = try reader.next() { records.append(record) }
        return records
    }

    @Test func `fields, quotes, doubled quotes and line ends of either kind`() throws {
        let found = try records("a,b,c\r\n1,\"x, \"\"y\"\"\",\n\n\"two\nlines\",,3\n")
        #expect(found.map(\.fields) == [["a", "b", "c"], ["1", "x, \"y\"", ""], ["two\nlines", "", "3"]])
        #expect(found.map(\.line) == [1, 2, 4])
    }

    @Test func `a byte order mark is skipped and a semicolon file is recognised`() throws {
        var reader = CSVReader([0xef, 0xbb, 0xbf] + Array("code;name\n1;\"a;b\"\n".utf8))
        #expect(try reader.next()?.fields == ["code", "name"])
        #expect(try reader.next()?.fields == ["1", "a;b"])
        #expect(try reader.next() == nil)
    }

    @Test func `a bad record is told with its line and the next one is read`() throws {
        var reader = CSVReader(Array("a,b\nx\"y,1\nok,2\n\"z\"q,3\nok,4\n".utf8))
        _ = try reader.next()
        #expect(
            throws: CSVError(
                line: 2,
                reason: "has a quote inside a field that does not begin with one",
                endsFile: false
            )
        ) {
            try reader.next()
        }
        #expect(try reader.next() == CSVRecord(line: 3, fields: ["ok", "2"]))
        #expect(throws: CSVError(line: 4, reason: "has text after a closing quote", endsFile: false)) {
            try reader.next()
        }
        #expect(try reader.next() == CSVRecord(line: 5, fields: ["ok", "4"]))
    }

    @Test func `a quote that never closes ends the file and names its own line`() throws {
        var reader = CSVReader(Array("a\n\"open\nmore\n".utf8))
        _ = try reader.next()
        #expect(throws: CSVError(line: 2, reason: "has a quote that is never closed", endsFile: true)) {
            try reader.next()
        }
        #expect(try reader.next() == nil)
    }

    @Test func `octets that are no text are refused by line`() throws {
        var reader = CSVReader(Array("a\n".utf8) + [0xff, 0x0a] + Array("b\n".utf8))
        _ = try reader.next()
        #expect(throws: CSVError(line: 2, reason: "is not UTF-8 text", endsFile: false)) { try reader.next() }
        #expect(try reader.next()?.fields == ["b"])
    }

    @Test func `what is written with quotes is read back`() throws {
        var random = SeededRandom()
        let alphabet = Array("ab,;\"\n\r é ")
        for _ in 0..<300 {
            let rows = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                (0..<3).map { _ in
                    String(
                        (0..<Int.random(in: 0...5, using: &random)).map { _ in
                            alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                        }
                    )
                }
            }
            let text =
                "h,h,h\n"
                + rows.map { row in
                    row.map {
                        "\"" + $0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
                            + "\""
                    }
                    .joined(separator: ",")
                }.joined(separator: "\n")
            #expect(try records(text).dropFirst().map(\.fields) == rows)
        }
    }
}
