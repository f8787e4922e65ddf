import Domain
import Events
import Identity
import Messaging
import SharedTesting
import Synchronization
import Testing

@testable import APIGateway

@Suite(.proves("WS-01", "WS-03", "WS-06")) struct LiveTailTests {
    private let operatorNOC = Principal.sample(.nocEngineer, LiveSample.tenant(1))

    private func add(_ stream: MemoryStream, _ tenant: UInt64, kind: String = "session.started", user: String = "alice")
        -> UInt64
    {
        let tenant = LiveSample.tenant(tenant)
        return stream.add(kind, tenant, LiveSample.json(tenant, kind: kind, username: user))
    }

    private func gaps(_ output: NotingOutput) -> [LiveNotice] {
        output.notices.filter { if case .gap = $0 { true } else { false } }
    }

    @Test func `a tail begins now and gets what happens from then on, in order, once`() async throws {
        let stream = MemoryStream()
        for _ in 0..<10 { _ = add(stream, 1) }
        let bench = LiveBench(stream)
        try await bench.running {
            try await bench.watching(operatorNOC) { output, _, _ in
                try await eventually { output.isReady }
                for _ in 0..<50 { _ = add(stream, 2) }
                try await eventually { output.sequences.count >= 50 }
                #expect(output.sequences == Array(11...60))
                #expect(output.notices.first == .ready(sequence: 10, mask: .revealed))
                #expect(gaps(output).isEmpty)
            }
        }
    }

    @Test func `from any place, with any filter, exactly what follows and may be seen is told`() async throws {
        var random = SeededRandom()
        let stream = MemoryStream()
        let kinds = ["session.started", "session.stopped", "radius.access", "ipam.conflict", "identity.login_failed"]
        var all: [LiveEvent] = []
        for sequence: UInt64 in 1...400 {
            let tenant = LiveSample.tenant(UInt64.random(in: 1...4, using: &random))
            let kind = kinds.randomElement(using: &random) ?? "session.started"
            let user = ["alice", "bob", "carol"].randomElement(using: &random) ?? ""
            let customer = UInt64.random(in: 10...13, using: &random)
            let json = LiveSample.json(tenant, kind: kind, username: user, customer: customer)
            #expect(stream.add(kind, tenant, json) == sequence)
            all.append(try LiveEvent(sequence: sequence, subject: "\(kind).\(tenant)", json: json))
        }
        let events = all
        // Half of the places lie in memory, half in the stream alone.
        let bench = LiveBench(stream, events: 200)
        let tree = LiveScope.tree(LiveBench.parents)
        let cases = (0..<150).map { _ in
            var filter = LiveFilter()
            if Bool.random(using: &random) {
                filter.kinds = [["session.*", "radius.access", "identity.*"].randomElement(using: &random) ?? ""]
            }
            if Bool.random(using: &random) { filter.usernames = ["alice"] }
            if Int.random(in: 0..<4, using: &random) == 0 {
                filter.tenants = [LiveSample.tenant(UInt64.random(in: 1...4, using: &random))]
            }
            if Int.random(in: 0..<4, using: &random) == 0 { filter.customers = [CustomerID(LiveSample.id(10))] }
            let role = [Role.nocEngineer, .support, .tenantAdmin].randomElement(using: &random) ?? .support
            let principal = Principal.sample(role, LiveSample.tenant(UInt64.random(in: 1...4, using: &random)))
            return (principal, filter, UInt64.random(in: 0...400, using: &random))
        }
        try await bench.running {
            try await eventually { bench.feed.end?.sequence == 400 }
            for (principal, filter, place) in cases {
                let scope = LiveScope(principal)
                let expected = events.filter { $0.sequence > place && filter.matches($0) && scope.covers($0, in: tree) }
                    .map(\.sequence)
                try await bench.watching(principal, filter, .after(place)) { output, _, _ in
                    try await eventually { output.isReady && output.sequences.count >= expected.count }
                    #expect(output.sequences == expected)
                    #expect(gaps(output).isEmpty)
                }
            }
        }
    }

    @Test func `no filter shows anybody another tenant's event`() async throws {
        var random = SeededRandom()
        let stream = MemoryStream()
        for _ in 0..<300 { _ = add(stream, UInt64.random(in: 1...4, using: &random)) }
        let bench = LiveBench(stream)
        let cases = (0..<100).map { _ in
            (UInt64.random(in: 2...4, using: &random), LiveSample.tenant(UInt64.random(in: 1...4, using: &random)))
        }
        try await bench.running {
            for (home, asked) in cases {
                var filter = LiveFilter()
                filter.tenants = [asked]
                let principal = Principal.sample(.nocEngineer, LiveSample.tenant(home))
                try await bench.watching(principal, filter, .after(0)) { output, request, id in
                    try await eventually { output.isReady }
                    // Something that he may see comes last, so that everything before it was judged.
                    request.change(to: .subscribe(LiveFilter(), nil))
                    bench.feed.wake(id)
                    let mark = add(stream, home, user: "mark")
                    try await eventually { output.sequences.last == mark }
                    let visible: Set<UInt64> = home == 2 ? [2, 4] : [home]
                    let others = (UInt64(1)...4).filter { !visible.contains($0) }.map {
                        LiveSample.tenant($0).description
                    }
                    #expect(!output.texts.contains { text in others.contains { text.contains($0) } })
                }
            }
        }
    }

    @Test func `the last few that fit the filter come first`() async throws {
        let stream = MemoryStream()
        for number in 0..<30 { _ = add(stream, number.isMultiple(of: 2) ? 2 : 3) }
        let bench = LiveBench(stream)
        try await bench.running {
            try await bench.watching(.sample(.nocEngineer, LiveSample.tenant(3)), LiveFilter(), .last(3)) {
                output,
                _,
                _ in
                try await eventually { output.sequences.count >= 3 }
                #expect(output.sequences == [26, 28, 30])
            }
        }
    }

    @Test func `another filter goes on where the tail stands`() async throws {
        let stream = MemoryStream()
        let bench = LiveBench(stream)
        try await bench.running {
            var alice = LiveFilter()
            alice.usernames = ["alice"]
            try await bench.watching(operatorNOC, alice) { output, request, id in
                try await eventually { output.isReady }
                let first = [add(stream, 1), add(stream, 1, user: "bob"), add(stream, 1)]
                try await eventually { output.sequences.last == first[2] }
                var bob = LiveFilter()
                bob.usernames = ["bob"]
                request.change(to: .subscribe(bob, nil))
                bench.feed.wake(id)
                let second = [add(stream, 1, user: "bob"), add(stream, 1), add(stream, 1, user: "bob")]
                try await eventually { output.sequences.last == second[2] }
                #expect(output.sequences.filter { $0 > first[2] }.allSatisfy { $0 != second[1] })
                #expect(output.sequences.starts(with: [first[0], first[2]]))
                #expect(gaps(output).isEmpty)
            }
        }
    }

    @Test func `a client that takes nothing is bounded, and told what it missed`() async throws {
        let stream = MemoryStream()
        let bench = LiveBench(stream, events: 100)
        try await bench.running {
            try await bench.watching(operatorNOC) { output, _, _ in
                try await eventually { output.isReady }
                let first = add(stream, 1)
                try await eventually { output.sequences == [first] }
                output.stick(true)
                for _ in 0..<1_000 { _ = add(stream, 1) }
                try await eventually { bench.feed.end?.sequence == 1_001 }
                output.stick(false)
                // It may fall behind twice, and then what comes before it was told of all that is skipped as well.
                try await eventually {
                    output.sequences.last == 1_001
                        || gaps(output).contains { if case .gap(_, _, 1_001) = $0 { true } else { false } }
                }
                #expect(!gaps(output).isEmpty)
                let last = add(stream, 1)
                try await eventually { output.sequences.last == last }
                // What was told and what was skipped is everything, each once.
                var known = output.sequences
                for gap in gaps(output) {
                    guard case .gap(.slow, let from, let through) = gap else {
                        Issue.record("another gap than a slow client's: \(gap)")
                        continue
                    }
                    known += Array(from...through)
                }
                #expect(known.sorted() == Array(1...last))
            }
        }
    }

    @Test func `what the stream no longer has is told as gone`() async throws {
        let stream = MemoryStream()
        for _ in 0..<50 { _ = add(stream, 1) }
        stream.drop(through: 20)
        let bench = LiveBench(stream, events: 100)
        try await bench.running {
            try await bench.watching(operatorNOC, LiveFilter(), .after(5)) { output, _, _ in
                try await eventually { output.sequences.count >= 30 }
                #expect(output.sequences == Array(21...50))
                #expect(gaps(output) == [.gap(.removed, from: 6, through: 20)])
            }
            try await bench.watching(operatorNOC, LiveFilter(), .after(7_000)) { output, _, _ in
                try await eventually { !gaps(output).isEmpty }
                #expect(gaps(output) == [.gap(.ahead, from: 7_001, through: 50)])
                let next = add(stream, 1)
                try await eventually { output.sequences == [next] }
            }
        }
    }

    @Test func `more histories than may be read at once are refused, not queued`() async throws {
        let stream = MemoryStream()
        for _ in 0..<50 { _ = add(stream, 1) }
        let bench = LiveBench(stream, events: 10, histories: 1)
        let turn = try #require(bench.histories.turn(for: operatorNOC))
        try await bench.running {
            try await bench.watching(operatorNOC, LiveFilter(), .after(0)) { output, _, _ in
                try await eventually { output.notices.contains(.end(.unavailable)) }
                #expect(output.sequences.isEmpty)
            }
            turn.end()
            try await bench.watching(operatorNOC, LiveFilter(), .after(0)) { output, _, _ in
                try await eventually { output.sequences.count >= 50 }
            }
        }
    }

    @Test func `nobody takes every turn: not a user, not a tenant`() async throws {
        func somebody(_ tenant: UInt64, _ user: UInt64) -> Principal {
            Principal(
                actor: Actor(
                    userID: UserID(LiveSample.id(user)),
                    tenantID: LiveSample.tenant(tenant),
                    role: .nocEngineer,
                    customerID: nil,
                    permissions: Role.nocEngineer.permissions
                ),
                proof: .apiKey(APIKeyID(LiveSample.id(501)))
            )
        }
        let histories = LiveBench(MemoryStream(), histories: 8).histories
        let first = try #require(histories.turn(for: somebody(2, 1)))
        #expect(histories.turn(for: somebody(2, 1)) != nil)
        #expect(histories.turn(for: somebody(2, 1)) == nil)
        for user: UInt64 in 2...3 { #expect(histories.turn(for: somebody(2, user)) != nil) }
        #expect(histories.turn(for: somebody(2, 4)) == nil)
        first.end()
        #expect(histories.turn(for: somebody(2, 1)) != nil)
        for user: UInt64 in 5...8 { #expect(histories.turn(for: somebody(3, user)) != nil) }
        #expect(histories.turn(for: somebody(4, 9)) == nil)
    }

    @Test func `a client that stalls within the history gives its turn back`() async throws {
        let stream = MemoryStream()
        for _ in 0..<50 { _ = add(stream, 1) }
        let bench = LiveBench(stream, events: 10, histories: 1)
        try await bench.running {
            let output = NotingOutput()
            var tail = bench.tail(output, LiveRequest(LiveFilter(), .after(0)))
            tail.stall = .milliseconds(100)
            let slow = tail
            output.stick(true)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await slow.run(bench.feed.newID(), as: operatorNOC) }
                try await group.waitForAll()
            }
            try await bench.watching(operatorNOC, LiveFilter(), .after(0)) { output, _, _ in
                try await eventually { output.sequences.count >= 50 }
            }
        }
    }

    @Test func `a tail ends with the right to watch`() async throws {
        let stream = MemoryStream()
        let bench = LiveBench(stream)
        let answers: [(LiveStanding, LiveNotice.End)] = [
            (.refused, .unauthenticated), (.allowed(.sample(.technician, LiveSample.tenant(1))), .forbidden),
            (.unknown, .unavailable),
        ]
        try await bench.running {
            for (answer, end) in answers {
                let output = NotingOutput()
                let tail = bench.tail(output, LiveRequest(LiveFilter(), .now), renewal: .zero) { answer }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await tail.run(bench.feed.newID(), as: operatorNOC) }
                    // Its waits end with every event.
                    group.addTask {
                        while !Task.isCancelled, !output.notices.contains(.end(end)) {
                            _ = add(stream, 3)
                            try await eventually { bench.feed.end?.sequence == stream.extent()?.last }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(output.notices.last == .end(end))
            }
        }
    }

    @Test func `rights that change change what is seen from then on`() async throws {
        let stream = MemoryStream()
        let bench = LiveBench(stream)
        let principal = Mutex(operatorNOC)
        try await bench.running {
            let output = NotingOutput()
            let tail = bench.tail(output, LiveRequest(LiveFilter(), .now), renewal: .zero) {
                .allowed(principal.withLock { $0 })
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await tail.run(bench.feed.newID(), as: operatorNOC) }
                try await eventually { output.isReady }
                let first = add(stream, 2, user: "alice@example.net")
                try await eventually { output.sequences.last == first }
                #expect(output.texts.last?.contains("alice") == true)
                principal.withLock { $0 = .sample(.support, LiveSample.tenant(1)) }
                try await eventually {
                    let next = add(stream, 2, user: "alice@example.net")
                    try await eventually { output.sequences.last == next }
                    return output.texts.last?.contains("alice") == false
                }
                group.cancelAll()
            }
        }
    }
}
