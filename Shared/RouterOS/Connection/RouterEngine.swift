import Concurrency

/// The connections to one router and the commands that wait for one. Pure, as its machines are: what the network does comes from
/// outside, what is to be done is returned.
///
/// - A command goes to the connection that has least to do; another connection is opened while all have something to do.
/// - After a failure the next attempt waits, longer each time, less a random share. Waiting commands wait on, until their deadline.
/// - After several failures in a row the router is left alone (`CircuitBreaker`), and who waits is told. So it is, at once, where
///   the router refuses our credentials or shows a wrong certificate: trying again would not help.
struct RouterEngine: Sendable {
    enum Action: Hashable, Sendable {
        /// Connect, and say `opened` or `ended`.
        case open(UInt32)
        case send(UInt32, [UInt8])
        /// Close the transport, after what was sent before has left. It is not to be reported.
        case close(UInt32)
        /// `nanoseconds`: from its sending to its answer; nil where it was not sent.
        case finished(ticket: UInt64, Result<RouterAnswer, RouterOSError>, nanoseconds: UInt64?)
        /// A connection ended otherwise than by our will.
        case failed(RouterOSError)
    }

    private struct Slot: Sendable {
        var machine: ConnectionMachine
        /// Until when the transport must be open; nil once it is.
        var connectBy: UInt64?
        /// Whether the breaker waits for what becomes of it.
        var isProbe: Bool
        /// When somebody last used it.
        var usedAt: UInt64
    }

    private struct Waiting: Sendable {
        let ticket: UInt64
        let command: RouterCommand
        let deadline: UInt64
    }

    let configuration: RouterConfiguration
    private var slots: [UInt32: Slot] = [:]
    private var waiting: [Waiting] = []
    private var breaker: CircuitBreaker
    private var backoff: Backoff
    private var retryAt: UInt64 = 0
    private var lastFailure: RouterOSError?
    private var nextSlot: UInt32 = 1
    private var isStopped = false

    /// `random` gives numbers in 0..<1.
    init(_ configuration: RouterConfiguration, random: @escaping @Sendable () -> Double) {
        self.configuration = configuration
        breaker = CircuitBreaker(configuration.pool.breaker)
        let pool = configuration.pool
        backoff = Backoff(initial: pool.firstPause, maximum: max(pool.firstPause, pool.longestPause), random: random)
    }

    // MARK: - What is known

    /// Transports that are open or being opened.
    var connections: Int { slots.count }
    var waitingCommands: Int { waiting.count }
    var breakerOpenings: Int { breaker.openings }
    func breakerState(now: UInt64) -> CircuitBreaker.State { breaker.state(now: now) }

    /// When `tick` has something to do, unless something else happens before.
    var nextDeadline: UInt64? {
        let pool = configuration.pool
        var earliest = waiting.lazy.map(\.deadline).min()
        func consider(_ time: UInt64?) { if let time { earliest = min(earliest ?? time, time) } }
        if !waiting.isEmpty, !slots.values.contains(where: { $0.machine.phase != .ready }),
            slots.count < pool.connections
        {
            consider(max(retryAt, breaker.opensAgain ?? 0))
        }
        for slot in slots.values {
            consider(slot.connectBy)
            consider(slot.machine.nextDeadline)
            guard slot.machine.isReady, slot.machine.load == 0 else { continue }
            consider(slot.usedAt.later(by: pool.idleLimit.monotonic))
            consider(slot.machine.heardAt.later(by: pool.silenceLimit.monotonic))
        }
        return earliest
    }

    // MARK: - Commands

    mutating func submit(_ command: RouterCommand, ticket: UInt64, deadline: UInt64, now: UInt64) -> [Action] {
        func refused(_ error: RouterOSError) -> [Action] {
            [.finished(ticket: ticket, .failure(error), nanoseconds: nil)]
        }
        if isStopped { return refused(RouterOSError(.closed, "the client was stopped")) }
        if deadline <= now { return refused(RouterOSError(.timeout, "its deadline passed before it began")) }
        guard !slots.isEmpty || breaker.wouldAdmit(now: now) else { return refused(resting) }
        guard waiting.count < configuration.pool.waiting else {
            return refused(RouterOSError(.busy, "as many commands wait as may"))
        }
        waiting.append(Waiting(ticket: ticket, command: command, deadline: deadline))
        return pump(now: now)
    }

