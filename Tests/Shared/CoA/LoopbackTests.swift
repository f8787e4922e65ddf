import CoA
import Concurrency
import Crypto
import Domain
import Observability
import RADIUS
import SharedTesting
import Sockets
import Synchronization
import Testing

/// A NAS at a real socket: each request is handed to `behave`, which says what goes back. It runs until it is stopped.
private final class LoopbackNAS: Sendable {
    private let socket: UDPSocket
    private let isStopping = Atomic<Bool>(false)
    private let requests = Mutex<[[UInt8]]>([])
    private let behave: @Sendable (_ request: [UInt8], _ number: Int) -> [[UInt8]]

    init(_ behave: @escaping @Sendable (_ request: [UInt8], _ number: Int) -> [[UInt8]]) throws {
        socket = try UDPSocket(address: "127.0.0.1", port: 0, receiveBuffer: 1 << 20)
        self.behave = behave
        _ = try PlatformThread.start(name: "loopback-nas") { self.serve() }
    }

    var address: SourceAddress { SourceAddress(high: 0, low: 0xffff_7f00_0001, port: socket.port) }
    var received: [[UInt8]] { requests.withLock { $0 } }
    func stop() { isStopping.store(true, ordering: .releasing) }

    private func serve() {
        guard let batch = DatagramBatch(slots: 16, capacity: 4097), let epoll = try? Epoll() else { return }
        try? epoll.add(socket.descriptor, .readable, token: 0)
        while !isStopping.load(ordering: .acquiring) {
            try? epoll.wait(until: .after(.milliseconds(20))) { _ in }
            for slot in 0..<max(0, batch.receive(from: socket)) {
                // SAFETY: both are read before the next receive.
                let request = unsafe Array(batch.bytes(slot, capacity: 4097))
                let source = unsafe SourceAddress(batch.source(slot))
                let number = requests.withLock { requests in
                    requests.append(request)
                    return requests.count
                }
                for answer in behave(request, number) { socket.send(answer, to: source) }
            }
        }
    }
}

@Suite struct LoopbackTests {
    /// Short waits, so that tries are over soon. Nothing here depends on how long they really take.
    private static func settings(
        outstanding: Int = 64,
        tries: Int = 3,
        threshold: Int = 1_000,
        initial: Duration = .milliseconds(40)
    )
        -> ControlEngine.Settings
    {
        ControlEngine.Settings(
            outstandingPerNAS: outstanding,
            retransmission: .init(initial: initial, longest: .milliseconds(320), tries: tries),
            breaker: .init(threshold: threshold, pause: .seconds(600), longestPause: .seconds(600))
        )
    }

