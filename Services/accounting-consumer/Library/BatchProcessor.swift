import Concurrency
import Domain
import Events
import Lifecycle
import Observability
import Persistence
import Synchronization
import WireFormat

/// Takes one batch of deliveries to its end: every record is committed and acknowledged, given back, or buried.
///
/// Deliveries are acknowledged one by one and only after the commit: an acknowledgement of everything up to a message would
/// swallow what other workers still hold. What was committed and not acknowledged (a kill in between, a lost
/// acknowledgement) comes again and changes nothing.
struct BatchProcessor: Sendable {
    let store: any AccountingStore
    let deadLetters: any DeadLetterStream
    let failures: SharedFailures
    let progress: StreamProgress
    let metrics: ConsumerMetrics
    let logger: Logger
    let stream: String
    let consumer: String
    /// How long an outage is waited out between attempts.
    let backoff: Backoff

    /// Messages may hold many records: no transaction takes more than so many of them.
    static let recordsPerCommit = 2_000

    /// Returns how many records there were, when nothing of the batch is left to do; throws only when the task is
    /// cancelled: what is not settled then is delivered again.
    @discardableResult
    func process(_ deliveries: [any AccountingDelivery]) async throws -> Int {
        let began = SystemClock.monotonicNanoseconds()
        let batch = DecodedBatch(deliveries)
        try await commit(batch)
        metrics.batchSeconds.observe(nanoseconds: SystemClock.monotonicNanoseconds() - began)
        for (delivery, reason) in batch.undecodable { try await blame(delivery, reason: reason, among: [delivery]) }
        return batch.records.count
    }

    private func commit(_ batch: DecodedBatch) async throws {
        var bisection = BatchBisection(count: batch.records.count, limit: Self.recordsPerCommit)
        var waits = backoff
        var conflicts = 0
        while let part = bisection.next() {
            let verdict: BatchBisection.Verdict
            var reason = ""
            do {
                let commit = try await store.commit(Array(batch.records[part]))
                metrics.count(commit)
                settle(batch.deliveries[part])
                waits.reset()
                conflicts = 0
                verdict = bisection.report(.committed)
            } catch {
                try Task.checkCancellation()
                reason = error.reason
                if case .conflict = error { conflicts += 1 }
                verdict = bisection.report(outcome(of: error, count: part.count, conflicts: &conflicts))
            }
            switch verdict {
            case .proceed(waiting: false): break
            case .proceed(waiting: true): try await hold(batch.deliveries[part.lowerBound...], &waits)
            case .blame(let index):
                try await blame(batch.deliveries[index], reason: reason, among: batch.deliveries[index...])
            }
        }
    }

    private func outcome(of fault: StorageFault, count: Int, conflicts: inout Int) -> BatchBisection.Outcome {
        switch fault {
        case .outage:
            logger.warn("accounting waits for the database", ["error": .string(fault.reason)])
            return .unlucky
        case .broken:
            logger.error("accounting cannot be stored", ["error": .string(fault.reason)])
            return .unlucky
        case .conflict:
            logger.debug("accounting batch met a rival", ["error": .string(fault.reason)])
            // Rivals pass; what still conflicts after so many attempts conflicts with itself.
            guard conflicts >= 20 else { return .unlucky }
            conflicts = 0
            return .refused
        case .tooLarge:
            logger.warn("accounting batch is too large for the database", ["error": .string(fault.reason)])
            return .tooLarge
        case .refused:
            logger.warn("accounting batch refused", ["error": .string(fault.reason), "records": .int(count)])
            return .refused
        }
    }

    private func settle(_ deliveries: ArraySlice<any AccountingDelivery>) {
        for delivery in deliveries { delivery.ack() }
        failures.settled(deliveries.lazy.map(\.recordNumber))
        if let newest = deliveries.map(\.timeMicroseconds).max() { progress.settled(through: newest) }
    }

