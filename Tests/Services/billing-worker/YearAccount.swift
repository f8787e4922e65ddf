/// What somebody asks of his contract in the rehearsal; plans by their place in ``YearPlan/all``.
enum YearChange: Equatable, Sendable {
    /// Another plan from this second on.
    case now(Int)
    /// Another plan from the period's end on.
    case later(Int)
    /// Forget what was to become of it at the period's end.
    case keep

    /// What the history calls it.
    var kind: String {
        switch self {
        case .now: "change_now"
        case .later: "change_later"
        case .keep: "keep"
        }
    }
}

/// What a change from now on comes to.
struct YearQuote: Equatable, Sendable {
    let used, rest, credited, price, due, left: Int64
    let start, end: Int64
}

/// The contract of somebody who always has enough, kept by rules of its own: periods from their anchor, shares in whole cents, and what is
/// credited pays before the wallet does. It knows nothing of Billing.
struct YearAccount: Sendable {
    let subscriber: YearSubscriber
    private(set) var plan: Int
    /// The next period's plan, where that is another.
    private(set) var next: Int?
    private(set) var credit: Int64 = 0
    private(set) var begins: Int64
    private(set) var ends: Int64
    private(set) var ordinal = 1
    private(set) var bills: [YearBill] = []
    private var anchor: Int64
    /// The number of the boundary, counted from the anchor, that ends the present period.
    private var boundary = 1

    init(_ subscriber: YearSubscriber) {
        self.subscriber = subscriber
        plan = subscriber.plan
        (anchor, begins) = (subscriber.start, subscriber.start)
        ends = subscriber.boundary(1, from: subscriber.start)
        if terms.isPrepaid { issue(terms.price, until: ends, due: begins) }
    }

    var terms: YearPlan { YearPlan.all[plan] }

    /// Ends the periods that are over at that time.
    mutating func pass(to now: Int64) {
        while ends <= now {
            if !terms.isPrepaid { issue(terms.price, until: ends, due: billingDay(after: ends)) }
            plan = next ?? plan
            next = nil
            boundary += 1
            ordinal += 1
            begins = ends
            ends = subscriber.boundary(boundary, from: anchor)
            if terms.isPrepaid { issue(terms.price, until: ends, due: begins) }
        }
    }

    /// Whatever is due has been paid by that time.
    mutating func pay(to now: Int64) {
        for index in bills.indices where bills[index].status == "pending" && bills[index].due <= now {
            bills[index].status = "paid"
        }
    }

    /// What is asked at that time, and what it comes to where it is to be done at once.
    mutating func ask(_ change: YearChange, at now: Int64) -> YearQuote? {
        pass(to: now)
        switch change {
        case .now(let plan): return take(plan, at: now)
        case .later(let plan): next = plan
        case .keep: next = nil
        }
        return nil
    }

    private mutating func take(_ plan: Int, at now: Int64) -> YearQuote {
        let (used, rest) = Self.shares(of: terms.price, used: now - begins, left: ends - now)
        var back: Int64 = 0
        if let index = bills.indices.last, bills[index].ordinal == ordinal {
            back = bills[index].cut(at: now, used: used, rest: rest)
        } else if now > begins {
            // What is paid afterwards has no bill yet, and gets one for what was used. Of no time at all there is none.
            issue(used, until: now, due: billingDay(after: now))
        }
        credit += back
        self.plan = plan
        next = nil
        (anchor, boundary, begins) = (now, 1, now)
        ordinal += 1
        ends = subscriber.boundary(1, from: now)
        if terms.isPrepaid { issue(terms.price, until: ends, due: now) }
        return YearQuote(
            used: used,
            rest: rest,
            credited: back,
            price: terms.price,
            due: terms.isPrepaid ? bills.last?.amount ?? 0 : 0,
            left: credit,
            start: begins,
            end: ends
        )
    }

    /// Of two parts that are rounded down to the cent, what is left is one cent or nothing, and the part that lost more gets it, the first
    /// of two that lost the same: the first is rounded to the nearest cent, halves up, and the second is the rest.
    static func shares(of price: Int64, used: Int64, left: Int64) -> (used: Int64, rest: Int64) {
        let (cents, seconds) = (price / 100, used + left)
        let first = (2 * cents * used + seconds) / (2 * seconds) * 100
        return (first, price - first)
    }

    private func billingDay(after time: Int64) -> Int64 {
        subscriber.zone.endOfBillingDay(subscriber.billingDay, notBefore: time)
    }

    private mutating func issue(_ price: Int64, until end: Int64, due: Int64) {
        let used = min(credit, price)
        credit -= used
        bills.append(
            YearBill(
                ordinal: ordinal,
                start: begins,
                end: end,
                due: due,
                price: price,
                credit: used,
                amount: price - used,
                credited: 0,
                status: price > used ? "pending" : "paid"
            )
        )
    }
}

/// A bill as it is predicted, and as it is read.
struct YearBill: Equatable, Sendable {
    let ordinal: Int
    let start: Int64
    var end: Int64
    let due: Int64
    var price, credit, amount: Int64
    /// What came back of it for its unused rest.
    var credited: Int64
    var status: String

    /// Ends its period before its time. Returns what comes back: of a paid one the rest, of another the credit that it needs no more.
    mutating func cut(at now: Int64, used: Int64, rest: Int64) -> Int64 {
        end = now
        guard status != "paid" else {
            credited = rest
            return rest
        }
        let before = credit
        price = used
        credit = min(before, used)
        amount = used - credit
        if amount == 0 { status = used > 0 ? "paid" : "void" }
        return before - credit
    }
}
