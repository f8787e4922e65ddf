import Concurrency
import Observability

/// The pool's one thread: sends, reads and times everything. Made and used on that thread only.
final class PoolLoop {
    private static let mailboxToken = UInt64.max

    private let configuration: PostgresConfiguration
    let mailbox: PoolMailbox
    private let metrics: PostgresMetrics?
    private let epoll: Epoll
    var machine: PoolStateMachine
    var lines: [PoolLine?]
    var requests: [UInt64: PoolRequest] = [:]
    var backoff: Backoff
    var resting: [Int: Deadline] = [:]
    /// No request's deadline, and no interrupt's limit, comes before this.
    var nextCheck = Deadline.never
    private var unflushed: Set<Int> = []
    private var closers: [PoolPromise<Void>] = []
    private var isClosing = false
    private var failure = PostgresError(.connectionFailed, "not connected")

    init(
        _ configuration: PostgresConfiguration,
        mailbox: PoolMailbox,
        backoff: Backoff,
        metrics: PostgresMetrics?
    ) throws(SystemError) {
        self.configuration = configuration
        self.mailbox = mailbox
        self.backoff = backoff
        self.metrics = metrics
        machine = PoolStateMachine(
            maximumConnections: configuration.maximumConnections,
            maximumWaiting: configuration.maximumWaiting
        )
        lines = Array(repeating: nil, count: configuration.maximumConnections)
        epoll = try Epoll()
        try epoll.add(mailbox.wake.fileDescriptor, .readable, token: Self.mailboxToken)
    }

    /// Serves until it is closed and everything under way is done.
    func run() {
        perform(machine.start())
        while !isClosing || !machine.isQuiet {
            var ready: [Int] = []
            var hasMail = false
            do {
                try epoll.wait(until: min(nextCheck, resting.values.min() ?? .never)) { event in
                    if event.token == Self.mailboxToken { hasMail = true } else { ready.append(Int(event.token)) }
                }
            } catch {
                // Only a programming error makes epoll_wait fail; the loop cannot go on without it.
                preconditionFailure("epoll_wait failed: \(error)")
            }
            if hasMail { for command in mailbox.take() { handle(command) } }
            for slot in ready { receive(slot) }
            checkTimes()
            while let slot = unflushed.popFirst() { flush(slot) }
            showState()
        }
        finish()
    }

    // MARK: - Commands

    private func handle(_ command: PoolCommand) {
        switch command {
        case .submit(let request): submit(request)
        case .run(let lease, let request):
            guard let line = lines[lease.slot], line.lease == lease.ticket else {
                return request.fail(PostgresError(.connectionLost, "the connection broke"))
            }
            watch(request.deadline)
            if line.interrupt == nil { send(request, lease.slot) } else { line.parked.append(request) }
        case .release(let lease): release(lease)
        case .withdraw(let ticket): interrupt(ticket, .cancelled)
        case .connected(let slot, .success(let wire)): connected(slot, wire)
        case .connected(let slot, .failure(let error)):
            failure = error
            perform(machine.connectFailed(slot))
        case .cancelSent(let slot): settle(slot)
        case .close(let promise):
            isClosing = true
            if let promise { closers.append(promise) }
        }
    }

    private func submit(_ request: PoolRequest) {
        guard !isClosing else { return request.fail(PostgresError(.closed, "the pool is closed")) }
        requests[request.ticket] = request
        watch(request.deadline)
        if case .lease = request.work {
            perform(machine.submit(request.ticket, .lease))
        } else {
            perform(machine.submit(request.ticket, .group))
        }
    }

    private func release(_ lease: PoolLease) {
        guard let line = lines[lease.slot], line.lease == lease.ticket else { return }
        // A transaction left open, or a statement nobody waits for: the next holder must not inherit it.
        guard line.isEmpty, line.parked.isEmpty, line.interrupt == nil, line.wire.isIdle else {
            return lose(lease.slot, PostgresError(.closed, "the connection was given back while at work"))
        }
        line.lease = nil
        perform(machine.released(lease.slot))
    }

    private func connected(_ slot: Int, _ wire: Wire) {
        do throws(SystemError) {
            try epoll.add(wire.descriptor, .readable, token: UInt64(slot))
        } catch {
            failure = PostgresError(.connectionFailed, "\(error)")
            return perform(machine.connectFailed(slot))
        }
        backoff.reset()
        lines[slot] = PoolLine(wire)
        perform(machine.connected(slot))
    }

    func perform(_ actions: [PoolStateMachine.Action]) {
        for action in actions {
            switch action {
            case .connect(let slot): connect(slot)
            case .rest(let slot): resting[slot] = .after(backoff.next())
            case .send(let ticket, let slot):
                if let request = requests.removeValue(forKey: ticket) { send(request, slot) }
            case .grant(let ticket, let slot):
                guard case .lease(let promise)? = requests.removeValue(forKey: ticket)?.work else { continue }
                lines[slot]?.lease = ticket
                promise.answer(.success(PoolLease(slot: slot, ticket: ticket)))
            case .refuse(let ticket):
                let text = "more than \(configuration.maximumWaiting) calls wait for a connection"
                requests.removeValue(forKey: ticket)?.fail(PostgresError(.overloaded, text))
            case .fail(let tickets):
                for ticket in tickets { requests.removeValue(forKey: ticket)?.fail(failure) }
            }
        }
    }

