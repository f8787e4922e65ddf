import Concurrency
import Domain
import Persistence

/// One accounting record as the stream delivered it. It comes again until it is settled.
protocol AccountingDelivery: Sendable {
    var subject: String { get }
    var payload: [UInt8] { get }
    /// The publisher's id of the message.
    var messageID: String? { get }
    /// Its message's place in the stream.
    var sequence: UInt64 { get }
    /// Its place among the records of its message.
    var part: Int { get }
    /// When the stream stored it, microseconds since 1970.
    var timeMicroseconds: Int64 { get }

    /// Done.
    func ack()
    /// To be delivered again, at once or after `delay`.
    func nak(delay: Duration?)
    /// Still at work on it.
    func inProgress()
}

extension AccountingDelivery {
    var part: Int { 0 }

    /// Names the record among all of the stream; a message holds far fewer than 1,024.
    var recordNumber: UInt64 { sequence << 10 | UInt64(part) }
}

/// Where deliveries come from.
protocol DeliverySource: Sendable {
    /// Waits a while for the first delivery, then up to `wait` for others, up to `maximum` in all; perhaps none.
    func next(maximum: Int, within wait: Duration) async throws -> [any AccountingDelivery]
}

/// Where accounting is kept. One worker uses one store; stores share nothing but the database.
protocol AccountingStore: Sendable {
    /// Commits what the records tell, all or nothing; the same records again change nothing.
    func commit(_ records: [AccountingRecord]) async throws(StorageFault) -> AccountingCommit
    /// Keeps a message that will not be delivered again. Twice is once.
    func bury(_ message: RefusedMessage, failures: Int) async throws(StorageFault)
}

/// The stream of dead letters.
protocol DeadLetterStream: Sendable {
    /// Takes the delivery from its consumer once the stream of dead letters has it.
    func bury(_ delivery: any AccountingDelivery, reason: String) async throws
}

/// The stream that the outbox goes to.
protocol OutboxStream: Sendable {
    /// Publishes the rows, which are of different aggregates, and returns when each of them was answered.
    func publish(_ round: RelayRound) async -> RelayRound
}

/// Where the consumer stands.
protocol StreamObserver: Sendable {
    /// The durable consumer's state; throws while the server is away.
    func observe() async throws -> ConsumerPosition
}

/// The durable consumer's state on the server.
struct ConsumerPosition: Sendable, Equatable {
    /// Not delivered yet.
    var pending: UInt64
    /// Delivered and not settled.
    var outstanding: Int
    /// Of those, delivered more than once.
    var redelivered: Int
}
