import Concurrency
import Domain
import Events
import Lifecycle
import Messaging
import Observability
import Persistence
import Synchronization
import WireFormat

/// Counts the stream's usage events against the plans' quotas, in their order, one process at a time.
///
/// The place in the stream is kept with the counts, in one commit, so that nothing has to be acknowledged: after whatever happened,
/// reading goes on behind what was counted. An event that cannot be read is passed over, counted and logged.
final class QuotaCounting: Lifecycle.Service {
    /// Messages of one commit at most; each has up to 1,000 deltas.
    static let batch = 200

    private let store: QuotaStore
    private let tails: EventTails
    private let stream: String
    private let clock: TimeSource
    private let metrics: QuotaMetrics
    private let health: HealthComponent
    private let logger: Logger
    private let leads = Atomic(false)

    init(
        store: QuotaStore,
        tails: EventTails,
        stream: String,
        clock: TimeSource,
        metrics: QuotaMetrics,
        health: HealthComponent,
        logger: Logger
    ) {
        self.store = store
        self.tails = tails
        self.stream = stream
        self.clock = clock
        self.metrics = metrics
        self.health = health
        self.logger = logger
    }

    /// Whether this process counts; the others wait to take over.
    var isLeading: Bool { leads.load(ordering: .acquiring) }

    func run() async throws {
        var told = ""
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))
        while !GracefulShutdown.isShuttingDown {
            do {
                try await round { backoff.reset() }
                told = ""
            } catch let error as CancellationError {
                throw error
            } catch {
                health.set(.degraded("quotas: \(error)"))
                if "\(error)" != told { logger.warn("quotas wait", ["error": .string("\(error)")]) }
                told = "\(error)"
                lead(false)
                try await rest(for: backoff.next())
            }
        }
        lead(false)
    }

    /// Leads, and counts until something fails or the daemon ends.
    private func round(_ onSuccess: () -> Void) async throws {
        guard try await store.lead() else {
            lead(false)
            health.set(.ready)
            return try await rest(for: .seconds(1))
        }
        guard let extent = try await tails.extent() else { return try await rest(for: .milliseconds(200)) }
        let known = try await store.progress(stream)
        // Of another stream nothing was counted; in one that went back all that it still holds was.
        let isSame = known?.created == extent.created
        let start = QuotaProgress(created: extent.created, last: isSame ? min(known?.last ?? 0, extent.last) : 0)
        if let known, !isSame { logger.warn("the stream of usage was made anew", ["counted": .uint(known.last)]) }
        let tail = try tails.open(after: start.last, filter: Subjects.all(UsageAdvanced.self))
        lead(true)
        health.set(.ready)
        do {
            try await follow(tail, from: known, at: start, onSuccess)
        } catch {
            await tail.close()
            throw error
        }
        await tail.close()
    }

    private func follow(
        _ tail: EventTail,
        from known: QuotaProgress?,
        at start: QuotaProgress,
        _ onSuccess: () -> Void
    ) async throws {
        var (stored, place) = (known, start)
        while !GracefulShutdown.isShuttingDown {
            let messages = try await tail.next(maximum: Self.batch, within: .milliseconds(250))
            var uses: [ServiceUse] = []
            for message in messages {
                switch message {
                case .message(let sequence, _, let payload):
                    uses += read(payload, sequence)
                    place = QuotaProgress(created: place.created, last: sequence)
                // It is opened anew, and the stream looked at.
                case .rewound: return
                case .removed(let from, let through):
                    logger.warn("usage was removed unread", ["from": .uint(from), "through": .uint(through)])
                }
            }
            guard place != stored, !messages.isEmpty else { continue }
            let commit = try await store.count(uses, of: stream, from: stored, to: place, now: clock.now())
            stored = place
            metrics.done(commit)
            onSuccess()
        }
    }

    private func read(_ payload: [UInt8], _ sequence: UInt64) -> [ServiceUse] {
        let event: Event<UsageAdvanced>
        do throws(JSONError) {
            event = try Event<UsageAdvanced>(decoding: payload)
        } catch {
            metrics.unread()
            logger.error("usage cannot be read", ["sequence": .uint(sequence), "error": .string("\(error)")])
            return []
        }
        return event.payload.deltas.map { delta in
            ServiceUse(
                service: ServiceRef(tenantID: event.tenantID, serviceID: delta.serviceID),
                inputOctets: delta.inputOctets,
                outputOctets: delta.outputOctets,
                seconds: delta.seconds,
                at: delta.at
            )
        }
    }

    private func lead(_ isLeading: Bool) {
        leads.store(isLeading, ordering: .releasing)
        metrics.leads(isLeading)
    }
}
