import CMicrohttpd
import Crypto
import Synchronization
import WireFormat

/// How a WebSocket is made of a request.
package struct WebSocketSetup: Sendable {
    let key: String
    let subprotocol: String?
    let marker: @Sendable (Int) -> WebSocketMessage
    let run: @Sendable (WebSocket) async -> Void
}

extension Response {
    /// Accepts a WebSocket, or says why not: 426 where the request is no handshake of version 13, 400 where its key is
    /// malformed, 403 where `allowsOrigin` refuses (nil: a client that is no browser).
    ///
    /// `run` is called in the handler's task; its return closes the socket normally. The task is cancelled when the
    /// socket is closed. `protocols` are ours by preference; `marker` makes the message that tells of messages left
    /// out.
    package static func webSocket(
        _ request: Request,
        protocols: [String] = [],
        allowsOrigin: (String?) -> Bool,
        marker: @escaping @Sendable (Int) -> WebSocketMessage = WebSocket.skippedMessage,
        _ run: @escaping @Sendable (WebSocket) async -> Void
    ) -> Response {
        guard request.method == .get, request.isVersion11,
            request.headers.list("connection").contains(where: { $0.lowercased() == "upgrade" }),
            request.headers.list("upgrade").contains(where: { $0.lowercased() == "websocket" }),
            request.headers.values("sec-websocket-version") == ["13"]
        else {
            var problem = Problem(426, code: "websocket_expected", detail: "This is a WebSocket of version 13.")
            problem.headers["upgrade"] = "websocket"
            problem.headers["connection"] = "upgrade"
            problem.headers["sec-websocket-version"] = "13"
            return problem.response(to: request)
        }
        let keys = request.headers.values("sec-websocket-key")
        guard keys.count == 1, Base64.decode(keys[0])?.count == 16, request.body.declaredCount == 0 else {
            return Problem(.badRequest, code: "websocket_key", detail: "Sec-WebSocket-Key is malformed.")
                .response(to: request)
        }
        let origins = request.headers.values("origin")
        guard origins.count <= 1, allowsOrigin(origins.first) else {
            return Problem(403, code: "origin_refused", detail: "Pages of this origin may not connect.")
                .response(to: request)
        }
        let offered = request.headers.list("sec-websocket-protocol")
        let setup = WebSocketSetup(
            key: keys[0],
            subprotocol: protocols.first { offered.contains($0) },
            marker: marker,
            run: run
        )
        return Response(101, body: .webSocket(setup))
    }
}

extension WebSocket {
    /// `{"type":"skipped","skipped":n}`.
    package static func skippedMessage(_ count: Int) -> WebSocketMessage {
        .text("{\"type\":\"skipped\",\"skipped\":\(count)}")
    }
}

extension Exchange {
    func webSocket(_ response: Response, for request: Request, _ setup: WebSocketSetup) async {
        guard core.table.count + core.openSockets < core.limits.connections, !core.isDraining else {
            core.metrics.refused(core.isDraining ? .draining : .webSocket)
            let problem = Problem(.serviceUnavailable, code: "overloaded", detail: "No more WebSockets are taken.")
            return await send(problem.response(to: request), for: request)
        }
        guard let prepared = unsafe PreparedResponse(accepting: upgraded) else { return abort() }
        prepared.add("Upgrade", "websocket")
        let digest = Digest.sha1(Array((setup.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        prepared.add("Sec-WebSocket-Accept", Base64.encode(digest))
        if let chosen = setup.subprotocol { prepared.add("Sec-WebSocket-Protocol", chosen) }
        prepared.add(response.headers)
        prepared.add("x-request-id", request.id)
        let transport = await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                guard !state.isOver, state.outcome == nil else { return false }
                state.upgrade = continuation
                return true
            }
            guard waits else { return continuation.resume(returning: nil) }
            // Where the exchange ended in between, its end resumes.
            if finish(.response(prepared)) {
                core.metrics.answered(route: request.control.route, method: request.method, status: 101)
            } else {
                state.withLock { $0.upgrade.take() }?.resume(returning: nil)
            }
        }
        guard let transport else { return }
        let socket = WebSocket(core: core, marker: setup.marker) { [weak self] in self?.cancelTask() }
        core.mailbox.post(.adopt(socket, transport))
        await setup.run(socket)
        socket.close()
    }

    /// The connection is ours. On libmicrohttpd's thread.
    @unsafe fileprivate func becameSocket(_ descriptor: Int32, _ early: [UInt8], _ handle: OpaquePointer) {
        let transport = unsafe UpgradedSocket(
            core: core,
            connection: connection,
            descriptor: descriptor,
            early: early,
            handle: handle
        )
        guard let waiting = state.withLock({ $0.upgrade.take() }) else { return }
        waiting.resume(returning: transport)
    }
}

@c
private func upgraded(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ exchange: UnsafeMutableRawPointer?,
    _ early: UnsafePointer<CChar>?,
    _ earlyCount: Int,
    _ descriptor: Int32,
    _ handle: OpaquePointer?
) {
    guard let exchange = unsafe exchange, let handle = unsafe handle else { return }
    // SAFETY: libmicrohttpd holds the exchange's reference until the request is over.
    let owner = unsafe Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue()
    let octets = unsafe Array(UnsafeRawBufferPointer(start: early, count: earlyCount))
    unsafe owner.becameSocket(descriptor, octets, handle)
}
