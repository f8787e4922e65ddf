import Domain
import Postgres

/// Why somebody cannot go yet: money that is his or that he owes would be nobody's.
package enum MoneyLeft: Error, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// There is money in a wallet, locked money too; or a tenant's wallet is below zero.
    case inWallet
    /// A bill is neither paid nor void.
    case unpaidBills

    /// One sentence for people.
    package var description: String {
        switch self {
        case .inWallet: "there is money in a wallet: pay it out or book it off first"
        case .unpaidBills: "a bill is not paid: have it paid, or settle it, first"
        }
    }
}

extension MoneyLeft {
    /// Throws ``MoneyLeft`` where the customer has money or owes some, as that transaction sees it. Money that is on its way at this
    /// moment may still come.
    static func check(_ customer: CustomerID, of tenant: TenantID, in transaction: ScopedTransaction) async throws {
        try await check(
            "owner_kind = 'customer' AND owner_id = $2",
            "customer_id = $2",
            [.id(tenant), .id(customer)],
            transaction
        )
    }

    /// The same for a tenant: its own wallets and all of its customers'.
    static func check(_ tenant: TenantID, in transaction: ScopedTransaction) async throws {
        try await check("true", "true", [.id(tenant)], transaction)
    }

    private static func check(
        _ owner: String,
        _ debtor: String,
        _ parameters: [PGValue],
        _ transaction: ScopedTransaction
    ) async throws {
        let row = try await transaction.query(
            """
            SELECT
                EXISTS (SELECT FROM ledger_accounts
                    WHERE tenant_id = $1 AND kind = 'wallet' AND (balance <> 0 OR held <> 0) AND \(owner)) AS money,
                EXISTS (SELECT FROM bills
                    WHERE tenant_id = $1 AND status IN ('pending', 'overdue') AND amount > 0 AND \(debtor)) AS bills
            """,
            parameters
        ).first
        guard row?["money"].bool == false else { throw MoneyLeft.inWallet }
        guard row?["bills"].bool == false else { throw MoneyLeft.unpaidBills }
    }
}
