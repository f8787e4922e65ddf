package import Domain
package import Postgres

/// Adds entries that follow from events to the audit trail, as the pipelines' role, over all tenants: each once, however
/// often its event comes.
package struct AuditPipeline: Sendable {
    private let session: PostgresSession

    /// `session` steps down to the pipelines' role.
    package init(_ session: PostgresSession) {
        self.session = session
    }

    /// Adds those entries whose ids their tenants' trails do not hold yet, in one transaction; returns how many. Entries of
    /// tenants that are gone are passed over.
    package func append(_ entries: [AuditEntry]) async throws(StorageFault) -> Int {
        guard !entries.isEmpty else { return 0 }
        do {
            return try await session.transaction { transaction in
                let places = try await transaction.query(
                    "SELECT unrecorded_audit($1, $2, $3)",
                    [
                        .uuids(entries.map(\.tenantID.value)), .uuids(entries.map(\.id.value)),
                        .timestamptzArray(entries.map(\.time.microseconds)),
                    ]
                ).compactMap { $0[0].int }
                let fresh = places.map { entries[$0 - 1] }
                guard !fresh.isEmpty else { return 0 }
                let statement = AuditLog.statement(fresh, as: .pipeline)
                _ = try await transaction.query(statement.sql, statement.parameters)
                return fresh.count
            }
        } catch {
            throw StorageFault(error)
        }
    }
}
