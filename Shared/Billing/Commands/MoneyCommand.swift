package import Domain
package import Ledger

/// What somebody wants done with money, in the words of the business. billing-worker makes a ``TransferCommand`` of it: it knows
/// the accounts, and who has which share.
package struct MoneyCommand: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// Money that a gateway, or the till, took in for somebody: clearing to wallet.
        case topUp(AccountOwner, amount: Money, gateway: String)
        /// What a customer pays for something sold: wallet to the shares of the tenants above and to the operator's revenue
        /// (COM-03). Without shares all of it is the revenue of the customer's own tenant's operator.
        case charge(AccountOwner, amount: Money, shared: Bool)
        /// A correction by hand, more or less than zero, against the adjustment account (WAL-11).
        case adjust(AccountOwner, amount: Money)
        /// Money that leaves through a gateway or the till: wallet to clearing.
        case payOut(AccountOwner, amount: Money, gateway: String)
        /// Locks an amount of a wallet (WAL-09).
        case hold(AccountOwner, amount: Money, expiresAt: Timestamp?)
        /// Takes from a hold what a charge would take.
        case capture(hold: TransferID, amount: Money, shared: Bool)
        case release(hold: TransferID)
        case expire(hold: TransferID)
        /// Gives back a part of a transfer; nil: all that is left of it (WAL-11, COM-06).
        case refund(TransferID, amount: Money?)
        /// Undoes a transfer as a whole, once (WAL-12).
        case reverse(TransferID)
        /// A half of a conversion (WAL-15): what is sold goes from a wallet to the exchange account, what is bought comes from that of
        /// the other currency. Without a sale it is the half that sells.
        case exchange(AccountOwner, ExchangeRecord)
    }

    /// The id that the transfer has if it is posted: its first sender's. Not compared when the key comes again.
    package let id: TransferID
    /// Whose transfer it is: the customer's tenant, or the tenant whose own wallet it is about.
    package let tenantID: TenantID
    /// The lane: the operator above that tenant, and the currency of what is moved.
    package let lane: Lane
    package let key: IdempotencyKey
    package let action: Action
    /// When it counts, where that is not when it is recorded.
    package let effectiveAt: Timestamp?
    package let details: TransferDetails
    /// The request that asks. Not compared either.
    package let trace: CommandTrace

    package init(
        id: TransferID,
        tenantID: TenantID,
        lane: Lane,
        key: IdempotencyKey,
        action: Action,
        effectiveAt: Timestamp? = nil,
        details: TransferDetails,
        trace: CommandTrace = CommandTrace()
    ) {
        self.id = id
        self.tenantID = tenantID
        self.lane = lane
        self.key = key
        self.action = action
        self.effectiveAt = effectiveAt
        self.details = details
        self.trace = trace
    }
}
