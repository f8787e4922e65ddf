import Concurrency
import Lifecycle
import Messaging
import Observability
import Synchronization

/// The stream's newest part, read once for all tails of this process.
package final class LiveFeed: Service {
    typealias Reading = EventRing<LiveItem>.Reading

    /// Where a tail stands. Another generation is another stream.
    struct Place: Hashable, Sendable {
        var generation: UInt64
        /// Everything through here was told, passed over, or not asked for.
        var sequence: UInt64
    }

    private struct State {
        var ring: EventRing<LiveItem>
        var generation: UInt64 = 0
        /// Where the ring lies in the stream is known.
        var isPlaced = false
        /// The stream's end as reading began: until it is reached, what is read is no news.
        var target: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        /// Wake-ups for tails that were not waiting.
        var awake: Set<UInt64> = []
        var nextID: UInt64 = 0

        /// Whether the ring ends where the stream does, but for what is on its way.
        var isOpen: Bool { isPlaced && ring.last >= target }

        var place: Place { Place(generation: generation, sequence: ring.last) }

        /// Whether somebody who stands there has something to read.
        func isBeyond(_ place: Place?) -> Bool {
            guard let place, isOpen else { return false }
            return generation != place.generation || ring.last != place.sequence
        }
    }

    let tenants: LiveTenants
    private let source: any LiveSource
    private let settings: LiveSettings
    private let metrics: LiveMetrics
    private let health: HealthComponent
    private let logger: Logger
    private let state: Mutex<State>

    init(
        _ source: any LiveSource,
        tenants: LiveTenants,
        settings: LiveSettings,
        metrics: LiveMetrics,
        health: HealthComponent,
        logger: Logger
    ) {
        self.source = source
        self.tenants = tenants
        self.settings = settings
        self.metrics = metrics
        self.health = health
        self.logger = logger
        state = Mutex(State(ring: EventRing(maximumCount: settings.events, maximumOctets: settings.octets)))
    }

    // MARK: - Tails

    /// A name to wait under.
    func newID() -> UInt64 {
        state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
    }

    /// The end of the stream as it was read; nil until that is known.
    var end: Place? { state.withLock { $0.isOpen ? $0.place : nil } }

    /// The beginning of what is in memory; nil until the stream is known.
    var start: Place? {
        state.withLock { $0.isOpen ? Place(generation: $0.generation, sequence: $0.ring.start) : nil }
    }

    /// In front of the newest `count` events in memory that meet the condition; nil until the stream is known.
    func place(before count: Int, where isWanted: (LiveEvent) -> Bool) -> Place? {
        state.withLock { state in
            guard state.isOpen else { return nil }
            let sequence = state.ring.place(before: count) { item in
                if case .event(let entry) = item { isWanted(entry.event) } else { false }
            }
            return Place(generation: state.generation, sequence: sequence)
        }
    }

    /// What follows; nil where the stream is not known or is another one than the place is in.
    func read(after place: Place, limit: Int = 256) -> Reading? {
        state.withLock { state in
            guard state.isOpen, state.generation == place.generation else { return nil }
            return state.ring.read(after: place.sequence, limit: limit)
        }
    }

    /// Waits until something changed: the stream's end, unless there is no place, or who waits was woken. May return early,
    /// and does so every few seconds.
    func wait(_ id: UInt64, beyond place: Place?) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    if Task.isCancelled || state.awake.remove(id) != nil || state.isBeyond(place) { return false }
                    state.waiters[id] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    /// Ends one tail's wait, or its next one.
    func wake(_ id: UInt64) {
        let waiter = state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: id)
            if waiter == nil { state.awake.insert(id) }
            return waiter
        }
        waiter?.resume()
    }

    /// The tail is over.
    func forget(_ id: UInt64) { state.withLock { _ = $0.awake.remove(id) } }

    private func wakeAll() {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    // MARK: - The stream

    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.readForEver() }
            group.addTask { await waitForShutdown() }
            await group.next()
            group.cancelAll()
        }
        wakeAll()
    }

    private func readForEver() async {
        health.set(.degraded("live events were not read yet"))
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(2))
        while !Task.isCancelled {
            do {
                try await follow()
            } catch {
                if Task.isCancelled { break }
                health.set(.degraded("live events are not read"))
                logger.warn("cannot read events for the live tails", ["error": .string("\(error)")])
            }
            wakeAll()
            try? await pause(for: backoff.next())
        }
    }

    /// Reads from where the ring ends, at first from so far back that it fills.
    private func follow() async throws {
        await tenants.refresh()
        guard let extent = try await source.extent() else {
            health.set(.degraded("there is no stream of events yet"))
            return
        }
        let back = UInt64(settings.events)
        let start = max(extent.first - 1, extent.last > back ? extent.last - back : 0)
        if state.withLock({ !$0.isPlaced || $0.ring.last > extent.last }) { restart(after: start) }
        let place = state.withLock { state in
            state.target = extent.last
            return state.ring.last
        }
        let reader = try source.open(after: place)
        defer { health.set(.degraded("live events are not read")) }
        health.set(.ready)
        do {
            while !Task.isCancelled {
                let messages = try await reader.next(maximum: 500, within: .seconds(5))
                await tenants.refresh()
                for message in messages { await take(message) }
                // Where nothing comes there is nothing left to reach: the stream's last messages were removed.
                if messages.isEmpty { state.withLock { $0.target = 0 } }
                // An empty round ends the tails' waits too: each asks whether its client still may watch.
                wakeAll()
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }

    private func take(_ message: TailedMessage) async {
        switch message {
        case .message(let sequence, let subject, let payload):
            metrics.events.add()
            placeIfRewound(before: sequence)
            do {
                let event = try LiveEvent(sequence: sequence, subject: subject, json: payload)
                await tenants.refresh(because: event)
                append(.event(LiveEntry(event)), at: sequence, octets: payload.count)
            } catch {
                metrics.unreadable.add()
                logger.debug(
                    "a message of the stream is no event",
                    ["sequence": .uint(sequence), "subject": .string(subject)]
                )
                state.withLock { $0.ring.pass(through: sequence) }
            }
        case .removed(let from, let through):
            append(.notice(.gap(.removed, from: from, through: through)), at: through, octets: 64)
        case .rewound:
            // Where it goes on is known with the next message.
            state.withLock { $0.isPlaced = false }
        }
    }

    private func append(_ item: LiveItem, at sequence: UInt64, octets: Int) {
        state.withLock { $0.ring.append(item, at: sequence, octets: octets) }
    }

    private func placeIfRewound(before sequence: UInt64) {
        if !state.withLock({ $0.isPlaced }) { restart(after: sequence - 1) }
    }

    private func restart(after sequence: UInt64) {
        state.withLock { state in
            state.generation += 1
            state.isPlaced = true
            state.target = 0
            state.ring.begin(after: sequence)
        }
    }
}
