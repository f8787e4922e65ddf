import Concurrency
import SharedTesting
import Testing

@testable import Postgres

@Suite struct PostgresSessionTests {
    private func session(_ change: (inout PostgresConfiguration) -> Void = { _ in }) async throws -> PostgresSession {
        var configuration = PostgresConfiguration(url: try await RealPostgres.shared().createDatabase())
        change(&configuration)
        return PostgresSession(configuration)
    }

    @Test func `every type travels both ways unchanged`() async throws {
        let session = try await session()
        let sql = """
            SELECT $1::bool AS b, $2::int2 AS s, $3::int4 AS i, $4::int8 AS l, $5::float8 AS d, $6::text AS t, $7::bytea AS y,
                $8::uuid AS u, $9::timestamptz AS w, $10::date AS e, $11::jsonb AS j, $12::text AS n
            """
        let rows = try await session.query(
            sql,
            [
                .bool(true), .int2(-3), .int4(70_000), .int8(1 << 40), .float8(-0.5), .text("naïve"), .bytea([0, 255]),
                .uuid(high: 0x0102_0304_0506_0708, low: 9), .timestamptz(1_700_000_000_123_456), .date(20_000),
                .jsonb(#"{"a": 1}"#), .null,
            ]
        )
        let row = try #require(rows.first)
        #expect(rows.columns == ["b", "s", "i", "l", "d", "t", "y", "u", "w", "e", "j", "n"])
        #expect(row[0].bool == true && row["s"].int64 == -3 && row[2].int64 == 70_000 && row[3].int64 == 1 << 40)
        #expect(row[4].double == -0.5 && row["t"].text == "naïve" && row[6].bytes == [0, 255])
        #expect(row[7].uuid.map { [$0.high, $0.low] } == [0x0102_0304_0506_0708, 9])
        #expect(row[7].text == "01020304-0506-0708-0000-000000000009")
        #expect(row[8].timestamptz == 1_700_000_000_123_456 && row[9].date == 20_000)
        #expect(row["j"].text == #"{"a": 1}"# && row[11].isNull && row[11].text == nil)
        await session.close()
    }

    /// A plan that needs what a setting has forbidden costs more on paper than any query that is worth compiling.
    @Test func `no statement is compiled, however dear its plan looks`() async throws {
        let session = try await session()
        _ = try await session.query("SET enable_seqscan = off")
        _ = try await session.query("CREATE TEMPORARY TABLE plain (number integer)")
        let plan = try await session.query("EXPLAIN (ANALYZE) SELECT count(*) FROM plain").map { $0[0].text ?? "" }
        #expect(plan.contains { $0.contains("cost=1000000") } && !plan.contains { $0.hasPrefix("JIT") }, "\(plan)")
        await session.close()
    }

    @Test func `arrays with NULLs travel both ways unchanged`() async throws {
        let session = try await session()
        let sql = """
            SELECT $1::int8[], $2::int4[], $3::text[], $4::bytea[], $5::uuid[], $6::timestamptz[], $7::date[], $8::bool[],
                $9::float8[], $10::text[]
            """
        let row = try #require(
            try await session.query(
                sql,
                [
                    .int8Array([1, nil, -1]), .int4Array([5]), .textArray(["a,b", nil, ""]), .byteaArray([[1], nil]),
                    .uuidArray([(1, 2), nil]), .timestamptzArray([0, nil]), .dateArray([0, nil]),
                    .boolArray([true, nil, false]), .float8Array([0.25, nil]), .textArray([]),
                ]
            ).first
        )
        #expect(row[0].int8Array == [1, nil, -1] && row[1].int4Array == [5] && row[2].textArray == ["a,b", nil, ""])
        #expect(row[3].byteaArray == [[1], nil] && row[4].uuidArray?.map { $0?.low } == [2, nil])
        #expect(row[5].timestamptzArray == [0, nil] && row[6].dateArray == [0, nil])
        #expect(row[7].boolArray == [true, nil, false] && row[8].float8Array == [0.25, nil] && row[9].textArray == [])
        await session.close()
    }

