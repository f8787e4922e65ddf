package import Domain

/// A subscription with its bills, at least those that are open and that of the present period: what decides about it, and all of it.
///
/// ``step(_:at:facts:)`` is a pure function of what is stored and the time, and telling it the same twice changes nothing: whoever was
/// killed between deciding and storing decides the same again.
package struct SubscriptionBook: Hashable, Sendable {
    /// How long an attempt may go unanswered before the same is asked again.
    package static let resend: Duration = .seconds(30)
    /// Bills are asked for daily until so long after their deadline; then only when money comes.
    package static let patience: Duration = .seconds(30 * 86_400)
    /// Periods that one step ends at most: after a long standstill there are more steps.
    package static let mostPeriods = 500

    package var subscription: Subscription
    /// In the order of their numbers.
    package var bills: [Bill]

    package init(_ subscription: Subscription, bills: [Bill] = []) {
        self.subscription = subscription
        self.bills = bills.sorted { $0.ordinal < $1.ordinal }
    }

    /// What becomes of it, and what is to be done. Where it throws nothing is changed. `now` may stand still, and a step may come late
    /// by any time: what was to happen happens in its order, at the time at which it was to happen as far as periods go.
    package func step(
        _ event: SubscriptionEvent,
        at now: Timestamp,
        facts: SubscriptionFacts
    ) throws(SubscriptionRefusal) -> (book: SubscriptionBook, effects: [SubscriptionEffect]) {
        var stepping = SubscriptionStepping(book: self, facts: facts, now: now)
        do {
            try stepping.run(event)
        } catch let refusal as SubscriptionRefusal {
            throw refusal
        } catch {
            throw .tooMuch
        }
        return (stepping.book, stepping.effects)
    }

    /// When it is to be stepped next without being told anything: nil for never.
    package var nextMoment: Timestamp? {
        var moments = bills.compactMap { nextMoment(of: $0) }
        if let clock = subscription.clock, isRunning { moments.append(clock.period.end) }
        return moments.min()
    }

    /// Whether the present period ends by itself.
    var isRunning: Bool {
        guard subscription.clock != nil, subscription.stoppedAt == nil else { return false }
        return switch subscription.state {
        case .active, .grace, .suspended: true
        case .pending, .paused, .cancelled, .ended: false
        }
    }

    private func nextMoment(of bill: Bill) -> Timestamp? {
        guard bill.isOpen else { return nil }
        var moments = [bill.nextAttemptAt].compactMap { $0 }
        if let reminder = subscription.terms.reminders.dropFirst(bill.reminded).first,
            reminder < .zero || bill.status == .overdue
        {
            moments.append(bill.dueAt + reminder)
        }
        return moments.min()
    }
}

/// One step under way.
struct SubscriptionStepping {
    var book: SubscriptionBook
    let facts: SubscriptionFacts
    let now: Timestamp
    var effects: [SubscriptionEffect] = []

    mutating func run(_ event: SubscriptionEvent) throws {
        let before = book.subscription.access
        let now = now
        // What was to happen before this does, so that a late step decides as a prompt one.
        try passTime()
        switch event {
        case .time: break
        case .activate: try activate()
        case .paid(let ordinal): change(ordinal) { $0.pay(at: now) }
        case .refused(let ordinal, let attempt): refuse(ordinal, attempt)
        // What is not due yet is not taken before, whatever there is.
        case .funds:
            for bill in book.bills where bill.isOpen && bill.dueAt <= now {
                change(bill.ordinal) { Self.ask(&$0, now) }
            }
        case .settled(let ordinal): try settleByHand(ordinal)
        case .change(let terms, let when): try changePlan(terms, when)
        case .cancel(let when): try cancel(when)
        case .keep: book.subscription.pending = nil
        case .pause: try pause()
        case .resume: try resume()
        case .promise(let until): try promise(until)
        }
        judge()
        remind()
        // Whoever is told something only stores it: what is to be asked is asked by who looks after the time.
        if event == .time { collect() }
        if book.subscription.access != before { effects.append(.access(book.subscription.access)) }
    }

    /// Changes the open bill of that number; nothing where there is none.
    mutating func change(_ ordinal: Int, _ edit: (inout Bill) -> Void) {
        guard let index = book.bills.firstIndex(where: { $0.ordinal == ordinal && $0.isOpen }) else { return }
        edit(&book.bills[index])
    }

    /// The state follows from the bills, the promise and the time: nobody sets it by hand.
    mutating func judge() {
        for index in book.bills.indices where book.bills[index].status == .pending {
            guard let refusedAt = book.bills[index].refusedAt, refusedAt >= book.bills[index].dueAt else { continue }
            book.bills[index].status = .overdue
        }
        if book.subscription.state == .pending, let clock = book.subscription.clock,
            !book.bills.contains(where: { $0.ordinal == clock.ordinal && $0.isOpen })
        {
            beginFirstPeriod()
            book.subscription.state = .active
        }
        switch book.subscription.state {
        case .pending, .paused, .cancelled, .ended: return
        case .active, .grace, .suspended: break
        }
        let overdue = book.bills.filter { $0.status == .overdue }
        let promise = book.subscription.promiseUntil
        let isBlocked = overdue.contains { bill in
            bill.refusedAt.map { $0 >= max(bill.deadline, promise ?? bill.deadline) } ?? false
        }
        let state: Subscription.State = overdue.isEmpty ? .active : isBlocked ? .suspended : .grace
        if state == .suspended, book.subscription.state != .suspended, book.subscription.terms.suspension == .extend {
            book.subscription.stoppedAt = now.wholeSecond
        }
        if state != .suspended { startClock() }
        book.subscription.state = state
    }

    /// Lets the period go on, its end moved by as long as it stood still. Its own bill, where it has one, moves with it.
    mutating func startClock() {
        guard let stopped = book.subscription.stoppedAt, var clock = book.subscription.clock else { return }
        book.subscription.stoppedAt = nil
        let stood = max(0, now.wholeSecond.seconds(since: stopped))
        guard stood > 0 else { return }
        clock.still += stood
        clock.period.end = clock.period.end.adding(microseconds: stood * 1_000_000)
        clock.anchor = clock.period.end
        clock.boundary = 0
        book.subscription.clock = clock
        if let index = book.bills.firstIndex(where: { $0.ordinal == clock.ordinal }) {
            book.bills[index].period.end = clock.period.end
        }
    }
}
