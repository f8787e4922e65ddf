package import Domain

/// One side of a transfer: an account and what its balance changes by.
package struct Leg: Hashable, Sendable {
    package let account: AccountRef
    /// More than zero credits the account, less debits it.
    package let amount: Money

    package init(_ account: AccountRef, _ amount: Money) {
        self.account = account
        self.amount = amount
    }
}

/// What a transfer does. Its raw value is what the database keeps.
package enum TransferKind: String, Hashable, Sendable, CaseIterable {
    case post, hold, capture, release, expire, reverse, refund
}

/// What is asked of the ledger.
package struct TransferCommand: Hashable, Sendable {
    /// What to do, with what it needs.
    package enum Action: Hashable, Sendable {
        /// Moves an amount, more than zero, from one account to another.
        case transfer(from: AccountRef, to: AccountRef, amount: Money)
        /// Posts legs that sum to zero in each currency.
        case post([Leg])
        /// Locks an amount of an account, of the command's own tenant, until it is captured, released or expires.
        case hold(account: AccountRef, amount: Money, expiresAt: Timestamp?)
        /// Takes from a hold what the legs, all of them credits, give to others. What is left stays held.
        case capture(hold: TransferID, credits: [Leg])
        /// Unlocks what is left of a hold.
        case release(hold: TransferID)
        /// The same for a hold whose time is over.
        case expire(hold: TransferID)
        /// Posts the opposite of a posting or capture, once.
        case reverse(TransferID)
        /// Gives the payer of a posting or capture an amount back, or with none all that is left, from all who got it
        /// (``RefundableTransfer``).
        case refund(TransferID, amount: Money?)

        package var kind: TransferKind {
            switch self {
            case .transfer, .post: .post
            case .hold: .hold
            case .capture: .capture
            case .release: .release
            case .expire: .expire
            case .reverse: .reverse
            case .refund: .refund
            }
        }

        /// The hold or transfer that it is about.
        package var target: TransferID? {
            switch self {
            case .transfer, .post, .hold: nil
            case .capture(let id, _), .release(let id), .expire(let id), .reverse(let id), .refund(let id, _): id
            }
        }

        /// The accounts that it names itself.
        package var accounts: [AccountRef] {
            switch self {
            case .transfer(let from, let to, _): [from, to]
            case .post(let legs), .capture(_, let legs): legs.map(\.account)
            case .hold(let account, _, _): [account]
            case .release, .expire, .reverse, .refund: []
            }
        }
    }

    /// Legs of one transfer at most.
    package static let maximumLegs = 64

    /// The id that the transfer has if it is posted. No part of what is compared when the key comes again.
    package let id: TransferID
    /// Whose transfer it is: who sees its description.
    package let tenantID: TenantID
    package let key: IdempotencyKey
    package let action: Action
    /// When it counts, where that is not when it is recorded.
    package let effectiveAt: Timestamp?
    package let details: TransferDetails
    package let exchange: ExchangeRecord?
    /// SHA-256 of what was asked for, where this command was made of something else: that is compared when the key comes again, and
    /// not the legs, whose shares may be others by then. Nil: the command itself is compared.
    package let origin: [UInt8]?
    /// Of a `transfer` and a `hold`: refused as insufficient unless the account has so much available, however low its floor is.
    package let isCovered: Bool
    /// The request that asks. No part of what is compared.
    package let trace: CommandTrace

    package init(
        id: TransferID,
        tenantID: TenantID,
        key: IdempotencyKey,
        action: Action,
        effectiveAt: Timestamp? = nil,
        details: TransferDetails,
        exchange: ExchangeRecord? = nil,
        origin: [UInt8]? = nil,
        isCovered: Bool = false,
        trace: CommandTrace = CommandTrace()
    ) {
        self.id = id
        self.tenantID = tenantID
        self.key = key
        self.action = action
        self.effectiveAt = effectiveAt
        self.details = details
        self.exchange = exchange
        self.origin = origin
        self.isCovered = isCovered
        self.trace = trace
    }

    package var ref: TransferRef { TransferRef(tenantID: tenantID, id: id) }
    /// The hold or transfer that it is about.
    package var target: TransferRef? { action.target.map { TransferRef(tenantID: tenantID, id: $0) } }
    /// What two commands under one key are compared by.
    package var scopedKey: ScopedKey { ScopedKey(tenantID: tenantID, key: key) }
}

/// A key of one tenant.
package struct ScopedKey: Hashable, Sendable {
    package let tenantID: TenantID
    package let key: IdempotencyKey

    package init(tenantID: TenantID, key: IdempotencyKey) {
        self.tenantID = tenantID
        self.key = key
    }
}
