import SharedTesting
import Testing

@testable import NASSimulator

/// The comparison finds what is wrong, and nothing else: books made from the truth, then spoilt one way at a time.
@Suite struct ComparisonTests {
    private struct Books {
        let expected: ExpectedBooks
        var found: FoundBooks
        let span = Comparison.Span(began: 1_795_000_000_000_000, ended: 1_795_000_060_000_000)

        init(seed: UInt64) {
            let script = ModelTests.script(seed, subscribers: 60)
            var result = PlayResult()
            result.sessions = script.sessions
            result.dayBegan = span.began - 86_400_000_000
            let expected = ExpectedBooks(script, result)
            self.expected = expected
            let rows = expected.sessions.map { session in
                let (end, closedBy, cause): (Int64?, String?, Int64?) =
                    switch session.standing {
                    case .stopped(let at, let cause): (at, "stop", cause.map(Int64.init))
                    case .booted(let at): (at[0], "nas_reboot", nil)
                    case .replaced: (session.start, "replaced", nil)
                    case .open: (nil, nil, nil)
                    }
                return FoundBooks.Row(
                    key: session.key,
                    start: session.start + 900_000,
                    end: end,
                    closedBy: closedBy,
                    cause: cause,
                    input: session.input,
                    output: session.output,
                    service: session.key.username
                )
            }
            let day = span.began / 86_400_000_000
            found = FoundBooks(
                rows: rows.reversed(),
                days: expected.usage.map { FoundBooks.Day(username: $0.key, day: day, usage: $0.value) }
            )
        }

        var differences: [Comparison.Discrepancy] { Comparison.differences(expected, found, span) }
    }

    @Test func `true books have no differences`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let books = Books(seed: seed)
            #expect(books.expected.sessions.count > 100)
            #expect(books.differences == [], "seed \(seed)")
        }
    }

    @Test func `an octet too many or too few is found`() {
        for octets in [-1, 1, 1 << 32] as [Int64] {
            var books = Books(seed: 1)
            books.found.rows[17].output += octets
            #expect(books.differences.count == 1)
            books = Books(seed: 1)
            books.found.days[3].usage.input += octets
            #expect(books.differences.count == 1)
        }
    }

    @Test func `a session that is missing, double or nobody's is found`() {
        var books = Books(seed: 2)
        let lost = books.found.rows.remove(at: 5)
        #expect(books.differences.count == 1)
        books.found.rows += [lost, lost]
        #expect(books.differences.count == 1)
        books = Books(seed: 2)
        books.found.rows[0].key = ExpectedBooks.Key(nas: "nas-1", id: "x", username: "x", station: "", port: 1)
        #expect(books.differences.count == 2)
        books = Books(seed: 2)
        books.found.rows[0].service = nil
        #expect(books.differences.count == 1)
    }

    @Test func `a wrong start, end, cause or reason is found`() throws {
        var books = Books(seed: 3)
        books.found.rows[9].start += 200_000_000
        #expect(books.differences.count == 1)
        books = Books(seed: 3)
        let stopped = try #require(books.found.rows.firstIndex { $0.closedBy == "stop" && $0.cause != nil })
        books.found.rows[stopped].cause = 17
        #expect(books.differences.count == 1)
        books = Books(seed: 3)
        books.found.rows[stopped].end = books.found.rows[stopped].end.map { $0 + 60_000_000 }
        #expect(books.differences.count == 1)
        books = Books(seed: 3)
        books.found.rows[stopped].closedBy = "nas_reboot"
        #expect(books.differences.count == 1)
        books = Books(seed: 3)
        books.found.rows[stopped].closedBy = nil
        #expect(!books.differences.isEmpty)
    }

    @Test func `who is on must be open, unless the reaper took him for gone`() throws {
        var books = Books(seed: 4)
        let open = try #require(books.found.rows.firstIndex { $0.closedBy == nil })
        books.found.rows[open].closedBy = "reaper"
        #expect(books.differences == [])
        books.found.rows[open].closedBy = "stop"
        #expect(books.differences.count == 1)
    }

    @Test func `usage that is not folded, of another day or dead letters are found`() {
        var books = Books(seed: 5)
        books.found.pending = 1
        #expect(books.differences.count == 1)
        books = Books(seed: 5)
        books.found.deadLetters = 1
        #expect(books.differences.count == 1)
        books = Books(seed: 5)
        books.found.days[0].day -= 1
        #expect(books.differences.count == 1)
        books = Books(seed: 5)
        books.found.days[0].usage.sessions += 1
        #expect(books.differences.count == 1)
    }

    @Test func `a report shows the packets of what is wrong, and says how to see it again`() {
        let script = ModelTests.script(6)
        var result = PlayResult()
        result.sessions = script.sessions
        result.journal.add(
            .init(session: 2, index: 0, milliseconds: 31, delay: 5, port: 4000, identifier: 9, what: .sent)
        )
        let report = RunReport(script, result, [.init(sessions: [2], "something")])
        #expect(!report.holds)
        #expect(report.text.contains("31 ms: sent, port 4000, id 9, delay 5 s: start"))
        #expect(report.text.contains("--seed 6"))
        #expect(String(decoding: report.json, as: UTF8.self).contains("\"holds\":false"))
        #expect(RunReport(script, result, []).holds)
    }
}
