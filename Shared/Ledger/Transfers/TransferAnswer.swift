/// What became of a command. Its raw value is what the database keeps, and never changes.
package enum TransferVerdict: String, Hashable, Sendable, CaseIterable {
    case posted
    /// An account would fall below its floor.
    case insufficient
    case accountMissing = "account_missing"
    case accountClosed = "account_closed"
    /// A leg has another currency than its account, or the account is in another lane.
    case currencyMismatch = "currency_mismatch"
    /// The legs do not sum to zero in each currency, or there are fewer than two.
    case unbalanced
    /// Zero, or less than zero where an amount has no sign.
    case amountNotPositive = "amount_not_positive"
    /// An amount or balance would leave ``Money/range``.
    case amountTooLarge = "amount_too_large"
    case tooManyLegs = "too_many_legs"
    /// There is no such hold, or nothing is left of it.
    case nothingHeld = "nothing_held"
    /// More than is left of the hold.
    case overCapture = "over_capture"
    /// The hold's time is over.
    case holdExpired = "hold_expired"
    /// The hold's time is not over yet.
    case holdNotDue = "hold_not_due"
    /// There is no such transfer in this lane.
    case transferMissing = "transfer_missing"
    /// It is no posting and no capture.
    case notReversible = "not_reversible"
    case alreadyReversed = "already_reversed"
    /// It is no posting and no capture, or more than one leg of it debits.
    case notRefundable = "not_refundable"
    /// More than is left of the transfer after earlier refunds.
    case overRefund = "over_refund"
    /// A part of it was refunded, so that it cannot be reversed. Its rest can be refunded.
    case alreadyRefunded = "already_refunded"
    /// Another transfer has the id.
    case idTaken = "id_taken"

    package var isPosted: Bool { self == .posted }
}

/// A place in a lane: a batch, and a command in it from 0.
package struct LanePlace: Hashable, Sendable, Comparable {
    package let batch: Int64
    package let place: Int32

    package init(batch: Int64, place: Int32) {
        self.batch = batch
        self.place = place
    }

    package static func < (left: LanePlace, right: LanePlace) -> Bool {
        (left.batch, left.place) < (right.batch, right.place)
    }
}

/// What was decided of a command, once and for good. A refusal is a decision too.
package struct TransferDecision: Hashable, Sendable {
    /// The id that the first command under the key had.
    package let transferID: TransferID
    package let verdict: TransferVerdict
    package let at: LanePlace

    package init(transferID: TransferID, verdict: TransferVerdict, at: LanePlace) {
        self.transferID = transferID
        self.verdict = verdict
        self.at = at
    }
}

/// What a sender is told.
package enum TransferAnswer: Hashable, Sendable {
    /// Decided now.
    case decided(TransferDecision)
    /// The same command was decided before: its decision.
    case repeated(TransferDecision)
    /// The key was used by another command. Nothing was done, and nothing is told of that other one.
    case keyReused

    /// What was decided; nil for a key that another command used.
    package var decision: TransferDecision? {
        switch self {
        case .decided(let decision), .repeated(let decision): decision
        case .keyReused: nil
        }
    }
}
