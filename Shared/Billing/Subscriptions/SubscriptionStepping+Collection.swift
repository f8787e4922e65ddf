import Domain

/// Asking the wallet, and telling the customer.
extension SubscriptionStepping {
    /// Begins the attempts that are due, and repeats those that nobody answered.
    mutating func collect() {
        for index in book.bills.indices where book.bills[index].isOpen {
            guard let next = book.bills[index].nextAttemptAt, next <= now else { continue }
            if !book.bills[index].isSent {
                book.bills[index].attempt += 1
                book.bills[index].isSent = true
            }
            book.bills[index].nextAttemptAt = now + SubscriptionBook.resend
            effects.append(.collect(book.bills[index].id))
        }
    }

    mutating func refuse(_ ordinal: Int, _ attempt: Int) {
        let promise = book.subscription.promiseUntil
        change(ordinal) { [now] bill in
            // The answer to an earlier attempt says nothing of the present one.
            guard bill.isSent, bill.attempt == attempt else { return }
            bill.isSent = false
            bill.refusedAt = now
            bill.nextAttemptAt = bill.asksAgain ? now : Self.nextAttempt(bill, after: now, promise: promise)
            bill.asksAgain = false
        }
    }

    /// There is money: asked at once, or after the attempt that is under way.
    static func ask(_ bill: inout Bill, _ now: Timestamp) {
        if bill.isSent {
            bill.asksAgain = true
        } else {
            bill.nextAttemptAt = min(bill.nextAttemptAt ?? now, now)
        }
    }

    /// The due date, the deadline and the end of a promise, for then it matters; and each day between.
    private static func nextAttempt(_ bill: Bill, after now: Timestamp, promise: Timestamp?) -> Timestamp? {
        var moments = [bill.dueAt, bill.deadline] + (promise.map { [$0] } ?? [])
        let last = bill.deadline + SubscriptionBook.patience
        let days = now.seconds(since: bill.dueAt).dividedDown(by: 86_400) + 1
        let daily = bill.dueAt.adding(microseconds: days * Timestamp.microsecondsPerDay)
        if days > 0, daily <= last { moments.append(daily) }
        return moments.filter { $0 > now }.min()
    }

    /// One reminder for each bill at most, the latest of those that are due: nobody gets three at once because something stood still.
    mutating func remind() {
        let terms = book.subscription.terms
        for index in book.bills.indices where book.bills[index].isOpen {
            let bill = book.bills[index]
            let due = terms.reminders.prefix { bill.dueAt + $0 <= now }
            // After the due date the wallet has to have been asked: who has the money is not dunned because the ledger stood still.
            let reached = due.prefix { $0 < .zero || bill.status == .overdue }
            guard reached.count > bill.reminded, let latest = reached.last else { continue }
            book.bills[index].reminded = reached.count
            // What was to be said before the bill was there, or before it fell due, is said no more.
            let isLate = bill.dueAt + latest < bill.issuedAt || (latest < .zero && bill.dueAt <= now)
            if !isLate { effects.append(.remind(bill.id, latest)) }
        }
    }
}
