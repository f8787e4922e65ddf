import Concurrency
import Observability
import Synchronization

/// A WebSocket as its handler sees it: one task receives, any may send.
package final class WebSocket: Sendable {
    private let limits: WebSocketLimits
    private let core: ServerCore
    private let marker: @Sendable (Int) -> WebSocketMessage
    private let onClosed: @Sendable () -> Void
    /// The loop's name for it; only the loop uses it.
    let token = LoopToken()
    private let state = Mutex(State())

    private struct State {
        var inbox: [WebSocketMessage] = []
        var receiver: CheckedContinuation<Void, Never>?
        var outbox: [[UInt8]] = []
        /// Octets that were queued and that the kernel has not taken yet.
        var waiting = 0
        var skipped = 0
        var isAttended = false
        var closing: (code: WebSocketCloseCode, reason: String)?
        var closed: WebSocketCloseCode?
    }

    init(
        core: ServerCore,
        marker: @escaping @Sendable (Int) -> WebSocketMessage,
        onClosed: @escaping @Sendable () -> Void
    ) {
        self.core = core
        limits = core.limits.webSocket
        self.marker = marker
        self.onClosed = onClosed
    }

    // MARK: - The handler's side

    /// The next message; nil when the socket is closed, or the task cancelled. For one task.
    package func receive() async -> WebSocketMessage? {
        while true {
            let (message, wasFull, isOver) = state.withLock { state in
                let wasFull = state.inbox.count >= limits.inbox
                let message = state.inbox.isEmpty ? nil : state.inbox.removeFirst()
                return (message, wasFull, state.closed != nil)
            }
            if let message {
                if wasFull { attend() }
                return message
            }
            if isOver || Task.isCancelled { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mustWait = state.withLock { state in
                        guard state.inbox.isEmpty, state.closed == nil, !Task.isCancelled else { return false }
                        precondition(state.receiver == nil, "a second receiver of one socket")
                        state.receiver = continuation
                        return true
                    }
                    if !mustWait { continuation.resume() }
                }
            } onCancel: {
                state.withLock { $0.receiver.take() }?.resume()
            }
        }
    }

    /// Queues the message where the client keeps up, else leaves it out and counts it. Never waits.
    package func send(_ message: WebSocketMessage) -> Offer { send(frame: EncodedFrame(message)) }

    /// The same for a message that goes to many sockets: it is encoded once.
    package func send(frame: EncodedFrame) -> Offer {
        let (offer, mustAttend) = state.withLock { state -> (Offer, Bool) in
            guard state.closing == nil, state.closed == nil else { return (.closed, false) }
            var frames = [frame.octets]
            if state.skipped > 0 { frames.insert(marker(state.skipped).frame, at: 0) }
            let size = frames.reduce(0) { $0 + $1.count }
            guard state.waiting == 0 || state.waiting + size <= limits.outbox else {
                state.skipped += 1
                return (.skipped(state.skipped), false)
            }
            state.skipped = 0
            state.waiting += size
            state.outbox += frames
            defer { state.isAttended = true }
            return (.accepted, !state.isAttended)
        }
        if case .skipped = offer { core.metrics.skipped.add() }
        if mustAttend { core.mailbox.post(.attend(self)) }
        return offer
    }

    /// Whether the message would be queued now. For the only task that sends, so that it may wait instead of leaving out.
    package func hasRoom(for frame: EncodedFrame) -> Bool {
        state.withLock { state in
            state.waiting == 0 || state.waiting + frame.octets.count <= limits.outbox
                || state.closing != nil || state.closed != nil
        }
    }

    /// Sends what waits, then the close frame; further messages are refused.
    package func close(_ code: WebSocketCloseCode = .normal, reason: String = "") {
        let isFirst = state.withLock { state in
            guard state.closing == nil, state.closed == nil else { return false }
            state.closing = (code, reason)
            return true
        }
        if isFirst { attend() }
    }

    /// Why it is closed; nil while it is open.
    package var closeCode: WebSocketCloseCode? { state.withLock { $0.closed } }

    /// Has the loop look after this socket.
    func attend() {
        let isFirst = state.withLock { state in
            defer { state.isAttended = true }
            return !state.isAttended
        }
        if isFirst { core.mailbox.post(.attend(self)) }
    }

    // MARK: - The loop's side

    struct Work {
        var octets: [UInt8]
        var closing: (code: WebSocketCloseCode, reason: String)?
    }

    /// What is to be sent next.
    func takeWork() -> Work {
        state.withLock { state in
            state.isAttended = false
            var octets: [UInt8] = []
            if state.outbox.count == 1 { octets = state.outbox[0] } else { octets = Array(state.outbox.joined()) }
            state.outbox = []
            return Work(octets: octets, closing: state.closing)
        }
    }

    /// The kernel took so many of the octets that were handed out.
    func sent(_ count: Int) { state.withLock { $0.waiting = max(0, $0.waiting - count) } }

    /// Whether more messages may be read.
    var hasRoom: Bool { state.withLock { $0.inbox.count < limits.inbox } }

    func deliver(_ message: WebSocketMessage) {
        let receiver = state.withLock { state in
            state.inbox.append(message)
            return state.receiver.take()
        }
        receiver?.resume()
    }

    func closed(_ code: WebSocketCloseCode) {
        let (receiver, isFirst) = state.withLock { state in
            let isFirst = state.closed == nil
            if isFirst { state.closed = code }
            return (state.receiver.take(), isFirst)
        }
        receiver?.resume()
        if isFirst { onClosed() }
    }
}

/// A message as it goes out, encoded once for any number of sockets.
package struct EncodedFrame: Sendable {
    let octets: [UInt8]

    package init(_ message: WebSocketMessage) { octets = message.frame }
}
