import Billing
import Domain
import SharedTesting
import Testing

/// A subscription among everything that can happen: a wallet, a desk that forgets answers, a worker that is killed and comes late. The
/// desk is the oracle of money: it decides a key once and counts what it took.
struct SubscriptionWorld {
    var scene: SubscriptionScene
    var wallet: Int64 = 0
    var took: [BillID: Int64] = [:]
    var charges: [BillID: Int] = [:]
    private var decided: [String: Bool] = [:]
    var byHand: Set<Int> = []
    var periods: [Int: BillingPeriod] = [:]
    /// Of 10 answers so many get lost.
    let losses: Int

    init(_ terms: PlanTerms, zone: String, losses: Int) throws {
        scene = try SubscriptionScene(terms, zone: zone, billingDay: 28)
        self.losses = losses
        try tell(.activate)
    }

    /// Tells it, and tells it again: the second time changes nothing.
    mutating func tell(_ event: SubscriptionEvent) throws {
        try scene.tell(event)
        switch event {
        case .time, .paid, .refused, .funds, .keep:
            let again = try scene.book.step(event, at: scene.now, facts: scene.facts)
            #expect(again.book == scene.book, "\(event) twice")
            #expect(again.effects.isEmpty)
        default: break
        }
        if let clock = scene.clock { periods[clock.ordinal] = clock.period }
    }

    /// The worker's round: what is due is decided and stored, and then done, unless it is killed in between.
    mutating func round(_ random: inout SeededRandom) throws {
        for _ in 0..<60 {
            try tell(.time)
            let asked = scene.effects.compactMap { effect in
                if case .collect(let id) = effect { id } else { nil }
            }
            if asked.isEmpty { return }
            for id in asked { try ask(id, &random) }
        }
    }

    private mutating func ask(_ id: BillID, _ random: inout SeededRandom) throws {
        let bill = try #require(scene.book.bills.first { $0.id == id })
        guard bill.isOpen, bill.isSent, Int.random(in: 0..<10, using: &random) >= losses else { return }
        let key = "\(id):\(bill.attempt)"
        let paid = decided[key] ?? (wallet >= bill.amount.tenThousandths)
        if decided.updateValue(paid, forKey: key) == nil, paid {
            wallet -= bill.amount.tenThousandths
            took[id, default: 0] += bill.amount.tenThousandths
            charges[id, default: 0] += 1
        }
        guard Int.random(in: 0..<10, using: &random) >= losses else { return }
        try tell(paid ? .paid(ordinal: bill.ordinal) : .refused(ordinal: bill.ordinal, attempt: bill.attempt))
    }

    /// Asks for something at random, which may be refused.
    mutating func request(_ terms: [PlanTerms], _ random: inout SeededRandom) throws {
        let day = SubscriptionScene.day
        let event: SubscriptionEvent =
            switch Int.random(in: 0..<14, using: &random) {
            case 0...1: .change(terms.randomElement(using: &random) ?? terms[0], .now)
            case 2: .change(terms.randomElement(using: &random) ?? terms[0], .periodEnd)
            case 3...4: .pause
            case 5...7: .resume
            case 8: .promise(until: scene.now + day * Int.random(in: 1...7, using: &random))
            case 9: .keep
            case 10: .settled(ordinal: Int.random(in: 1...9, using: &random))
            default: .funds
            }
        let before = scene.book
        do {
            try tell(event)
            if case .settled(let ordinal) = event { byHand.insert(ordinal) }
            if case .change(_, .now) = event { checkChange(from: before) }
        } catch is SubscriptionRefusal {
            #expect(scene.book == before)
        }
    }

    /// What was lowered is asked for in this second, and nobody is suspended by a change.
    private func checkChange(from before: SubscriptionBook) {
        #expect(scene.state != .suspended)
        for bill in scene.book.bills where bill.isOpen {
            guard let old = before.bills.first(where: { $0.ordinal == bill.ordinal }), old.amount != bill.amount else {
                continue
            }
            #expect(bill.amount.tenThousandths < old.amount.tenThousandths)
            #expect(!bill.isSent && bill.attempt == old.attempt, "the next attempt has a key of its own")
            #expect(bill.dueAt > scene.now || bill.nextAttemptAt.map { $0 <= scene.now } ?? false)
        }
    }

    /// What must hold at any moment.
    func check() throws {
        let book = scene.book
        let bills = book.bills
        #expect(Set(bills.map(\.ordinal)).count == bills.count, "one bill for each period")
        var (used, granted): (Int64, Int64) = (0, 0)
        for bill in bills {
            #expect(bill.price.tenThousandths == bill.credit.tenThousandths + bill.amount.tenThousandths)
            #expect(bill.amount.tenThousandths >= 0 && bill.credit.tenThousandths >= 0)
            #expect(charges[bill.id, default: 0] <= 1, "never charged twice")
            if bill.status == .paid, bill.amount.isPositive, !byHand.contains(bill.ordinal) {
                #expect(took[bill.id] == bill.amount.tenThousandths)
            }
            // Taken and not yet heard of: it is still being asked for.
            if charges[bill.id] != nil, bill.status != .paid { #expect(bill.isSent && bill.isOpen) }
            used += bill.credit.tenThousandths
            granted += bill.credited.tenThousandths
        }
        #expect(used + book.subscription.credit.tenThousandths == granted, "credit is neither lost nor made")
        for (left, right) in zip(bills, bills.dropFirst()) {
            #expect(left.period.end == right.period.start, "no gap, no overlap at \(right.ordinal)")
        }
        switch book.subscription.state {
        case .suspended:
            #expect(bills.contains { $0.status == .overdue && ($0.refusedAt ?? .epoch) >= $0.deadline })
        case .active: #expect(!bills.contains { $0.status == .overdue })
        case .grace: #expect(bills.contains { $0.status == .overdue })
        case .pending, .paused, .cancelled, .ended: break
        }
        #expect((book.subscription.stoppedAt != nil) == isStill(book))
    }

    private func isStill(_ book: SubscriptionBook) -> Bool {
        switch book.subscription.state {
        case .pending, .paused: true
        case .suspended: book.subscription.terms.suspension == .extend
        case .active, .grace, .cancelled, .ended: false
        }
    }
}
