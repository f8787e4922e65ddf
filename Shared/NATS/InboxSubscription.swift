internal import CNATS

/// What waiting on an inbox brought.
enum InboxEvent: ~Copyable {
    case message(RawMessage)
    /// Nobody listens where the last request went.
    case noResponders
    case nothing
    /// The connection was closed for good.
    case closed
}

/// A subscription on a private inbox, read by one thread that asks for the next message. It outlives reconnects.
/// SAFETY: libnats locks subscriptions; this object owns the pointer and gives it away once, in deinit.
@safe final class InboxSubscription: @unchecked Sendable {
    private let raw: OpaquePointer
    private let connection: ConnectionHandle
    /// The subject under which this subscription hears everything: `<prefix>.*` of an inbox, else the subject itself.
    let prefix: String

    init(_ connection: ConnectionHandle) throws(NATSError) {
        prefix = try newInbox()
        var subscription: OpaquePointer?
        try unsafe natsConnection_SubscribeSync(&subscription, connection.raw, prefix + ".*").orThrow("inbox")
        guard let subscription = unsafe subscription else { throw NATSError(.other, "inbox: no subscription") }
        unsafe raw = subscription
        self.connection = connection
        // What is in flight is bounded by what was asked for; libnats' own limit would drop messages silently.
        try unsafe natsSubscription_SetPendingLimits(subscription, -1, -1).orThrow("inbox limits")
    }

    /// Hears what is published on `subject` and goes to this member of the queue group. Of what is not read in time
    /// libnats keeps so much and no more.
    init(_ connection: ConnectionHandle, subject: String, group: String) throws(NATSError) {
        prefix = subject
        var subscription: OpaquePointer?
        try unsafe natsConnection_QueueSubscribeSync(&subscription, connection.raw, subject, group)
            .orThrow("subscription to \(subject)")
        guard let subscription = unsafe subscription else {
            throw NATSError(.other, "subscription to \(subject): no subscription")
        }
        unsafe raw = subscription
        self.connection = connection
        try unsafe natsSubscription_SetPendingLimits(subscription, 1_024, 64 << 20).orThrow("limits of \(subject)")
    }

    deinit { unsafe connection.retire(raw) }

    /// Waits up to that many milliseconds (at least 1) for the next message.
    func next(milliseconds: Int64) -> InboxEvent {
        var message: OpaquePointer?
        let status = unsafe natsSubscription_NextMsg(&message, raw, max(1, milliseconds))
        if status == NATS_OK, let message = unsafe message { return .message(unsafe RawMessage(raw: message)) }
        switch status {
        case NATS_NO_RESPONDERS: return .noResponders
        case NATS_CONNECTION_CLOSED, NATS_INVALID_SUBSCRIPTION: return .closed
        default: return .nothing
        }
    }
}

/// A subject that nobody else uses.
func newInbox() throws(NATSError) -> String {
    var inbox: UnsafeMutablePointer<CChar>?
    try unsafe natsInbox_Create(&inbox).orThrow("inbox")
    defer { unsafe natsInbox_Destroy(inbox) }
    return unsafe inbox.map { unsafe String(cString: $0) } ?? ""
}
