package import Domain

/// What the ledger's ids identify. Never instantiated.
package enum LedgerTag {
    package enum Account {}
    package enum Transfer {}
}

/// An account of the ledger. Version 7.
package typealias LedgerAccountID = ID<LedgerTag.Account>
/// A transfer; a hold has the id of the transfer that placed it. Version 7.
package typealias TransferID = ID<LedgerTag.Transfer>

/// An account and whose it is: what finds it by the first columns of its key.
package struct AccountRef: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: LedgerAccountID

    package init(tenantID: TenantID, id: LedgerAccountID) {
        self.tenantID = tenantID
        self.id = id
    }
}

/// A transfer or hold and whose it is.
package struct TransferRef: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: TransferID

    package init(tenantID: TenantID, id: TransferID) {
        self.tenantID = tenantID
        self.id = id
    }
}

/// A row of transfers that one writer serves: everything below an operator in one currency. Commissions down the tree so stay
/// in one batch.
package struct Lane: Hashable, Sendable {
    /// The operator at the root of the tree.
    package let rootID: TenantID
    package let currency: Currency

    package init(rootID: TenantID, currency: Currency) {
        self.rootID = rootID
        self.currency = currency
    }
}
