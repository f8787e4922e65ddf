import Concurrency
import Documents
import SharedTesting
import Testing

@Suite(.proves("EXP-02")) struct DocumentTests {
    private let pool = WorkerPool(name: "test", threads: 1)

    private func octets(_ file: DocumentFile) async throws -> [UInt8] {
        var octets: [UInt8] = []
        while let piece = try await file.next() { octets += piece }
        return octets
    }

    private func made(_ format: DocumentFormat, _ heading: [String], _ chunks: [[[Cell]]]) async throws -> [UInt8] {
        let document = Document(format, name: "things", heading: heading, limit: 100_000, on: pool)
        for rows in chunks { try await document.append(rows) }
        return try await octets(try await document.finish())
    }

    @Test func `a spreadsheet holds each value as what it is`() async throws {
        let row: [Cell] = [
            .empty, .text("=1+1"), .text("Ann & <Bob>"), .integer(-7), .integer(9_007_199_254_740_993), .real(0.25),
            .real(.infinity), .flag(true), .time(microseconds: 1_764_000_000_000_000, text: "2025-11-24T16:00:00Z"),
            .time(microseconds: -10_000_000_000_000_000, text: "1653-02-10T06:13:20Z"),
        ]
        let sheet = try SpreadsheetCells(try await made(.spreadsheet, (0..<10).map { "c\($0)" }, [[row]]))
        #expect(sheet.rows.count == 2)
        #expect(
            sheet.rows[1] == [
                "", "=1+1", "Ann & <Bob>", "-7", "9007199254740993", "0.25", "inf", "1", "45985.66666666667",
                "1653-02-10T06:13:20Z",
            ]
        )
        #expect(!sheet.xml.contains("<f>"))
    }

    @Test func `whatever a text holds, a spreadsheet gives it back, without what XML cannot hold`() async throws {
        var random = SeededRandom()
        let alphabet: [Character] = [
            "a", "=", "+", "-", "@", "'", "\"", "&", "<", ">", " ", "\n", "\t", "\u{0}", "\u{1}", "\u{b}", "\u{ffff}",
            "ä",
            "Ж", "\u{645}", "👩‍👩‍👧", "_", "x", "0",
        ]
        var rows: [[Cell]] = []
        var texts: [String] = []
        for index in 0..<300 {
            let length = Int.random(in: 1...40, using: &random)
            let text = String((0..<length).compactMap { _ in alphabet.randomElement(using: &random) })
            texts.append(text)
            rows.append([.integer(Int64(index)), .text(text)])
        }
        let sheet = try SpreadsheetCells(try await made(.spreadsheet, ["n", "text"], [rows]))
        try #require(sheet.rows.count == 301)
        for (index, text) in texts.enumerated() {
            var clean = String.UnicodeScalarView()
            for scalar in text.unicodeScalars {
                clean.append(["\u{0}", "\u{1}", "\u{b}", "\u{ffff}"].contains(scalar) ? "\u{fffd}" : scalar)
            }
            #expect(sheet.rows[index + 1] == [String(index), String(clean)], "\(random)")
        }
    }

    @Test func `a text that no cell holds is cut, not refused`() async throws {
        let long = String(repeating: "👍", count: 20_000)
        let sheet = try SpreadsheetCells(try await made(.spreadsheet, ["text"], [[[.text(long)]]]))
        let cell = sheet.rows[1][0]
        #expect(cell.utf16.count <= 32_767 && cell.hasSuffix("👍…") && cell.count == 16_384)
    }

    @Test(arguments: [DocumentFormat.spreadsheet, .pdf])
    func `chunks make one table, and no row is one too`(format: DocumentFormat) async throws {
        for count in [0, 1, 250] {
            let rows = (0..<count).map { [Cell.integer(Int64($0)), .text("Anna \($0)")] }
            let chunks = stride(from: 0, to: count, by: 40).map { Array(rows[$0..<min(count, $0 + 40)]) }
            let file = try await made(format, ["n", "name"], chunks)
            switch format {
            case .spreadsheet: #expect(try SpreadsheetCells(file).rows.count == count + 1)
            case .pdf: #expect(try count < 30 ? PDFFacts(file).pages == 1 : PDFFacts(file).pages > 3)
            }
        }
    }

    @Test func `pages hold what is long, wide and in any script`() async throws {
        let heading = (0..<60).map { "column \($0)" }
        let texts = [
            "Grüße", "Анна Каренина", "\u{645}\u{631}\u{62d}\u{628}\u{627}", "a\u{0}b",
            String(repeating: "long ", count: 5_000),
        ]
        let rows = (0..<100).map { row in heading.indices.map { Cell.text(texts[(row + $0) % texts.count]) } }
        #expect(try PDFFacts(try await made(.pdf, heading, [rows])).pages > 1)
    }

    @Test(arguments: [DocumentFormat.spreadsheet, .pdf])
    func `one row too many is refused, and what was begun leaves nothing`(format: DocumentFormat) async throws {
        let document = Document(format, name: "things", heading: ["n"], limit: 3, on: pool)
        try await document.append([[.integer(1)], [.integer(2)], [.integer(3)]])
        await #expect(throws: DocumentError.tooManyRows(limit: 3)) { try await document.append([[.integer(4)]]) }
    }

    @Test func `a document that ended takes nothing more`() async throws {
        let document = Document(.pdf, name: "things", heading: ["n"], limit: 3, on: pool)
        _ = try await document.finish()
        await #expect(throws: DocumentError.ended) { try await document.append([[.integer(1)]]) }
        await #expect(throws: DocumentError.ended) { _ = try await document.finish() }
    }

    @Test func `several are made at once`() async throws {
        let threads = WorkerPool(name: "test", threads: 4)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<8 {
                group.addTask {
                    let format = index % 2 == 0 ? DocumentFormat.pdf : .spreadsheet
                    let document = Document(format, name: "things", heading: ["n"], limit: 1_000, on: threads)
                    for _ in 0..<5 { try await document.append((0..<100).map { [.integer(Int64($0))] }) }
                    var count = 0
                    let file = try await document.finish()
                    while let piece = try await file.next() { count += piece.count }
                    return count
                }
            }
            for try await count in group { #expect(count > 1_000) }
        }
    }
}
