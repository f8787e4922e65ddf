import Domain
import Observability
import Persistence
import Synchronization

/// The daemon's metrics; the pipelines' part of the catalogue in docs.
struct ConsumerMetrics: Sendable {
    let queueDepth: GaugeCell
    let octets: Counter
    let live: LiveGauge
    let applied: CounterCell
    let unchanged: CounterCell
    let rejected: CounterCell
    let buried: CounterCell
    let batchSeconds: HistogramCell
    let lagSeconds: GaugeCell
    let deadLetters: CounterCell
    let outboxPending: GaugeCell
    let outboxPublished: CounterCell
    let sessionsReaped: CounterCell
    let sessionsMoved: CounterCell
    let usageFolded: CounterCell
    let usageFoldSeconds: HistogramCell

    init(_ registry: MetricsRegistry, stream: String, consumer: String) {
        queueDepth = registry.gauge(
            "queue_depth",
            "Messages of a stream that a consumer has not settled.",
            labels: ["stream", "consumer"]
        ).with(stream, consumer)
        octets = registry.counter(
            "radius_accounting_bytes_total",
            "Octets committed, each once; in is from the subscriber.",
            labels: ["tenant", "direction"]
        )
        live = LiveGauge(registry)
        let records = registry.counter(
            "accounting_records_total",
            "Accounting records settled, by what became of them.",
            labels: ["outcome"]
        )
        applied = records.with("applied")
        unchanged = records.with("unchanged")
        rejected = records.with("retried")
        buried = records.with("dead_letter")
        batchSeconds = registry.histogram(
            "accounting_batch_seconds",
            "From a batch's arrival to its commit."
        ).with()
        lagSeconds = registry.gauge(
            "accounting_lag_seconds",
            "Age of the newest settled message while others wait; 0 when none do."
        ).with()
        deadLetters = registry.counter("dead_letters_total", "Messages buried in the dead letters.").with()
        outboxPending = registry.gauge("outbox_pending", "Events that wait for their publication.").with()
        outboxPublished = registry.counter("outbox_published_total", "Events published from the outbox.").with()
        sessionsReaped = registry.counter("sessions_reaped_total", "Stale sessions closed by the reaper.").with()
        sessionsMoved = registry.counter("sessions_moved_total", "Closed sessions moved to the history.").with()
        usageFolded = registry.counter("usage_folded_total", "Commits folded into the daily usage.").with()
        usageFoldSeconds = registry.histogram("usage_fold_seconds", "How long a fold into the daily usage took.").with()
    }

    /// Counts what a commit changed.
    func count(_ commit: AccountingCommit) {
        applied.add(commit.appliedRecords)
        unchanged.add(commit.unchangedRecords)
        for (tenant, volume) in commit.volumes {
            let label = tenant.description
            octets.with(label, "in").add(Int(volume.input))
            octets.with(label, "out").add(Int(volume.output))
        }
    }
}

/// The live sessions as last counted.
final class LiveGauge: Sendable {
    private let counted = Mutex<[LiveSessions]>([])

    init(_ registry: MetricsRegistry) {
        registry.gauge("radius_active_sessions", "Open sessions.", labels: ["tenant", "nas"]) { [self] in
            counted.withLock { $0 }.map {
                MetricSample([$0.tenantID.description, $0.nasID.description], Double($0.count))
            }
        }
    }

    func set(_ sessions: [LiveSessions]) { counted.withLock { $0 = sessions } }
}

/// The daemon's connections by state: each session is a connection that waits to be made, idles or works.
final class ConnectionGauge: Sendable {
    private struct Counts {
        var connected = 0
        var busy = 0
    }

    private let counts = Mutex(Counts())
    private let total: Int

    /// For that many sessions.
    init(_ registry: MetricsRegistry, total: Int) {
        self.total = total
        registry.gauge("db_pool_connections", "Connections to the database.", labels: ["state"]) { [self] in
            let counts = counts.withLock { $0 }
            return [
                MetricSample(["active"], Double(counts.busy)),
                MetricSample(["idle"], Double(max(0, counts.connected - counts.busy))),
                MetricSample(["waiting"], Double(max(0, self.total - counts.connected))),
            ]
        }
    }

    func connected(_ isConnected: Bool) { counts.withLock { $0.connected += isConnected ? 1 : -1 } }

    func working<Success>(_ body: () async throws(StorageFault) -> Success) async throws(StorageFault) -> Success {
        counts.withLock { $0.busy += 1 }
        defer { counts.withLock { $0.busy -= 1 } }
        return try await body()
    }
}
