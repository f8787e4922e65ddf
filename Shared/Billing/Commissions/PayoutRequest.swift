package import Domain
package import Ledger

/// What a payout request's id identifies. Never instantiated.
package enum PayoutTag {}

/// A payout request. Version 7.
package typealias PayoutID = ID<PayoutTag>

/// Why a payout request cannot become what somebody wants it to.
package enum PayoutRefusal: Error, Hashable, Sendable {
    /// It has that status, which does not allow it.
    case status(PayoutRequest.Status)
    /// Whoever asked for it does not decide about it.
    case ownRequest
    /// Only whoever asked for it takes it back.
    case notOwn
}

/// What a tenant asks to have paid out of his wallet, and what became of it (table payout_requests).
///
/// Somebody asks, somebody else above him agrees or does not, the ledger moves the money. Between his agreement and the ledger's answer
/// it is `approved`: whoever agrees again then sends the same command under the same key, and hears what was decided.
package struct PayoutRequest: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable, CaseIterable {
        case requested, approved, paid, rejected, cancelled

        /// Nothing changes it any more.
        package var isFinal: Bool { self != .requested && self != .approved }
    }

    package let tenantID: TenantID
    package let id: PayoutID
    package let amount: Money
    package let note: String
    package let requestedBy: UserID
    package let requestedAt: Timestamp
    package private(set) var status: Status
    /// Who agreed, refused or took it back.
    package private(set) var decidedBy: UserID?
    package private(set) var decidedAt: Timestamp?
    /// Why it was refused.
    package private(set) var reason: String?
    /// Through which the money leaves.
    package private(set) var gateway: String?
    /// How often the ledger refused it.
    package private(set) var attempt: Int
    /// The transfer that the money leaves by.
    package private(set) var transferID: TransferID?
    package private(set) var paidAt: Timestamp?

    package init(
        tenantID: TenantID,
        id: PayoutID,
        amount: Money,
        note: String,
        requestedBy: UserID,
        requestedAt: Timestamp,
        status: Status = .requested,
        decidedBy: UserID? = nil,
        decidedAt: Timestamp? = nil,
        reason: String? = nil,
        gateway: String? = nil,
        attempt: Int = 0,
        transferID: TransferID? = nil,
        paidAt: Timestamp? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.amount = amount
        self.note = note
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
        self.status = status
        self.decidedBy = decidedBy
        self.decidedAt = decidedAt
        self.reason = reason
        self.gateway = gateway
        self.attempt = attempt
        self.transferID = transferID
        self.paidAt = paidAt
    }

    // MARK: - Decisions

    /// Somebody agrees. Where somebody has already, and the ledger's answer is not known, nothing changes: not the gateway either,
    /// for the command must be the same.
    package mutating func approve(
        by user: UserID,
        at now: Timestamp,
        through gateway: String,
        as transfer: TransferID
    ) throws(PayoutRefusal) {
        guard user != requestedBy else { throw .ownRequest }
        if status == .approved { return }
        guard status == .requested else { throw .status(status) }
        status = .approved
        (decidedBy, decidedAt) = (user, now)
        (self.gateway, transferID) = (gateway, transfer)
    }

    /// Somebody does not agree, and says why.
    package mutating func reject(by user: UserID, at now: Timestamp, because reason: String) throws(PayoutRefusal) {
        guard user != requestedBy else { throw .ownRequest }
        guard status == .requested else { throw .status(status) }
        status = .rejected
        (decidedBy, decidedAt, self.reason) = (user, now, reason)
    }

    /// Whoever asked for it wants it no more.
    package mutating func cancel(by user: UserID, at now: Timestamp) throws(PayoutRefusal) {
        guard user == requestedBy else { throw .notOwn }
        guard status == .requested else { throw .status(status) }
        status = .cancelled
        (decidedBy, decidedAt) = (user, now)
    }

    /// The ledger has moved the money.
    package mutating func settle(as transfer: TransferID, at now: Timestamp) throws(PayoutRefusal) {
        guard status == .approved else { throw .status(status) }
        status = .paid
        (transferID, paidAt) = (transfer, now)
    }

    /// The ledger has not moved it, and never will under that key: whoever agrees next does so anew.
    package mutating func reopen() throws(PayoutRefusal) {
        guard status == .approved else { throw .status(status) }
        status = .requested
        (decidedBy, decidedAt, gateway, transferID) = (nil, nil, nil, nil)
        attempt += 1
    }

    // MARK: - The command

    /// The key of its command: `payout:ID`, and `payout:ID:2` once the ledger has refused it twice: a refusal uses its key up.
    package var keyText: String { attempt == 0 ? "payout:\(id)" : "payout:\(id):\(attempt)" }

    /// What the ledger is asked for, in the lane of the operator above. Nil unless it is approved.
    package func command(below operatorID: TenantID) -> MoneyCommand? {
        guard status == .approved, let transferID, let gateway, let key = IdempotencyKey(keyText),
            let details = try? TransferDetails(.payout, reference: id.description)
        else { return nil }
        return MoneyCommand(
            id: transferID,
            tenantID: tenantID,
            lane: Lane(rootID: operatorID, currency: amount.currency),
            key: key,
            action: .payOut(.tenant(tenantID), amount: amount, gateway: gateway),
            details: details
        )
    }
}
