import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence

/// Publishes what transactions left in the outbox, at least once and in each aggregate's order, and forgets it.
///
/// One relay leads a shard, by an advisory lock of its connection; the others ask every second. It polls rather than
/// listens: NOTIFY takes a lock of the whole database in every writer's commit, a poll of an empty table costs 50
/// microseconds. A row is deleted only after the stream acknowledged it; a kill in between publishes it again under the same
/// message id, which the stream's duplicate window and every consumer's idempotence absorb.
struct OutboxRelay: Lifecycle.Service {
    let store: OutboxStore
    let stream: any OutboxStream
    let streamName: String
    let metrics: ConsumerMetrics
    let health: HealthComponent
    let logger: Logger
    let backoff: Backoff
    /// The wait between two looks at an empty outbox.
    let idle: Duration
    /// Rows read at a time: with events of up to 200 kB this bounds memory.
    let batch = 128

    func run() async throws {
        var waits = backoff
        var refusals = RefusalLedger()
        while !GracefulShutdown.isShuttingDown {
            do {
                try await lead(&refusals) { waits.reset() }
            } catch let fault as StorageFault {
                health.set(.degraded("outbox: \(fault.reason)"))
                logger.warn("outbox relay waits for the database", ["error": .string(fault.reason)])
                try await rest(for: waits.next())
            }
        }
    }

    /// Relays for as long as this connection leads; returns when it does not, after a pause.
    private func lead(_ refusals: inout RefusalLedger, _ working: () -> Void) async throws {
        guard let leadership = try await store.lead() else {
            health.set(.ready)
            metrics.outboxPending.set(0)
            return try await rest(for: .seconds(1))
        }
        working()
        var waits = backoff
        var counted = Deadline.after(.zero)
        while !GracefulShutdown.isShuttingDown {
            guard let rows = try await store.oldest(batch, under: leadership) else { return }
            if counted.hasPassed {
                metrics.outboxPending.set(Double(try await store.pending()))
                counted = .after(.seconds(2))
            }
            guard !rows.isEmpty else {
                health.set(.ready)
                try await rest(for: idle)
                continue
            }
            let round = await stream.publish(RelayRound(oldest: rows))
            try await store.delete(round.accepted)
            metrics.outboxPublished.add(round.accepted.count)
            try await judge(round, &refusals)
            if round.accepted.isEmpty {
                health.set(.degraded("outbox: the stream does not take events"))
                try await rest(for: waits.next())
            } else {
                health.set(.ready)
                waits.reset()
            }
        }
    }

    /// A row that the stream keeps refusing while it takes others is at fault itself (larger than the server allows).
    private func judge(_ round: RelayRound, _ refusals: inout RefusalLedger) async throws {
        refusals.accepted(round.accepted)
        for refusal in round.refused {
            logger.warn(
                "event refused by its stream",
                ["event.id": .string(refusal.id.description), "reason": .string(refusal.reason)]
            )
            guard !round.accepted.isEmpty, refusals.refused(refusal.id) else { continue }
            try await store.bury(refusal.id, stream: streamName, relay: "outbox-relay", reason: refusal.reason)
            metrics.deadLetters.add()
        }
    }
}

/// How often an event was refused while others were taken.
struct RefusalLedger {
    private var refusals: [EventID: Int] = [:]

    /// Counts one more; true once its attempts are used up.
    mutating func refused(_ id: EventID) -> Bool {
        let count = (refusals[id] ?? 0) + 1
        refusals[id] = count < FailureLedger.limit ? count : nil
        return count >= FailureLedger.limit
    }

    mutating func accepted(_ ids: [EventID]) {
        guard !refusals.isEmpty else { return }
        for id in ids { refusals[id] = nil }
    }
}
