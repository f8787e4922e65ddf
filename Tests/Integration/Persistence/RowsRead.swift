import Postgres
import Testing

/// What Postgres counted of a table so far, by those columns of pg_stat_user_tables: what `session` did is in it.
func rowsRead(
    _ columns: String,
    of table: String,
    by session: PostgresSession,
    _ superuser: PostgresSession
) async throws -> Int64 {
    // What a session counted is told when it says so.
    for one in [session, superuser] { _ = try await one.query("SELECT pg_stat_force_next_flush()") }
    _ = try await superuser.query("SELECT pg_stat_clear_snapshot()")
    let row = try await superuser.query(
        "SELECT \(columns) AS read FROM pg_stat_user_tables WHERE relname = $1",
        [.text(table)]
    ).first
    return try #require(row?["read"].int64)
}
