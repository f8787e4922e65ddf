import Concurrency
import Events
import Lifecycle
import NATS
import Observability

/// Notices that the ACCOUNTING stream is not what it was: made anew, or an older store put back after a power cut, even
/// where it has grown past its former end by now. Then everything the journal still keeps is published again.
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
                known = try await look(known)
                health.set(publisher.isCaughtUp ? .ready : .degraded("the journal is being published"))
            } catch {
                health.set(.degraded("accounting waits in the journal: \(error)"))
            }
            try await GracefulShutdown.pause(for: .seconds(1))
        }
    }

    // MARK: - Private

    /// One look at the stream, given what the last one found.
    private func look(_ known: StreamInfo?) async throws -> StreamInfo? {
        guard let info = try await admin.streamInfo(Streams.accounting.name) else {
            if known != nil { publisher.replayAll() }
            return nil
        }
        if let known, info.createdMicroseconds != known.createdMicroseconds || info.lastSequence < known.lastSequence {
            publisher.replayAll()
            return info
        }
        let marks = publisher.takeMarks()
        for (index, mark) in marks.enumerated() {
            do {
                if try await holds(mark, info) { continue }
            } catch {
                // Not looked for yet.
                publisher.keep(marks[index...])
                throw error
            }
            publisher.replayAll()
            break
        }
        return info
    }

    /// Whether the stream holds what it acknowledged. What its limits have removed is not lost.
    private func holds(_ mark: StreamMemory.Mark, _ info: StreamInfo) async throws -> Bool {
        guard mark.sequence >= info.firstSequence else { return true }
        let message = try await admin.message(stream: info.name, sequence: mark.sequence)
        return message?.header("Nats-Msg-Id") == mark.id
    }
}
