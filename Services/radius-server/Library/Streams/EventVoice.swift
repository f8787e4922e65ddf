import Concurrency
import Domain
import Events
import Lifecycle
import NATS
import Observability
import Sockets
import WireFormat

/// Tells engineers what happens: refused packets with their remedy, and a sample of decisions, into the DOMAIN stream
/// and the log. Best effort: what cannot be told is counted, and no answer ever waits for it.
final class EventVoice: Lifecycle.Service {
    private let refusals: RefusalLog
    private let feed: DecisionFeed
    private let publisher: JetStreamPublisher
    private let source: String
    private let ids: IDGenerator
    private let time: TimeSource
    private let skipped: CounterCell
    private let spikes: Counter
    private let logger: Logger

    init(
        refusals: RefusalLog,
        feed: DecisionFeed,
        publisher: JetStreamPublisher,
        source: String,
        ids: IDGenerator,
        time: TimeSource,
        registry: MetricsRegistry,
        logger: Logger
    ) {
        self.refusals = refusals
        self.feed = feed
        self.publisher = publisher
        self.source = source
        self.ids = ids
        self.time = time
        self.logger = logger
        spikes = registry.counter(
            "radius_auth_failure_spikes_total",
            "Minutes in which a tenant's refused logins went over 50",
            labels: ["tenant"]
        )
        skipped = registry.counter(
            "radius_events_skipped_total",
            "Decisions and refusals that were not shown as events",
            labels: []
        ).with()
    }

    func run() async throws {
        var turn = 0
        while !GracefulShutdown.isShuttingDown {
            tellDecisions()
            if turn % 4 == 0 { tellRefusals() }
            turn += 1
            try await GracefulShutdown.pause(for: .milliseconds(250))
        }
        tellDecisions()
        tellRefusals()
    }

    // MARK: - Private

    private func tellDecisions() {
        let (decisions, left) = feed.drain()
        if left > 0 { skipped.add(Int(clamping: left)) }
        for decision in decisions {
            send(AccessDecided(decision), tenant: TenantID(decision.tenant), at: decision.wallTime)
        }
    }

    private func tellRefusals() {
        for spike in feed.failures.drain() {
            spikes.with(spike.tenant.description).add(1)
            logger.warn(
                "refused logins spike: nexora tail --subject 'radius.access.>' shows who and why",
                ["tenant.id": .string(spike.tenant.description), "failures": .int(spike.failures)]
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

    private func send<Payload: EventPayload>(_ payload: Payload, tenant: TenantID, at microseconds: Int64) {
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
    }
}
