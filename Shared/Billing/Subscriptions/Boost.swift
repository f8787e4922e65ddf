package import Domain

/// More speed for some days (BST-01 to BST-07, table boosts).
package struct Boost: Hashable, Sendable {
    /// Its raw value is what the database keeps.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case pending
        /// Somebody agreed; it is to be paid.
        case approved
        /// Paid: the service has the boost's plan.
        case active
        case rejected
        /// Over, or not paid in its time.
        case expired

        package var isFinal: Bool { self == .rejected || self == .expired }
    }

    package enum Event: Hashable, Sendable {
        case approve
        case reject(reason: String)
        case paid
        case time
    }

    package enum Refusal: String, Error, Hashable, Sendable, CaseIterable {
        case wrongState = "wrong_state"
        /// A rejection says why (BST-04).
        case reasonMissing = "reason_missing"
        /// It costs no more than the plan does (F-34), or the amounts leave the range.
        case priceNotPositive = "price_not_positive"
    }

    package static let days = 1...365

    package let days: Int
    package let price: Money
    package var state = State.pending
    /// The days it is for, by the tenant's calendar; nil before it is approved.
    package var period: BillingPeriod?
    package var reason: String?

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

    /// What becomes of it. Told the same twice, the second time changes nothing or is refused.
    package func step(_ event: Event, at now: Timestamp, calendar: BillingCalendar) throws(Refusal) -> Boost {
        var boost = self
        switch (event, state) {
        case (.approve, .pending):
            let today = calendar.local(now).date
            boost.period = BillingPeriod(
                start: calendar.instant(today),
                end: calendar.instant(today.adding(days: days))
            )
            boost.state = .approved
        case (.reject(let reason), .pending):
            guard !reason.isEmpty else { throw .reasonMissing }
            boost.reason = reason
            boost.state = .rejected
        case (.paid, .approved): boost.state = .active
        case (.paid, .active): break
        case (.time, .approved), (.time, .active):
            if let period, period.end <= now { boost.state = .expired }
        case (.time, _): break
        case (.approve, _), (.reject, _), (.paid, _): throw .wrongState
        }
        return boost
    }
}
