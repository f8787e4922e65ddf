import Concurrency
import Glibc
import Observability

/// The server's own thread beside libmicrohttpd's: it owns the daemon, the WebSockets and every deadline.
final class ServerLoop {
    /// Deadlines are kept to this exactness.
    private static let tick = Duration.milliseconds(250)
    private static let drainTick = Duration.milliseconds(10)
    /// How long connections that were cut off may take to vanish; then the daemon is left running until the process
    /// ends, as stopping it would abort.
    private static let abortLimit = Duration.seconds(5)

    private enum Stage {
        case serving
        case draining(until: Deadline)
        case aborting(until: Deadline)
    }

    private let core: ServerCore
    private let daemon: Daemon
    private let epoll: Epoll
    private let wakeToken = UInt64.max
    private var nextToken: UInt64 = 0
    private var peers: [UInt64: WebSocketPeer] = [:]
    private var watches: [UInt64: ClientWatch] = [:]
    private var stage = Stage.serving

    init(core: ServerCore, daemon: Daemon) throws(SystemError) {
        self.core = core
        self.daemon = daemon
        epoll = try Epoll()
        try epoll.add(core.mailbox.event.fileDescriptor, .readable, token: wakeToken)
    }

    /// Returns when the server was drained, or cut off at the deadline.
    func run() throws {
        var next = Deadline.after(Self.tick)
        while true {
            try epoll.wait(until: next) { event in
                if event.token == wakeToken { return }
                if let peer = peers[event.token] {
                    serve(peer, event)
                } else {
                    endWatch(event.token)
                }
            }
            for message in core.mailbox.takeAll() { handle(message) }
            guard next.hasPassed else { continue }
            if tick() { break }
            next = .after(isServing ? Self.tick : Self.drainTick)
        }
        finish()
    }

    private var isServing: Bool { if case .serving = stage { true } else { false } }

    private func handle(_ message: LoopMailbox.Message) {
        switch message {
        case .watch(let client): watch(client)
        case .unwatch(let client): forget(client)
        case .adopt(let socket, let upgraded): adopt(socket, upgraded)
        case .attend(let socket):
            if let peer = peers[socket.token.value] { after(peer.attend(), peer) }
        case .drain(let deadline): drain(deadline)
        }
    }

    // MARK: - Clients of streams

    private func watch(_ watch: ClientWatch) {
        nextToken += 1
        // Where it fails the client is noticed by the next write.
        guard (try? epoll.add(watch.descriptor, .peerClosed, token: nextToken)) != nil else { return }
        watch.token.value = nextToken
        watches[nextToken] = watch
    }

    private func endWatch(_ token: UInt64) {
        guard let watch = watches[token] else { return }
        forget(watch)
        watch.onGone()
    }

    private func forget(_ watch: ClientWatch) {
        guard watches.removeValue(forKey: watch.token.value) != nil else { return }
        try? epoll.remove(watch.descriptor)
    }

    // MARK: - WebSockets

    private func adopt(_ socket: WebSocket, _ upgraded: UpgradedSocket) {
        nextToken += 1
        let peer = WebSocketPeer(socket: socket, upgraded: upgraded, limits: core.limits.webSocket)
        socket.token.value = nextToken
        do {
            try epoll.add(upgraded.descriptor, .readable, token: nextToken)
        } catch {
            peer.end()
            return
        }
        peers[nextToken] = peer
        core.countSocket(1)
        if core.isDraining { socket.close(.goingAway) }
        // Frames may have come with the handshake.
        after(peer.readable(), peer)
    }

    private func serve(_ peer: WebSocketPeer, _ event: Epoll.Event) {
        var lives = true
        if event.isWritable { lives = peer.attend() }
        if lives, event.isReadable || event.isBroken { lives = peer.readable() }
        after(lives, peer)
    }

    private func after(_ lives: Bool, _ peer: WebSocketPeer) {
        let token = peer.socket.token.value
        if lives {
            guard let interest = peer.changedInterest() else { return }
            if (try? epoll.modify(peer.descriptor, interest, token: token)) != nil { return }
        }
        try? epoll.remove(peer.descriptor)
        peers[token] = nil
        peer.end()
        core.countSocket(-1)
    }

    // MARK: - Time

    /// True when the server has ended.
    private func tick() -> Bool {
        for peer in peers.values { after(peer.tick(), peer) }
        for stream in core.eventStreams { stream.beat(after: core.limits.heartbeat) }
        for connection in core.table.all { expire(connection) }
        switch stage {
        case .serving: return false
        case .draining(let deadline):
            if isEmpty { return true }
            if deadline.hasPassed { abort() }
            return false
        case .aborting(let deadline): return isEmpty || deadline.hasPassed
        }
    }

    private var isEmpty: Bool { core.table.count == 0 && peers.isEmpty && core.runningRequests == 0 }

    private func expire(_ connection: Connection) {
        let state = connection.snapshot
        guard let exchange = state.exchange else {
            if state.deadline.hasPassed || (core.isDraining && state.phase == .idle) { close(connection, state.phase) }
            return
        }
        switch state.phase {
        case .head: if state.deadline.hasPassed { close(connection, .head) }
        case .body:
            if exchange.control?.bodyDeadline.hasPassed ?? false {
                exchange.bodyTooSlow()
                close(connection, .body)
            }
        case .closing:
            if state.deadline.hasPassed {
                core.table.shut(connection)
                connection.enter(.closing, .after(UpgradedSocket.forwardingTime))
            }
        case .ours, .idle: break
        }
        if exchange.owesAnswer, exchange.control?.deadline.hasPassed ?? false { exchange.expire() }
    }

    private func close(_ connection: Connection, _ phase: Connection.Phase) {
        switch phase {
        case .head: core.metrics.refused(.headTime)
        case .body: core.metrics.refused(.bodyTime)
        case .idle, .ours, .closing: break
        }
        connection.enter(.ours)
        // Behind TLS nobody but libmicrohttpd can say anything.
        core.table.shut(connection, saying: phase == .body && !core.isTLS ? Self.requestTimeout : [])
    }

    private static let requestTimeout: [UInt8] = {
        let body = Problem(RequestBodyError.tooSlow)?.encoded() ?? []
        let head =
            "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n"
            + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        return Array(head.utf8) + body
    }()

    // MARK: - The end

    private func drain(_ deadline: Deadline) {
        guard isServing else { return }
        core.beginDrain()
        daemon.quiesce()
        for stream in core.eventStreams { stream.drain() }
        for peer in peers.values {
            peer.socket.close(.goingAway)
            after(peer.attend(), peer)
        }
        // A connection on which nothing was asked yet will not be served any more.
        for connection in core.table.all where connection.snapshot.exchange == nil { core.table.shut(connection) }
        stage = .draining(until: deadline)
    }

    private func abort() {
        core.logger.warn(
            "requests were cut off at the end of the drain",
            ["http.requests": .int(core.runningRequests), "http.connections": .int(core.table.count)]
        )
        core.beginAbort()
        for (token, peer) in peers {
            try? epoll.remove(peer.descriptor)
            peers[token] = nil
            peer.end()
            core.countSocket(-1)
        }
        for connection in core.table.all {
            connection.snapshot.exchange?.abort()
            core.table.shut(connection)
        }
        stage = .aborting(until: .after(Self.abortLimit))
    }

    private func finish() {
        for watch in Array(watches.values) { forget(watch) }
        guard core.table.count == 0 else {
            core.logger.error("connections did not close", ["http.connections": .int(core.table.count)])
            return
        }
        daemon.stop()
    }
}
