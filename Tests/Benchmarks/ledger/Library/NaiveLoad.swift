internal import Concurrency
internal import Postgres

/// What one writes who has no lanes: each client a SERIALIZABLE transaction for each transfer, tried again where it lost, on tables of
/// the same shape with the same keys and an event. No digest.
enum NaiveLoad {
    private static let accounts = 1_001

    static func run(url: String, clients: Int, seconds: Int) async throws -> LoadTally {
        let owner = PostgresSession(PostgresConfiguration(url: url, applicationName: "ledger-load naive"))
        for statement in tables { _ = try await owner.query(statement) }
        let tally = try await withThrowingTaskGroup(of: LoadTally.self) { group in
            for number in 0..<clients {
                group.addTask { try await client(number, url: url, seconds: seconds) }
            }
            return try await group.reduce(LoadTally(), +)
        }
        var result = tally
        let row = try await owner.query(
            "SELECT coalesce(sum(amount), 0)::bigint AS sum, count(*) AS entries FROM naive_entries"
        ).first
        result.isBalanced = row?["sum"].int64 == 0 && row?["entries"].int64 == Int64(2 * tally.transfers)
        _ = try await owner.query("DROP TABLE naive_accounts, naive_transfers, naive_entries, naive_outbox")
        await owner.close()
        return result
    }

    private static func client(_ number: Int, url: String, seconds: Int) async throws -> LoadTally {
        let session = PostgresSession(PostgresConfiguration(url: url, applicationName: "ledger-load naive"))
        var tally = LoadTally()
        var serial: Int64 = 0
        let began = SystemClock.monotonicNanoseconds()
        let end = Deadline.after(.seconds(seconds))
        while !end.hasPassed {
            serial += 1
            let key = "\(number)/\(serial)"
            let to = Int64.random(in: 2...Int64(accounts))
            let start = SystemClock.monotonicNanoseconds()
            while true {
                do {
                    try await transfer(session, key, to)
                    break
                } catch let error as PostgresError where error.sqlState == "40001" || error.sqlState == "40P01" {
                    tally.retries += 1
                }
            }
            tally.commits.append(SystemClock.monotonicNanoseconds() - start)
            tally.transfers += 1
        }
        tally.nanoseconds = SystemClock.monotonicNanoseconds() - began
        await session.close()
        return tally
    }

    /// One round trip beside BEGIN and COMMIT.
    private static func transfer(_ session: PostgresSession, _ key: String, _ to: Int64) async throws {
        try await session.transaction(isolation: .serializable) { transaction in
            _ = try await transaction.pipeline([
                PGStatement("INSERT INTO naive_transfers (key, amount) VALUES ($1, 100)", [.text(key)]),
                PGStatement(
                    """
                    WITH changed AS (
                        UPDATE naive_accounts SET balance = balance + CASE WHEN id = 1 THEN -100 ELSE 100 END,
                            sequence = sequence + 1
                        WHERE id IN (1, $2) RETURNING id, balance, sequence)
                    INSERT INTO naive_entries (account, sequence, key, amount, balance_after)
                    SELECT id, sequence, $1, CASE WHEN id = 1 THEN -100 ELSE 100 END, balance FROM changed
                    """,
                    [.text(key), .int8(to)]
                ), PGStatement("INSERT INTO naive_outbox (key) VALUES ($1)", [.text(key)]),
            ])
        }
    }

    private static let tables = [
        "DROP TABLE IF EXISTS naive_accounts, naive_transfers, naive_entries, naive_outbox",
        """
        CREATE TABLE naive_accounts (id bigint PRIMARY KEY, balance bigint NOT NULL DEFAULT 0, sequence bigint NOT NULL DEFAULT 0,
            CHECK (id = 1 OR balance >= 0)) WITH (fillfactor = 45)
        """, "INSERT INTO naive_accounts (id) SELECT generate_series(1, \(accounts))",
        "CREATE TABLE naive_transfers (key text PRIMARY KEY, amount bigint NOT NULL, at timestamptz NOT NULL DEFAULT now())",
        """
        CREATE TABLE naive_entries (account bigint, sequence bigint, key text NOT NULL, amount bigint NOT NULL,
            balance_after bigint NOT NULL, PRIMARY KEY (account, sequence))
        """, "CREATE TABLE naive_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL)",
    ]
}
