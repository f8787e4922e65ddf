import Concurrency
import Domain
import Events
import Lifecycle
import Messaging
import Observability
import Persistence

/// Stores what radius-servers tell of their NASes.
struct PostureFolder: Lifecycle.Service {
    let consumer: EventConsumer
    let store: PostureStore
    let metrics: PostureMetrics

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await consumer.run(NASPostureSeen.self) { events in
                try await store.store(events)
                metrics.stored.add(events.count)
            }
        } onShutdown: {
            consumer.stop()
        }
        await consumer.close()
    }
}

/// Turns the ratchet of NASes that earned it, and forgets old days.
struct PostureUpkeep: Lifecycle.Service {
    let store: PostureStore
    let metrics: PostureMetrics
    let logger: Logger
    let clock: TimeSource
    let settings: PostureSettings

    func run() async throws {
        var forgotten: CivilDate?
        while !GracefulShutdown.isShuttingDown {
            do throws(StorageFault) {
                try await turn(&forgotten)
            } catch {
                logger.warn("the NASes' posture waits", ["error": .string(error.reason)])
            }
            try await rest(for: settings.interval)
        }
    }

    private func turn(_ forgotten: inout CivilDate?) async throws(StorageFault) {
        let now = clock.now()
        for name in try await store.ratchet(settings.ratchet, now: now) {
            metrics.tightened.add(1)
            logger.info("a NAS must send Message-Authenticator from now on: it always did", ["nas.name": .string(name)])
        }
        guard settings.retentionDays > 0, forgotten != now.day else { return }
        try await store.forget(before: now.day.adding(days: -settings.retentionDays))
        forgotten = now.day
    }
}

/// What becomes of the NASes' posture.
struct PostureMetrics: Sendable {
    let stored: CounterCell
    let tightened: CounterCell

    init(_ registry: MetricsRegistry) {
        stored = registry.counter(
            "nas_posture_events_total",
            "Tellings of what a NAS sends that were stored",
            labels: []
        ).with()
        tightened = registry.counter(
            "nas_tightened_total",
            "NASes that must send Message-Authenticator because they always did",
            labels: []
        ).with()
    }
}