    private func withClient(
        _ settings: ControlEngine.Settings,
        _ nas: LoopbackNAS,
        _ body: @escaping @Sendable (ControlClient, MetricsRegistry) async throws -> Void
    ) async throws {
        let registry = MetricsRegistry()
        let client = try ControlClient(address: "127.0.0.1", settings: settings, metrics: ControlMetrics(registry))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            // Whatever happens, the threads end.
            defer {
                client.stop()
                nas.stop()
            }
            try await body(client, registry)
            client.stop()
            try await group.waitForAll()
        }
    }

    @Test(.proves("COA-01", "COA-07")) func `an acknowledgement and a refusal come back, and are counted`() async throws
    {
        let nas = try LoopbackNAS { request, number in
            [Fixture.answer(request, refusal: number == 2 ? .sessionContextNotFound : nil)]
        }
        try await withClient(Self.settings(), nas) { client, registry in
            let first = await client.send(try Fixture.order(session: "a", to: nas.address))
            #expect(first == .acknowledged(terminateCause: nil))
            let second = await client.send(try Fixture.order(session: "b", to: nas.address))
            #expect(second == .refused(Refusal(.sessionContextNotFound)))
            let text = String(decoding: registry.render(), as: UTF8.self)
            for line in [
                #"coa_requests_total{vendor="mikrotik",kind="disconnect",outcome="acknowledged"} 1"#,
                #"coa_requests_total{vendor="mikrotik",kind="disconnect",outcome="refused"} 1"#,
                #"coa_refusals_total{vendor="mikrotik",kind="disconnect",cause="503"} 1"#,
                #"coa_round_trip_seconds_count{vendor="mikrotik",kind="disconnect"} 2"#,
                #"coa_breakers{state="closed"} 1"#, "coa_outstanding 0",
            ] { #expect(text.contains(line), "\(line)") }
        }
    }

    @Test(.proves("COA-04", "COA-07"))
    func `of many requests through a bad network each has its own answer, and none is done under two identifiers`()
        async throws
    {
        var random = SeededRandom()
        let seed = random.next()
        let nas = try LoopbackNAS { request, number in
            var chance = SeededRandom(seed: seed &+ UInt64(number))
            // Lost; under a wrong secret; garbled before the real one; twice.
            switch chance.next() % 6 {
            case 0: return []
            case 1: return [Fixture.answer(request, secret: Fixture.otherSecret)]
            case 2: return [Array(Fixture.answer(request).dropLast()), Fixture.answer(request)]
            case 3: return [Fixture.answer(request), Fixture.answer(request)]
            default: return [Fixture.answer(request)]
            }
        }
        try await withClient(Self.settings(outstanding: 8, tries: 24), nas) { client, _ in
            let outcomes = await withTaskGroup(of: ControlOutcome?.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        guard let order = try? Fixture.order(session: "session-\(number)", to: nas.address) else {
                            return nil
                        }
                        return await client.send(order)
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count == 200)
            #expect(outcomes.allSatisfy { $0 == .acknowledged(terminateCause: nil) })
        }
        // A request that came again is the same octets; each session was asked for with one identifier.
        var bySession: [[UInt8]: Set<[UInt8]>] = [:]
        for octets in nas.received {
            let packet = try Packet(parsing: octets)
            bySession[packet.first(AttributeType.acctSessionID) ?? [], default: []].insert(octets)
        }
        #expect(bySession.count == 200 && bySession.values.allSatisfy { $0.count == 1 })
    }

    @Test func `answers in any order find who asked`() async throws {
        let held = Mutex<[[UInt8]]>([])
        let nas = try LoopbackNAS { request, _ in
            held.withLock { held in
                if !held.contains(request) { held.append(request) }
                guard held.count == 8 else { return [] }
                // The last first; those with an odd id are refused.
                return held.reversed().map { octets in
                    let session = (try? Packet(parsing: octets))?.first(AttributeType.acctSessionID)
                    let isOdd = session?.last.map { $0 % 2 == 1 } ?? false
                    return Fixture.answer(octets, refusal: isOdd ? .invalidRequest : nil)
                }
            }
        }
        try await withClient(Self.settings(tries: 24), nas) { client, _ in
            try await withThrowingTaskGroup(of: (Int, ControlOutcome).self) { group in
                for number in 0..<8 {
                    group.addTask {
                        (number, await client.send(try Fixture.order(session: "s\(number)", to: nas.address)))
                    }
                }
                for try await (number, outcome) in group {
                    let isOdd = !number.isMultiple(of: 2)
                    #expect(
                        outcome == (isOdd ? .refused(Refusal(.invalidRequest)) : .acknowledged(terminateCause: nil))
                    )
                }
            }
        }
    }

    @Test(.proves("COA-05")) func `a wrong secret and a deaf NAS time out, and the breaker opens for that NAS alone`()
        async throws
    {
        let deaf = try LoopbackNAS { request, _ in [Fixture.answer(request, secret: Fixture.otherSecret)] }
        let other = try LoopbackNAS { request, _ in [Fixture.answer(request)] }
        defer { other.stop() }
        try await withClient(Self.settings(threshold: 1, initial: .milliseconds(300)), deaf) { client, registry in
            let first = await client.send(try Fixture.order(session: "a", to: deaf.address))
            guard case .timedOut(3, let bad) = first else {
                Issue.record("\(first)")
                return
            }
            try await eventually { deaf.received.count == 3 }
            #expect(bad > 0 && client.peer(deaf.address)?.breaker == .open)
            let second = await client.send(try Fixture.order(session: "b", to: deaf.address))
            guard case .notSent(.breakerOpen(until: .some)) = second else {
                Issue.record("\(second)")
                return
            }
            let third = await client.send(try Fixture.order(session: "c", to: other.address))
            #expect(third == .acknowledged(terminateCause: nil))
            #expect(String(decoding: registry.render(), as: UTF8.self).contains("coa_breaker_openings_total 1"))
            client.resetBreaker(deaf.address)
            #expect(client.peer(deaf.address)?.breaker == .closed)
        }
        #expect(Set(deaf.received).count == 1 && deaf.received.count == 3)
    }

    @Test func `who is cancelled, or still waits at the end, is told`() async throws {
        let nas = try LoopbackNAS { _, _ in [] }
        try await withClient(.init(outstandingPerNAS: 1), nas) { client, _ in
            try await withThrowingTaskGroup(of: ControlOutcome.self) { group in
                group.addTask { await client.send(try Fixture.order(session: "a", to: nas.address)) }
                try await eventually { client.levels.outstanding == 1 }
                group.addTask { await client.send(try Fixture.order(session: "b", to: nas.address)) }
                try await eventually { client.levels.waiting == 1 }
                group.cancelAll()
                var outcomes: Set<ControlOutcome> = []
                for try await outcome in group { outcomes.insert(outcome) }
                #expect(outcomes.contains(.abandoned))
            }
            try await eventually { client.levels.outstanding == 0 && client.levels.waiting == 0 }
            client.stop()
            let late = await client.send(try Fixture.order(session: "c", to: nas.address))
            #expect(late == .notSent(.stopped))
        }
    }
}