    /// Nobody waits for it any more.
    mutating func cancel(_ ticket: UInt64, now: UInt64) -> [Action] {
        if let index = waiting.firstIndex(where: { $0.ticket == ticket }) {
            waiting.remove(at: index)
            return [
                .finished(
                    ticket: ticket,
                    .failure(RouterOSError(.cancelled, "cancelled while it waited")),
                    nanoseconds: nil
                )
            ]
        }
        for id in slots.keys.sorted() {
            guard let actions = slots[id]?.machine.cancel(ticket, now: now), !actions.isEmpty else { continue }
            return apply(actions, id, now: now) + pump(now: now)
        }
        return []
    }

    // MARK: - The network

    /// The transport is open, TLS included.
    mutating func opened(_ id: UInt32, now: UInt64) -> [Action] {
        guard let slot = slots[id], slot.connectBy != nil else { return [] }
        slots[id]?.connectBy = nil
        return apply(slots[id]?.machine.opened(now: now) ?? [], id, now: now)
    }

    mutating func received(_ id: UInt32, _ octets: [UInt8], now: UInt64) -> [Action] {
        let actions = slots[id]?.machine.received(octets, now: now) ?? []
        return apply(actions, id, now: now) + pump(now: now)
    }

    /// The transport is gone, or was never there.
    mutating func ended(_ id: UInt32, _ error: RouterOSError, now: UInt64) -> [Action] {
        guard slots[id] != nil else { return [] }
        return apply(slots[id]?.machine.lost(error) ?? [], id, now: now).filter { $0 != .close(id) } + pump(now: now)
    }

    /// Time has passed.
    mutating func tick(now: UInt64) -> [Action] {
        var actions = expire(now: now)
        let pool = configuration.pool
        for id in slots.keys.sorted() {
            guard let slot = slots[id] else { continue }
            if let connectBy = slot.connectBy, connectBy <= now {
                actions += apply(
                    slots[id]?.machine.lost(RouterOSError(.unreachable, "no connection in time")) ?? [],
                    id,
                    now: now
                )
                continue
            }
            actions += apply(slots[id]?.machine.tick(now: now) ?? [], id, now: now)
            guard let slot = slots[id], slot.machine.isReady, slot.machine.load == 0 else { continue }
            if slot.usedAt.later(by: pool.idleLimit.monotonic) <= now {
                slots[id] = nil
                actions.append(.close(id))
            } else if slot.machine.heardAt.later(by: pool.silenceLimit.monotonic) <= now {
                actions += apply(ask(id, now: now), id, now: now)
            }
        }
        return actions + pump(now: now)
    }

    /// Ends everything; who waits is told that.
    mutating func stop(_ error: RouterOSError) -> [Action] {
        isStopped = true
        let failures = waiting.map { Action.finished(ticket: $0.ticket, .failure(error), nanoseconds: nil) }
        waiting = []
        var actions: [Action] = []
        for id in slots.keys.sorted() {
            for case .finished(let ticket, let result, let nanoseconds) in slots[id]?.machine.lost(error) ?? [] {
                actions.append(.finished(ticket: ticket, result, nanoseconds: nanoseconds))
            }
            actions.append(.close(id))
        }
        slots = [:]
        return failures + actions
    }

    // MARK: - Private

    private var resting: RouterOSError {
        RouterOSError(.resting, "left alone for a while: " + (lastFailure?.description ?? "it does not answer"))
    }

    /// A question that every router answers every user.
    private mutating func ask(_ id: UInt32, now: UInt64) -> [ConnectionMachine.Action] {
        let deadline = now.later(by: configuration.pool.cancelLimit.monotonic)
        return slots[id]?.machine.submit(
            RouterCommand("/system/identity/print"),
            ticket: nil,
            deadline: deadline,
            now: now
        ) ?? []
    }

