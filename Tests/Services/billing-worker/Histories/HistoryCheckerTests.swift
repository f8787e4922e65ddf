import Ledger
import SharedTesting
import Testing

/// The checker accepts what a ledger may do that does one thing after another, and nothing else.
@Suite(.proves("WAL-05", "WAL-06")) struct HistoryCheckerTests {
    private typealias Move = MoneyHistory.Move

    /// Somebody's sending under a key that is its id as well.
    private func sent(
        _ key: String,
        _ action: MoneyHistory.Action,
        _ invoked: UInt64,
        _ answered: UInt64?,
        _ answer: MoneyHistory.Answer?,
        as id: String? = nil,
        on lane: MoneyHistory.Lane = .euro
    ) -> MoneyHistory.Sending {
        .init(
            id: id ?? key,
            key: key,
            lane: lane,
            action: action,
            invoked: invoked,
            answered: answered,
            answer: answer
        )
    }

    private func topUp(
        _ key: String,
        _ amount: Int64,
        _ invoked: UInt64,
        _ answered: UInt64,
        balance: Int64,
        sequence: Int64
    ) -> MoneyHistory.Sending {
        sent(key, .topUp(.customer(0), amount), invoked, answered, posted(key, amount, balance, sequence))
    }

    private func posted(_ key: String, _ amount: Int64, _ balance: Int64, _ sequence: Int64) -> MoneyHistory.Answer {
        let move = Move(holder: .customer(0), amount: amount, balance: balance, sequence: sequence)
        return .decided(.posted, transfer: key, [move])
    }

    private func history(
        _ sendings: [MoneyHistory.Sending],
        _ keys: [String],
        balance: Int64,
        sequence: Int64
    ) -> MoneyHistory {
        let standing = MoneyHistory.Standing(balance: balance, sequence: sequence)
        return MoneyHistory(
            sendings: sendings,
            decisions: [.euro: keys.map { .init(key: $0, transfer: $0, verdict: .posted) }],
            wallets: [.init(holder: .customer(0), lane: .euro): standing]
        )
    }

    @Test func `what overlaps may come in either order, and nothing is nothing`() throws {
        try HistoryChecker.check(MoneyHistory(sendings: [], decisions: [:], wallets: [:]))
        let first = [
            topUp("a", 400, 1, 9, balance: 400, sequence: 1), topUp("b", 100, 2, 8, balance: 500, sequence: 2),
        ]
        try HistoryChecker.check(history(first, ["a", "b"], balance: 500, sequence: 2))
        let second = [
            topUp("a", 400, 1, 9, balance: 500, sequence: 2), topUp("b", 100, 2, 8, balance: 100, sequence: 1),
        ]
        try HistoryChecker.check(history(second, ["b", "a"], balance: 500, sequence: 2))
    }

    @Test func `an update that another overwrote is found`() {
        let sendings = [
            topUp("a", 400, 1, 9, balance: 400, sequence: 1), topUp("b", 100, 2, 8, balance: 100, sequence: 1),
        ]
        #expect(
            throws: HistoryFault.otherBalances(
                key: "b",
                told: [Move(holder: .customer(0), amount: 100, balance: 100, sequence: 1)],
                expected: [Move(holder: .customer(0), amount: 100, balance: 500, sequence: 2)]
            )
        ) { try HistoryChecker.check(history(sendings, ["a", "b"], balance: 100, sequence: 1)) }
        // Told rightly, and lost all the same.
        let told = [
            topUp("a", 400, 1, 9, balance: 400, sequence: 1), topUp("b", 100, 2, 8, balance: 500, sequence: 2),
        ]
        #expect(throws: HistoryFault.otherWallet(.init(holder: .customer(0), lane: .euro))) {
            try HistoryChecker.check(history(told, ["a", "b"], balance: 100, sequence: 1))
        }
    }

    @Test func `a balance from before another's answer is found`() {
        // "b" was sent after "a" was answered, and was told a balance without it.
        let sendings = [
            topUp("a", 400, 1, 3, balance: 400, sequence: 1), topUp("b", 100, 5, 8, balance: 100, sequence: 2),
        ]
        #expect(throws: HistoryFault.self) {
            try HistoryChecker.check(history(sendings, ["a", "b"], balance: 500, sequence: 2))
        }
    }

    @Test func `a second effect of one key is found, in the ledger and in the answers`() {
        let once = [topUp("a", 400, 1, 9, balance: 400, sequence: 1)]
        #expect(throws: HistoryFault.twoEffects(key: "a")) {
            try HistoryChecker.check(history(once, ["a", "a"], balance: 800, sequence: 2))
        }
        let twice = once + [topUp("a", 400, 2, 9, balance: 400, sequence: 1)]
        #expect(throws: HistoryFault.twoEffects(key: "a")) {
            try HistoryChecker.check(history(twice, ["a"], balance: 400, sequence: 1))
        }
        #expect(throws: HistoryFault.otherWallet(.init(holder: .customer(0), lane: .euro))) {
            try HistoryChecker.check(history(once, ["a"], balance: 800, sequence: 2))
        }
    }

    @Test func `an order against real time is found although each answer follows from it`() throws {
        func sendings(_ answered: UInt64) -> [MoneyHistory.Sending] {
            [
                topUp("a", 400, 1, answered, balance: 500, sequence: 2),
                topUp("b", 100, 5, 8, balance: 100, sequence: 1),
            ]
        }
        try HistoryChecker.check(history(sendings(6), ["b", "a"], balance: 500, sequence: 2))
        #expect(throws: HistoryFault.outOfTime(key: "b")) {
            try HistoryChecker.check(history(sendings(4), ["b", "a"], balance: 500, sequence: 2))
        }
    }

    @Test func `nobody is told of what was not sent yet`() throws {
        // The sending that was decided began after another of the same key had been told of it.
        func sendings(_ invoked: UInt64) -> [MoneyHistory.Sending] {
            [
                topUp("a", 400, invoked, 9, balance: 400, sequence: 1),
                sent("a", .topUp(.customer(0), 400), 1, 3, .repeated(.posted, transfer: "a"), as: "other"),
            ]
        }
        try HistoryChecker.check(history(sendings(2), ["a"], balance: 400, sequence: 1))
        #expect(throws: HistoryFault.outOfTime(key: "a")) {
            try HistoryChecker.check(history(sendings(4), ["a"], balance: 400, sequence: 1))
        }
    }

    @Test func `effects without commands and answers without effects are found`() throws {
        let sendings = [topUp("a", 400, 1, 9, balance: 400, sequence: 1)]
        #expect(throws: HistoryFault.effectWithoutCommand(key: "x")) {
            try HistoryChecker.check(history(sendings, ["a", "x"], balance: 400, sequence: 1))
        }
        #expect(throws: HistoryFault.answerWithoutEffect(key: "a")) {
            try HistoryChecker.check(history(sendings, [], balance: 0, sequence: 0))
        }
        // Who was told nothing knows nothing: both are right.
        let open = [sent("a", .topUp(.customer(0), 400), 1, nil, nil)]
        try HistoryChecker.check(history(open, ["a"], balance: 400, sequence: 1))
        try HistoryChecker.check(history(open, [], balance: 0, sequence: 0))
    }

    @Test func `a verdict that does not follow is found`() {
        let charge = sent("a", .charge(.customer(0), 400), 1, 9, nil)
        #expect(throws: HistoryFault.otherVerdict(key: "a", decided: .posted, expected: .insufficient)) {
            try HistoryChecker.check(history([charge], ["a"], balance: -400, sequence: 1))
        }
        let release = sent("a", .release(hold: "h"), 1, 9, .decided(.nothingHeld, transfer: "a", []))
        var refused = history([release], ["a"], balance: 0, sequence: 0)
        refused.decisions[.euro]?[0] = .init(key: "a", transfer: "a", verdict: .insufficient)
        #expect(throws: HistoryFault.otherAnswer(key: "a")) { try HistoryChecker.check(refused) }
    }

    @Test func `a key that another used is told so, and only then`() throws {
        let first = topUp("a", 400, 1, 9, balance: 400, sequence: 1)
        func second(_ amount: Int64, _ answer: MoneyHistory.Answer) -> MoneyHistory {
            let other = sent("a", .topUp(.customer(0), amount), 2, 9, answer, as: "other")
            return history([first, other], ["a"], balance: 400, sequence: 1)
        }
        try HistoryChecker.check(second(500, .keyReused))
        try HistoryChecker.check(second(400, .repeated(.posted, transfer: "a")))
        for bad in [
            second(400, .keyReused), second(500, .repeated(.posted, transfer: "a")),
            second(400, .repeated(.posted, transfer: "other")), second(400, .repeated(.insufficient, transfer: "a")),
        ] {
            #expect(throws: HistoryFault.otherAnswer(key: "a")) { try HistoryChecker.check(bad) }
        }
    }

    // MARK: - Drawn histories

    /// What is wrong with a history, one thing at a time.
    private enum Damage: CaseIterable {
        case balance, sequence, moreMoney, effectLost, effectTwice, lateEffect, otherVerdict
    }

    @Test func `drawn histories are accepted, and none of them with one thing changed`() throws {
        var random = SeededRandom()
        for number in 0..<120 {
            let seed = random.next()
            let good = DrawnHistory.make(SeededRandom(seed: seed), bursts: 25)
            #expect(throws: Never.self, "number \(number)") { try HistoryChecker.check(good) }
            for damage in Damage.allCases {
                var bad = good
                guard harm(&bad, damage, &random) else { continue }
                #expect(throws: HistoryFault.self, "number \(number), \(damage)") { try HistoryChecker.check(bad) }
            }
        }
    }

    /// False where there is nothing in it that could be changed so.
    private func harm(_ history: inout MoneyHistory, _ damage: Damage, _ random: inout SeededRandom) -> Bool {
        switch damage {
        case .balance, .sequence:
            let moved = history.sendings.indices.filter { moves(history.sendings[$0]) != nil }
            guard let place = moved.randomElement(using: &random) else { return false }
            let old = history.sendings[place]
            guard case .decided(let verdict, let transfer, var moves)? = old.answer else { return false }
            let (last, more) = (moves[moves.count - 1], damage == .balance ? Int64(100) : 0)
            moves[moves.count - 1] = Move(
                holder: last.holder,
                amount: last.amount,
                balance: last.balance + more,
                sequence: last.sequence + (damage == .sequence ? 1 : 0)
            )
            history.sendings[place] = sent(
                old.key,
                old.action,
                old.invoked,
                old.answered,
                .decided(verdict, transfer: transfer, moves),
                as: old.id,
                on: old.lane
            )
        case .moreMoney:
            guard let wallet = history.wallets.keys.min(by: { "\($0)" < "\($1)" }) else { return false }
            history.wallets[wallet]?.balance += 100
        case .effectLost, .effectTwice, .lateEffect, .otherVerdict:
            guard var decisions = history.decisions[.euro], decisions.count > 1 else { return false }
            let place = damage == .lateEffect ? 0 : Int.random(in: decisions.indices, using: &random)
            let decision = decisions[place]
            switch damage {
            case .effectLost: decisions.remove(at: place)
            case .effectTwice: decisions.append(decision)
            case .lateEffect: decisions.append(decisions.remove(at: 0))
            default:
                let other: TransferVerdict = decision.verdict.isPosted ? .insufficient : .posted
                decisions[place] = .init(key: decision.key, transfer: decision.transfer, verdict: other)
            }
            history.decisions[.euro] = decisions
        }
        return true
    }

    private func moves(_ sending: MoneyHistory.Sending) -> [Move]? {
        guard case .decided(_, _, let moves)? = sending.answer, !moves.isEmpty else { return nil }
        return moves
    }
}
