import Domain
import Messaging
import Persistence

/// Where webhooks are kept, as who sends them sees it.
protocol WebhookKeeping: Sendable {
    /// Whether this process is the one that sends; to be asked again and again.
    func lead() async throws(StorageFault) -> Bool
    func roster() async throws(StorageFault) -> WebhookRoster
    func position() async throws(StorageFault) -> WebhookPosition?
    func begin(at position: WebhookPosition) async throws(StorageFault)
    @discardableResult
    func advance(
        from place: WebhookPosition,
        through sequence: UInt64,
        _ deliveries: [PlannedDelivery],
        at now: Timestamp
    ) async throws(StorageFault) -> Int
    func due(at now: Timestamp, limit: Int) async throws(StorageFault) -> [WebhookRef]
    func claim(_ ref: WebhookRef, at now: Timestamp, until: Timestamp) async throws(StorageFault) -> ClaimedDelivery?
    func finish(_ claimed: ClaimedDelivery, _ outcome: WebhookOutcome, at now: Timestamp) async throws(StorageFault)
        -> Bool
    func figures() async throws(StorageFault) -> WebhookFigures
    @discardableResult
    func forget(before time: Timestamp, limit: Int) async throws(StorageFault) -> Int
    func openReplay() async throws(StorageFault) -> WebhookStore.ReplayTask?
    func begin(_ replay: WebhookReplay, after position: UInt64, until: UInt64) async throws(StorageFault) -> Bool
    func advance(_ replay: WebhookReplay, through position: UInt64, _ deliveries: [PlannedDelivery], at now: Timestamp)
        async throws(StorageFault) -> Int?
    func end(_ replay: WebhookReplay, because reason: String?, at now: Timestamp) async throws(StorageFault)
}

extension WebhookStore: WebhookKeeping {}

/// Where events come from.
protocol WebhookEvents: Sendable {
    /// What the stream holds now; nil where there is none yet.
    func extent() async throws -> StreamExtent?
    /// The place behind which everything stands that was stored at or after that time (microseconds since 1970).
    func place(at time: Int64) async throws -> UInt64?
    /// Everything behind that message, in its order, for ever.
    func reader(after sequence: UInt64) throws -> any WebhookEventReader
}

/// One reader of the stream, for one task.
protocol WebhookEventReader: Sendable {
    func next(maximum: Int, within limit: Duration) async throws -> [TailedMessage]
    func close() async
}

extension EventTails: WebhookEvents {
    func reader(after sequence: UInt64) throws -> any WebhookEventReader {
        let tail: EventTail = try open(after: sequence)
        return tail
    }
}

extension EventTail: WebhookEventReader {
    func next(maximum: Int, within limit: Duration) async throws -> [TailedMessage] {
        try await next(maximum: maximum, within: limit, gathering: .milliseconds(5))
    }
}

/// What is sent.
struct WebhookRequest: Sendable {
    var url: String
    /// Private addresses too: the operator's word.
    var allowsPrivate: Bool
    var id: String
    var timestamp: Int64
    var signature: String
    var body: [UInt8]
}

/// What came back.
struct WebhookReply: Sendable {
    var answer: WebhookRetries.Answer
    /// As far as it was read.
    var body: [UInt8] = []
}

/// Who speaks HTTP.
protocol WebhookTransport: Sendable {
    /// Nil where the task was cancelled: nobody knows what the receiver has done.
    func send(_ request: WebhookRequest) async -> WebhookReply?
}
