import Concurrency
import Glibc

/// The loop's half of a WebSocket: the descriptor, its frames and its deadlines. Belongs to the loop thread.
///
/// Every function that may end the connection returns whether it still lives.
final class WebSocketPeer {
    let socket: WebSocket
    private let upgraded: UpgradedSocket
    private let limits: WebSocketLimits
    private var assembler: MessageAssembler
    private let input: OctetSource
    private let frames: FrameReader?
    private var output: [UInt8] = []
    private var written = 0
    private var interest = Epoll.Interest.readable
    private var heard = Deadline.after(.zero)
    private var pinged: Deadline?
    /// Set once our close frame is queued: the peer's answer, or the end, is awaited until then.
    private var closeBy: Deadline?
    private var hasPeerClosed = false
    private var hasFailed = false
    /// Frames may wait in wslay's buffer, which bring no event of their own.
    private var isStalled = false
    private var code = WebSocketCloseCode.abnormal

    init(socket: WebSocket, upgraded: UpgradedSocket, limits: WebSocketLimits) {
        self.socket = socket
        self.upgraded = upgraded
        self.limits = limits
        assembler = MessageAssembler(limit: limits.message)
        let input = OctetSource(descriptor: upgraded.descriptor, early: upgraded.early)
        self.input = input
        frames = unsafe FrameReader { unsafe input.read(into: $0) }
    }

    var descriptor: Int32 { upgraded.descriptor }

    /// What is to be watched for from now on, where that changed.
    func changedInterest() -> Epoll.Interest? {
        var wanted: Epoll.Interest = []
        if closeBy != nil || socket.hasRoom { wanted.insert(.readable) }
        if written < output.count { wanted.insert(.writable) }
        guard wanted != interest else { return nil }
        interest = wanted
        return wanted
    }

    /// Reads what is there while the handler has room for it.
    func readable() -> Bool {
        guard let frames else { return false }
        isStalled = false
        // A peer that never pauses must not keep the others waiting.
        for _ in 0..<64 {
            if hasFailed { return flush() && input.discard() }
            guard closeBy != nil || socket.hasRoom else {
                isStalled = true
                return flush()
            }
            switch frames.next() {
            case .wait: return flush()
            case .end: return false
            case .malformed: fail(.protocolError)
            case .piece(let piece):
                heard = .after(.zero)
                pinged = nil
                do throws(MessageAssembler.Fault) {
                    if let event = try assembler.take(piece), !handle(event) { return false }
                } catch {
                    fail(error.code)
                }
            }
        }
        isStalled = true
        socket.attend()
        return flush()
    }

    private func handle(_ event: MessageAssembler.Event) -> Bool {
        switch event {
        case .message(let message): if closeBy == nil { socket.deliver(message) }
        case .ping(let payload): if closeBy == nil { output += WebSocketFrame.encode(.pong, payload) }
        case .pong: break
        case .close(let code, _):
            hasPeerClosed = true
            if closeBy == nil {
                self.code = code
                beginClose(code)
            }
            return flush()
        }
        return true
    }

    private func fail(_ code: WebSocketCloseCode) {
        hasFailed = true
        guard closeBy == nil else { return }
        self.code = code
        beginClose(code)
    }

    private func beginClose(_ code: WebSocketCloseCode, _ reason: String = "") {
        output += WebSocketFrame.close(code, reason)
        closeBy = .after(limits.closeWithin)
    }

    /// Sends what the handler queued.
    func attend() -> Bool {
        let work = socket.takeWork()
        if closeBy == nil {
            if !work.octets.isEmpty { output += work.octets }
            if let closing = work.closing {
                code = closing.code
                beginClose(closing.code, closing.reason)
            }
        }
        guard flush() else { return false }
        return isStalled && (closeBy != nil || socket.hasRoom) ? readable() : true
    }

    private func flush() -> Bool {
        while written < output.count {
            let count = unsafe output.withUnsafeBytes { bytes in
                unsafe send(
                    descriptor,
                    UnsafeRawBufferPointer(rebasing: bytes[written...]).baseAddress,
                    bytes.count - written,
                    Int32(Int(MSG_DONTWAIT) | Int(MSG_NOSIGNAL))
                )
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return true }
            guard count > 0 else { return false }
            written += count
            socket.sent(count)
        }
        output = []
        written = 0
        return !(closeBy != nil && hasPeerClosed)
    }

    /// Pings a silent peer, and gives up on one that stays silent or does not end its closing.
    func tick() -> Bool {
        if let closeBy { return !closeBy.hasPassed }
        let now = Deadline.after(.zero)
        if let pinged { return now - pinged < limits.pongWithin }
        guard now - heard >= limits.pingAfter else { return true }
        pinged = now
        output += WebSocketFrame.encode(.ping, [])
        return flush()
    }

    /// The connection is over.
    func end() {
        upgraded.close()
        socket.closed(code)
    }
}

/// What comes in on a descriptor, after what came before.
private final class OctetSource {
    private let descriptor: Int32
    private var early: [UInt8]

    init(descriptor: Int32, early: [UInt8]) {
        self.descriptor = descriptor
        self.early = early
    }

    /// How many octets were put into the buffer; 0: none are there, -1: none will come.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if !early.isEmpty {
            let count = min(early.count, buffer.count)
            unsafe buffer.copyBytes(from: early.prefix(count))
            early.removeFirst(count)
            return count
        }
        while true {
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { return count }
            if count < 0, errno == EINTR { continue }
            return count < 0 && errno == EAGAIN ? 0 : -1
        }
    }

    /// Throws away what is there; false at the end.
    func discard() -> Bool {
        unsafe withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { buffer in
            for _ in 0..<16 {
                let count = unsafe read(into: buffer)
                if count <= 0 { return count == 0 }
            }
            return true
        }
    }
}
