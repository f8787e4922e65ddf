package import Concurrency
import Observability
package import Sockets
import Synchronization

/// Sends CoA and Disconnect requests over UDP, and tells what became of them.
///
/// The engine decides, this moves octets: a request is sent on the task that asks, without ever blocking; one thread reads
/// the answers of all sockets and sends again what is due. Tasks only wait for their own answer.
package final class ControlClient: Sendable {
    /// How much is going on.
    package struct Levels: Sendable {
        package let outstanding: Int
        package let waiting: Int
        package let breakers: [CircuitBreaker.State: Int]
    }

    private struct State: Sendable {
        var engine: ControlEngine
        var asking: [UInt64: CheckedContinuation<ControlOutcome, Never>] = [:]
        /// Until when the reader sleeps.
        var sleepsUntil: UInt64 = 0
        var isStopping = false
        var failure: SystemError?
    }

    /// What is to be done once the lock is released.
    private struct Work {
        var actions: [ControlEngine.Action] = []
        var answers: [(CheckedContinuation<ControlOutcome, Never>, ControlOutcome)] = []
        var mustWake = false
    }

    /// The reader looks around after that at the latest.
    private static let longestSleep: UInt64 = 60_000_000_000

    private let sockets: [UDPSocket]
    private let state: Mutex<State>
    private let metrics: ControlMetrics
    private let wakeup: EventFD
    private let tickets = Atomic<UInt64>(1)

    /// Opens as many sockets as the settings say, at ports that the kernel chooses. `address` is numeric: `0.0.0.0`, or `::` for
    /// NASes at IPv6 addresses too, or the address that the NASes know this client by. Nothing is read before `run`.
    package init(
        address: String = "0.0.0.0",
        settings: ControlEngine.Settings = .init(),
        receiveBuffer: Int = 4 << 20,
        metrics: ControlMetrics
    ) throws {
        var sockets: [UDPSocket] = []
        for _ in 0..<settings.sockets {
            sockets.append(try UDPSocket(address: address, port: 0, receiveBuffer: receiveBuffer))
        }
        self.sockets = sockets
        self.metrics = metrics
        wakeup = try EventFD()
        let engine = ControlEngine(
            settings,
            chance: { Double.random(in: 0..<1) },
            eventTime: { UInt32(clamping: SystemClock.microsecondsSince1970() / 1_000_000) }
        )
        state = Mutex(State(engine: engine))
        metrics.watch { [weak self] in self?.levels ?? Levels(outstanding: 0, waiting: 0, breakers: [:]) }
    }

    // MARK: - Asking

    /// Sends a request and waits for what becomes of it: until the NAS answered, all tries and their waits are over, or it was
    /// clear that nothing would be sent. A task that is cancelled is told at once; what was sent stays sent.
    package func send(_ order: ControlOrder) async -> ControlOutcome {
        let ticket = tickets.wrappingAdd(1, ordering: .relaxed).oldValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRefused = perform { state, now in
                    // A cancellation that came before this lock found no ticket, but its flag is set by now.
                    guard !state.isStopping, !Task.isCancelled else { return nil }
                    state.asking[ticket] = continuation
                    return state.engine.submit(order, ticket: ticket, now: now)
                }
                guard isRefused else { return }
                metrics.count(order, .notSent(.stopped), roundTrip: nil)
                continuation.resume(returning: .notSent(.stopped))
            }
        } onCancel: {
            _ = perform { state, now in state.engine.cancel(ticket, now: now) }
        }
    }

    /// How much is going on.
    package var levels: Levels {
        let now = SystemClock.monotonicNanoseconds()
        return state.withLock { state in
            Levels(
                outstanding: state.engine.outstanding,
                waiting: state.engine.waiting,
                breakers: state.engine.breakers(now: now)
            )
        }
    }

    /// What is known of a NAS; nil where nothing was asked of it.
    package func peer(_ destination: SourceAddress) -> ControlEngine.PeerState? {
        let now = SystemClock.monotonicNanoseconds()
        return state.withLock { $0.engine.state(of: destination, now: now) }
    }

    /// Closes a NAS's breaker.
    package func resetBreaker(_ destination: SourceAddress) { state.withLock { $0.engine.reset(destination) } }

    /// Forgets a NAS that is no more, unless something is asked of it.
    package func forget(_ destination: SourceAddress) { state.withLock { $0.engine.forget(destination) } }

    // MARK: - Running

    /// Reads answers until `stop`, or until the task is cancelled. Throws where the system has no thread or descriptor left.
    /// To be called once; everybody who still waits afterwards has been told.
    package func run() async throws {
        let thread = try PlatformThread.start(name: "coa") { self.read() }
        await withTaskCancellationHandler {
            await thread.joined()
        } onCancel: {
            stop()
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Refuses further requests, tells everybody who waits, and ends `run`.
    package func stop() {
        _ = perform { state, now in
            state.isStopping = true
            return state.engine.stop(now: now)
        }
        wakeup.signal()
    }

    // MARK: - The reader

    private func read() {
        do throws(SystemError) {
            let epoll = try Epoll()
            try epoll.add(wakeup.fileDescriptor, .readable, token: UInt64(sockets.count))
            for (index, socket) in sockets.enumerated() {
                try epoll.add(socket.descriptor, .readable, token: UInt64(index))
            }
            var inboxes: [Inbox] = []
            for socket in sockets {
                guard let inbox = Inbox(socket) else { throw SystemError("recvmmsg", 12) }  // ENOMEM
                inboxes.append(inbox)
            }
            try read(epoll, inboxes)
        } catch {
            state.withLock { $0.failure = error }
            stop()
        }
    }

    private func read(_ epoll: Epoll, _ inboxes: [Inbox]) throws(SystemError) {
        while true {
            let now = SystemClock.monotonicNanoseconds()
            let wake: UInt64? = state.withLock { state in
                guard !state.isStopping else { return nil }
                state.sleepsUntil = min(state.engine.nextDeadline ?? .max, now.later(by: Self.longestSleep))
                return state.sleepsUntil
            }
            guard let wake else { return }
            var readable: [Int] = []
            do {
                try epoll.wait(until: Deadline(nanoseconds: wake)) { readable.append(Int($0.token)) }
            } catch let error as SystemError {
                throw error
            } catch {
                return assertionFailure("epoll throws nothing else")
            }
            for index in readable {
                if index < inboxes.count { take(from: index, inboxes[index]) } else { wakeup.drain() }
            }
            _ = perform { state, now in state.engine.tick(now: now) }
        }
    }

    /// What waits on a socket, bounded, so that what is due is looked at under a flood too.
    private func take(from index: Int, _ inbox: Inbox) {
        for _ in 0..<4 {
            let datagrams = inbox.receive()
            for (datagram, source) in datagrams {
                var arrival = ControlEngine.Arrival.stray
                _ = perform { state, now in
                    let (result, actions) = state.engine.receive(datagram, from: source, on: index, now: now)
                    arrival = result
                    return actions
                }
                metrics.answers[arrival]?.add()
            }
            if datagrams.count < Inbox.slots { break }
        }
        metrics.kernelDrops.add(inbox.newDrops())
    }

    // MARK: - Doing

    /// Lets the engine decide under the lock and does what it says after it: sending and resuming hold nobody up. True where
    /// `decide` gave nil, which does nothing.
    private func perform(_ decide: (inout State, _ now: UInt64) -> [ControlEngine.Action]?) -> Bool {
        let work: Work? = state.withLock { state in
            // Within the lock, so that the engine's time never goes back.
            let now = SystemClock.monotonicNanoseconds()
            guard let actions = decide(&state, now) else { return nil }
            var work = Work(actions: actions)
            for case .finish(let ticket, _, let outcome, _) in actions {
                if let continuation = state.asking.removeValue(forKey: ticket) {
                    work.answers.append((continuation, outcome))
                }
            }
            if let next = state.engine.nextDeadline, next < state.sleepsUntil {
                state.sleepsUntil = next
                work.mustWake = true
            }
            return work
        }
        guard let work else { return true }
        for action in work.actions { perform(action) }
        for (continuation, outcome) in work.answers { continuation.resume(returning: outcome) }
        if work.mustWake { wakeup.signal() }
        return false
    }

    private func perform(_ action: ControlEngine.Action) {
        switch action {
        case .send(let socket, let target, let octets, let isRepeat):
            // What the kernel does not take is lost on the way, as datagrams are: it is sent again.
            if !sockets[socket].send(octets, to: target) { metrics.unsent.add() }
            if isRepeat { metrics.retransmissions.add() }
        case .finish(_, let order, let outcome, let roundTrip):
            metrics.count(order, outcome, roundTrip: roundTrip)
        case .opened: metrics.openings.add()
        }
    }
}

/// The buffers of one socket; the reader's own.
private final class Inbox {
    /// Datagrams taken at once.
    static let slots = 64
    /// The longest packet (RFC 2865 §3) and one octet more, to tell what is longer.
    private static let capacity = 4097

    private let socket: UDPSocket
    private let batch: DatagramBatch
    private var drops: UInt32 = 0

    init?(_ socket: UDPSocket) {
        guard let batch = DatagramBatch(slots: Self.slots, capacity: Self.capacity) else { return nil }
        self.socket = socket
        self.batch = batch
    }

    /// What waits, copied; without blocking.
    func receive() -> [(datagram: [UInt8], source: SourceAddress)] {
        let count = max(0, batch.receive(from: socket))
        // SAFETY: both are read before the next receive.
        return (0..<count).map { slot in
            unsafe (Array(batch.bytes(slot, capacity: Self.capacity)), SourceAddress(batch.source(slot)))
        }
    }

    /// What the kernel dropped on this socket since it was last asked.
    func newDrops() -> Int {
        let now = batch.kernelDrops
        defer { drops = now }
        return Int(now &- drops)
    }
}
