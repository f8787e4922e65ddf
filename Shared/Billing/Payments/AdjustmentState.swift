package import Domain
package import Ledger

/// How far a correction by hand came. Its raw value is what the database keeps.
package enum AdjustmentStatus: String, Hashable, Sendable, CaseIterable {
    case requested, approved, rejected, withdrawn

    /// The decision never changes again.
    package var isDecided: Bool { self != .requested }
}

/// Why a correction cannot go on as somebody wants.
package enum AdjustmentRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// It was approved, rejected or withdrawn.
    case decided = "adjustment_decided"
    /// Who asked for it may not decide.
    case sameEyes = "four_eyes"
    /// Only who asked takes it back.
    case notOwn = "adjustment_not_own"
    /// It was not approved, or the ledger has answered.
    case notMoving = "adjustment_not_moving"
}

/// A correction of a wallet by hand, and who decided of it (WAL-11): always two people, whatever the amount.
///
/// As with payments, the approval is committed before the ledger is asked, and names the transfer.
package struct AdjustmentState: Hashable, Sendable {
    package private(set) var status: AdjustmentStatus
    /// Who asked for it: a person, whichever of his keys he came with.
    package let requestedBy: UserID
    package private(set) var decidedBy: UserID?
    /// The transfer that the ledger was asked for, from the approval on.
    package private(set) var transferID: TransferID?
    /// The ledger moved the money.
    package private(set) var isPosted: Bool
    /// Why the ledger did not: a stable word.
    package private(set) var failure: String?

    package init(requestedBy: UserID) {
        self.init(requestedBy: requestedBy, status: .requested)
    }

    /// One that was kept.
    package init(
        requestedBy: UserID,
        status: AdjustmentStatus,
        decidedBy: UserID? = nil,
        transferID: TransferID? = nil,
        isPosted: Bool = false,
        failure: String? = nil
    ) {
        self.requestedBy = requestedBy
        self.status = status
        self.decidedBy = decidedBy
        self.transferID = transferID
        self.isPosted = isPosted
        self.failure = failure
    }

    /// It was approved, and what the ledger says is not known yet.
    package var isMoving: Bool { status == .approved && !isPosted && failure == nil }

    /// Somebody else agrees; the ledger is going to be asked for this transfer. Where he, or another, agreed already and nobody knows
    /// what the ledger says, it is asked again for the same transfer.
    package mutating func approve(by user: UserID, as transfer: TransferID) throws(AdjustmentRefusal) {
        guard user != requestedBy else { throw .sameEyes }
        if isMoving { return }
        try expectOpen()
        (status, decidedBy, transferID) = (.approved, user, transfer)
    }

    package mutating func reject(by user: UserID) throws(AdjustmentRefusal) {
        guard user != requestedBy else { throw .sameEyes }
        try expectOpen()
        (status, decidedBy) = (.rejected, user)
    }

    package mutating func withdraw(by user: UserID) throws(AdjustmentRefusal) {
        guard user == requestedBy else { throw .notOwn }
        try expectOpen()
        (status, decidedBy) = (.withdrawn, user)
    }

    /// The ledger moved the money.
    package mutating func post() throws(AdjustmentRefusal) {
        guard isMoving else { throw .notMoving }
        isPosted = true
    }

    /// The ledger moved nothing, and never will for this correction.
    package mutating func refuse(_ reason: String) throws(AdjustmentRefusal) {
        guard isMoving else { throw .notMoving }
        failure = reason
    }

    private func expectOpen() throws(AdjustmentRefusal) {
        guard !status.isDecided else { throw .decided }
    }
}
