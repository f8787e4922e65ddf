import Concurrency
import Domain
import Lifecycle
import Observability
import Synchronization

/// Asks the server once a second where the durable consumer stands: queue depth, lag and the reaper's watermark.
final class StreamMonitor: Lifecycle.Service {
    private let observer: any StreamObserver
    private let progress: StreamProgress
    private let metrics: ConsumerMetrics
    private let health: HealthComponent
    private let clock: TimeSource
    private let interval: Duration
    private let gate: Mutex<ReaperGate>
    private let latest = Mutex<Timestamp?>(nil)

    init(
        observer: any StreamObserver,
        progress: StreamProgress,
        metrics: ConsumerMetrics,
        health: HealthComponent,
        clock: TimeSource,
        gate: ReaperGate,
        interval: Duration = .seconds(1)
    ) {
        self.observer = observer
        self.progress = progress
        self.metrics = metrics
        self.health = health
        self.clock = clock
        self.interval = interval
        self.gate = Mutex(gate)
    }

    /// Up to when the stream is known to be processed; nil while that cannot be said and the reaper must pause.
    var watermark: Timestamp? { latest.withLock { $0 } }

    func run() async throws {
        while !GracefulShutdown.isShuttingDown {
            await observe()
            try await rest(for: interval)
        }
    }

    /// One look at the consumer.
    func observe() async {
        var reading: ReaperGate.Reading?
        do {
            let position = try await observer.observe()
            let found = ReaperGate.Reading(
                now: clock.now(),
                pending: position.pending,
                outstanding: position.outstanding,
                redelivered: position.redelivered,
                settledThrough: progress.settledThrough
            )
            show(found)
            health.set(.ready)
            reading = found
        } catch {
            health.set(.notReady("stream: \(error)"))
        }
        let watermark = gate.withLock { $0.watermark(reading) }
        latest.withLock { $0 = watermark }
    }

    private func show(_ reading: ReaperGate.Reading) {
        metrics.queueDepth.set(Double(reading.pending) + Double(reading.outstanding))
        let processed = ReaperGate.processed(reading) ?? reading.now
        metrics.lagSeconds.set(max(0, (reading.now - processed).inSeconds))
    }
}
