import Postgres

extension PostgresSession {
    /// One transaction of the worker over all tenants, as the role of the session. What fails is told as storage tells it.
    func billing<Success: Sendable>(
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws(StorageFault) -> Success {
        do {
            return try await transaction { transaction in try await body(ScopedTransaction(transaction)) }
        } catch let error as UnexpectedRow {
            throw .broken(error.description)
        } catch let error as PersistenceError {
            throw .refused(error.description)
        } catch {
            throw StorageFault(error)
        }
    }
}
