import Domain

/// Periods and the bills for them.
extension SubscriptionStepping {
    mutating func activate() throws {
        guard book.subscription.state == .pending, book.subscription.clock == nil else {
            throw SubscriptionRefusal.wrongState
        }
        let start = now.wholeSecond
        begin(at: start, ordinal: 1, count: 1)
        switch book.subscription.terms.mode {
        case .postpaid: book.subscription.state = .active
        case .prepaid:
            book.subscription.stoppedAt = start
            try issue(price: book.subscription.terms.price, until: start)
        }
    }

    /// Ends the periods that are over, one after the other, each at its own time.
    mutating func passTime() throws {
        var left = SubscriptionBook.mostPeriods
        while left > 0, book.isRunning, let clock = book.subscription.clock, clock.period.end <= now {
            left -= 1
            try endPeriod(clock)
        }
    }

    private mutating func endPeriod(_ clock: Subscription.Clock) throws {
        let end = clock.period.end
        let old = book.subscription.terms
        if old.mode == .postpaid {
            try issue(price: old.price, until: facts.calendar.endOfDay(facts.billingDay, notBefore: end), at: end)
        }
        if book.subscription.pending == .cancel { return finish(.cancelled, at: end) }
        if old.periods.map({ clock.count >= $0 }) ?? false { return finish(.ended, at: end) }
        var next = clock
        next.boundary += 1
        next.count += 1
        if case .plan(let terms) = book.subscription.pending {
            book.subscription.pending = nil
            adopt(terms)
            next.count = 1
            if terms.cycle != old.cycle { (next.anchor, next.boundary) = (end, 1) }
        }
        next.period = BillingPeriod(
            start: end,
            end: facts.calendar.boundary(next.boundary, of: book.subscription.terms.cycle, anchor: next.anchor)
        )
        next.ordinal += 1
        next.still = 0
        book.subscription.clock = next
        book.subscription.promises = 0
        let terms = book.subscription.terms
        if terms.mode == .prepaid { try issue(price: terms.price, until: end, at: end) }
    }

    /// Starts a period that is counted from its own start.
    mutating func begin(at start: Timestamp, ordinal: Int, count: Int) {
        let end = facts.calendar.boundary(1, of: book.subscription.terms.cycle, anchor: start)
        book.subscription.clock = Subscription.Clock(
            anchor: start,
            boundary: 1,
            period: BillingPeriod(start: start, end: end),
            ordinal: ordinal,
            count: count
        )
    }

    /// A first period that is prepaid begins when it is paid.
    mutating func beginFirstPeriod() {
        guard let clock = book.subscription.clock, book.subscription.stoppedAt == clock.period.start else {
            return startClock()
        }
        book.subscription.stoppedAt = nil
        begin(at: max(clock.period.start, now.wholeSecond), ordinal: clock.ordinal, count: clock.count)
        guard let begun = book.subscription.clock?.period,
            let index = book.bills.firstIndex(where: { $0.ordinal == clock.ordinal })
        else { return }
        book.bills[index].period = begun
    }

    mutating func adopt(_ terms: PlanTerms) {
        if terms.planID != book.subscription.terms.planID { effects.append(.plan(terms.planID)) }
        book.subscription.terms = terms
    }

    mutating func finish(_ state: Subscription.State, at time: Timestamp) {
        book.subscription.state = state
        book.subscription.endedAt = time
        book.subscription.pending = nil
        book.subscription.stoppedAt = nil
        book.subscription.promiseUntil = nil
    }

    /// Issues the present period's bill, or one for a shorter period. What is left of credit pays first; a bill of which nothing is left
    /// is paid.
    mutating func issue(
        price: Money,
        until dueAt: Timestamp,
        at issuedAt: Timestamp? = nil,
        period: BillingPeriod? = nil
    ) throws {
        guard let clock = book.subscription.clock, !book.bills.contains(where: { $0.ordinal == clock.ordinal }) else {
            return
        }
        let credit = Self.lesser(book.subscription.credit, price)
        var bill = Bill(
            id: facts.billID(clock.ordinal),
            ordinal: clock.ordinal,
            period: period ?? clock.period,
            price: price,
            credit: credit,
            amount: try price.subtracting(credit),
            issuedAt: issuedAt ?? now.wholeSecond,
            dueAt: dueAt,
            deadline: dueAt + book.subscription.terms.grace
        )
        book.subscription.credit = try book.subscription.credit.subtracting(credit)
        if !bill.amount.isPositive { bill.pay(at: bill.issuedAt) }
        book.bills.append(bill)
    }

    static func lesser(_ left: Money, _ right: Money) -> Money {
        left.tenThousandths <= right.tenThousandths ? left : right
    }
}
