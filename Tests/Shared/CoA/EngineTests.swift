import CoA
import Concurrency
import Domain
import RADIUS
import SharedTesting
import Sockets
import Testing

/// The engine in a world of its own: a network that loses, repeats, delays and garbles, NASes that fall silent, and a clock
/// that is a number.
private struct World {
    struct Datagram {
        let at: UInt64
        let socket: Int
        let source: SourceAddress
        let octets: [UInt8]
    }

    var engine: ControlEngine
    var random: SeededRandom
    var now: UInt64 = 1
    var flying: [Datagram] = []
    var orders: [UInt64: ControlOrder] = [:]
    var outcomes: [UInt64: ControlOutcome] = [:]
    var arrivals: [ControlEngine.Arrival: Int] = [:]
    /// By socket, NAS and identifier: what is under way, and when it was sent first.
    var inUse: [String: (octets: [UInt8], sends: Int)] = [:]
    var isSilent: Set<SourceAddress> = []
    /// When a breaker opened that nothing has closed since.
    var openedAt: [SourceAddress: UInt64] = [:]

    init(_ settings: ControlEngine.Settings, _ random: SeededRandom) {
        var chances = SeededRandom(seed: random.seed)
        let fixed = Double(chances.next() % 1_000) / 1_000
        engine = ControlEngine(settings, chance: { fixed }, eventTime: { 7 })
        self.random = random
    }

    mutating func submit(_ order: ControlOrder, ticket: UInt64) {
        orders[ticket] = order
        take(engine.submit(order, ticket: ticket, now: now))
    }

    mutating func take(_ actions: [ControlEngine.Action]) {
        for action in actions {
            switch action {
            case .send(let socket, let target, let octets, let isRepeat):
                let key = "\(socket) \(target) \(octets[1])"
                if isRepeat {
                    #expect(inUse[key]?.octets == octets, "a repeat is what was sent, octet for octet")
                    inUse[key]?.sends += 1
                    #expect((inUse[key]?.sends ?? 9) <= 3)
                } else {
                    #expect(inUse[key] == nil, "identifier \(octets[1]) is under way")
                    let opened = openedAt[target]
                    #expect(opened.map { now >= $0 + 15 * Fixture.second } ?? true, "sent to an open breaker")
                    inUse[key] = (octets, 1)
                }
                network(socket, target, octets)
            case .finish(let ticket, let order, let outcome, _):
                #expect(outcomes[ticket] == nil, "ticket \(ticket) is finished twice")
                outcomes[ticket] = outcome
                if case .notSent = outcome { continue }
                let text = Array(order.session.utf8)
                let peer = " \(order.destination) "
                inUse = inUse.filter { !($0.key.contains(peer) && $0.value.octets.contains(text)) }
            case .opened(let target): openedAt[target] = now
            }
        }
    }

    /// What becomes of a request on its way.
    private mutating func network(_ socket: Int, _ target: SourceAddress, _ octets: [UInt8]) {
        guard !isSilent.contains(target), random.next() % 5 != 0 else { return }
        let secret = random.next() % 12 == 0 ? Fixture.otherSecret : Fixture.secret
        var answer = Fixture.answer(
            octets,
            refusal: random.next() % 4 == 0 ? .sessionContextNotFound : nil,
            secret: secret
        )
        if random.next() % 20 == 0 { answer[Int(random.next() % UInt64(answer.count))] ^= 1 }
        for _ in 0..<(random.next() % 5 == 0 ? 2 : 1) {
            let delay =
                random.next() % (random.next() % 10 == 0 ? 20 : 1) * Fixture.second + random.next() % Fixture.second
            flying.append(Datagram(at: now + delay, socket: socket, source: target, octets: answer))
        }
    }

    /// To the next thing that happens; false when nothing will.
    mutating func advance() -> Bool {
        let arrival = flying.indices.min { flying[$0].at < flying[$1].at }
        let due = [arrival.map { flying[$0].at }, engine.nextDeadline].compactMap(\.self).min()
        guard let due else { return false }
        now = max(now, due)
        if let arrival, flying[arrival].at <= now {
            let datagram = flying.remove(at: arrival)
            let (what, actions) = engine.receive(datagram.octets, from: datagram.source, on: datagram.socket, now: now)
            arrivals[what, default: 0] += 1
            if what == .answer || what == .late { openedAt[datagram.source] = nil }
            take(actions)
        } else {
            take(engine.tick(now: now))
        }
        return true
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        count >= part.count && (0...(count - part.count)).contains { Array(self[$0..<$0 + part.count]) == part }
    }
}

