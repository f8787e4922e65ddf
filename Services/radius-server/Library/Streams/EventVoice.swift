import Concurrency
import Domain
import Events
import Lifecycle
import NATS
import Observability
import Sockets
import Synchronization
import WireFormat

/// Tells engineers what happens: refused packets with their remedy, and a sample of decisions, into the DOMAIN stream
/// and the log. Best effort: what cannot be told is counted, and no answer ever waits for it.
final class EventVoice: Lifecycle.Service {
    let refusals: RefusalLog
    let feed: DecisionFeed
    let store: DirectoryStore
    let lives: NASLives
    private let postureInterval: Duration
    private let publisher: JetStreamPublisher
    private let source: String
    private let ids: IDGenerator
    let time: TimeSource
    private let skipped: CounterCell
    let spikes: Counter
    let nasSpikes: Counter
    private let disconnectsLost: CounterCell
    private let attributesLeftOut: CounterCell
    let logger: Logger
    private let server: String
    private let leftOut: Mutex<LeftOut>

    /// Decisions that were left out and not told yet.
    private struct LeftOut {
        var count = DecisionFeed.Skipped()
        var since: Timestamp
        var toldAt: Timestamp
    }

    init(
        refusals: RefusalLog,
        feed: DecisionFeed,
        store: DirectoryStore,
        lives: NASLives,
        postureInterval: Duration,
        publisher: JetStreamPublisher,
        source: String,
        ids: IDGenerator,
        time: TimeSource,
        registry: MetricsRegistry,
        logger: Logger
    ) {
        self.refusals = refusals
        self.feed = feed
        self.store = store
        self.lives = lives
        self.postureInterval = postureInterval
        self.publisher = publisher
        self.source = source
        self.ids = ids
        self.time = time
        self.logger = logger
        server = source.split(separator: "/").last.map(String.init) ?? source
        let now = time.now()
        leftOut = Mutex(LeftOut(since: now, toldAt: now))
        spikes = registry.counter(
            "radius_auth_failure_spikes_total",
            "Times that a tenant's refused logins began to spike",
            labels: ["tenant"]
        )
        nasSpikes = registry.counter(
            "radius_nas_auth_failure_spikes_total",
            "Times that a NAS's refused logins began to spike",
            labels: ["tenant", "nas"]
        )
        registry.gauge(
            "radius_auth_failures_spiking",
            "1 where refused logins spike now, of a NAS or, without one, of a tenant as a whole",
            labels: ["tenant", "nas"]
        ) { [failures = feed.failures] in
            failures.spiking.map { MetricSample([$0.tenant.description, $0.nas?.description ?? ""], 1) }
        }
        disconnectsLost = registry.counter(
            "radius_disconnects_lost_total",
            "Disconnects that were wanted and never asked for, because JetStream was away for too long",
            labels: []
        ).with()
        attributesLeftOut = registry.counter(
            "radius_reply_attributes_left_out_total",
            "Extra attributes that an Access-Accept had no room for",
            labels: []
        ).with()
        skipped = registry.counter(
            "radius_events_skipped_total",
            "Decisions and refusals that were not shown as events",
            labels: []
        ).with()
    }

    func run() async throws {
        var turn = 0
        var book = PostureBook(runID: ids.next(EventID.self).value)
        var postureAt = Deadline.after(postureInterval)
        while !GracefulShutdown.isShuttingDown {
            tellDecisions()
            tellIntents()
            if turn % 4 == 0 {
                tellRefusals()
                tellFailures()
            }
            if postureAt.hasPassed {
                tellPosture(&book)
                postureAt = .after(postureInterval)
            }
            turn += 1
            try await GracefulShutdown.pause(for: .milliseconds(250))
        }
        tellDecisions(isLast: true)
        tellIntents()
        tellRefusals()
        tellFailures()
        tellPosture(&book)
    }

    // MARK: - Private

    private func tellDecisions(isLast: Bool = false) {
        let (decisions, left) = feed.drain()
        tellSkipped(left, isLast: isLast)
        for decision in decisions {
            send(AccessDecided(decision), tenant: TenantID(decision.tenant), at: decision.wallTime)
        }
    }

