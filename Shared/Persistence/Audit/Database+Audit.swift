package import Crypto
package import Domain
import Postgres

extension Database {
    /// Walks the chains of a tenant and of those below it, each in a transaction that sees one moment, and tells each
    /// verdict as soon as it is known.
    package func verifyAudit(
        in root: TenantID,
        keyring: Keyring?,
        kept: [SignedCheckpoint],
        now: Timestamp,
        _ tell: (AuditVerdict) throws -> Void
    ) async throws {
        var tenants = try await transaction(in: root) { try await AuditVerifier($0).tenants() }
        // A copy of a checkpoint proves that there was a chain.
        let visible = try await transaction(in: root) { try await TenantRepository($0).all().map(\.id) }
        tenants += Set(kept.map(\.checkpoint.tenantID)).subtracting(tenants).intersection(visible)
        for tenant in tenants.sorted() {
            let verdict = try await TenantScope(root: root).transaction(on: session, isolation: .repeatableRead) {
                try await AuditVerifier($0).verify(tenant, keyring: keyring, kept: kept, now: now)
            }
            try tell(verdict)
        }
    }
}
