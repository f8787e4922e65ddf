package import Domain

/// More speed for some days (BST-01 to BST-07, table boosts).
package struct Boost: Hashable, Sendable {
    /// Its raw value is what the database keeps.
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Somebody asked for it.
        case pending
        /// Somebody agreed; it is to be paid.
        case approved
        /// Paid: the service has the boost's plan.
        case active
        case rejected
        /// Over, or not paid in its time.
        case expired
        /// Taken back before it was paid.
        case cancelled

        package var isFinal: Bool { self == .rejected || self == .expired || self == .cancelled }
    }

    package enum Event: Hashable, Sendable {
        case approve
        case reject(reason: String)
        /// Somebody takes it back.
        case cancel
        /// There is no contract or no service any more that it could be for.
        case withdraw
        /// The ledger moved the price.
        case paid
        /// The ledger refused that attempt.
        case refused(attempt: Int, reason: String)
        /// There may be money now.
        case funds
        case time
    }

    package enum Refusal: String, Error, Hashable, Sendable, CaseIterable {
        case wrongState = "wrong_state"
        /// A rejection says why (BST-04).
        case reasonMissing = "reason_missing"
        /// It costs no more than the plan does (F-34), or the amounts leave the range.
        case priceNotPositive = "price_not_positive"
        /// The wallet is being asked for it.
        case collecting
    }

    package static let days = 1...365
    /// What was not answered is asked again, under the same key, after this.
    package static let patience = Duration.seconds(30)
    /// What was refused is asked again, under a new key, after this; sooner when money comes.
    package static let retry = Duration.seconds(900)

    package let days: Int
    package let price: Money
    package var state = State.pending
    /// The days it is for, by the subscription's calendar; nil before it is approved.
    package var period: BillingPeriod?
    package var reason: String?

    // Collection

    /// How often the wallet was asked; with the boost's id the command's key.
    package var attempt = 0
    /// The present attempt was stored, and nobody knows yet what became of it.
    package var isSent = false
    /// What the ledger said when it last refused.
    package var refusal: String?
    /// When it is to be looked at next; nil is never.
    package var nextActionAt: Timestamp?

    package init(days: Int, price: Money) {
        self.days = days
        self.price = price
    }

    /// `days` thirtieths of what the boost's plan costs more than the present one, rounded to the currency's minor unit, halves up, and one
    /// minor unit at least (F-34).
    package static func price(days: Int, boost: Money, current: Money) throws(Refusal) -> Money {
        guard Self.days.contains(days), boost.currency == current.currency,
            boost.tenThousandths > current.tenThousandths
        else { throw .priceNotPositive }
        let unit = Int128(boost.currency.minorUnit)
        let thirtieths = (Int128(boost.tenThousandths) - Int128(current.tenThousandths)) * Int128(days)
        let units = max(1, (2 * thirtieths + 30 * unit) / (60 * unit))
        guard let amount = Int64(exactly: units * unit),
            let price = try? Money(tenThousandths: amount, currency: boost.currency)
        else { throw .priceNotPositive }
        return price
    }

    /// What the present plan costs a month, which a boost's price starts from: what was pinned, where that is a month's, else what the plan
    /// costs now.
    package static func current(_ terms: PlanTerms, listed: Money) -> Money {
        terms.cycle == .monthly ? terms.price : listed
    }

    /// What becomes of it. Told the same twice, the second time changes nothing or is refused.
    package func step(_ event: Event, at now: Timestamp, calendar: BillingCalendar) throws(Refusal) -> Boost {
        var boost = self
        switch (event, state) {
        case (.approve, .pending):
            boost.period = wholeDays(from: now, calendar)
            boost.state = .approved
            boost.nextActionAt = now
        case (.reject(let reason), .pending):
            guard !reason.isEmpty else { throw .reasonMissing }
            boost.reason = reason
            boost.end(.rejected)
        case (.cancel, .pending), (.withdraw, .pending): boost.end(.cancelled)
        case (.cancel, .approved), (.withdraw, .approved):
            // What is being asked for may be paid already.
            guard !isSent else { throw .collecting }
            boost.end(.cancelled)
        case (.paid, .approved): boost.begin(at: now, calendar)
        case (.refused(let attempt, let reason), .approved) where isSent && attempt == self.attempt:
            boost.isSent = false
            boost.refusal = reason
            boost.nextActionAt = min(now + Self.retry, period?.end ?? now)
        case (.funds, .approved): if !isSent { boost.nextActionAt = now }
        case (.time, .approved): boost.ask(at: now)
        case (.time, .active):
            if let period, period.end <= now { boost.end(.expired) } else { boost.nextActionAt = period?.end }
        case (.paid, .active), (.refused, _), (.funds, _), (.time, _): break
        case (.approve, _), (.reject, _), (.cancel, _), (.withdraw, _), (.paid, _): throw .wrongState
        }
        return boost
    }

    /// Days are the calendar's: the first is the one that it is now.
    private func wholeDays(from now: Timestamp, _ calendar: BillingCalendar) -> BillingPeriod {
        let today = calendar.local(now).date
        return BillingPeriod(start: calendar.instant(today), end: calendar.instant(today.adding(days: days)))
    }

    /// The next attempt, or the same again where nobody knows what became of it. What is not paid in its time is over; what may be paid is
    /// not.
    private mutating func ask(at now: Timestamp) {
        if !isSent {
            if let period, period.end <= now { return end(.expired) }
            attempt += 1
            isSent = true
        }
        nextActionAt = now + Self.patience
    }

    /// Who pays on a later day than it was approved has the days that he pays for all the same: they are counted from that day.
    private mutating func begin(at now: Timestamp, _ calendar: BillingCalendar) {
        let days = wholeDays(from: now, calendar)
        if period.map({ $0.start < days.start }) ?? true { period = days }
        state = .active
        isSent = false
        refusal = nil
        nextActionAt = period?.end
    }

    private mutating func end(_ state: State) {
        self.state = state
        nextActionAt = nil
    }
}
