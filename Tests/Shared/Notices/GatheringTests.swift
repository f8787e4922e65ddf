import Domain
import Notices
import SharedTesting
import Testing

@Suite(.proves("NTF-07")) struct GatheringTests {
    private static let gathering = Gathering()
    private static let start = Timestamp(secondsSince1970: 1_795_000_000)

    private func at(_ seconds: Int) -> Timestamp { Self.start + .seconds(seconds) }

    @Test func `the first alarm waits for company, and one alone is told as itself`() {
        let held = Gathering.Held(oldest: at(0), count: 1)
        #expect(Self.gathering.decision(on: held, at: at(0)) == .hold(until: at(20), .gathering))
        #expect(
            Self.gathering.decision(on: held, at: at(20).adding(microseconds: -1)) == .hold(until: at(20), .gathering)
        )
        #expect(Self.gathering.decision(on: held, at: at(20)) == .tellOne)
        #expect(Self.gathering.decision(on: Gathering.Held(oldest: at(0), count: 2), at: at(20)) == .tellDigest)
    }

    @Test func `after something was told it is quiet for a while, a single alarm or a digest`() {
        let held = Gathering.Held(oldest: at(100), count: 3, lastTold: at(20))
        #expect(Self.gathering.decision(on: held, at: at(130)) == .hold(until: at(920), .resting))
        #expect(Self.gathering.decision(on: held, at: at(920)) == .tellDigest)
        // The one that comes at the end of the rest waits for company as the first did.
        let late = Gathering.Held(oldest: at(910), count: 1, lastTold: at(20))
        #expect(Self.gathering.decision(on: late, at: at(920)) == .hold(until: at(930), .gathering))
    }

    @Test func `who was told as often as his budget allows is told when the first has left the hour`() {
        let held = Gathering.Held(oldest: at(0), count: 1, toldLastHour: 20, firstToldLastHour: at(-1800))
        #expect(Self.gathering.decision(on: held, at: at(30)) == .hold(until: at(1800), .budget))
        let room = Gathering.Held(oldest: at(0), count: 1, toldLastHour: 19, firstToldLastHour: at(-1800))
        #expect(Self.gathering.decision(on: room, at: at(30)) == .tellOne)
        // Nobody knows when: it is asked again after a rest.
        let unknown = Gathering.Held(oldest: at(0), count: 1, toldLastHour: 20)
        #expect(Self.gathering.decision(on: unknown, at: at(30)) == .hold(until: at(930), .budget))
    }

    @Test func `quiet hours hold what is due, and no longer than they last`() {
        var held = Gathering.Held(oldest: at(0), count: 2, quietUntil: at(3000))
        #expect(Self.gathering.decision(on: held, at: at(30)) == .hold(until: at(3000), .quietHours))
        held.quietUntil = nil
        #expect(Self.gathering.decision(on: held, at: at(3000)) == .tellDigest)
        held.quietUntil = at(10)
        #expect(Self.gathering.decision(on: held, at: at(5)) == .hold(until: at(20), .gathering))
    }

    @Test
    func `what somebody waits for is never gathered; the rest is when the budget is spent or something is ahead of it`()
    {
        #expect(!Self.gathering.overflows(priority: 0, toldLastHour: 1000, heldForBudget: 1000))
        #expect(!Self.gathering.overflows(priority: 1, toldLastHour: 19, heldForBudget: 0))
        #expect(Self.gathering.overflows(priority: 1, toldLastHour: 20, heldForBudget: 0))
        #expect(Self.gathering.overflows(priority: 3, toldLastHour: 0, heldForBudget: 1))
    }

    @Test func `what is to be asked again lies ahead and not far, whatever the clocks say`() throws {
        var random = SeededRandom()
        for round in 0..<2000 {
            let gathering = Self.anyGathering(&random)
            let held = Gathering.Held(
                oldest: anyTime(&random),
                count: Int.random(in: 1...3, using: &random),
                lastTold: Bool.random(using: &random) ? anyTime(&random) : nil,
                toldLastHour: Int.random(in: 0...30, using: &random),
                firstToldLastHour: Bool.random(using: &random) ? anyTime(&random) : nil
            )
            let now = at(0)
            let note: Comment = "seed \(random.seed), round \(round): \(held) by \(gathering)"
            guard case .hold(let until, _) = gathering.decision(on: held, at: now) else { continue }
            #expect(until > now, note)
            #expect(until <= now + max(gathering.wait, gathering.rest, Gathering.hour), note)
        }
    }

    @Test func `ten thousand alarms in any pattern are one message for each rest, each told once and soon`() throws {
        var random = SeededRandom()
        for round in 0..<105 {
            let storm = Storm.allCases[round % Storm.allCases.count]
            let gathering = round < 14 ? Self.gathering : Self.roomy(&random)
            let count = round < 14 ? 10_000 : Int.random(in: 1...600, using: &random)
            let arrivals = storm.arrivals(count, gathering, &random)
            var world = GatheringWorld(gathering)
            for (id, time) in arrivals.enumerated() {
                Self.work(&world, until: time)
                world.alarm(id, key: "devices", at: time)
                // A worker may ask when it was not told to.
                if id % 97 == 0 { world.ask("devices", at: time) }
            }
            Self.work(&world, until: nil)
            let note = "seed \(random.seed), round \(round), \(storm)"
            try Self.checkOnce(world, count, note)
            Self.checkSpacing(world, note)
            let span = try #require(arrivals.last).microseconds(since: try #require(arrivals.first))
            #expect(world.told.count <= Int(span / max(gathering.rest.wholeMicroseconds, 1)) + 2, "\(note)")
            let longest = max(gathering.wait, gathering.rest)
            for telling in world.told {
                let oldest = arrivals[telling.alarms[0]]
                guard telling.at >= oldest + gathering.wait, telling.at <= oldest + longest else {
                    Issue.record("\(note): of \(oldest) is told at \(telling.at)")
                    break
                }
            }
            // Whatever came while it waited costs no decision of its own.
            #expect(world.asked <= 3 * world.told.count + count / 97 + 1, "\(note)")
        }
    }

    @Test func `a storm is one digest at once and one for each rest while it lasts`() {
        var random = SeededRandom()
        var world = GatheringWorld(Self.gathering)
        for (id, time) in Storm.atOnce.arrivals(10_000, Self.gathering, &random).enumerated() {
            world.alarm(id, key: "devices", at: time)
        }
        Self.work(&world, until: nil)
        #expect(world.told.count == 1)
        #expect(world.told.first?.alarms.count == 10_000 && world.told.first?.isDigest == true)
    }

    @Test func `several keys and ordinary notices share a budget: none is lost, and none waits for ever`() throws {
        var random = SeededRandom()
        for round in 0..<150 {
            // Four keys of alarms, and that of what overflows, told at most four times an hour each.
            let gathering = Gathering(budget: Int.random(in: 20...24, using: &random))
            let storm = Storm.allCases[round % Storm.allCases.count]
            let arrivals = storm.arrivals(Int.random(in: 1...800, using: &random), gathering, &random)
            var world = GatheringWorld(gathering)
            for (id, time) in arrivals.enumerated() {
                Self.work(&world, until: time)
                switch Int.random(in: 0..<10, using: &random) {
                case 0: world.notice(id, priority: 0, at: time)
                case 1..<6: world.notice(id, priority: Int.random(in: 1...3, using: &random), at: time)
                default: world.alarm(id, key: "key \(id % 4)", at: time)
                }
            }
            Self.work(&world, until: nil)
            let note = "seed \(random.seed), round \(round), \(storm)"
            try Self.checkOnce(world, arrivals.count, note)
            Self.checkSpacing(world, note)
            Self.checkBudget(world, note)
            for telling in world.told {
                let limit = telling.key == nil ? .zero : max(gathering.wait, gathering.rest) + Gathering.hour
                guard telling.at <= arrivals[telling.alarms[0]] + limit else {
                    Issue.record("\(note): \(telling.key ?? "a notice") waited since \(arrivals[telling.alarms[0]])")
                    break
                }
            }
        }
    }

    // MARK: -

    private func anyTime(_ random: inout SeededRandom) -> Timestamp {
        at(Int.random(in: -8000...8000, using: &random))
    }

    private static func anyGathering(_ random: inout SeededRandom) -> Gathering {
        Gathering(
            wait: .seconds(Int.random(in: 0...60, using: &random)),
            rest: .seconds(Int.random(in: 0...3600, using: &random)),
            budget: Int.random(in: 1...30, using: &random)
        )
    }

    /// One whose budget a single key cannot use up.
    private static func roomy(_ random: inout SeededRandom) -> Gathering {
        let rest = Int.random(in: 60...3600, using: &random)
        return Gathering(
            wait: .seconds(Int.random(in: 0...60, using: &random)),
            rest: .seconds(rest),
            budget: 3600 / rest + 1
        )
    }

    /// Lets the world's workers come whenever something is due, until a time or until nothing is held.
    private static func work(_ world: inout GatheringWorld, until end: Timestamp?) {
        while let (name, due) = world.next, world.stuck == 0 {
            if let end, due > end { return }
            world.ask(name, at: due)
        }
    }

    private static func checkOnce(_ world: GatheringWorld, _ count: Int, _ note: String) throws {
        #expect(world.stuck == 0, "\(note)")
        let told = world.told.flatMap(\.alarms).sorted()
        #expect(told.elementsEqual(0..<count), "\(note): \(told.count) tellings of \(count)")
        #expect(world.told.allSatisfy { $0.isDigest == ($0.alarms.count > 1) }, "\(note)")
    }

    private static func checkSpacing(_ world: GatheringWorld, _ note: String) {
        for (name, tellings) in Dictionary(grouping: world.told.filter { $0.key != nil }, by: { $0.key ?? "" }) {
            for (one, next) in zip(tellings, tellings.dropFirst()) where next.at < one.at + world.gathering.rest {
                Issue.record("\(note): \(name) at \(one.at) and at \(next.at)")
                return
            }
        }
    }

    private static func checkBudget(_ world: GatheringWorld, _ note: String) {
        let times = world.told.filter { $0.priority > 0 }.map(\.at)
        let budget = world.gathering.budget
        for (one, later) in zip(times, times.dropFirst(budget)) where later < one + Gathering.hour {
            Issue.record("\(note): more than \(budget) from \(one) to \(later)")
            return
        }
    }
}
