import Domain
import HTTPServer
import Identity

/// The WebSockets: one machinery for who watches others and for who is told about himself.
extension LiveRoutes {
    var socket: GatewayRoute {
        Self.route(
            "/ws/realtime",
            "openRealtimeSocket",
            .permission(.tailRead),
            "Events as they happen, over a WebSocket; begin with {\"type\":\"subscribe\",\"filter\":{}}."
        ) { request in try await open(request, .watchers) }
    }

    var ownSocket: GatewayRoute {
        Self.route(
            "/ws/me",
            "openMySocket",
            .signedIn,
            "What happens to one's own account, over a WebSocket; begin with {\"type\":\"subscribe\",\"filter\":{}}."
        ) { request in try await open(request, .oneself) }
    }

    private static func route(
        _ path: PathPattern,
        _ operationID: String,
        _ guard: Access.Guard,
        _ summary: String,
        _ handler: @escaping @Sendable (Request) async throws -> Response
    ) -> GatewayRoute {
        GatewayRoute(
            .get,
            path,
            operationID: operationID,
            metadata: Access(
                `guard`,
                operation: Operation("live", summary, status: 101, .other([]), others: [426])
            ),
            handler: handler
        )
    }

    /// What a browser's client offers beside its token, which it cannot put into a header.
    package static let subprotocol = "nexora.v1"

    private func open(_ request: Request, _ audience: LiveAudience) async throws -> Response {
        let principal = try request.caller.principal
        let seat = try takeSeat(principal)
        return .webSocket(
            request,
            protocols: [Self.subprotocol],
            allowsOrigin: { dependencies.allowsOrigin($0, request) }
        ) { socket in
            await serve(socket, audience, principal, request)
            withExtendedLifetime(seat) {}
        }
    }

    private func serve(
        _ socket: WebSocket,
        _ audience: LiveAudience,
        _ principal: Principal,
        _ request: Request
    ) async {
        let wishes = LiveRequest(nil, nil)
        let id = feed.newID()
        let tail = makeTail(audience, WebSocketOutput(socket: socket), wishes, request)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await tail.run(id, as: principal) }
            group.addTask {
                await listen(socket, wishes, id) { filter in
                    // Who looks at what is his own is on no record, as with his sessions.
                    guard audience == .watchers else { return }
                    try await dependencies.record(principal, request, filter.description)
                }
            }
            await group.next()
            socket.close()
            group.cancelAll()
        }
    }

    /// Takes the client's messages until it goes. `record` is told each other filter before it holds.
    private func listen(
        _ socket: WebSocket,
        _ wishes: LiveRequest,
        _ id: UInt64,
        _ record: (LiveFilter) async throws -> Void
    ) async {
        var subscriptions = LiveSubscriptions()
        while let message = await socket.receive() {
            do {
                let command = try LiveCommand(message, now: dependencies.now())
                if case .subscribe(let filter, _) = command {
                    switch subscriptions.take(filter) {
                    case .same: break
                    case .another: try await record(filter)
                    case .tooMany: return socket.close(.policy, reason: "too many changes of the filter")
                    }
                }
                wishes.change(to: command)
                feed.wake(id)
            } catch let fault as LiveFilterFault {
                _ = socket.send(frame: WebSocketOutput.frame("error", fault.json))
            } catch {
                // It could not be put on record: then it does not begin.
                socket.close(.internalError, reason: "unavailable")
                return
            }
        }
    }
}
