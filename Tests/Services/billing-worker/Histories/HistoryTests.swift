import Glibc
import Ledger
import SharedTesting
import Testing

/// Concurrent clients, two workers that take the lanes from each other, commands twice and in the wrong order: what everybody was told is
/// what a ledger tells that does one command after another (``HistoryChecker``).
///
/// `NEXORA_TEST_COMMANDS` says how many bursts of commands each client sends in a round (10 at least), `NEXORA_TEST_SEED` repeats a
/// run's draws.
@Suite(.serialized) struct HistoryTests {
    private static let clients = 8

    /// What becomes of the worker that leads in a round's middle.
    private enum Takeover: CaseIterable {
        /// It ends at once, and its lease runs out.
        case killed
        /// It stands still until another has the lane, and finds itself fenced.
        case fenced
        /// It is asked to end and gives its lanes back.
        case stopped
    }

    @Test(.proves("WAL-03", "WAL-05", "WAL-06", "WAL-09", "WAL-11", "WAL-15"))
    func `concurrent commands are strictly serializable, whoever leads`() async throws {
        let asked = unsafe getenv("NEXORA_TEST_COMMANDS").flatMap { unsafe Int(String(cString: $0)) }
        let bursts = max(10, asked ?? 30)
        var random = SeededRandom()
        let world = try await HistoryWorld(customers: 4)
        var workers: [String: ChildProcess] = [:]
        for name in ["first", "second"] { workers[name] = try await world.money.worker(name) }
        for (number, takeover) in Takeover.allCases.enumerated() {
            // Wallets are those of the round before, so that holds and debts of one are found in the next.
            let draw = HistoryDraw(SeededRandom(seed: random.next()), customers: 0..<4, prefix: "\(number)")
            let before = try await decisions(world)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await world.clients(Self.clients, bursts: bursts, draw) }
                // In the middle of it: some of the commands are decided, and of those that are not, each burst has one at least.
                try await eventually(within: .seconds(60)) {
                    try await decisions(world) >= before + Int64(Self.clients * bursts / 4)
                }
                try await strike(takeover, world, &workers)
                try await group.waitForAll()
            }
            try await HistoryChecker.check(world.history())
        }
        let history = try await world.history()
        #expect(Set(history.decisions.keys) == Set(MoneyHistory.Lane.allCases))
        #expect(history.sendings.contains { if case .repeated? = $0.answer { true } else { false } })
        #expect(history.sendings.contains { $0.answer == .keyReused })
        let verdicts = Set(history.decisions.values.joined().map(\.verdict))
        #expect(verdicts.isSuperset(of: [.posted, .insufficient, .nothingHeld]), "\(verdicts)")
        try await world.money.verify()
        for worker in workers.values { #expect(try await worker.stop() == 0) }
        try await world.money.close()
    }

    private func decisions(_ world: HistoryWorld) async throws -> Int64 {
        try await world.money.number("SELECT count(*) FROM ledger_keys")
    }

    /// Has the leader of the lane of euros replaced, and leaves two workers behind.
    private func strike(
        _ takeover: Takeover,
        _ world: HistoryWorld,
        _ workers: inout [String: ChildProcess]
    ) async throws {
        try await eventually(within: .seconds(60)) { try await world.leader() != nil }
        let leader = try #require(try await world.leader())
        let worker = try #require(workers[leader.holder])
        func anotherLeads() async throws {
            try await eventually(within: .seconds(60)) {
                guard let now = try await world.leader() else { return false }
                return now.holder != leader.holder && now.epoch > leader.epoch
            }
        }
        switch takeover {
        case .killed:
            try await worker.kill()
            try await anotherLeads()
            workers[leader.holder] = try await world.money.worker(leader.holder)
        case .fenced:
            try await worker.freeze()
            // Also where it stands still in the middle of a transaction that has the lane's row locked.
            try await anotherLeads()
            worker.signal(SIGCONT)
        case .stopped:
            #expect(try await worker.stop() == 0)
            try await anotherLeads()
            workers[leader.holder] = try await world.money.worker(leader.holder)
        }
    }
}
