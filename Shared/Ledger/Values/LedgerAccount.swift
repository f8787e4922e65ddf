package import Domain

/// What an account is for. The sign of every account is that of a credit: money that somebody has with us is positive.
package enum AccountKind: Hashable, Sendable {
    /// What a customer, reseller, provider or the operator has with us.
    case wallet
    /// What a payment gateway, or the till, holds for us; one for each of them and currency. Below zero by what it owes us.
    case clearing(gateway: String)
    /// What was sold.
    case revenue
    /// What commissions cost.
    case commission
    /// The other side of a conversion, one for each currency: what was bought less what was sold.
    case exchange
    /// The other side of corrections by hand.
    case adjustment

    /// The kind's name, as the database keeps it.
    package var name: String {
        switch self {
        case .wallet: "wallet"
        case .clearing: "clearing"
        case .revenue: "revenue"
        case .commission: "commission"
        case .exchange: "exchange"
        case .adjustment: "adjustment"
        }
    }

    /// Which gateway a clearing account is for; empty for every other kind.
    package var gateway: String {
        if case .clearing(let gateway) = self { gateway } else { "" }
    }

    /// Reads what ``name`` and ``gateway`` wrote; nil for anything else.
    package init?(name: String, gateway: String) {
        switch (name, gateway.isEmpty) {
        case ("wallet", true): self = .wallet
        case ("clearing", false): self = .clearing(gateway: gateway)
        case ("revenue", true): self = .revenue
        case ("commission", true): self = .commission
        case ("exchange", true): self = .exchange
        case ("adjustment", true): self = .adjustment
        default: return nil
        }
    }

    /// On which side the account grows in the books.
    package var normalSide: Side {
        switch self {
        case .wallet, .revenue, .exchange: .credit
        case .clearing, .commission, .adjustment: .debit
        }
    }

    /// A side of the books.
    package enum Side: String, Hashable, Sendable {
        case debit, credit
    }

    /// What an account of the kind may not fall below unless it is told otherwise: a customer's wallet zero (WAL-03), others
    /// nothing. A tenant's wallet too: what it earned of a payment is taken back when that is refunded, whether it was paid out
    /// meanwhile or not.
    package func defaultFloor(_ currency: Currency, for owner: AccountOwner.Kind) -> Money? {
        self == .wallet && owner == .customer ? .zero(currency) : nil
    }
}

/// Who an account belongs to.
package struct AccountOwner: Hashable, Sendable {
    /// What kind of owner; its raw value is what the database keeps.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case customer, tenant
    }

    package let kind: Kind
    package let id: UUID128

    package init(kind: Kind, id: UUID128) {
        self.kind = kind
        self.id = id
    }

    package static func customer(_ id: CustomerID) -> AccountOwner { AccountOwner(kind: .customer, id: id.value) }
    package static func tenant(_ id: TenantID) -> AccountOwner { AccountOwner(kind: .tenant, id: id.value) }
}

/// An account and what is in it (table ledger_accounts).
package struct LedgerAccount: Hashable, Sendable {
    package let ref: AccountRef
    /// The operator whose lane it is in.
    package let rootID: TenantID
    package let owner: AccountOwner
    package let kind: AccountKind
    package let currency: Currency
    /// The sum of its entries, in ten-thousandths.
    package var balance: Int64
    /// What holds lock of it, in ten-thousandths.
    package var held: Int64
    /// What ``available`` may not fall below, in ten-thousandths; nil when nothing limits it.
    package var floor: Int64?
    /// How many entries it has; the number of the last.
    package var sequence: Int64
    package var isClosed: Bool

    package init(
        ref: AccountRef,
        rootID: TenantID,
        owner: AccountOwner,
        kind: AccountKind,
        currency: Currency,
        balance: Int64 = 0,
        held: Int64 = 0,
        floor: Int64?,
        sequence: Int64 = 0,
        isClosed: Bool = false
    ) {
        self.ref = ref
        self.rootID = rootID
        self.owner = owner
        self.kind = kind
        self.currency = currency
        self.balance = balance
        self.held = held
        self.floor = floor
        self.sequence = sequence
        self.isClosed = isClosed
    }

    package var lane: Lane { Lane(rootID: rootID, currency: currency) }

    /// What can be spent, in ten-thousandths: the balance without what is held. Never overflows: both lie within ``Money/range``.
    package var available: Int64 { balance - held }

    /// Whether the floor holds.
    package var isAboveFloor: Bool { floor.map { available >= $0 } ?? true }
}