    @Test func `numeric reads as the server prints it`() async throws {
        let session = try await session()
        let texts = [
            "0", "0.0000", "-12.3400", "10000", "0.00012345", "123456789012345678.9999", "-0.5", "NaN", "99990000",
        ]
        for text in texts {
            let row = try #require(try await session.query("SELECT $1::text::numeric", [.text(text)]).first)
            #expect(row[0].text == text)
        }
        await session.close()
    }

    @Test func `a pipeline is one atomic round trip and names the statement at fault`() async throws {
        let session = try await session()
        try await session.script("CREATE TABLE t (id bigint PRIMARY KEY)")
        let rows = try await session.pipeline([
            ("INSERT INTO t VALUES ($1)", [.int8(1)]), ("INSERT INTO t VALUES ($1)", [.int8(2)]),
            ("SELECT count(*) FROM t", []),
        ])
        #expect(rows[2].first?[0].int64 == 2 && rows[0].affectedRows == 1)
        let error = await refusal({
            try await session.pipeline([
                ("INSERT INTO t VALUES ($1)", [.int8(3)]), ("INSERT INTO t VALUES ($1)", [.int8(1)]),
                ("INSERT INTO t VALUES ($1)", [.int8(4)]),
            ])
        })
        #expect(error.sqlState == "23505" && error.statementIndex == 1 && error.constraint == "t_pkey")
        #expect(error.disposition == .permanent)
        #expect(try await session.query("SELECT count(*) FROM t").first?[0].int64 == 2)
        await session.close()
    }

    @Test func `a statement that cannot be prepared leaves the session usable`() async throws {
        let session = try await session()
        for _ in 0..<2 {
            let error = await refusal({
                try await session.pipeline([("SELECT 1", []), ("SELECT nothing FROM nowhere", []), ("SELECT 2", [])])
            })
            #expect(error.sqlState == "42P01" && error.statementIndex == 1)
        }
        #expect(try await session.query("SELECT 2 + 3").first?[0].int32 == 5)
        await session.close()
    }

