import Concurrency
import SharedTesting
import Synchronization
import Testing

@testable import Postgres

@Suite struct SessionOutageTests {
    private let quick = Backoff(initial: .milliseconds(5), maximum: .milliseconds(50))

    @Test func `a session outlives the server's death and finds it again`() async throws {
        let server = try await RealPostgres.start()
        let states = Mutex<[Bool]>([])
        let session = PostgresSession(PostgresConfiguration(url: server.superuserURL), backoff: quick) { isConnected in
            states.withLock { $0.append(isConnected) }
        }
        try await session.query("CREATE TABLE t (id bigint)")
        try await server.kill()
        let error = await refusal({ try await session.query("SELECT 1") })
        #expect(error.disposition == .retry)
        try await server.start()
        try await session.connect()
        #expect(try await session.query("SELECT count(*) FROM t").first?[0].int64 == 0)
        #expect(states.withLock { $0 } == [true, false, true])
        await session.close()
        try await server.stop()
    }

    @Test func `a connection that broke while idle costs no error`() async throws {
        let url = try await RealPostgres.shared().createDatabase()
        let session = PostgresSession(PostgresConfiguration(url: url), backoff: quick)
        let other = PostgresSession(PostgresConfiguration(url: url))
        let pid = try #require(try await session.query("SELECT pg_backend_pid()").first?[0].int32)
        try await other.query("SELECT pg_terminate_backend($1)", [.int4(pid)])
        try await eventually {
            try await other.query("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", [.int4(pid)]).first?[0].int64
                == 0
        }
        #expect(try await session.query("SELECT 7").first?[0].int64 == 7)
        await session.close()
        await other.close()
    }

    @Test func `a transaction never goes on in another connection`() async throws {
        let url = try await RealPostgres.shared().createDatabase()
        let session = PostgresSession(PostgresConfiguration(url: url), backoff: quick)
        let other = PostgresSession(PostgresConfiguration(url: url))
        try await session.query("CREATE TABLE t (id bigint)")
        let error = await refusal({
            try await session.transaction { transaction in
                let pid = try #require(try await transaction.query("SELECT pg_backend_pid()").first?[0].int32)
                try await other.query("SELECT pg_terminate_backend($1)", [.int4(pid)])
                _ = try? await transaction.query("INSERT INTO t VALUES (1)")
                try await transaction.query("INSERT INTO t VALUES (2)")
            }
        })
        #expect(error.disposition == .retry)
        #expect(try await session.query("SELECT count(*) FROM t").first?[0].int64 == 0)
        await session.close()
        await other.close()
    }

    @Test func `connecting goes on until its task is cancelled`() async throws {
        let session = PostgresSession(
            PostgresConfiguration(url: "postgresql:///none?host=/nonexistent"),
            backoff: quick
        )
        let code = await withTaskGroup(of: PostgresError.Code?.self) { group in
            group.addTask {
                do throws(PostgresError) {
                    try await session.connect()
                    return nil
                } catch {
                    return error.code
                }
            }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(code == .cancelled)
        await session.close()
    }
}
