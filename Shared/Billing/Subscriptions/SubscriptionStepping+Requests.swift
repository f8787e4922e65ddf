import Domain

/// What people ask for.
extension SubscriptionStepping {
    mutating func changePlan(_ terms: PlanTerms, _ when: SubscriptionEvent.When) throws {
        guard terms.price.currency == book.subscription.terms.price.currency else {
            throw SubscriptionRefusal.currencyMismatch
        }
        let state = book.subscription.state
        guard !state.isFinal, let clock = book.subscription.clock else { throw SubscriptionRefusal.wrongState }
        guard when == .now else {
            book.subscription.pending = .plan(terms)
            return
        }
        guard state == .active || state == .grace else { throw SubscriptionRefusal.wrongState }
        try settlePeriod()
        book.subscription.pending = nil
        adopt(terms)
        begin(at: now.wholeSecond, ordinal: clock.ordinal + 1, count: 1)
        book.subscription.promises = 0
        if terms.mode == .prepaid { try issue(price: terms.price, until: now.wholeSecond) }
    }

    mutating func cancel(_ when: SubscriptionEvent.When) throws {
        guard !book.subscription.state.isFinal else { throw SubscriptionRefusal.wrongState }
        if when == .periodEnd, book.isRunning {
            book.subscription.pending = .cancel
            return
        }
        // What stands still has no end to wait for.
        try settlePeriod()
        finish(.cancelled, at: now.wholeSecond)
    }

    mutating func pause() throws {
        guard book.subscription.state == .active else { throw SubscriptionRefusal.wrongState }
        book.subscription.state = .paused
        book.subscription.stoppedAt = now.wholeSecond
    }

    mutating func resume() throws {
        guard book.subscription.state == .paused else { throw SubscriptionRefusal.wrongState }
        startClock()
        book.subscription.state = .active
    }

    mutating func promise(_ until: Timestamp) throws {
        guard book.subscription.state == .grace || book.subscription.state == .suspended else {
            throw SubscriptionRefusal.wrongState
        }
        let terms = book.subscription.terms
        guard book.subscription.promises < terms.promises else { throw SubscriptionRefusal.promisesUsedUp }
        guard until > now, until <= now + terms.longestPromise else { throw SubscriptionRefusal.promiseOutOfRange }
        book.subscription.promises += 1
        book.subscription.promiseUntil = until
        for bill in book.bills where bill.isOpen {
            change(bill.ordinal) { $0.nextAttemptAt = min($0.nextAttemptAt ?? until, until) }
        }
    }

    mutating func settleByHand(_ ordinal: Int) throws {
        guard let bill = book.bills.first(where: { $0.ordinal == ordinal && $0.isOpen }) else {
            throw SubscriptionRefusal.notOwed
        }
        // The wallet might pay it in this moment, and then it would be paid twice.
        guard !bill.isSent else { throw SubscriptionRefusal.collecting }
        let now = now
        change(ordinal) { $0.pay(at: now) }
    }

    /// Ends the present period now, as far as money goes: what was used is owed, what was paid for the rest is credited. Both halves sum to
    /// the period's price.
    private mutating func settlePeriod() throws {
        guard let clock = book.subscription.clock else { return }
        let parts = Self.parts(of: book.subscription, clock, at: now)
        let end = book.subscription.stoppedAt ?? now.wholeSecond
        guard let index = book.bills.firstIndex(where: { $0.ordinal == clock.ordinal }) else {
            guard book.subscription.terms.mode == .postpaid, end > clock.period.start else { return }
            return try issue(
                price: parts.used,
                until: facts.calendar.endOfDay(facts.billingDay, notBefore: now),
                period: BillingPeriod(start: clock.period.start, end: end)
            )
        }
        var bill = book.bills[index]
        guard !bill.isSent else { throw SubscriptionRefusal.collecting }
        bill.period.end = max(bill.period.start, end)
        var back = parts.rest
        if bill.status == .paid {
            bill.credited = parts.rest
        } else if bill.isOpen {
            // Not paid: the bill becomes that of the part that was used, and credit that this does not need is there again.
            bill.price = parts.used
            let credit = Self.lesser(bill.credit, parts.used)
            back = try bill.credit.subtracting(credit)
            bill.credit = credit
            let asked = bill.amount
            bill.amount = try parts.used.subtracting(credit)
            if !bill.amount.isPositive {
                if parts.used.isPositive { bill.pay(at: now) } else { bill.void() }
            } else if bill.amount != asked, bill.dueAt <= now {
                // The wallet was asked in vain for more than this: it may hold enough now. The attempt is a new one, with its own key.
                Self.ask(&bill, now)
            }
        }
        book.bills[index] = bill
        guard back.isPositive else { return }
        book.subscription.credit = try book.subscription.credit.adding(back)
        effects.append(.credited(back))
    }

    /// The present period's price by the seconds that it ran and those that are left.
    static func parts(
        of subscription: Subscription,
        _ clock: Subscription.Clock,
        at now: Timestamp
    ) -> (used: Money, rest: Money) {
        let until = min(subscription.stoppedAt ?? now.wholeSecond, clock.period.end)
        let length = max(0, clock.period.end.seconds(since: clock.period.start) - clock.still)
        let used = min(length, max(0, until.seconds(since: clock.period.start) - clock.still))
        let parts = Proration.split(subscription.terms.price, by: [used, length - used])
        return (parts[0], parts[1])
    }
}
