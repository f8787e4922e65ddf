internal import Events
package import NATS

/// A message that a consumer received. It stays the consumer's until it is settled; one that is not comes again.
package struct Delivery: Sendable {
    let message: NATSMessage

    package init(_ message: NATSMessage) { self.message = message }

    package var subject: String { message.subject }
    package var payload: [UInt8] { message.payload }
    /// The id that its publisher gave it: the same on every resend.
    package var messageID: String { message.messageID ?? "" }
    /// The first value of a header; names are case-sensitive.
    package func header(_ name: String) -> String? { message.header(name) }
    /// Its place in the stream.
    package var sequence: UInt64 { message.sequence }
    /// 1 at the first delivery; outages count too, so this is no count of failures.
    package var deliveries: Int { message.deliveries }
    /// When the stream stored it, microseconds since 1970 UTC.
    package var timeMicroseconds: Int64 { message.timeMicroseconds }
    /// How many messages of the stream waited behind it.
    package var pending: UInt64 { message.pending }

    /// Done.
    package func ack() { message.ack() }
    /// Not done: comes again, after `delay`.
    package func nak(delay: Duration? = nil) { message.nak(delay: delay) }
    /// Still at work: the time to settle it begins again.
    package func inProgress() { message.inProgress() }
}