    /// On a thread of its own: resolving a name blocks.
    private func connect(_ slot: Int) {
        do throws(SystemError) {
            _ = try PlatformThread.start(name: "pg-connect") { [configuration, mailbox] in
                let outcome = Result { () throws(PostgresError) in try Wire.connect(configuration) }
                _ = mailbox.post(.connected(slot: slot, outcome))
            }
        } catch {
            _ = mailbox.post(.connected(slot: slot, .failure(PostgresError(.connectionFailed, "\(error)"))))
        }
    }

    // MARK: - Lines

    func send(_ request: PoolRequest, _ slot: Int) {
        guard let line = lines[slot] else {
            return request.fail(PostgresError(.connectionLost, "the connection broke"))
        }
        do throws(PostgresError) {
            try line.send(request)
            unflushed.insert(slot)
        } catch {
            request.fail(error)
            lose(slot, error)
        }
    }

    private func flush(_ slot: Int) {
        guard let line = lines[slot] else { return }
        do {
            let isWaiting = try !line.wire.flush()
            guard isWaiting != line.isWaitingToWrite else { return }
            line.isWaitingToWrite = isWaiting
            try epoll.modify(
                line.wire.descriptor,
                isWaiting ? [.readable, .writable] : .readable,
                token: UInt64(slot)
            )
        } catch {
            lose(slot, error as? PostgresError ?? PostgresError(.connectionLost, "\(error)"))
        }
    }

    private func receive(_ slot: Int) {
        guard let line = lines[slot] else { return }
        do throws(PostgresError) {
            try line.wire.consume()
            while let flight = try line.nextComplete() { complete(flight, slot, line) }
            if line.isWaitingToWrite { unflushed.insert(slot) }
        } catch {
            lose(slot, error)
        }
    }

    private func complete(_ flight: PoolLine.Flight, _ slot: Int, _ line: PoolLine) {
        var request = flight.request
        let outcome = outcome(of: flight, line)
        if case .failure(let error) = outcome, !request.isRepeated, !request.isAbandoned,
            mayRepeat(error, flight, line)
        {
            request.isRepeated = true
            send(request, slot)
        } else {
            if case .group(_, let promise) = request.work { promise.answer(outcome) }
            if line.lease == nil { perform(machine.finished(slot)) }
        }
        settle(slot)
    }

    private func outcome(of flight: PoolLine.Flight, _ line: PoolLine) -> Result<[PGRows], PostgresError> {
        guard let error = flight.reply.error else { return .success(flight.reply.results) }
        guard let reason = flight.interruption, error.sqlState == "57014" else { return .failure(error) }
        return .failure(Self.interrupted(reason, sqlState: "57014"))
    }

    /// What the server has undone for a reason that was none of the caller's is sent once more.
    private func mayRepeat(_ error: PostgresError, _ flight: PoolLine.Flight, _ line: PoolLine) -> Bool {
        if line.wire.forgetStale(flight.request.statements, after: error) {
            return line.lease == nil || line.wire.isIdle
        }
        // A neighbour's cancel request hit this one.
        return line.lease == nil && line.interrupt != nil && flight.interruption == nil && error.sqlState == "57014"
    }

    func lose(_ slot: Int, _ error: PostgresError) {
        guard let line = lines[slot] else { return }
        lines[slot] = nil
        // Fails only for a descriptor that is gone already.
        try? epoll.remove(line.wire.descriptor)
        for flight in line.takeAll() {
            flight.request.fail(flight.interruption.map { Self.interrupted($0, sqlState: nil) } ?? error)
        }
        for request in line.parked { request.fail(error) }
        perform(machine.lost(slot))
    }

    // MARK: - State and end

    private func showState() {
        guard let metrics else { return }
        var idle = 0, busy = 0, leased = 0, connecting = 0
        for slot in machine.slots {
            switch slot {
            case .empty, .resting: break
            case .connecting: connecting += 1
            case .shared(let inFlight): if inFlight == 0 { idle += 1 } else { busy += 1 }
            case .leased: leased += 1
            }
        }
        metrics.idle.set(Double(idle))
        metrics.busy.set(Double(busy))
        metrics.leased.set(Double(leased))
        metrics.connecting.set(Double(connecting))
    }

    private func finish() {
        for command in mailbox.close() {
            switch command {
            case .submit(let request), .run(_, let request): request.fail(PostgresError(.closed, "the pool is closed"))
            case .close(let promise): if let promise { closers.append(promise) }
            case .release, .withdraw, .connected, .cancelSent: break
            }
        }
        lines = []
        for promise in closers { promise.answer(.success(())) }
    }
}
