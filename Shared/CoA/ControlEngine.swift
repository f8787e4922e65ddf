package import Concurrency
import RADIUS
package import Sockets

/// Everything that happens between asking for a request and knowing what became of it, for all NASes. Pure: packets, time and
/// chance come in, what to send and who is to be told goes out. Nanoseconds of a monotonic clock.
///
/// Guaranteed: each ticket is finished exactly once. No identifier of a socket is used twice towards a NAS while a request
/// with it is under way. At most `outstandingPerNAS` requests are under way towards a NAS and one for a session, and `ratePerNAS` are begun
/// in a second. What waits
/// is bounded per NAS and in all. A NAS whose breaker is open is sent nothing.
package struct ControlEngine: Sendable {
    package struct Settings: Sendable {
        /// How many sockets there are: each has 256 identifiers towards each NAS.
        package var sockets: Int
        package var outstandingPerNAS: Int
        /// Requests a second that are begun towards a NAS, as many at once; 0 is no limit. Repeats do not count.
        package var ratePerNAS: UInt32
        package var waitingPerNAS: Int
        package var waitingInAll: Int
        package var retransmission: Retransmission.Settings
        package var breaker: CircuitBreaker.Settings

        package init(
            sockets: Int = 2,
            outstandingPerNAS: Int = 64,
            ratePerNAS: UInt32 = 0,
            waitingPerNAS: Int = 4096,
            waitingInAll: Int = 65_536,
            retransmission: Retransmission.Settings = .init(),
            breaker: CircuitBreaker.Settings = .init()
        ) {
            precondition(sockets > 0 && outstandingPerNAS > 0 && waitingPerNAS >= 0 && waitingInAll >= 0)
            self.sockets = sockets
            self.outstandingPerNAS = min(outstandingPerNAS, sockets * 256)
            self.ratePerNAS = ratePerNAS
            self.waitingPerNAS = waitingPerNAS
            self.waitingInAll = waitingInAll
            self.retransmission = retransmission
            self.breaker = breaker
        }
    }

    package enum Action: Sendable {
        case send(socket: Int, to: SourceAddress, octets: [UInt8], isRepeat: Bool)
        /// `roundTrip` from the first sending to the answer, where there was one.
        case finish(ticket: UInt64, order: ControlOrder, ControlOutcome, roundTrip: UInt64?)
        /// A NAS's breaker opened.
        case opened(SourceAddress)
    }

    /// What a datagram turned out to be. The raw values are a metric's labels.
    package enum Arrival: String, Sendable, Hashable, CaseIterable {
        case answer
        /// The answer to a request that was answered before.
        case duplicate
        /// The answer to a request that was given up.
        case late
        case badAuthenticator = "bad_authenticator"
        case malformed
        case unexpectedCode = "unexpected_code"
        /// From where nothing was sent to, or with an identifier that was not used.
        case stray
    }

    /// What somebody may want to know of a NAS.
    package struct PeerState: Hashable, Sendable {
        package let breaker: CircuitBreaker.State
        /// Timeouts in a row.
        package let failures: Int
        package let openings: Int
        /// When an open breaker lets a request go; nil for one that is not open.
        package let opensAgain: UInt64?
        package let outstanding: Int
        package let waiting: Int

        package init(
            breaker: CircuitBreaker.State,
            failures: Int,
            openings: Int,
            opensAgain: UInt64?,
            outstanding: Int,
            waiting: Int
        ) {
            self.breaker = breaker
            self.failures = failures
            self.openings = openings
            self.opensAgain = opensAgain
            self.outstanding = outstanding
            self.waiting = waiting
        }
    }

    package let settings: Settings
    private let chance: @Sendable () -> Double
    private let eventTime: @Sendable () -> UInt32
    private var peers: [SourceAddress: ControlPeer] = [:]
    private var exchanges: [UInt64: Exchange] = [:]
    private var pending: [UInt64: Pending] = [:]
    private var deadlines = DeadlineHeap()
    /// NASes by the tickets under which they stand among the deadlines, beyond those of requests.
    private var paced: [UInt64: SourceAddress] = [:]
    private var peersMade: UInt64 = 0
    private static let peerTickets: UInt64 = 1 << 63

    /// `chance` gives numbers in 0..<1, `eventTime` the second since 1970 for Event-Timestamp.
    package init(
        _ settings: Settings = Settings(),
        chance: @escaping @Sendable () -> Double,
        eventTime: @escaping @Sendable () -> UInt32
    ) {
        self.settings = settings
        self.chance = chance
        self.eventTime = eventTime
    }

    /// How many requests are under way.
    package var outstanding: Int { exchanges.count }
    /// How many wait.
    package var waiting: Int { pending.count }
    /// When `tick` wants to be called; nil while nothing is due ever.
    package var nextDeadline: UInt64? { deadlines.first?.due }

    // MARK: - What comes in

    /// Asks for a request under a ticket that was not used before, less than 2^63.
    package mutating func submit(_ order: ControlOrder, ticket: UInt64, now: UInt64) -> [Action] {
        var peer = peers.removeValue(forKey: order.destination) ?? newPeer(order.destination, now)
        defer { peers[order.destination] = peer }
        guard peer.breaker.wouldAdmit(now: now) else {
            return [refusal(ticket, order, .breakerOpen(until: peer.breaker.opensAgain))]
        }
        // Nothing that waits for room could go now, or it would have gone. What waits for its NAS's rate goes first, but for what is urgent.
        let hasRoom = peer.hasRoom(for: order.session, among: settings.outstandingPerNAS)
        let isNext = peer.waiting == 0 || order.isUrgent || !peer.isPaced
        if hasRoom, isNext, peer.bucket.take(now: now) { return start(ticket, order, &peer, now) }
        guard peer.waiting < settings.waitingPerNAS, pending.count < settings.waitingInAll else {
            return [refusal(ticket, order, .queueFull)]
        }
        let until = now.later(by: order.patience.monotonic)
        pending[ticket] = Pending(order: order, until: until)
        deadlines.insert(.init(due: until, ticket: ticket))
        peer.waiting += 1
        if order.isUrgent { peer.urgent.append(ticket) } else { peer.usual.append(ticket) }
        if hasRoom { pace(&peer, now) }
        return []
    }

    /// Whoever asked does not want to know any more. What was sent is not sent again.
    package mutating func cancel(_ ticket: UInt64, now: UInt64) -> [Action] {
        if let waiting = pending.removeValue(forKey: ticket) {
            peers[waiting.order.destination]?.waiting -= 1
            return [refusal(ticket, waiting.order, .stopped)]
        }
        return exchanges[ticket].map { finish(ticket, $0, .abandoned, now) } ?? []
    }

    /// A datagram came in.
    package mutating func receive(
        _ datagram: [UInt8],
        from source: SourceAddress,
        on socket: Int,
        now: UInt64
    ) -> (Arrival, [Action]) {
        guard datagram.count >= PacketView.headerLength else { return (.malformed, []) }
        let slot = ControlPeer.Slot(socket: socket, identifier: datagram[1])
        guard let ticket = peers[source]?.outstanding[slot], var exchange = exchanges[ticket] else {
            return (afterwards(datagram, source, slot) ?? .stray, [])
        }
        let order = exchange.order
        let read = ControlAnswer.read(
            datagram,
            to: exchange.octets,
            kind: order.request.kind,
            secret: order.secret,
            requiresMessageAuthenticator: order.requiresMessageAuthenticator
        )
        switch read {
        case .success(.acknowledged(let cause)):
            return (.answer, finish(ticket, exchange, .acknowledged(terminateCause: cause), now))
        case .success(.refused(let refusal)): return (.answer, finish(ticket, exchange, .refused(refusal), now))
        case .failure(.malformed): return (.malformed, [])
        case .failure(.unexpectedCode): return (.unexpectedCode, [])
        case .failure(.badAuthenticator):
            // It may answer the request that had this identifier before.
            if let arrival = afterwards(datagram, source, slot), arrival != .badAuthenticator { return (arrival, []) }
            exchange.badAuthenticators += 1
            exchanges[ticket] = exchange
            return (.badAuthenticator, [])
        }
    }

    /// Does what is due by `now`.
    package mutating func tick(now: UInt64) -> [Action] {
        var actions: [Action] = []
        while let first = deadlines.first, first.due <= now {
            _ = deadlines.removeFirst()
            if let exchange = exchanges[first.ticket] {
                actions += step(first.ticket, exchange, now)
            } else if let waiting = pending[first.ticket], waiting.until <= now {
                pending[first.ticket] = nil
                peers[waiting.order.destination]?.waiting -= 1
                actions.append(refusal(first.ticket, waiting.order, .overdue))
            } else if let destination = paced[first.ticket], var peer = peers.removeValue(forKey: destination) {
                peer.isPaced = false
                actions += startWaiting(&peer, now)
                peers[destination] = peer
            }
        }
        return actions
    }

    /// Gives everything up: what waits is not sent, what was sent is abandoned.
    package mutating func stop(now: UInt64) -> [Action] {
        let waiting = pending.keys.sorted()
        return (waiting + exchanges.keys.sorted()).flatMap { cancel($0, now: now) }
    }

    // MARK: - What can be known

    /// What is known of a NAS; nil where nothing was ever asked of it.
    package func state(of destination: SourceAddress, now: UInt64) -> PeerState? {
        peers[destination].map { peer in
            PeerState(
                breaker: peer.breaker.state(now: now),
                failures: peer.breaker.failures,
                openings: peer.breaker.openings,
                opensAgain: peer.breaker.opensAgain,
                outstanding: peer.outstanding.count,
                waiting: peer.waiting
            )
        }
    }

    /// How many NASes have a breaker in each state.
    package func breakers(now: UInt64) -> [CircuitBreaker.State: Int] {
        peers.values.reduce(into: [:]) { $0[$1.breaker.state(now: now), default: 0] += 1 }
    }

    /// Closes a NAS's breaker.
    package mutating func reset(_ destination: SourceAddress) { peers[destination]?.breaker.reset() }

    /// Forgets a NAS that is no more, unless something is asked of it.
    package mutating func forget(_ destination: SourceAddress) {
        guard let peer = peers[destination], peer.outstanding.isEmpty, peer.waiting == 0 else { return }
        peers[destination] = nil
        paced[peer.ticket] = nil
    }

    // MARK: - Requests

    /// Sends a request that has room.
    private mutating func start(
        _ ticket: UInt64,
        _ order: ControlOrder,
        _ peer: inout ControlPeer,
        _ now: UInt64
    ) -> [Action] {
        guard let slot = peer.take(ticket, session: order.session) else {
            return [refusal(ticket, order, .queueFull)]
        }
        let identifier = slot.identifier
        guard
            let octets = order.request.encoded(identifier: identifier, eventTime: eventTime(), secret: order.secret)
        else {
            peer.putBack(slot, session: order.session)
            return [refusal(ticket, order, .tooLong)]
        }
        let exchange = Exchange(
            order: order,
            slot: slot,
            octets: octets,
            isProbe: peer.breaker.admit(now: now) == .probe,
            sentAt: now,
            retransmission: Retransmission(settings.retransmission, now: now, chance: chance())
        )
        exchanges[ticket] = exchange
        deadlines.insert(.init(due: exchange.retransmission.due, ticket: ticket))
        return [.send(socket: slot.socket, to: order.destination, octets: octets, isRepeat: false)]
    }

    /// Sends what waits for this NAS and can go: the urgent first, each kind in its order.
    private mutating func startWaiting(_ peer: inout ControlPeer, _ now: UInt64) -> [Action] {
        var actions: [Action] = []
        while peer.waiting > 0, let ticket = nextWaiting(&peer) {
            guard peer.bucket.take(now: now) else {
                pace(&peer, now)
                break
            }
            guard let next = pending.removeValue(forKey: ticket) else { break }
            peer.waiting -= 1
            actions += start(ticket, next.order, &peer, now)
        }
        return actions
    }

    /// Comes back to a NAS when its rate lets a request go.
    private mutating func pace(_ peer: inout ControlPeer, _ now: UInt64) {
        guard !peer.isPaced else { return }
        peer.isPaced = true
        deadlines.insert(.init(due: now + peer.bucket.wait(now: now), ticket: peer.ticket))
    }

    private mutating func newPeer(_ destination: SourceAddress, _ now: UInt64) -> ControlPeer {
        peersMade += 1
        let peer = ControlPeer(settings, ticket: Self.peerTickets | peersMade, now: now)
        paced[peer.ticket] = destination
        return peer
    }

    private func nextWaiting(_ peer: inout ControlPeer) -> UInt64? {
        let (pending, most) = (pending, settings.outstandingPerNAS)
        guard peer.outstanding.count < most else { return nil }
        var (urgent, usual) = (peer.urgent, peer.usual)
        defer { (peer.urgent, peer.usual) = (urgent, usual) }
        func canGo(_ ticket: UInt64) -> Bool {
            pending[ticket].map { peer.hasRoom(for: $0.order.session, among: most) } ?? false
        }
        return urgent.first(isGone: { pending[$0] == nil }, where: canGo)
            ?? usual.first(isGone: { pending[$0] == nil }, where: canGo)
    }

    /// Something is due for a request under way.
    private mutating func step(_ ticket: UInt64, _ exchange: Exchange, _ now: UInt64) -> [Action] {
        var exchange = exchange
        switch exchange.retransmission.step(now: now, chance: chance()) {
        case .wait: return []
        case .resend(let until):
            exchanges[ticket] = exchange
            deadlines.insert(.init(due: until, ticket: ticket))
            let (socket, target) = (exchange.slot.socket, exchange.order.destination)
            return [.send(socket: socket, to: target, octets: exchange.octets, isRepeat: true)]
        case .giveUp:
            let tries = exchange.retransmission.tries
            let bad = exchange.badAuthenticators
            return finish(ticket, exchange, .timedOut(tries: tries, badAuthenticators: bad), now)
        }
    }

    /// A request is over: its identifier is free, its NAS judged, and the next one goes.
    private mutating func finish(
        _ ticket: UInt64,
        _ exchange: Exchange,
        _ outcome: ControlOutcome,
        _ now: UInt64
    ) -> [Action] {
        let order = exchange.order
        exchanges[ticket] = nil
        guard var peer = peers.removeValue(forKey: order.destination) else { return [] }
        defer { peers[order.destination] = peer }
        var actions: [Action] = []
        switch outcome {
        case .acknowledged, .refused:
            peer.end(exchange, wasAnswered: true)
            peer.breaker.answered()
            let roundTrip = now > exchange.sentAt ? now - exchange.sentAt : 0
            actions.append(.finish(ticket: ticket, order: order, outcome, roundTrip: roundTrip))
        case .timedOut, .notSent, .abandoned:
            peer.end(exchange, wasAnswered: false)
            actions.append(.finish(ticket: ticket, order: order, outcome, roundTrip: nil))
            if outcome == .abandoned {
                if exchange.isProbe { peer.breaker.probeVanished(now: now) }
            } else if peer.breaker.timedOut(now: now, wasProbe: exchange.isProbe) {
                actions.append(.opened(order.destination))
                actions += refuseWaiting(&peer)
            }
        }
        return actions + startWaiting(&peer, now)
    }

    /// The breaker opened: nobody waits for it to close, whoever wants to may ask again.
    private mutating func refuseWaiting(_ peer: inout ControlPeer) -> [Action] {
        let until = peer.breaker.opensAgain
        let tickets = peer.urgent.removeAll() + peer.usual.removeAll()
        peer.waiting = 0
        return tickets.compactMap { ticket in
            pending.removeValue(forKey: ticket).map { refusal(ticket, $0.order, .breakerOpen(until: until)) }
        }
    }

    private func refusal(_ ticket: UInt64, _ order: ControlOrder, _ reason: ControlOutcome.NotSent) -> Action {
        .finish(ticket: ticket, order: order, .notSent(reason), roundTrip: nil)
    }

    /// What a datagram is to the request that had its slot before; nil where none had. The first answer shows that the NAS is
    /// there; a repeat shows nothing, since anybody may send it again.
    private mutating func afterwards(
        _ datagram: [UInt8],
        _ source: SourceAddress,
        _ slot: ControlPeer.Slot
    ) -> Arrival? {
        guard let past = peers[source]?.past[slot] else { return nil }
        let read = ControlAnswer.read(
            datagram,
            to: past.header,
            kind: past.kind,
            secret: past.secret,
            requiresMessageAuthenticator: past.requiresMessageAuthenticator
        )
        switch read {
        case .success:
            guard !past.wasAnswered else { return .duplicate }
            peers[source]?.answeredLate(slot)
            return .late
        case .failure(.malformed): return .malformed
        case .failure(.unexpectedCode): return .unexpectedCode
        case .failure(.badAuthenticator): return .badAuthenticator
        }
    }
}
