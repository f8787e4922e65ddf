import Postgres

/// The adapter's error that `body` throws; an error without code where it throws none or another.
func refusal<Success>(_ body: () async throws -> Success) async -> PostgresError {
    do {
        _ = try await body()
        return PostgresError(.misuse, "nothing was thrown")
    } catch {
        return error as? PostgresError ?? PostgresError(.misuse, "another error was thrown: \(error)")
    }
}