@Suite struct EngineTests {
    private static func nas(_ number: UInt64) -> SourceAddress {
        SourceAddress(high: 0, low: 0xffff_0a00_0000 | number, port: 3799)
    }

    @Test(.proves("COA-04", "COA-05", "COA-07"))
    func `through any network each request ends once, and no identifier is under way twice`() throws {
        var random = SeededRandom()
        for round in 0..<100 {
            let settings = ControlEngine.Settings(
                sockets: 2,
                outstandingPerNAS: 4,
                ratePerNAS: [0, 1, 5][round % 3],
                waitingPerNAS: 20,
                waitingInAll: 50
            )
            var world = World(settings, SeededRandom(seed: random.next()))
            for ticket in 1...120 as ClosedRange<UInt64> {
                let target = Self.nas(random.next() % 3)
                world.isSilent = round % 4 == 0 ? [Self.nas(0)] : []
                // Now and then one session is asked for again while it is under way.
                let number = random.next() % 8 == 0 ? ticket - 1 : ticket
                let order = try Fixture.order(
                    session: "session-\(1_000 + number)",
                    to: target,
                    isUrgent: random.next() % 3 == 0,
                    patience: .seconds(Int(random.next() % 40))
                )
                world.submit(order, ticket: ticket)
                let state = try #require(world.engine.state(of: target, now: world.now))
                #expect(state.outstanding <= 4 && state.waiting <= 20)
                if random.next() % 15 == 0 { world.take(world.engine.cancel(ticket, now: world.now)) }
                for _ in 0..<(random.next() % 4) { _ = world.advance() }
            }
            var steps = 0
            while world.advance(), steps < 20_000 { steps += 1 }
            #expect(world.outcomes.count == 120 && world.engine.outstanding == 0 && world.engine.waiting == 0)
        }
    }

    @Test func `more than 256 requests are under way towards a NAS over two sockets, each with its own identifier`()
        throws
    {
        var engine = ControlEngine(.init(sockets: 2, outstandingPerNAS: 512), chance: { 0.5 }, eventTime: { 7 })
        var used: Set<[Int]> = []
        for ticket in 1...513 as ClosedRange<UInt64> {
            let actions = engine.submit(try Fixture.order(session: "s\(ticket)"), ticket: ticket, now: 1)
            guard case .send(let socket, _, let octets, _) = actions.first else {
                #expect(ticket == 513 && actions.isEmpty)
                continue
            }
            #expect(used.insert([socket, Int(octets[1])]).inserted)
        }
        #expect(used.count == 512 && engine.outstanding == 512 && engine.waiting == 1)
    }

