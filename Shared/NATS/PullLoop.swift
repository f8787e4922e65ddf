internal import CNATS
internal import Concurrency
internal import Observability
internal import Synchronization

/// How much a pull loop fetches ahead.
struct PullOptions: Sendable {
    var batch: Int
    var requests: Int
    /// How long a request lives on the server.
    var expiry: Duration = .seconds(30)
    /// How often the server tells that a waiting request is alive.
    var heartbeat: Duration = .seconds(2)
}

/// Reads a pull consumer on a thread of its own: keeps several requests under way, notices lost ones by missing
/// heartbeats, and starts over after a reconnect. natsSubscription_Fetch is not used: in libnats 3.4.1 it stalls and
/// can write past its array after a request timed out.
final class PullLoop: Sendable {
    let buffer = PullBuffer()
    private let client: NATSClient
    private let stream: String
    private let options: PullOptions
    private let isStopping = Atomic(false)
    private let hasConsumer = Atomic(false)
    private let lastProblem = Mutex<NATSError?>(nil)

    init(_ client: NATSClient, stream: String, options: PullOptions) {
        self.client = client
        self.stream = stream
        self.options = options
    }

    /// Why the consumer cannot be read at the moment.
    var problem: NATSError? { lastProblem.withLock { $0 } }

    /// Its consumer stands at the server.
    var isReading: Bool { hasConsumer.load(ordering: .acquiring) }

    func stop() { isStopping.store(true, ordering: .releasing) }

    /// What the thread keeps between two messages.
    private struct Progress {
        var window: PullWindow
        var consumer: String?
        /// Names the requests since the last start over, so that late answers to older ones are not counted.
        var generation: UInt64 = 0
        var connection: UInt64?
        var lastHeard: UInt64 = 0
        var notBefore: UInt64 = 0
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(2))

        mutating func startOver() {
            window.reset()
            consumer = nil
            generation &+= 1
        }
    }

    /// The thread's body.
    func run(_ source: any PullSource) {
        defer {
            source.finish()
            buffer.close()
        }
        let inbox: InboxSubscription
        do throws(NATSError) { inbox = try InboxSubscription(client.handle) } catch {
            lastProblem.withLock { $0 = error }
            return
        }
        var progress = Progress(window: PullWindow(batch: options.batch, requests: options.requests))
        while !isStopping.load(ordering: .acquiring) {
            let now = SystemClock.monotonicNanoseconds()
            buffer.expire(now: now)
            keepConsumer(&progress, source, now)
            hasConsumer.store(progress.consumer != nil, ordering: .releasing)
            if progress.consumer != nil { request(&progress, inbox, now) }
            switch inbox.next(milliseconds: patience(now)) {
            case .message(let message): take(message, &progress, source)
            case .noResponders:
                progress.startOver()
                progress.notBefore = now &+ UInt64(progress.backoff.next().wholeNanoseconds)
            case .nothing: break
            case .closed: return
            }
        }
    }

    /// How long to wait for a message before looking at everything else: a reader's deadline is met within a
    /// millisecond when it waits, and within 5 ms when it comes while the thread sleeps.
    private func patience(_ now: UInt64) -> Int64 {
        guard let deadline = buffer.deadline else { return 5 }
        // Rounded up: rounded down it would not sleep at all in the last millisecond.
        return min(20, Int64(clamping: (max(deadline, now) - now + 999_999) / 1_000_000))
    }

    private func keepConsumer(_ progress: inout Progress, _ source: any PullSource, _ now: UInt64) {
        guard client.status.isConnected else {
            if progress.connection != nil { progress.startOver() }
            progress.connection = nil
            return
        }
        let connection = client.status.connections
        if progress.connection != connection {
            progress.startOver()
            progress.connection = connection
            progress.notBefore = 0
        }
        let silence = UInt64(options.heartbeat.wholeNanoseconds) * 5 / 2
        if progress.window.requested > 0, now > progress.lastHeard &+ silence { progress.startOver() }
        guard progress.consumer == nil, now >= progress.notBefore else { return }
        do throws(NATSError) {
            progress.consumer = try source.prepare { buffer.append(.gap($0)) }
            progress.lastHeard = SystemClock.monotonicNanoseconds()
            lastProblem.withLock { $0 = nil }
        } catch {
            let isNews = lastProblem.withLock { problem in
                defer { problem = error }
                return problem?.message != error.message
            }
            if isNews {
                client.logger.warn(
                    "cannot read the stream",
                    ["stream": .string(stream), "error": .string(error.description)]
                )
            }
            progress.notBefore = now &+ UInt64(progress.backoff.next().wholeNanoseconds)
        }
    }

    private func request(_ progress: inout Progress, _ inbox: InboxSubscription, _ now: UInt64) {
        guard now >= progress.notBefore, let consumer = progress.consumer else { return }
        let wasIdle = progress.window.requested == 0
        let count = progress.window.requestsToSend(buffered: buffer.count)
        guard count > 0 else { return }
        if wasIdle { progress.lastHeard = now }
        let subject = "$JS.API.CONSUMER.MSG.NEXT.\(stream).\(consumer)"
        let reply = "\(inbox.prefix).\(progress.generation)"
        let expiry = options.expiry.wholeNanoseconds
        let heartbeat = options.heartbeat.wholeNanoseconds
        var body = "{\"batch\":\(options.batch),\"expires\":\(expiry),\"idle_heartbeat\":\(heartbeat)}"
        for _ in 0..<count {
            let status = body.withUTF8 { bytes in
                unsafe natsConnection_PublishRequest(
                    client.handle.raw,
                    subject,
                    reply,
                    bytes.baseAddress,
                    Int32(bytes.count)
                )
            }
            if status != NATS_OK { return progress.startOver() }
        }
    }

    private func take(_ raw: borrowing RawMessage, _ progress: inout Progress, _ source: any PullSource) {
        let now = SystemClock.monotonicNanoseconds()
        guard let message = NATSMessage(raw, client: client, received: now) else {
            return obey(raw, &progress, now)
        }
        progress.lastHeard = now
        progress.window.received()
        switch source.judge(message, { buffer.append(.gap($0)) }) {
        case .deliver:
            progress.backoff.reset()
            buffer.append(.message(message))
        case .skip: break
        case .restart: progress.startOver()
        }
    }

    /// Acts on a status message, unless it answers a request from before the last start over.
    private func obey(_ raw: borrowing RawMessage, _ progress: inout Progress, _ now: UInt64) {
        guard let subject = unsafe raw.subject, unsafe String(cString: subject).hasSuffix(".\(progress.generation)")
        else { return }
        let status = PullStatus(
            code: raw.header("Status"),
            description: raw.header("Description") ?? "",
            open: raw.header("Nats-Pending-Messages")
        )
        guard let status else { return }
        progress.lastHeard = now
        let pause = UInt64(Duration.milliseconds(100).wholeNanoseconds)
        switch status {
        case .heartbeat: break
        case .ended(let open): progress.window.ended(open: open)
        case .interrupted(let open):
            progress.window.ended(open: open)
            progress.notBefore = now &+ pause
        case .consumerLost:
            progress.startOver()
            progress.notBefore = now &+ pause
        case .refused(let reason):
            progress.startOver()
            progress.notBefore = now &+ UInt64(Duration.seconds(1).wholeNanoseconds)
            lastProblem.withLock { $0 = NATSError(.refused, "pull from \(stream): \(reason)") }
        }
    }
}