    @Test func `a plan that a migration made stale is prepared anew`() async throws {
        let session = try await session()
        try await session.script("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        #expect(try await session.query("SELECT * FROM t").columns == ["a"])
        try await session.script("ALTER TABLE t ADD b int")
        #expect(try await session.query("SELECT * FROM t").columns == ["a", "b"])
        try await session.script("DEALLOCATE ALL")
        #expect(try await session.query("SELECT * FROM t").columns == ["a", "b"])
        await session.close()
    }

    @Test func `more statements than the cache holds still run`() async throws {
        let session = try await session()
        for number in 0..<600 {
            #expect(try await session.query("SELECT \(number)").first?[0].int64 == Int64(number))
        }
        let held = try await session.query("SELECT count(*) FROM pg_prepared_statements").first?[0].int64
        // This one's room is made behind it.
        #expect(held ?? 999 <= 257)
        await session.close()
    }

    @Test func `a full cache leaves every transaction its isolation level, and what a refusal skipped is made up for`()
        async throws
    {
        let session = try await session()
        for number in 0..<600 {
            let isolation: PGIsolation = number % 2 == 0 ? .repeatableRead : .serializable
            let level = try await session.transaction(isolation: isolation) { transaction in
                try await transaction.query("SELECT current_setting('transaction_isolation'), \(number)").first?[0].text
            }
            #expect(level == (number % 2 == 0 ? "repeatable read" : "serializable"))
            if number % 3 == 0 { _ = await refusal({ try await session.query("SELECT \(number) / 0") }) }
        }
        let held = try await session.query("SELECT count(*) FROM pg_prepared_statements").first?[0].int64
        #expect(held ?? 999 <= 257)
        await session.close()
    }

    @Test func `a transaction keeps its turn, its settings and its rollback`() async throws {
        let session = try await session()
        try await session.script("CREATE TABLE t (id bigint)")
        try await session.transaction(isolation: .serializable, settings: [("nexora.tenants", "a'b")]) { transaction in
            #expect(try await transaction.query("SELECT current_setting('nexora.tenants')").first?[0].text == "a'b")
            let level = try await transaction.query("SELECT current_setting('transaction_isolation')").first?[0].text
            #expect(level == "serializable")
            try await transaction.query("INSERT INTO t VALUES (1)")
        }
        struct Change: Error {}
        await #expect(throws: Change.self) {
            try await session.transaction { transaction in
                try await transaction.query("INSERT INTO t VALUES (2)")
                throw Change()
            }
        }
        await #expect(throws: PostgresError.self) {
            try await session.transaction { transaction in
                try await transaction.query("INSERT INTO t VALUES (3)")
                // Swallowing the refusal must not look like success.
                _ = try? await transaction.query("SELECT 1 / 0")
            }
        }
        #expect(try await session.query("SELECT count(*) FROM t").first?[0].int64 == 1)
        #expect(try await session.query("SELECT current_setting('nexora.tenants', true)").first?[0].text == "")
        await session.close()
    }

    @Test func `transactions of many tasks do not mix`() async throws {
        let session = try await session()
        try await session.script("CREATE TABLE t (id bigint, n bigint); INSERT INTO t VALUES (1, 0)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    try await session.transaction { transaction in
                        let n = try await transaction.query("SELECT n FROM t").first?[0].int64 ?? 0
                        try await transaction.query("UPDATE t SET n = $1", [.int8(n + 1)])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await session.query("SELECT n FROM t").first?[0].int64 == 40)
        await session.close()
    }

    @Test func `a deadline cancels the statement on the server and the session goes on`() async throws {
        let session = try await session()
        let error = await refusal({
            try await session.query("SELECT pg_sleep(600)", deadline: .milliseconds(50))
        })
        #expect(error.code == .deadlineExceeded && error.disposition == .retry)
        #expect(try await session.query("SELECT 1").first?[0].int64 == 1)
        await session.close()
    }

    @Test func `cancelling the task cancels the statement`() async throws {
        let session = try await session()
        let other = try await self.session()
        await withTaskGroup(of: PostgresError.Code?.self) { group in
            group.addTask {
                do throws(PostgresError) {
                    try await session.query("SELECT pg_sleep(600)")
                    return nil
                } catch {
                    return error.code
                }
            }
            _ = try? await eventually {
                let running =
                    "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'"
                return try await other.query(running).first?[0].int64 ?? 0 > 0
            }
            group.cancelAll()
            #expect(await group.next() == .cancelled)
        }
        #expect(try await session.query("SELECT 1").first?[0].int64 == 1)
        await session.close()
        await other.close()
    }

    @Test func `the role is assumed after connecting`() async throws {
        let url = try await RealPostgres.shared().createDatabase()
        let owner = PostgresSession(PostgresConfiguration(url: url))
        try await owner.script(
            """
            DO $$ BEGIN CREATE ROLE session_test_reader NOLOGIN; EXCEPTION WHEN duplicate_object THEN END $$;
            GRANT session_test_reader TO nexora_owner;
            """
        )
        let reader = PostgresSession(PostgresConfiguration(url: url, role: "session_test_reader"))
        #expect(try await reader.query("SELECT current_user").first?[0].text == "session_test_reader")
        let nobody = PostgresSession(PostgresConfiguration(url: url, role: "no such role"))
        await #expect(throws: PostgresError.self) { try await nobody.query("SELECT 1") }
        for session in [owner, reader, nobody] { await session.close() }
    }

    @Test func `a connection string that cannot be read is not repeated in the error`() async throws {
        let session = PostgresSession(PostgresConfiguration(url: "postgresql://u:s3cret@[::1/db"))
        let error = await refusal({ try await session.connect() })
        #expect(error.code == .misuse && !error.description.contains("s3cret"))
        await session.close()
    }

    @Test func `a closed session says so`() async throws {
        let session = try await session()
        try await session.connect()
        await session.close()
        let error = await refusal({ try await session.query("SELECT 1") })
        #expect(error.code == .closed)
    }
}