    /// Waits, and tells the stream that these deliveries are still being worked on, so that an outage neither counts as
    /// a delivery nor hands them to another worker that has the same outage.
    private func hold(_ deliveries: some Sequence<any AccountingDelivery>, _ waits: inout Backoff) async throws {
        for delivery in deliveries { delivery.inProgress() }
        try await rest(for: waits.next())
        // Whoever is asked to end does not wait for an outage to end: these deliveries come again.
        if GracefulShutdown.isShuttingDown { throw CancellationError() }
    }

    /// A delivery that failed for its own sake: given back until its attempts are used up, then buried.
    private func blame(
        _ delivery: any AccountingDelivery,
        reason: String,
        among held: some Sequence<any AccountingDelivery>
    ) async throws {
        let attempts = failures.failed(delivery.recordNumber)
        guard attempts >= FailureLedger.limit else {
            metrics.rejected.add()
            delivery.nak(delay: .milliseconds(100 << min(attempts, 6)))
            return
        }
        try await bury(delivery, reason: reason, among: held)
        failures.settled([delivery.recordNumber])
        metrics.buried.add()
        metrics.deadLetters.add()
        logger.error(
            "accounting record buried",
            ["reason": .string(reason), "subject": .string(delivery.subject), "sequence": .int(Int(delivery.sequence))]
        )
    }
}

extension BatchProcessor {
    /// Row first, then stream: the stream's copy takes the delivery away.
    private func bury(
        _ delivery: any AccountingDelivery,
        reason: String,
        among held: some Sequence<any AccountingDelivery>
    ) async throws {
        let message = RefusedMessage(delivery, stream: stream, consumer: consumer, reason: reason)
        var waits = backoff
        var hasRow = false
        while true {
            do {
                if let message, !hasRow { try await store.bury(message, failures: FailureLedger.limit) }
                hasRow = true
                return try await deadLetters.bury(delivery, reason: reason)
            } catch let fault as StorageFault {
                logger.warn("dead letter cannot get its row", ["error": .string(fault.reason)])
                // Its tenant is gone: there is no row to be had, the stream keeps it alone.
                if case .refused = fault { hasRow = true }
            } catch {
                try Task.checkCancellation()
                logger.warn("dead letter waits for its stream", ["error": .error(error)])
            }
            try await hold(held, &waits)
        }
    }
}

extension RefusedMessage {
    /// Nil when the subject names no tenant, which a row must have.
    init?(_ delivery: any AccountingDelivery, stream: String, consumer: String, reason: String) {
        let tokens = delivery.subject.split(separator: ".")
        guard tokens.count > 2, let tenant = TenantID(String(tokens[2])) else { return nil }
        self.init(
            tenantID: tenant,
            stream: stream,
            consumer: consumer,
            subject: delivery.subject,
            messageID: delivery.messageID ?? String(delivery.sequence),
            reason: reason,
            payload: delivery.payload
        )
    }
}

/// The failures that all workers of the process know of.
final class SharedFailures: Sendable {
    private let ledger = Mutex(FailureLedger())

    /// See ``FailureLedger/failed(_:)``.
    func failed(_ sequence: UInt64) -> Int { ledger.withLock { $0.failed(sequence) } }

    /// See ``FailureLedger/settled(_:)``.
    func settled(_ sequences: some Sequence<UInt64>) {
        ledger.withLock { ledger in
            for sequence in sequences { ledger.settled(sequence) }
        }
    }
}

/// The newest message that any worker of the process settled, by when the stream stored it.
final class StreamProgress: Sendable {
    private let newest = Atomic<Int64>(.min)

    func settled(through microseconds: Int64) { newest.max(microseconds, ordering: .relaxed) }

    /// Nil before the first message.
    var settledThrough: Timestamp? {
        let value = newest.load(ordering: .relaxed)
        return value == .min ? nil : Timestamp(microseconds: value)
    }
}