    @Test func `one request of a session at a time, the urgent first, and full is full`() throws {
        let settings = ControlEngine.Settings(outstandingPerNAS: 1, waitingPerNAS: 3)
        var engine = ControlEngine(settings, chance: { 0.5 }, eventTime: { 7 })
        let first = sent(engine.submit(try Fixture.order(session: "a"), ticket: 1, now: 1))
        #expect(first != nil)
        #expect(engine.submit(try Fixture.order(session: "b"), ticket: 2, now: 1).isEmpty)
        #expect(engine.submit(try Fixture.order(session: "c"), ticket: 3, now: 1).isEmpty)
        #expect(engine.submit(try Fixture.order(session: "d", isUrgent: true), ticket: 4, now: 1).isEmpty)
        let full = finished(engine.submit(try Fixture.order(session: "e"), ticket: 5, now: 1))
        #expect(full == [5: .notSent(.queueFull)])
        // A dead one does not slow another NAS.
        let other = try Fixture.order(session: "a", to: Self.nas(9))
        #expect(sent(engine.submit(other, ticket: 6, now: 1)) != nil)
        let answer = Fixture.answer(try #require(first))
        let (arrival, actions) = engine.receive(answer, from: Fixture.nas, on: 0, now: 2)
        #expect(arrival == .answer && finished(actions) == [1: .acknowledged(terminateCause: nil)])
        #expect(sent(actions).map { hasSession("d", $0) } == true)
    }

    @Test func `no more begin in a second than a NAS's rate, the urgent first, whoever is taken back`() throws {
        let settings = ControlEngine.Settings(ratePerNAS: 2)
        var engine = ControlEngine(settings, chance: { 0.5 }, eventTime: { 7 })
        func submit(_ ticket: UInt64, _ session: String, isUrgent: Bool = false) throws -> [UInt8]? {
            sent(engine.submit(try Fixture.order(session: session, isUrgent: isUrgent), ticket: ticket, now: 0))
        }
        #expect(try submit(1, "a") != nil && submit(2, "b") != nil)
        for (ticket, session) in [(UInt64(3), "c"), (4, "d"), (5, "e")] { #expect(try submit(ticket, session) == nil) }
        #expect(try submit(6, "f", isUrgent: true) == nil)
        // What was to go next does not: the others go all the same.
        _ = engine.cancel(3, now: 0)
        var began: [String] = []
        for half in 1...4 as ClosedRange<UInt64> {
            let now = half * Fixture.second / 2
            #expect(engine.nextDeadline.map { $0 <= now } == true)
            let request = sent(
                engine.tick(now: now).filter { action in
                    if case .send(_, _, _, isRepeat: false) = action { true } else { false }
                }
            )
            if let request { began += ["d", "e", "f"].filter { hasSession($0, request) } }
        }
        #expect(began == ["f", "d", "e"] && engine.waiting == 0)
    }

    @Test func `an answer is a repeat after another, late after the last try, and wrong under another secret`() throws {
        let settings = ControlEngine.Settings(sockets: 1, breaker: .init(threshold: 1))
        var engine = ControlEngine(settings, chance: { 0.5 }, eventTime: { 7 })
        let request = try #require(sent(engine.submit(try Fixture.order(session: "a"), ticket: 1, now: 0)))
        func receive(_ octets: [UInt8], _ now: UInt64, from source: SourceAddress = Fixture.nas)
            -> ControlEngine.Arrival
        {
            engine.receive(octets, from: source, on: 0, now: now).0
        }
        let answer = Fixture.answer(request)
        #expect(receive(answer, 1, from: Self.nas(77)) == .stray)
        #expect(receive([1, 2, 3], 1) == .malformed)
        #expect(receive(Fixture.answer(request, secret: Fixture.otherSecret), 1) == .badAuthenticator)
        for second in [2, 6] as [UInt64] { #expect(sent(engine.tick(now: second * Fixture.second)) == request) }
        let given = finished(engine.tick(now: 14 * Fixture.second))
        #expect(given == [1: .timedOut(tries: 3, badAuthenticators: 1)])
        #expect(engine.state(of: Fixture.nas, now: 14 * Fixture.second)?.breaker == .open)
        let refused = finished(engine.submit(try Fixture.order(session: "b"), ticket: 2, now: 15 * Fixture.second))
        #expect(refused == [2: .notSent(.breakerOpen(until: 29 * Fixture.second))])
        // It was slow and not dead: its answer closes the breaker.
        #expect(receive(answer, 16 * Fixture.second) == .late)
        #expect(engine.state(of: Fixture.nas, now: 16 * Fixture.second)?.breaker == .closed)
        #expect(receive(answer, 17 * Fixture.second) == .duplicate)
    }

    @Test(.proves("COA-05")) func `a breaker that opens sends back who waits, and lets one request probe`() throws {
        let settings = ControlEngine.Settings(outstandingPerNAS: 1, breaker: .init(threshold: 1, pause: .seconds(15)))
        var engine = ControlEngine(settings, chance: { 0.5 }, eventTime: { 7 })
        _ = engine.submit(try Fixture.order(session: "a"), ticket: 1, now: 0)
        _ = engine.submit(try Fixture.order(session: "b"), ticket: 2, now: 0)
        for second in [2, 6] as [UInt64] { _ = engine.tick(now: second * Fixture.second) }
        let outcomes = finished(engine.tick(now: 14 * Fixture.second))
        #expect(outcomes[2] == .notSent(.breakerOpen(until: 29 * Fixture.second)))
        let probe = sent(engine.submit(try Fixture.order(session: "c"), ticket: 3, now: 29 * Fixture.second))
        #expect(probe != nil)
        let second = finished(engine.submit(try Fixture.order(session: "d"), ticket: 4, now: 29 * Fixture.second))
        #expect(second == [4: .notSent(.breakerOpen(until: nil))])
        // The probe is taken back: the next request is one.
        #expect(finished(engine.cancel(3, now: 30 * Fixture.second)) == [3: .abandoned])
        #expect(sent(engine.submit(try Fixture.order(session: "e"), ticket: 5, now: 30 * Fixture.second)) != nil)
        engine.reset(Fixture.nas)
        #expect(engine.breakers(now: 30 * Fixture.second) == [.closed: 1])
    }

    @Test(.proves("COA-05")) func `how a NAS stands is known, and after a reset a request goes`() throws {
        let settings = ControlEngine.Settings(
            outstandingPerNAS: 1,
            retransmission: .init(tries: 1),
            breaker: .init(threshold: 2, pause: .seconds(15))
        )
        var engine = ControlEngine(settings, chance: { 0.5 }, eventTime: { 7 })
        func state(_ second: UInt64) -> ControlEngine.PeerState? {
            engine.state(of: Fixture.nas, now: second * Fixture.second)
        }
        #expect(state(0) == nil)
        _ = engine.submit(try Fixture.order(session: "a"), ticket: 1, now: 0)
        _ = engine.submit(try Fixture.order(session: "b"), ticket: 2, now: 0)
        func told(
            _ breaker: CircuitBreaker.State,
            _ failures: Int,
            _ openings: Int,
            until: UInt64? = nil,
            _ waiting: Int
        ) -> ControlEngine.PeerState {
            ControlEngine.PeerState(
                breaker: breaker,
                failures: failures,
                openings: openings,
                opensAgain: until.map { $0 * Fixture.second },
                outstanding: breaker == .open || openings > 0 ? 0 : 1,
                waiting: waiting
            )
        }
        #expect(state(0) == told(.closed, 0, 0, 1))
        _ = engine.tick(now: 2 * Fixture.second)
        #expect(state(2) == told(.closed, 1, 0, 0))
        _ = engine.tick(now: 4 * Fixture.second)
        #expect(state(4) == told(.open, 2, 1, until: 19, 0))
        engine.reset(Fixture.nas)
        #expect(state(4) == told(.closed, 0, 1, 0))
        #expect(sent(engine.submit(try Fixture.order(session: "c"), ticket: 3, now: 4 * Fixture.second)) != nil)
        // Of a NAS that nobody knows nothing comes to be.
        engine.reset(Self.nas(77))
        #expect(engine.state(of: Self.nas(77), now: 0) == nil)
    }

    @Test func `what waits too long is not sent, and what does not fit never is`() throws {
        var engine = ControlEngine(.init(outstandingPerNAS: 1), chance: { 0.5 }, eventTime: { 7 })
        _ = engine.submit(try Fixture.order(session: "a"), ticket: 1, now: 0)
        _ = engine.submit(try Fixture.order(session: "b", patience: .seconds(1)), ticket: 2, now: 0)
        #expect(finished(engine.tick(now: Fixture.second)) == [2: .notSent(.overdue)])
        var change = LiveChange()
        let isTaken = change.add(.filter, (0..<20).map { _ in Attribute(11, [UInt8](repeating: 65, count: 253)) })
        #expect(isTaken)
        let request = try #require(
            ControlRequest.change(change, of: Fixture.identity, by: Fixture.byBoth, timestamped: false)
        )
        let order = ControlOrder(
            destination: Self.nas(5),
            vendor: .generic,
            secret: Fixture.secret,
            request: request,
            session: "x"
        )
        #expect(finished(engine.submit(order, ticket: 3, now: 1)) == [3: .notSent(.tooLong)])
        #expect(finished(engine.stop(now: 2)) == [1: .abandoned])
    }

    private func sent(_ actions: [ControlEngine.Action]) -> [UInt8]? {
        for case .send(_, _, let octets, _) in actions { return octets }
        return nil
    }

    private func hasSession(_ session: String, _ octets: [UInt8]) -> Bool {
        octets.contains([44, UInt8(session.utf8.count + 2)] + Array(session.utf8))
    }

    private func finished(_ actions: [ControlEngine.Action]) -> [UInt64: ControlOutcome] {
        var outcomes: [UInt64: ControlOutcome] = [:]
        for case .finish(let ticket, _, let outcome, _) in actions { outcomes[ticket] = outcome }
        return outcomes
    }
}
