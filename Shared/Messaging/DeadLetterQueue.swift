internal import Concurrency
internal import Domain
internal import Events
package import NATS

/// A message that a consumer could not handle for its own sake.
package struct DeadLetter: Sendable {
    /// Its number in the DEADLETTER stream.
    package let sequence: UInt64
    /// Why it was buried.
    package let reason: String
    /// Where it came from.
    package let subject: String
    package let stream: String
    package let consumer: String
    package let messageID: String
    package let payload: [UInt8]
    /// When it was buried, microseconds since 1970 UTC.
    package let timeMicroseconds: Int64
}

/// Keeps messages that failed, with why and from where, in the stream DEADLETTER until they are replayed or 90 days old.
package final class DeadLetterQueue: Sendable {
    /// The headers of a dead letter.
    enum Header {
        static let reason = "Nexora-Reason"
        static let subject = "Nexora-Subject"
        static let stream = "Nexora-Stream"
        static let consumer = "Nexora-Consumer"
        static let messageID = "Nexora-Message-Id"
    }

    private let client: NATSClient
    private let admin: JetStreamAdmin
    private let publisher: EventPublisher

    /// Sends nothing yet.
    package init(_ client: NATSClient, publisher: EventPublisher) throws {
        self.client = client
        self.publisher = publisher
        admin = try JetStreamAdmin(client)
    }

    /// Stores the message with its reason, then takes it from its consumer. Burying it again, say after a lost
    /// connection, stores nothing twice within the duplicate window. Throws `EventNotAcknowledged` when it could not be
    /// stored: it stays with the consumer then.
    package func bury(_ delivery: Delivery, reason: String, stream: String, consumer: String) async throws {
        try await store(
            delivery.payload,
            subject: delivery.subject,
            messageID: delivery.messageID,
            sequence: delivery.sequence,
            reason: reason,
            stream: stream,
            consumer: consumer
        )
        delivery.message.term()
    }

    /// Stores what failed, a message or one event of it, and leaves the message to its consumer.
    package func store(
        _ payload: [UInt8],
        subject: String,
        messageID: String,
        sequence: UInt64,
        reason: String,
        stream: String,
        consumer: String
    ) async throws {
        try await publisher.publish(
            payload,
            subject: "deadletter." + subject,
            messageID: "dead.\(stream).\(consumer).\(sequence).\(messageID)",
            headers: [
                (Header.reason, Self.headerText(reason)), (Header.subject, subject), (Header.stream, stream),
                (Header.consumer, consumer), (Header.messageID, messageID),
            ]
        )
    }

    /// Dead letters in order, from that number on, at most `maximum`.
    package func list(from first: UInt64 = 1, maximum: Int = 100) async throws -> [DeadLetter] {
        guard let info = try await admin.streamInfo(Streams.deadLetter.name), info.messages > 0 else { return [] }
        let start = max(first, info.firstSequence)
        guard start <= info.lastSequence else { return [] }
        let tail = try OrderedTail(client, stream: Streams.deadLetter.name, from: .sequence(start))
        var letters: [DeadLetter] = []
        let end = Deadline.after(.seconds(10))
        reading: while letters.count < maximum, !end.hasPassed {
            for event in try await tail.next(maximum: maximum - letters.count, within: .milliseconds(50)) {
                guard case .message(let message) = event else { continue }
                guard message.sequence <= info.lastSequence else { break reading }
                letters.append(DeadLetter(message))
                if message.sequence == info.lastSequence { break reading }
            }
        }
        await tail.close()
        return letters
    }

    /// One dead letter; nil where there is none of that number.
    package func letter(_ sequence: UInt64) async throws -> DeadLetter? {
        try await admin.message(stream: Streams.deadLetter.name, sequence: sequence).map(DeadLetter.init)
    }

    /// Publishes a dead letter again on the subject it came from, and removes it once JetStream has it. false where
    /// there is none of that number. Every consumer of the subject receives it: consuming is idempotent.
    @discardableResult
    package func replay(_ sequence: UInt64) async throws -> Bool {
        guard let letter = try await letter(sequence) else { return false }
        // Not the first id: within the duplicate window that would store nothing.
        try await publisher.publish(
            letter.payload,
            subject: letter.subject,
            messageID: "\(letter.messageID).replay.\(sequence)"
        )
        try await admin.deleteMessage(stream: Streams.deadLetter.name, sequence: sequence)
        return true
    }

    /// One line of at most 500 octets that cannot end a header.
    private static func headerText(_ text: String) -> String {
        var kept = ""
        for scalar in text.unicodeScalars {
            guard kept.utf8.count < 500 else { break }
            kept.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return kept
    }
}

extension DeadLetter {
    init(_ message: NATSMessage) {
        self.init(message.sequence, message.payload, message.timeMicroseconds, message.header)
    }

    init(_ message: StoredMessage) {
        self.init(message.sequence, message.payload, message.timeMicroseconds, message.header)
    }

    private init(_ sequence: UInt64, _ payload: [UInt8], _ time: Int64, _ header: (String) -> String?) {
        self.sequence = sequence
        self.payload = payload
        timeMicroseconds = time
        reason = header(DeadLetterQueue.Header.reason) ?? ""
        subject = header(DeadLetterQueue.Header.subject) ?? ""
        stream = header(DeadLetterQueue.Header.stream) ?? ""
        consumer = header(DeadLetterQueue.Header.consumer) ?? ""
        messageID = header(DeadLetterQueue.Header.messageID) ?? ""
    }
}
