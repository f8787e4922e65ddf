/// Where a consumer or tail begins.
package enum StreamPosition: Sendable, Equatable {
    /// The stream's first message.
    case all
    /// What is stored from now on.
    case new
    /// The first message at or after this sequence.
    case sequence(UInt64)
    /// The first message stored at or after this time, microseconds since 1970 UTC. A consumer may begin up to a
    /// second earlier, a tail does not.
    case time(Int64)
    /// The last messages, that many.
    case last(Int)
}

/// A pull consumer that acknowledges each message by itself.
package struct ConsumerConfiguration: Sendable, Equatable {
    package var stream: String
    /// Kept by the server across restarts under this name; several clients of one name share the messages.
    /// nil: a private one that goes away when unused.
    package var durable: String?
    /// Only messages whose subject matches; nil for all.
    package var filter: String?
    /// Where a new consumer begins; an existing one goes on where it stands.
    package var start: StreamPosition
    /// A message that is not settled within this comes again.
    package var acknowledgementWait: Duration
    /// How many messages may be delivered and not settled, over all clients of the consumer.
    package var maximumAcknowledgementsPending: Int

    package init(
        stream: String,
        durable: String?,
        filter: String? = nil,
        start: StreamPosition = .all,
        acknowledgementWait: Duration = .seconds(30),
        maximumAcknowledgementsPending: Int = 10_000
    ) {
        self.stream = stream
        self.durable = durable
        self.filter = filter
        self.start = start
        self.acknowledgementWait = acknowledgementWait
        self.maximumAcknowledgementsPending = maximumAcknowledgementsPending
    }
}

/// A consumer as the server holds it.
package struct ConsumerInfo: Sendable, Equatable {
    package let stream: String
    package let name: String
    /// Messages in the stream that were not delivered yet.
    package let pending: UInt64
    /// Delivered, not settled.
    package let acknowledgementsPending: Int
    /// Of those, the ones delivered more than once.
    package let redelivered: Int
    /// Everything up to here is settled.
    package let acknowledgedThrough: UInt64
    package let deliveredThrough: UInt64
}
