package import Domain

/// A stretch of time from its start up to, and without, its end.
package struct BillingPeriod: Hashable, Sendable {
    package var start: Timestamp
    package var end: Timestamp

    package init(start: Timestamp, end: Timestamp) {
        self.start = start
        self.end = end
    }

    package func contains(_ time: Timestamp) -> Bool { time >= start && time < end }
}

/// What one period of a subscription costs (INV-15, table bills). There is one for each period that is charged, and it is paid once.
package struct Bill: Hashable, Sendable {
    /// Its raw value is what the database keeps.
    package enum Status: String, Hashable, Sendable, CaseIterable {
        case pending
        case paid
        /// Past its due date, and the wallet was asked in vain since then.
        case overdue
        /// Nothing is owed for it.
        case void
    }

    package let id: BillID
    /// The number of its period in the subscription, from 1.
    package let ordinal: Int
    package var period: BillingPeriod
    /// What the period costs.
    package var price: Money
    /// What of it an earlier period's unused rest pays.
    package var credit: Money
    /// What is taken from the wallet: price without credit.
    package var amount: Money
    /// What was credited for its unused rest after it was paid.
    package var credited: Money
    package let issuedAt: Timestamp
    /// It is overdue from then on.
    package let dueAt: Timestamp
    /// The customer is suspended if he is asked in vain at or after that.
    package let deadline: Timestamp
    package var status = Status.pending
    package var paidAt: Timestamp?

    // Collection

    /// How often the wallet was asked; with the bill's id the command's key.
    package var attempt = 0
    /// The present attempt was stored, and nobody knows yet what became of it.
    package var isSent = false
    /// When to ask, or to ask again what was not answered; nil: not before there is new money.
    package var nextAttemptAt: Timestamp?
    /// Money came while an attempt was under way: ask again if it fails.
    package var asksAgain = false
    /// When the wallet was last asked in vain.
    package var refusedAt: Timestamp?
    /// How many of the terms' reminders are done.
    package var reminded = 0

    package init(
        id: BillID,
        ordinal: Int,
        period: BillingPeriod,
        price: Money,
        credit: Money,
        amount: Money,
        issuedAt: Timestamp,
        dueAt: Timestamp,
        deadline: Timestamp
    ) {
        self.id = id
        self.ordinal = ordinal
        self.period = period
        self.price = price
        self.credit = credit
        self.amount = amount
        credited = .zero(price.currency)
        self.issuedAt = issuedAt
        self.dueAt = dueAt
        self.deadline = deadline
        nextAttemptAt = dueAt
    }

    /// Whether money is owed for it.
    package var isOpen: Bool { status == .pending || status == .overdue }

    mutating func pay(at time: Timestamp) {
        status = .paid
        paidAt = time
        isSent = false
        asksAgain = false
        nextAttemptAt = nil
    }

    mutating func void() {
        status = .void
        nextAttemptAt = nil
    }
}
