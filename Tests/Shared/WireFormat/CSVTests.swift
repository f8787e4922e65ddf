import SharedTesting
import Testing
import WireFormat

/// CSV in and out.
@Suite struct CSVTests {
    private func parse(_ chunks: [[UInt8]]) -> [Result<CSVRecord, CSVError>] {
        var parser = CSVParser()
        return chunks.flatMap { parser.consume($0) } + parser.finish()
    }

    private func chunks(_ bytes: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        var rest = bytes[...]
        var chunks: [[UInt8]] = []
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...7, using: &random))
            chunks.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return chunks
    }

    @Test(.proves("EXP-02")) func `what is written is read back, however it is split`() throws {
        var random = SeededRandom()
        let alphabet = Array("ab'=+-@,;\"\n\r\t é ")
        for _ in 0..<300 {
            let rows = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                (0..<3).map { _ in
                    String(
                        (0..<Int.random(in: 0...5, using: &random)).map { _ in
                            alphabet.randomElement(using: &random) ?? "a"
                        }
                    )
                }
            }
            var writer = CSVWriter()
            for row in [["h", "i", "j"]] + rows {
                for field in row { writer.field(field) }
                writer.endRecord()
            }
            let read = try parse(chunks(writer.bytes, &random)).map { try $0.get().fields.map(CSVWriter.original) }
            // A record of nothing but empty fields is a record: it has delimiters.
            #expect(read == [["h", "i", "j"]] + rows)
        }
    }

    @Test func `any octets give the same records and errors, however they are split`() {
        var random = SeededRandom()
        let alphabet = Array("ab,;\"\n\r".utf8) + [0xff, 0xef, 0xbb, 0xbf]
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            #expect(parse(chunks(bytes, &random)) == parse([bytes]), "\(bytes)")
        }
    }

    @Test(.proves("EXP-02")) func `no text that is written is run by a spreadsheet`() {
        for text in ["=1+1", "+49", "-1", "@x", "\tx", "\r=x", "\n=1", "'=1", "''+1", "=HYPERLINK(\"http://x\",\"y\")"]
        {
            var writer = CSVWriter()
            writer.field(text)
            let field = parse([writer.bytes]).compactMap { try? $0.get().fields.first }.first ?? ""
            #expect(field.hasPrefix("'"), "\(text)")
            #expect(CSVWriter.original(field) == text)
        }
        for text in ["", "a", "'", "'a", "1-2", "a=b"] {
            var writer = CSVWriter()
            writer.field(text)
            #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
        }
    }

    @Test func `a record that never ends is told, and its memory is bounded`() {
        var parser = CSVParser()
        var results = parser.consume(Array("a,b\n\"".utf8))
        for _ in 0..<3 { results += parser.consume([UInt8](repeating: 0x78, count: 40_000)) }
        results += parser.consume(Array("\"\nlater,1\n".utf8)) + parser.finish()
        #expect(results.count == 2)
        #expect(
            results.last
                == .failure(
                    CSVError(line: 2, reason: "is longer than 65536 bytes: is a quote missing?", endsFile: true)
                )
        )
    }
}
