import Concurrency
import Events
import Lifecycle
import NATS
import Observability

/// Notices that the ACCOUNTING stream is not what it was: made anew, or an older store put back after a power cut. Then
/// everything the journal still keeps is published again.
final class StreamWatch: Lifecycle.Service {
    private let admin: JetStreamAdmin
    private let publisher: JournalPublisher
    private let health: HealthComponent
    private let ensure: @Sendable () async throws -> Void

    init(
        admin: JetStreamAdmin,
        publisher: JournalPublisher,
        health: HealthComponent,
        ensure: @escaping @Sendable () async throws -> Void
    ) {
        self.admin = admin
        self.publisher = publisher
        self.health = health
        self.ensure = ensure
    }

    func run() async throws {
        var known: StreamInfo?
        while !GracefulShutdown.isShuttingDown {
            do {
                if known == nil { try await ensure() }
                let info = try await admin.streamInfo(Streams.accounting.name)
                if let old = known {
                    if info == nil {
                        known = nil
                        publisher.replayAll()
                        continue
                    }
                    if let info,
                        info.createdMicroseconds != old.createdMicroseconds || info.lastSequence < old.lastSequence
                    {
                        publisher.replayAll()
                    }
                }
                known = info
                health.set(publisher.isCaughtUp ? .ready : .degraded("the journal is being published"))
            } catch {
                health.set(.degraded("accounting waits in the journal: \(error)"))
            }
            try await GracefulShutdown.pause(for: .seconds(1))
        }
    }
}
