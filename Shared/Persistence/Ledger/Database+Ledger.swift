package import Domain
package import Ledger
import Postgres

extension Database {
    /// The proof of an entry in an account of a tenant of that scope; nil where there is none, or no checkpoint yet.
    package func proveEntry(
        of account: LedgerAccountID,
        sequence: Int64,
        in root: TenantID
    ) async throws -> InclusionProof? {
        // The scope says whose account it is; the chain runs through other tenants' rows, whose hashes it names.
        let owner: TenantID? = try await transaction(in: root) {
            try await $0.query("SELECT tenant_id FROM ledger_accounts WHERE id = $1", [.id(account)]).first?[
                "tenant_id"
            ].id()
        }
        guard let owner else { return nil }
        return try await session.transaction(isolation: .repeatableRead) {
            try await LedgerCheckpoints($0).prove(AccountRef(tenantID: owner, id: account), sequence: sequence)
        }
    }
}
