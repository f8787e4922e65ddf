import Concurrency
import SharedTesting
import Synchronization
import Testing

@testable import Postgres

@Suite struct SessionCopyTests {
    private func session() async throws -> PostgresSession {
        PostgresSession(PostgresConfiguration(url: try await RealPostgres.shared().createDatabase()))
    }

    @Test func `rows copied in come out again, 100,000 of them`() async throws {
        let session = try await session()
        try await session.script("CREATE TABLE t (id bigint, name text, at timestamptz)")
        let count = 100_000
        let position = Mutex(0)
        let copied = try await session.copyIn("COPY t FROM STDIN (FORMAT binary)") {
            position.withLock { position -> [UInt8]? in
                guard position < count else { return nil }
                var writer = position == 0 ? PGCopyWriter() : PGCopyWriter(continuing: ())
                for id in position..<min(count, position + 1000) {
                    writer.append([
                        .int8(Int64(id)), id % 7 == 0 ? .null : .text("name \(id)"), .timestamptz(Int64(id)),
                    ])
                }
                position += 1000
                return position >= count ? writer.finish() : writer.take()
            }
        }
        #expect(copied == count)
        struct Sum: Sendable, Equatable { var rows = 0, ids: Int64 = 0, nulls = 0, characters = 0, times: Int64 = 0 }
        let sum = try await session.copyOut("COPY t TO STDOUT (FORMAT binary)", into: Sum()) { sum, row in
            sum.rows += 1
            sum.ids += row.next()?.int64 ?? 0
            if let name = row.next() { sum.characters += name.count } else { sum.nulls += 1 }
            sum.times += row.next()?.timestamptz ?? 0
        }
        #expect(sum.rows == count && sum.ids == Int64(count) * Int64(count - 1) / 2 && sum.times == sum.ids)
        #expect(sum.nulls == (count + 6) / 7)
        let text = try await session.query("SELECT sum(length(name))::bigint FROM t").first?[0].int
        #expect(sum.characters == text)
        await session.close()
    }

    @Test func `an empty table copies out as no rows`() async throws {
        let session = try await session()
        try await session.script("CREATE TABLE t (id bigint)")
        #expect(try await session.copyOut("COPY t TO STDOUT (FORMAT binary)", into: 0) { count, _ in count += 1 } == 0)
        await session.close()
    }

    @Test func `a bad row is the server's refusal and leaves nothing`() async throws {
        let session = try await session()
        try await session.script("CREATE TABLE t (id int PRIMARY KEY)")
        let error = await refusal({
            try await session.copyIn("COPY t FROM STDIN", [Array("1\n2\n".utf8), Array("x\n".utf8)])
        })
        #expect(error.sqlState == "22P02")
        #expect(try await session.query("SELECT count(*) FROM t").first?[0].int64 == 0)
        #expect(try await session.copyIn("COPY t FROM STDIN", [Array("1\n2".utf8), Array("\n".utf8)]) == 2)
        await session.close()
    }

    @Test func `what the source or the reader throws comes through and the session goes on`() async throws {
        struct Stop: Error {}
        let session = try await session()
        try await session.script("CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 1000)")
        await #expect(throws: Stop.self) { try await session.copyIn("COPY t FROM STDIN") { throw Stop() } }
        await #expect(throws: Stop.self) {
            try await session.copyOut("COPY t TO STDOUT (FORMAT binary)", into: ()) { _, _ in throw Stop() }
        }
        #expect(try await session.query("SELECT count(*) FROM t").first?[0].int64 == 1000)
        await session.close()
    }

    @Test func `a COPY that is none, or refused, or against a script's rules, is an error`() async throws {
        let session = try await session()
        await #expect(throws: PostgresError.self) {
            try await session.copyOut("COPY nowhere TO STDOUT (FORMAT binary)", into: ()) { _, _ in }
        }
        await #expect(throws: PostgresError.self) { try await session.copyIn("SELECT 1", []) }
        await #expect(throws: PostgresError.self) { try await session.script("COPY pg_class TO STDOUT") }
        await #expect(throws: PostgresError.self) {
            try await session.copyOut("COPY pg_class TO STDOUT", into: ()) { _, _ in }
        }
        #expect(try await session.query("SELECT 1").first?[0].int64 == 1)
        await session.close()
    }

    @Test func `a deadline ends a COPY in both directions`() async throws {
        let session = try await session()
        try await session.script("CREATE TABLE t (id int)")
        let out = await refusal({
            try await session.copyOut(
                "COPY (SELECT pg_sleep(600)::text) TO STDOUT (FORMAT binary)",
                into: (),
                deadline: .milliseconds(50)
            ) { _, _ in }
        })
        #expect(out.code == .deadlineExceeded)
        let input = await refusal({
            try await session.copyIn("COPY t FROM STDIN", deadline: .milliseconds(50)) { Array("1\n".utf8) }
        })
        #expect(input.code == .deadlineExceeded)
        #expect(try await session.query("SELECT count(*) FROM t").first?[0].int64 == 0)
        await session.close()
    }

    @Test func `COPY belongs to its transaction`() async throws {
        struct Change: Error {}
        let session = try await session()
        try await session.script("CREATE TABLE t (id int)")
        await #expect(throws: Change.self) {
            try await session.transaction { transaction in
                #expect(try await transaction.copyIn("COPY t FROM STDIN", [Array("1\n2\n".utf8)]) == 2)
                let rows = try await transaction.copyOut("COPY t TO STDOUT (FORMAT binary)", into: 0) { n, _ in n += 1 }
                #expect(rows == 2)
                throw Change()
            }
        }
        #expect(try await session.query("SELECT count(*) FROM t").first?[0].int64 == 0)
        await session.close()
    }
}
