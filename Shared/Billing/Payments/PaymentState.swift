package import Ledger

/// How somebody paid. Its raw value is what the database keeps.
package enum PaymentMethod: String, Hashable, Sendable, CaseIterable {
    case cash, transfer, card
    case mobileMoney = "mobile_money"
    case eWallet = "e_wallet"
    /// Written down by hand: what no other word fits.
    case manual
}

/// How far a payment came (PAY-10). Its raw value is what the database keeps.
package enum PaymentStatus: String, Hashable, Sendable, CaseIterable {
    /// Somebody means to pay.
    case pending
    /// A gateway has it, or the ledger was asked to move the money.
    case processing
    /// The money was moved.
    case completed
    /// There will be no money.
    case failed
    /// Taken back before anything was moved.
    case cancelled

    /// It never changes again.
    package var isFinal: Bool {
        switch self {
        case .pending, .processing: false
        case .completed, .failed, .cancelled: true
        }
    }
}

/// Why a payment cannot go on as somebody wants.
package enum PaymentRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// It is completed, failed or cancelled.
    case ended = "payment_ended"
    /// The ledger was asked to move the money: only its answer ends the payment.
    case moving = "payment_moving"
    /// Nobody asked the ledger, so that there is nothing that it could have answered.
    case notMoving = "payment_not_moving"
    /// A gateway has it already.
    case underWay = "payment_under_way"
}

/// Where a payment stands, and what may become of it.
///
/// The money is moved in two steps, because the ledger is asked outside the transaction that keeps the payment: ``move(as:)`` is
/// committed before the ledger is asked, and from then on nothing but the ledger's decision ends the payment, in the decision's commit.
/// Whoever is interrupted between the two asks again under the same key and learns what was decided, so that no payment is moved and
/// cancelled at once.
package struct PaymentState: Hashable, Sendable {
    package private(set) var status: PaymentStatus
    /// The transfer that the ledger was asked for. With one and not final, the money is on its way.
    package private(set) var transferID: TransferID?
    /// Why it failed: a stable word.
    package private(set) var failure: String?

    /// A payment that somebody means to make.
    package init() {
        status = .pending
    }

    /// One that was kept.
    package init(status: PaymentStatus, transferID: TransferID?, failure: String?) {
        self.status = status
        self.transferID = transferID
        self.failure = failure
    }

    /// The ledger was asked, and its answer is not known yet.
    package var isMoving: Bool { status == .processing && transferID != nil }

    /// A gateway took it.
    package mutating func begin() throws(PaymentRefusal) {
        try expectOpen()
        guard status == .pending else { throw transferID == nil ? .underWay : .moving }
        status = .processing
    }

    /// The ledger is going to be asked for this transfer. Where it was asked already, the transfer it was asked for stands.
    package mutating func move(as transfer: TransferID) throws(PaymentRefusal) {
        try expectOpen()
        guard !isMoving else { return }
        status = .processing
        transferID = transfer
    }

    /// The ledger moved the money.
    package mutating func complete() throws(PaymentRefusal) {
        try expectAnswer()
        status = .completed
    }

    /// The ledger moved nothing, and never will for this payment: its key is used up.
    package mutating func refuse(_ reason: String) throws(PaymentRefusal) {
        try expectAnswer()
        status = .failed
        failure = reason
    }

    /// The ledger said why it moved nothing, or with nil that it did.
    package mutating func end(_ refusal: String?) throws(PaymentRefusal) {
        if let refusal { try refuse(refusal) } else { try complete() }
    }

    /// Whoever was to pay did not, as a person or a gateway tells.
    package mutating func fail(_ reason: String) throws(PaymentRefusal) {
        try expectOpen()
        guard !isMoving else { throw .moving }
        status = .failed
        failure = reason
    }

    /// Taken back (PAY-09).
    package mutating func cancel() throws(PaymentRefusal) {
        try expectOpen()
        guard status == .pending else { throw isMoving ? .moving : .underWay }
        status = .cancelled
    }

    private func expectOpen() throws(PaymentRefusal) {
        guard !status.isFinal else { throw .ended }
    }

    private func expectAnswer() throws(PaymentRefusal) {
        try expectOpen()
        guard isMoving else { throw .notMoving }
    }
}
