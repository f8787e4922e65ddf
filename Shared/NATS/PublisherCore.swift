internal import CNATS
internal import Concurrency
internal import Synchronization

/// What the publisher's callers, the acknowledgements' thread and the sweeper share.
final class PublisherCore: Sendable {
    private struct Contents {
        var window: PublishWindow
        /// Refused by libnats before they were sent; reported by the thread like all others.
        var refusals: [(token: UInt64, reason: String)] = []
    }

    private let client: NATSClient
    private let inbox: String
    private let contents: Mutex<Contents>
    private let timeout: UInt64
    private let handler: JetStreamPublisher.Handler
    private let subscription = Mutex<AckSubscription?>(nil)
    /// Held around each call of the handler, so that it sees one at a time.
    private let delivering = Mutex(())
    private let isStopping = Atomic(false)
    private let sweeps = Monitor(false)

    init(
        _ client: NATSClient,
        _ maximumOutstanding: Int,
        _ timeout: Duration,
        _ handler: @escaping JetStreamPublisher.Handler
    ) throws(NATSError) {
        self.client = client
        self.timeout = UInt64(max(0, timeout.wholeNanoseconds))
        self.handler = handler
        inbox = try newInbox()
        contents = Mutex(Contents(window: PublishWindow(capacity: maximumOutstanding)))
    }

    /// Begins to receive acknowledgements.
    func listen() throws(NATSError) {
        let listening = try AckSubscription(client.handle, subject: inbox + ".*", core: self)
        subscription.withLock { $0 = listening }
    }

    var outstanding: Int { contents.withLock { $0.window.outstanding } }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        sweeps.withLock(waking: .all) { $0 = true }
        subscription.withLock { $0 = nil }
    }

    func publish(
        _ subject: String,
        _ payload: UnsafeRawBufferPointer,
        _ messageID: String,
        _ headers: [(String, String)],
        _ token: UInt64
    ) -> PublishOutcome {
        guard client.status.isConnected, !isStopping.load(ordering: .acquiring) else { return .disconnected }
        let deadline = SystemClock.monotonicNanoseconds() &+ timeout
        let connection = client.status.connections
        guard
            let id = contents.withLock({
                $0.window.open(token: token, deadline: deadline, connection: connection)
            })
        else { return .stalled }
        let status = unsafe send(subject, payload, messageID, headers, id)
        if status == NATS_OK { return .accepted }
        return contents.withLock { contents in
            // Settled in the meantime: its token was reported already.
            guard contents.window.close(id) != nil else { return .accepted }
            switch status {
            case NATS_MAX_PAYLOAD, NATS_INVALID_ARG, NATS_INVALID_SUBJECT:
                contents.refusals.append((token, NATSError(status: status, doing: "publish on \(subject)").message))
                return .accepted
            default: return .disconnected
            }
        }
    }

    private func send(
        _ subject: String,
        _ payload: UnsafeRawBufferPointer,
        _ messageID: String,
        _ headers: [(String, String)],
        _ id: UInt64
    ) -> natsStatus {
        var message: OpaquePointer?
        let status = unsafe withReply(id) { reply in
            unsafe natsMsg_Create(&message, subject, reply, payload.baseAddress, Int32(payload.count))
        }
        guard status == NATS_OK, let message = unsafe message else { return status }
        let owned = unsafe RawMessage(raw: message)
        var result = unsafe natsMsgHeader_Set(owned.raw, "Nats-Msg-Id", messageID)
        for (name, value) in headers where result == NATS_OK {
            result = unsafe natsMsgHeader_Set(owned.raw, name, value)
        }
        guard result == NATS_OK else { return result }
        return unsafe natsConnection_PublishMsg(client.handle.raw, owned.raw)
    }

    /// The reply subject of a message: the inbox and the id as 16 hexadecimal digits.
    private func withReply<Result>(_ id: UInt64, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        var prefix = inbox
        return prefix.withUTF8 { prefix in
            unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: prefix.count + 18) { text in
                for index in 0..<prefix.count { unsafe text[index] = CChar(bitPattern: prefix[index]) }
                unsafe text[prefix.count] = CChar(bitPattern: UInt8(ascii: "."))
                for digit in 0..<16 {
                    let value = UInt8(truncatingIfNeeded: id >> UInt64(60 - digit * 4)) & 0xF
                    let character = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
                    unsafe text[prefix.count + 1 + digit] = CChar(bitPattern: character)
                }
                unsafe text[prefix.count + 17] = 0
                return unsafe body(UnsafePointer(text.baseAddress.unsafelyUnwrapped))
            }
        }
    }

    // MARK: Settling

    /// One acknowledgement, on libnats' delivery thread.
    func settle(_ message: borrowing RawMessage) {
        guard let subject = unsafe message.subject, let id = unsafe Self.id(subject, after: inbox.utf8.count + 1)
        else { return }
        guard let token = contents.withLock({ $0.window.close(id) }) else { return }
        let result: AckResult =
            if unsafe natsMsg_IsNoResponders(message.raw) {
                .refused("no stream takes this subject, or JetStream is not ready")
            } else {
                unsafe PubAck.parse(message.payload.bytes)
            }
        delivering.withLock { _ in handler(token, result) }
    }

    /// Looks for lost acknowledgements until `stop`, then reports what is left.
    func sweepUntilStopped() {
        while sweeps.wait(until: .after(.milliseconds(20)), for: { $0 }, { $0 }) == nil {
            sweep(now: SystemClock.monotonicNanoseconds())
        }
        sweep(now: .max)
    }

    private func sweep(now: UInt64) {
        let connection = client.status.isConnected ? client.status.connections : nil
        let (expired, refusals) = contents.withLock { contents in
            let refusals = contents.refusals
            if !refusals.isEmpty { contents.refusals = [] }
            return (contents.window.expire(now: now, connection: connection), refusals)
        }
        delivering.withLock { _ in
            for token in expired { handler(token, .unknown) }
            for refusal in refusals { handler(refusal.token, .refused(refusal.reason)) }
        }
    }

    private static func id(_ subject: UnsafePointer<CChar>, after offset: Int) -> UInt64? {
        var id: UInt64 = 0
        for index in offset..<(offset + 16) {
            // Stops at the terminating NUL of a subject that is too short.
            switch unsafe UInt8(bitPattern: subject[index]) {
            case let digit where digit >= UInt8(ascii: "0") && digit <= UInt8(ascii: "9"):
                id = id << 4 | UInt64(digit - UInt8(ascii: "0"))
            case let digit where digit >= UInt8(ascii: "a") && digit <= UInt8(ascii: "f"):
                id = id << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return id
    }
}