    /// Once a second at most: who looks for a decision learns that there were more.
    private func tellSkipped(_ left: DecisionFeed.Skipped, isLast: Bool) {
        skipped.add(Int(clamping: left.total))
        let now = time.now()
        let known = leftOut.withLock { leftOut -> LeftOut? in
            if leftOut.count.total == 0 { leftOut.since = leftOut.toldAt }
            leftOut.count.accepts += left.accepts
            leftOut.count.rejects += left.rejects
            let isDue = isLast || now - leftOut.toldAt >= .seconds(1)
            if isDue { leftOut.toldAt = now }
            guard isDue, leftOut.count.total > 0 else { return nil }
            defer { leftOut.count = DecisionFeed.Skipped() }
            return leftOut
        }
        guard let known else { return }
        let payload = DecisionsSkipped(
            accepts: known.count.accepts,
            rejects: known.count.rejects,
            since: known.since,
            server: server
        )
        send(payload, tenant: TenantID(.zero), at: now.microseconds)
    }

    /// Disconnects are not left out: what JetStream does not take now is tried again.
    private func tellIntents() {
        let (disconnects, exhausted, conflicts, lost) = feed.intents.drain()
        if lost > 0 {
            disconnectsLost.add(lost)
            logger.error("disconnects were not asked for: JetStream is away for too long", ["lost": .int(lost)])
        }
        for (index, disconnect) in disconnects.enumerated() {
            guard send(disconnect.request, tenant: disconnect.tenant, at: disconnect.wallTime) else {
                feed.intents.putBack(Array(disconnects[index...]))
                break
            }
        }
        for event in exhausted {
            let pool = store.read { $0.pool(event.pool)?.name ?? "" }
            logger.warn(
                "an address pool is exhausted: nexora pool show tells how large it is and who names it",
                ["tenant.id": .string(event.tenant.description), "pool.name": .string(pool)]
            )
            let payload = PoolExhausted(
                poolID: event.pool,
                poolName: pool,
                nasID: event.nas,
                serviceID: event.service,
                count: event.count
            )
            send(payload, tenant: event.tenant, at: event.wallTime)
        }
        for conflict in conflicts { tell(conflict) }
    }

    private func tell(_ conflict: AdmissionIntents.Conflict) {
        guard let pool = store.read({ $0.pool(conflict.pool) }), let units = pool.pool else { return }
        let unit = units.unit(conflict.offset).description
        logger.error(
            "an address was granted that another service has: disconnect the session",
            ["tenant.id": .string(pool.tenantID.description), "address": .string(unit)]
        )
        let payload = AddressConflict(
            unit: unit,
            poolID: conflict.pool,
            serviceID: conflict.service,
            nasID: conflict.nas,
            reason: "claimed"
        )
        send(payload, tenant: pool.tenantID, at: time.now().microseconds)
    }

    private func tellRefusals() {
        for overflow in feed.overflows.drain() {
            attributesLeftOut.add(overflow.attributes)
            logger.warn(
                "replies had no room for all extra attributes: nexora plan|nas|service attribute list shows them",
                ["nas.name": .string(overflow.nasName), "attributes": .int(overflow.attributes)]
            )
        }
        for note in refusals.drain() {
            logger.warn(
                "a packet was left unanswered",
                [
                    "radius.reason": .string(note.reason.name), "radius.socket": .string(note.socket.rawValue),
                    "source.address": .string(note.source.addressText), "nas.name": .string(note.nasName ?? ""),
                    "packets": .int(note.count), "remedy": .string(note.reason.remedy),
                ]
            )
            let tenant = TenantID(note.tenant ?? UUID128(high: 0, low: 0))
            send(PacketRefused(note), tenant: tenant, at: time.now().microseconds)
        }
    }

    /// False when it could not be handed on.
    @discardableResult
    func send<Payload: EventPayload>(_ payload: Payload, tenant: TenantID, at microseconds: Int64) -> Bool {
        let event = Event(
            id: ids.next(EventID.self),
            source: source,
            time: Timestamp(microseconds: microseconds),
            tenantID: tenant,
            payload: payload
        )
        var writer = JSONWriter(capacity: 768)
        event.encode(into: &writer)
        let outcome = publisher.publish(
            subject: Subjects.event(Payload.self, tenant: tenant),
            payload: writer.bytes,
            messageID: event.id.description,
            token: 0
        )
        if outcome != .accepted { skipped.add(1) }
        return outcome == .accepted
    }
}
