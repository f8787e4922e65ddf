internal import CNATS
internal import Concurrency

/// A message that JetStream delivered. It stays the consumer's until it is settled; one that is not comes again.
///
/// Settling is sent without waiting for an answer. When the connection is down it is not sent at all and the message
/// comes again: handling has to be idempotent anyway.
package struct NATSMessage: Sendable {
    package let subject: String
    package let payload: [UInt8]
    /// Every header with its first value.
    package let headers: [(name: String, value: String)]
    /// Its place in the stream.
    package let sequence: UInt64
    /// 1 at the first delivery.
    package let deliveries: Int
    /// When the stream stored it, microseconds since 1970 UTC.
    package let timeMicroseconds: Int64
    /// How many messages of the stream waited behind this one.
    package let pending: UInt64

    /// The monotonic time at which it was received.
    let received: UInt64
    let consumerSequence: UInt64
    let timeNanoseconds: Int64
    private let reply: String
    private let client: NATSClient

    /// The id that its publisher gave it.
    package var messageID: String? { header("Nats-Msg-Id") }

    /// The first value of a header; names are case-sensitive.
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// Done: it does not come again.
    package func ack() { settle("+ACK") }

    /// Not done: it comes again at once, or after `delay`.
    package func nak(delay: Duration? = nil) {
        guard let delay else { return settle("-NAK") }
        settle("-NAK {\"delay\":\(max(0, delay.wholeNanoseconds))}")
    }

    /// Never to be delivered again, though it was not done.
    package func term() { settle("+TERM") }

    /// Still at work: the time within which it must be settled begins again.
    package func inProgress() { settle("+WPI") }

    private func settle(_ verdict: String) {
        guard client.status.isConnected else { return }
        var verdict = verdict
        _ = verdict.withUTF8 { bytes in
            unsafe natsConnection_Publish(client.handle.raw, reply, bytes.baseAddress, Int32(bytes.count))
        }
    }

    /// Whether it came through that consumer.
    func isFrom(consumer: String) -> Bool {
        reply.split(separator: ".").contains { $0 == consumer }
    }

    /// Copies what libnats holds; nil for what is not a delivery.
    init?(_ raw: borrowing RawMessage, client: NATSClient, received: UInt64) {
        guard let reply = unsafe raw.reply, let subject = unsafe raw.subject,
            let metadata = unsafe DeliveryMetadata(reply)
        else { return nil }
        self.subject = unsafe String(cString: subject)
        self.reply = unsafe String(cString: reply)
        payload = unsafe Array(raw.payload)
        headers = raw.headers()
        sequence = metadata.streamSequence
        deliveries = Int(clamping: metadata.delivered)
        timeMicroseconds = metadata.timestamp / 1_000
        pending = metadata.pending
        consumerSequence = metadata.consumerSequence
        timeNanoseconds = metadata.timestamp
        self.received = received
        self.client = client
    }
}

extension Sequence<NATSMessage> {
    /// Acknowledges each message by itself: on a shared consumer a cumulative acknowledgement would swallow what
    /// other workers still hold.
    package func ackAll() {
        for message in self { message.ack() }
    }
}