    private mutating func expire(now: UInt64) -> [Action] {
        let late = waiting.filter { $0.deadline <= now }
        guard !late.isEmpty else { return [] }
        waiting.removeAll { $0.deadline <= now }
        let error =
            lastFailure.map { RouterOSError($0.code, $0.message) } ?? RouterOSError(.timeout, "no connection in time")
        return late.map { .finished(ticket: $0.ticket, .failure(error), nanoseconds: nil) }
    }

    /// Gives waiting commands to connections, and opens one more where that helps.
    private mutating func pump(now: UInt64) -> [Action] {
        var actions: [Action] = []
        var taken = 0
        while taken < waiting.count, let id = freest {
            let next = waiting[taken]
            taken += 1
            slots[id]?.usedAt = now
            let sent =
                slots[id]?.machine.submit(next.command, ticket: next.ticket, deadline: next.deadline, now: now) ?? []
            actions += apply(sent, id, now: now)
        }
        waiting.removeFirst(taken)
        return actions + open(now: now)
    }

    private var freest: UInt32? {
        slots.filter { $0.value.machine.isReady && $0.value.machine.load < configuration.pool.commandsPerConnection }
            .min { ($0.value.machine.load, $0.key) < ($1.value.machine.load, $1.key) }?.key
    }

    private mutating func open(now: UInt64) -> [Action] {
        let busy = min(2, configuration.pool.commandsPerConnection)
        guard !isStopped, !waiting.isEmpty || !slots.isEmpty, slots.count < configuration.pool.connections,
            now >= retryAt,
            slots.values.allSatisfy({ $0.machine.isReady && $0.machine.load >= busy })
        else { return [] }
        let isProbe: Bool
        switch breaker.admit(now: now) {
        case .go: isProbe = false
        case .probe: isProbe = true
        case .refused: return slots.isEmpty ? refuse(resting) : []
        }
        let id = nextSlot
        nextSlot &+= 1
        let connectBy = now.later(by: configuration.pool.connectLimit.monotonic)
        slots[id] = Slot(
            machine: ConnectionMachine(configuration),
            connectBy: connectBy,
            isProbe: isProbe,
            usedAt: now
        )
        return [.open(id)]
    }

    private mutating func refuse(_ error: RouterOSError) -> [Action] {
        defer { waiting = [] }
        return waiting.map { .finished(ticket: $0.ticket, .failure(error), nanoseconds: nil) }
    }

    private mutating func apply(_ steps: [ConnectionMachine.Action], _ id: UInt32, now: UInt64) -> [Action] {
        var actions: [Action] = []
        for step in steps {
            switch step {
            case .send(let octets): actions.append(.send(id, octets))
            case .ready:
                breaker.answered()
                lastFailure = nil
                slots[id]?.usedAt = now
                slots[id]?.isProbe = false
            case .finished(let ticket, let result, let nanoseconds):
                slots[id]?.usedAt = now
                // Only an answer shows that the router is of use: one that lets in and drops us is no reason for haste.
                if case .success = result { backoff.reset() }
                actions.append(.finished(ticket: ticket, result, nanoseconds: nanoseconds))
            case .close(let error): actions += close(id, error, now: now)
            }
        }
        return actions
    }

    private mutating func close(_ id: UInt32, _ error: RouterOSError, now: UInt64) -> [Action] {
        guard let slot = slots.removeValue(forKey: id) else { return [] }
        lastFailure = error
        retryAt = now.later(by: backoff.next().monotonic)
        let isHopeless = error.code == .loginRefused || error.code == .tls
        // One that was of use and broke says nothing against the next; one that fell silent does.
        if !slot.machine.wasReady || error.code == .timeout { _ = breaker.timedOut(now: now, wasProbe: slot.isProbe) }
        let isLeftAlone = slots.isEmpty && breaker.state(now: now) == .open
        return [.close(id), .failed(error)] + (isHopeless || isLeftAlone ? refuse(error) : [])
    }
}
