import Concurrency
import Observability
import SharedTesting
import Testing

@testable import Postgres

@Suite struct PostgresPoolTests {
    private let quick = Backoff(initial: .milliseconds(5), maximum: .milliseconds(50))

    private func pool(_ change: (inout PostgresConfiguration) -> Void = { _ in }) async throws -> PostgresPool {
        var configuration = PostgresConfiguration(url: try await RealPostgres.shared().createDatabase())
        change(&configuration)
        return PostgresPool(configuration, backoff: quick)
    }

    @Test func `statements of many tasks share connections and get their own answers`() async throws {
        let registry = MetricsRegistry()
        let url = try await RealPostgres.shared().createDatabase()
        let pool = PostgresPool(PostgresConfiguration(url: url), metrics: PostgresMetrics(registry))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<64 {
                group.addTask {
                    for step in 0..<50 {
                        let number = Int64(worker * 1000 + step)
                        let rows = try await pool.query(
                            "SELECT $1::int8, $2::text",
                            [.int8(number), .text("\(number)")]
                        )
                        #expect(rows.count == 1 && rows.first?[0].int64 == number && rows.first?[1].text == "\(number)")
                    }
                }
            }
            try await group.waitForAll()
        }
        let used = try await pool.query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        #expect((1...5).contains(used.first?[0].int ?? 0))
        let text = String(decoding: registry.render(), as: UTF8.self)
        #expect(text.contains("db_pool_connections{state=\"idle\"}"))
        #expect(text.contains("db_query_duration_seconds_count 3201"))
        await pool.close()
    }

    @Test func `one task's refusal is not its neighbours'`() async throws {
        let pool = try await pool { $0.maximumConnections = 1 }
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<300 {
                group.addTask {
                    if number % 3 == 0 {
                        let error = await refusal { try await pool.query("SELECT 1 / $1::int4", [.int4(0)]) }
                        return error.sqlState == "22012"
                    }
                    if number % 3 == 1 {
                        return await refusal { try await pool.query("SELECT * FROM nowhere") }.sqlState == "42P01"
                    }
                    return (try? await pool.query("SELECT $1::int4", [.int4(Int32(number))]).first?[0].int) == number
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        await pool.close()
    }

    @Test func `a pipeline is atomic among its neighbours`() async throws {
        let pool = try await pool()
        try await pool.query("CREATE TABLE t (id bigint PRIMARY KEY)")
        let error = await refusal {
            try await pool.pipeline([
                ("INSERT INTO t VALUES (1)", []), ("INSERT INTO t VALUES (2)", []), ("INSERT INTO t VALUES (1)", []),
            ])
        }
        #expect(error.statementIndex == 2)
        #expect(try await pool.query("SELECT count(*) FROM t").first?[0].int == 0)
        await pool.close()
    }

    @Test func `what goes with COMMIT is the last, and where it is refused nothing is committed`() async throws {
        let pool = try await pool()
        try await pool.query("CREATE TABLE t (id bigint PRIMARY KEY, n bigint)")
        try await pool.withTransaction { transaction in
            transaction.finish(with: PGStatement("INSERT INTO t SELECT 2, count(*) FROM t"))
            try await transaction.query("INSERT INTO t VALUES (1, 7)")
        }
        // By itself it opens its transaction.
        try await pool.withTransaction { $0.finish(with: PGStatement("INSERT INTO t VALUES (3, 9)")) }
        #expect(try await pool.query("SELECT n FROM t ORDER BY id").map { $0[0].int64 } == [7, 1, 9])
        let refused = await refusal {
            try await pool.withTransaction { transaction in
                try await transaction.query("DELETE FROM t")
                transaction.finish(with: PGStatement("INSERT INTO t VALUES (4, 1), (4, 2)"))
            }
        }
        #expect(refused.sqlState == "23505")
        struct Change: Error {}
        await #expect(throws: Change.self) {
            try await pool.withTransaction { transaction in
                try await transaction.query("DELETE FROM t")
                transaction.finish(with: PGStatement("INSERT INTO t VALUES (5, 1)"))
                throw Change()
            }
        }
        #expect(try await pool.query("SELECT count(*) FROM t").first?[0].int == 3)
        await pool.close()
    }

    @Test func `transactions are alone, settle their settings and count each other's work once`() async throws {
        let pool = try await pool()
        try await pool.query("CREATE TABLE t (id bigint, n bigint)")
        try await pool.query("INSERT INTO t VALUES (1, 0)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    try await pool.withTransaction(settings: [("nexora.tenants", "t\(number)")]) { transaction in
                        let n = try await transaction.query("SELECT n FROM t FOR UPDATE").first?[0].int64 ?? 0
                        try await transaction.query("UPDATE t SET n = $1", [.int8(n + 1)])
                        let seen = try await transaction.query("SELECT current_setting('nexora.tenants')")
                        #expect(seen.first?[0].text == "t\(number)")
                    }
                }
            }
            try await group.waitForAll()
        }
        struct Change: Error {}
        await #expect(throws: Change.self) {
            try await pool.withTransaction { transaction in
                try await transaction.query("UPDATE t SET n = 0")
                throw Change()
            }
        }
        let swallowed = await refusal {
            try await pool.withTransaction { transaction in
                try await transaction.query("UPDATE t SET n = 0")
                _ = try? await transaction.query("SELECT 1 / 0")
            }
        }
        #expect(swallowed.sqlState == "22012")
        #expect(try await pool.query("SELECT n FROM t").first?[0].int64 == 40)
        #expect(try await pool.query("SELECT current_setting('nexora.tenants', true)").first?[0].text ?? "" == "")
        await pool.close()
    }

    @Test func `a serialization conflict tells to try again`() async throws {
        let pool = try await pool()
        try await pool.query("CREATE TABLE t (n bigint)")
        let error = await refusal {
            try await pool.withTransaction(isolation: .serializable) { one in
                try await one.query("SELECT count(*) FROM t")
                try await pool.withTransaction(isolation: .serializable) { two in
                    try await two.query("SELECT count(*) FROM t")
                    try await two.query("INSERT INTO t VALUES (1)")
                }
                try await one.query("INSERT INTO t VALUES (2)")
            }
        }
        #expect(error.sqlState == "40001" && error.disposition == .retry)
        await pool.close()
    }

    @Test func `a deadline ends its own statement and no neighbour's`() async throws {
        let pool = try await pool { $0.maximumConnections = 1 }
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                let error = await refusal { try await pool.query("SELECT pg_sleep(600)", deadline: .milliseconds(100)) }
                return error.code == .deadlineExceeded
            }
            for number in 0..<20 {
                group.addTask {
                    (try? await pool.query("SELECT \(number)::int4").first?[0].int) == number
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        await pool.close()
    }

    @Test func `whoever is cancelled behind another's statement is let go at once`() async throws {
        let pool = try await pool { $0.maximumConnections = 1 }
        let observer = try await PostgresSession(
            PostgresConfiguration(url: RealPostgres.shared().superuserURL)
        )
        let text = "SELECT pg_sleep(600) /* \(UInt64.random(in: 0...UInt64.max)) */"
        await withTaskGroup(of: PostgresError.Code.self) { slow in
            slow.addTask { await refusal { try await pool.query(text) }.code }
            _ = try? await eventually {
                let sql = "SELECT count(*) FROM pg_stat_activity WHERE query = $1"
                return try await observer.query(sql, [.text(text)]).first?[0].int == 1
            }
            let late = await refusal { try await pool.query("SELECT 1", deadline: .milliseconds(20)) }
            #expect(late.code == .deadlineExceeded)
            slow.cancelAll()
            #expect(await slow.next() == .cancelled)
        }
        #expect(try await pool.query("SELECT 1").first?[0].int == 1)
        await observer.close()
        await pool.close()
    }

    @Test func `a connection given back in a transaction is not lent again`() async throws {
        let pool = try await pool { $0.maximumConnections = 1 }
        let first = try await pool.withConnection { connection in
            try await connection.query("BEGIN")
            return try await connection.query("SELECT pg_backend_pid()").first?[0].int32
        }
        let second = try await pool.query("SELECT pg_backend_pid()").first?[0].int32
        #expect(first != nil && second != nil && first != second)
        await pool.close()
    }

    @Test func `a plan that a migration made stale is prepared anew on every connection`() async throws {
        let pool = try await pool { $0.maximumConnections = 1 }
        try await pool.query("CREATE TABLE t (a int)")
        #expect(try await pool.query("SELECT * FROM t").columns == ["a"])
        try await pool.query("ALTER TABLE t ADD b int")
        #expect(try await pool.query("SELECT * FROM t").columns == ["a", "b"])
        await pool.close()
    }

    @Test func `it starts before its server, outlives the server's death and finds it again`() async throws {
        let server = try await RealPostgres.start()
        let pool = PostgresPool(PostgresConfiguration(url: server.superuserURL), backoff: quick)
        #expect(try await pool.query("SELECT 1").first?[0].int == 1)
        try await server.kill()
        try await eventually { await refusal { try await pool.query("SELECT 1") }.code == .connectionFailed }
        let fresh = PostgresPool(PostgresConfiguration(url: server.superuserURL), backoff: quick)
        #expect(await refusal { try await fresh.query("SELECT 1") }.disposition == .retry)
        try await server.start()
        for pool in [pool, fresh] {
            try await eventually { (try? await pool.query("SELECT 1").first?[0].int) == 1 }
            await pool.close()
        }
        try await server.stop()
    }

    @Test func `more calls than may wait are refused`() async throws {
        let pool = try await pool {
            $0.maximumConnections = 1
            $0.maximumWaiting = 1
        }
        try await pool.withConnection { connection in
            try await connection.query("SELECT 1")
            let codes = await withTaskGroup(of: PostgresError.Code.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        await refusal { try await pool.query("SELECT 1", deadline: .milliseconds(200)) }.code
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(codes) == [.overloaded, .deadlineExceeded])
        }
        await pool.close()
    }

    @Test func `closing waits for what is under way and refuses the rest`() async throws {
        let pool = try await pool()
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await pool.withConnection { connection in
                group.addTask { await pool.close() }
                try await eventually { await refusal { try await pool.query("SELECT 1") }.code == .closed }
                #expect(try await connection.query("SELECT 1").first?[0].int == 1)
            }
            try await group.waitForAll()
        }
        #expect(await refusal { try await pool.query("SELECT 1") }.code == .closed)
    }

    @Test func `cancelling its run closes it`() async throws {
        let pool = try await pool()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await pool.run() }
            #expect((try? await pool.query("SELECT 1"))?.count == 1)
            group.cancelAll()
        }
        #expect(await refusal { try await pool.query("SELECT 1") }.code == .closed)
    }
}
