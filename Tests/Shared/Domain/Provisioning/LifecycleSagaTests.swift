import Domain
import SharedTesting
import Testing

@Suite(.proves("LCY-02", "LCY-09", "LCY-10")) struct LifecycleSagaTests {
    private static let start = Timestamp(secondsSince1970: 1_790_000_000)
    private static let rules = LifecycleRules(attempts: 3)

    private static func run(_ kind: LifecycleKind) -> LifecycleRun {
        LifecycleRun(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            id: LifecycleRunID(UUID128(high: 2, low: 1)),
            serviceID: ServiceID(UUID128(high: 3, low: 1)),
            customerID: CustomerID(UUID128(high: 4, low: 1)),
            kind: kind,
            operationID: UUID128(high: 2, low: 1),
            requestedBy: UUID128(high: 5, low: 1),
            requestedAt: start
        )
    }

    /// The run after those outcomes, one a second.
    private static func run(_ kind: LifecycleKind, _ outcomes: [LifecycleOutcome]) -> LifecycleRun {
        var run = run(kind)
        var now = start
        for outcome in outcomes {
            guard run.move(at: now, rules) != .rest else { break }
            run.take(outcome, at: now, rules)
            now = now + .seconds(1)
        }
        return run
    }

    @Test func `steps follow one another, and what does not apply is skipped with its reason`() {
        let run = Self.run(
            .activate,
            [.done(), .skipped("not_applicable"), .done(), .skipped("no_subscription"), .done(), .skipped("no_router")]
        )
        #expect(run.state == .completed && run.endedAt != nil && run.nextAt == nil)
        #expect(run.steps.map(\.state) == [.done, .skipped, .done, .skipped, .done, .skipped])
        #expect(run.steps[1].reason == "not_applicable")
    }

    @Test func `what was done is undone in reverse`() {
        var run = Self.run(.activate, [.done(), .done(), .done(), .refused("wrong_state")])
        #expect(run.state == .rollingBack && run.reason == "wrong_state")
        #expect(run.move(at: Self.start, Self.rules) == .compensate(2))
        run.take(.done(), at: Self.start, Self.rules)
        #expect(run.move(at: Self.start, Self.rules) == .compensate(1))
        run.take(.done(), at: Self.start, Self.rules)
        #expect(run.state == .rolledBack)
        #expect(run.steps.map(\.state) == [.done, .compensated, .compensated, .failed, .pending, .pending])
    }

    @Test func `a refusal at eligibility leaves nothing to undo`() {
        let run = Self.run(.activate, [.refused("adapter_missing")])
        #expect(run.state == .rolledBack && run.reason == "adapter_missing")
    }

    @Test func `behind the point of no return nothing is undone, and what stays is told`() {
        let run = Self.run(.terminate, [.done(), .done(), .refused("service_gone")])
        #expect(run.state == .failed && run.reason == "service_gone")
        #expect(run.steps.map(\.state) == [.done, .notCompensated, .failed, .pending, .pending, .pending])
        #expect(run.steps[1].reason == .final)
    }

    @Test func `at its deadline a run turns back, or is stuck where there is no way back`() {
        let late = Self.start + .seconds(301)
        var back = Self.run(.suspend, [.done(), .done()])
        #expect(back.move(at: late, Self.rules) == .compensate(1) && back.reason == .deadline)
        var on = Self.run(.terminate, [.done(), .done()])
        #expect(on.move(at: late, Self.rules) == .perform(2) && on.isStuck(at: late))
        #expect(!on.isStuck(at: Self.start + .seconds(299)))
    }

    @Test func `a compensation is tried so often, with pauses that double, and then told`() {
        var run = Self.run(.suspend, [.done(), .done(), .refused("service_gone")])
        var pauses: [Int64] = []
        while run.state == .rollingBack {
            #expect(run.move(at: Self.start, Self.rules) == .compensate(1))
            run.take(.failed("collecting"), at: Self.start, Self.rules)
            if let nextAt = run.nextAt { pauses.append(nextAt.microseconds(since: Self.start)) }
        }
        #expect(pauses == [1_000_000, 2_000_000])
        #expect(run.state == .failed && run.steps[1].state == .notCompensated && run.steps[1].reason == .attempts)
    }

    @Test func `a password that was taken away is behind the point of no return`() {
        let run = Self.run(.terminate, [.done(), .skipped("no_subscription"), .skipped("has_status"), .done()])
        #expect(run.isPastReturn)
        var late = run
        #expect(late.move(at: Self.start + .seconds(301), Self.rules) == .perform(4) && late.state == .running)
    }

    @Test func `a run whose first step cannot be tried rests, longer each time, and ends at its deadline`() {
        var run = Self.run(.suspend)
        run.postpone(at: Self.start, failures: 1, Self.rules)
        #expect(run.startedAt == Self.start && run.deadline == Self.start + .seconds(300))
        #expect(run.nextAt == Self.start + .seconds(1))
        run.postpone(at: Self.start + .seconds(1), failures: 2, Self.rules)
        #expect(run.nextAt == Self.start + .seconds(3) && run.deadline == Self.start + .seconds(300))
        run.postpone(at: Self.start + .seconds(3), failures: 60, Self.rules)
        #expect(run.nextAt == Self.start + .seconds(33))
        #expect(run.move(at: Self.start + .seconds(300), Self.rules) == .rest)
        #expect(run.state == .rolledBack && run.reason == .deadline)
    }

    /// What a model of the world has of a run: which steps' effects are there.
    private struct World {
        var effects: Set<Int> = []
        var done = 0
    }

    private static func outcome(_ random: inout SeededRandom) -> LifecycleOutcome {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: .refused("refused")
        case 1..<4: .failed("collecting")
        case 4..<6: .waits(.milliseconds(500))
        case 6..<9: .skipped("not_applicable")
        default: .done()
        }
    }

    /// One move: its effect and what the run becomes commit together, or neither does where the process is killed before.
    private static func move(
        _ run: inout LifecycleRun,
        _ world: inout World,
        at now: Timestamp,
        _ random: inout SeededRandom
    ) {
        var (next, after) = (run, world)
        switch next.move(at: now, rules) {
        case .perform(let index):
            let outcome = outcome(&random)
            #expect(run.steps[..<index].allSatisfy { $0.state == .done || $0.state == .skipped })
            if case .done = outcome {
                after.done += 1
                if run.steps[index].name.hasEffect { #expect(after.effects.insert(index).inserted) }
            }
            next.take(outcome, at: now, rules)
        case .compensate(let index):
            #expect(index == world.effects.max())
            let outcome = outcome(&random)
            switch outcome {
            case .done, .skipped: after.effects.remove(index)
            case .waits, .refused, .failed: break
            }
            next.take(outcome, at: now, rules)
            // What cannot be undone stays there and is told.
            if next.steps[index].state == .notCompensated { after.effects.remove(index) }
        case .rest: break
        }
        let isKilledBefore = Int.random(in: 0..<4, using: &random) == 0
        if !isKilledBefore { (run, world) = (next, after) }
    }

    @Test func `whatever happens, and whenever it is killed, it ends and tells the truth`() {
        var random = SeededRandom()
        var ends: Set<LifecycleRun.State> = []
        for number in 0..<2_000 {
            var run = Self.run(LifecycleKind.allCases[number % LifecycleKind.allCases.count])
            var (world, now, moves) = (World(), Self.start, 0)
            while !run.state.isFinal, moves < 10_000 {
                #expect(run.nextAt != nil, "one that has not ended is due at some time")
                let slip = Int.random(in: 0..<50, using: &random) == 0 ? Int64(400) : 0
                now = max(now, run.nextAt ?? now) + .seconds(slip)
                Self.move(&run, &world, at: now, &random)
                moves += 1
            }
            ends.insert(run.state)
            let kept = run.steps.indices.filter { run.steps[$0].state == .done && run.steps[$0].name.hasEffect }
            switch run.state {
            case .completed:
                #expect(run.steps.allSatisfy { $0.state == .done || $0.state == .skipped })
                #expect(world.effects == Set(kept))
            case .rolledBack:
                #expect(world.effects.isEmpty && kept.isEmpty && run.reason != nil, "seed \(random.seed)")
            case .failed:
                #expect(run.steps.contains { $0.state == .notCompensated && $0.reason != nil } && kept.isEmpty)
            case .running, .rollingBack: Issue.record("it did not end; seed \(random.seed), run \(number)")
            }
            let before = run
            #expect(run.move(at: now + .seconds(1_000), Self.rules) == .rest && run == before)
        }
        #expect(ends == [.completed, .rolledBack, .failed])
    }
}
