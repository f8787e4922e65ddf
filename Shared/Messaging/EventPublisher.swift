internal import Concurrency
internal import Domain
package import Events
package import NATS
internal import Synchronization
internal import WireFormat

/// An event that was not acknowledged within its time. Whether it is stored is not known: publish it again with the
/// same id.
package struct EventNotAcknowledged: Error, Sendable, CustomStringConvertible {
    package let subject: String
    package let messageID: String
    /// What the last attempt said.
    package let reason: String

    package var description: String { "event \(messageID) on \(subject) was not acknowledged: \(reason)" }
}

/// Where an event was stored.
package struct PublishReceipt: Sendable, Equatable {
    package let sequence: UInt64
    /// An earlier send had stored it already.
    package let duplicate: Bool
}

/// Publishes events and waits until JetStream has them, sending again with the same id as long as that is not known.
/// For the accounting path with its journal there is `JetStreamPublisher`.
package final class EventPublisher: Sendable {
    private struct Waiting {
        var next: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<AckResult, Never>] = [:]
    }

    /// Shared with the publisher's handler.
    private final class Table: Sendable {
        let contents = Mutex(Waiting())

        func settle(_ token: UInt64, _ result: AckResult) {
            contents.withLock { $0.waiters.removeValue(forKey: token) }?.resume(returning: result)
        }
    }

    private let table = Table()
    private let publisher: JetStreamPublisher
    private let limit: Duration

    /// An event is given up, as `EventNotAcknowledged`, after `limit`.
    package init(_ client: NATSClient, limit: Duration = .seconds(30)) throws {
        self.limit = limit
        publisher = try JetStreamPublisher(
            client,
            maximumOutstanding: 1_024,
            acknowledgementTimeout: .seconds(2)
        ) { [table] token, result in
            if token != Self.unawaited { table.settle(token, result) }
        }
    }

    /// The token of messages that nobody waits for.
    private static let unawaited = UInt64.max

    /// Publishes one event on its kind's subject; accounting has a subject of its own, with its NAS.
    @discardableResult
    package func publish<Payload: EventPayload>(_ event: Event<Payload>) async throws -> PublishReceipt {
        var writer = JSONWriter()
        event.encode(into: &writer)
        let subject = Subjects.event(Payload.self, tenant: event.tenantID)
        return try await publish(writer.bytes, subject: subject, messageID: event.id.description)
    }

    /// Publishes one event whose subject is known, such as an outbox row.
    @discardableResult
    package func publish(_ event: EventEnvelope, subject: String) async throws -> PublishReceipt {
        var writer = JSONWriter()
        event.encode(into: &writer)
        return try await publish(writer.bytes, subject: subject, messageID: event.id.description)
    }

    /// Publishes any message.
    @discardableResult
    package func publish(
        _ payload: [UInt8],
        subject: String,
        messageID: String,
        headers: [(String, String)] = []
    ) async throws -> PublishReceipt {
        let end = Deadline.after(limit)
        var backoff = Backoff(initial: .milliseconds(20), maximum: .seconds(1))
        var reason = "not connected"
        while !end.hasPassed {
            try Task.checkCancellation()
            switch await attempt(payload, subject, messageID, headers) {
            case .acknowledged(let sequence, let duplicate):
                return PublishReceipt(sequence: sequence, duplicate: duplicate)
            case .refused(let text): reason = text
            case .unknown: reason = "no answer"
            }
            try await pause(for: min(backoff.next(), end.remaining))
        }
        throw EventNotAcknowledged(subject: subject, messageID: messageID, reason: reason)
    }

    /// Sends an event once and forgets it: for events that may be lost, such as a refused packet's. false: not sent.
    package func offer<Payload: EventPayload>(_ event: Event<Payload>) -> Bool {
        var writer = JSONWriter()
        event.encode(into: &writer)
        let subject = Subjects.event(Payload.self, tenant: event.tenantID)
        let outcome = publisher.publish(
            subject: subject,
            payload: writer.bytes,
            messageID: event.id.description,
            token: Self.unawaited
        )
        return outcome == .accepted
    }

    /// Stops; whoever waits is told that nothing is known.
    package func close() async { await publisher.close() }

    private func attempt(
        _ payload: [UInt8],
        _ subject: String,
        _ messageID: String,
        _ headers: [(String, String)]
    ) async -> AckResult {
        await withCheckedContinuation { continuation in
            let token = table.contents.withLock { waiting in
                waiting.next += 1
                waiting.waiters[waiting.next] = continuation
                return waiting.next
            }
            let outcome = publisher.publish(
                subject: subject,
                payload: payload,
                messageID: messageID,
                headers: headers,
                token: token
            )
            switch outcome {
            case .accepted: break
            case .stalled: table.settle(token, .refused("too many events wait for their acknowledgement"))
            case .disconnected: table.settle(token, .refused("not connected"))
            }
        }
    }
}
