package import Domain
package import Ledger

/// What an entry was for the wallet that it stands in (WAL-07).
package enum WalletEntryType: String, Hashable, Sendable, CaseIterable {
    case credit, debit
    /// A tenant's share of what somebody paid.
    case commission

    /// `purpose` is nil where the transfer is of a tenant that the reader does not see: then it can only be a share.
    package init(_ amount: Money, in owner: AccountOwner.Kind, for purpose: TransferPurpose?) {
        if !amount.isPositive {
            self = .debit
        } else if owner == .tenant, purpose.map({ !Self.own.contains($0) }) ?? true {
            self = .commission
        } else {
            self = .credit
        }
    }

    /// What a tenant's wallet is credited with for its own sake.
    private static let own: Set<TransferPurpose> = [.topUp, .adjustment, .correction, .refund, .payout, .exchange]
}
