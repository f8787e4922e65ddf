import Domain
import HTTPServer
import Identity
package import Lifecycle
package import Observability

/// `GET /api/v1/events` (server-sent events) and `GET /ws/realtime` (WebSocket): what happens, as it happens.
package struct LiveRoutes: Sendable {
    /// Run it as a service.
    package let feed: LiveFeed
    private let dependencies: LiveDependencies
    private let settings: LiveSettings
    private let metrics: LiveMetrics
    private let quota: LiveQuota
    private let histories: LiveHistories

    package init(
        _ source: any LiveSource,
        dependencies: LiveDependencies,
        settings: LiveSettings,
        registry: MetricsRegistry,
        health: HealthComponent,
        logger: Logger
    ) {
        self.dependencies = dependencies
        self.settings = settings
        metrics = LiveMetrics(registry)
        quota = LiveQuota(perUser: settings.perUser)
        metrics.watch(registry, quota: quota)
        histories = LiveHistories(source, maximum: settings.histories, metrics: metrics)
        feed = LiveFeed(
            source,
            tenants: LiveTenants(dependencies.tenants, logger: logger),
            settings: settings,
            metrics: metrics,
            health: health,
            logger: logger
        )
    }

    /// The group of routes.
    package var routes: [GatewayRoute] { [events, socket] }

    // MARK: - Server-sent events

    private var events: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/events",
            operationID: "streamEvents",
            metadata: Access(
                .permission(.tailRead),
                operation: Operation(
                    "live",
                    "Events as they happen, as server-sent events.",
                    parameters: Self.filterParameters + Self.startParameters,
                    .other(["text/event-stream"])
                )
            )
        ) { request in try await stream(request) }
    }

    private func stream(_ request: Request) async throws -> Response {
        let principal = try request.caller.principal
        let filter: LiveFilter
        let start: LiveStart
        let follows: Bool
        do throws(LiveFilterFault) {
            filter = try LiveFilter(request.query)
            start = try LiveStart(request.query, lastEventID: request.headers["last-event-id"])
            follows = try LiveStart.follows(request.query)
        } catch {
            throw Problem.invalid(error.field, error.message)
        }
        let seat = try takeSeat(principal)
        try await dependencies.record(principal, request, filter.description)
        return .events { stream in
            let tail = makeTail(
                EventStreamOutput(stream: stream),
                LiveRequest(filter, start),
                request,
                follows: follows
            )
            await tail.run(feed.newID(), as: principal)
            withExtendedLifetime(seat) {}
        }
    }

    // MARK: - WebSocket

    private var socket: GatewayRoute {
        GatewayRoute(
            .get,
            "/ws/realtime",
            operationID: "openRealtimeSocket",
            metadata: Access(
                .permission(.tailRead),
                operation: Operation(
                    "live",
                    "Events as they happen, over a WebSocket; begin with {\"type\":\"subscribe\",\"filter\":{}}.",
                    status: 101,
                    .other([]),
                    others: [426]
                )
            )
        ) { request in try await open(request) }
    }

    private func open(_ request: Request) async throws -> Response {
        let principal = try request.caller.principal
        let seat = try takeSeat(principal)
        return .webSocket(
            request,
            protocols: [Self.subprotocol],
            allowsOrigin: { dependencies.allowsOrigin($0, request) }
        ) { socket in
            await serve(socket, principal, request)
            withExtendedLifetime(seat) {}
        }
    }

    /// What a browser's client offers beside its token, which it cannot put into a header.
    package static let subprotocol = "nexora.v1"

    private func serve(_ socket: WebSocket, _ principal: Principal, _ request: Request) async {
        let wishes = LiveRequest(nil, nil)
        let id = feed.newID()
        let tail = makeTail(WebSocketOutput(socket: socket), wishes, request)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await tail.run(id, as: principal) }
            group.addTask { await listen(socket, wishes, id, principal, request) }
            await group.next()
            socket.close()
            group.cancelAll()
        }
    }

    /// Takes the client's messages until it goes.
    private func listen(
        _ socket: WebSocket,
        _ wishes: LiveRequest,
        _ id: UInt64,
        _ principal: Principal,
        _ request: Request
    ) async {
        var subscriptions = LiveSubscriptions()
        while let message = await socket.receive() {
            do {
                let command = try LiveCommand(message)
                if case .subscribe(let filter, _) = command {
                    switch subscriptions.take(filter) {
                    case .same: break
                    case .another: try await dependencies.record(principal, request, filter.description)
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

    // MARK: - Both

    private func makeTail<Output: LiveOutput>(
        _ output: Output,
        _ wishes: LiveRequest,
        _ request: Request,
        follows: Bool = true
    ) -> LiveTail<Output> {
        let sent = metrics.sent.with(output.transport)
        return LiveTail(
            feed: feed,
            output: output,
            request: wishes,
            follows: follows,
            histories: histories,
            sent: { sent.add() },
            skipped: { [metrics] count in metrics.skipped.add(Int(clamping: count)) },
            standing: { await dependencies.standing(request) },
            renewal: settings.renewal
        )
    }

    private func takeSeat(_ principal: Principal) throws(Problem) -> LiveSeat {
        if let seat = quota.seat(for: principal.userID) { return seat }
        metrics.refusedQuota.add()
        var problem = Problem(
            .tooManyRequests,
            code: "live_quota",
            detail:
                "\(quota.perUser) of \(quota.perUser) live connections of this user are open on this gateway. Close one."
        )
        problem.headers["retry-after"] = "5"
        throw problem
    }

    private static let filterParameters: [Operation.Parameter] = [
        .init("type", .text(maximum: 64), "session.started, or session.* for all of its kind.", isRepeated: true),
        .init("tenant", .uuid, "Only this tenant's, within what one may see.", isRepeated: true),
        .init("nas", .text(maximum: 253), "Only about this NAS: id or name.", isRepeated: true),
        .init("service", .uuid, "Only about this service.", isRepeated: true),
        .init("customer", .uuid, "Only about this customer.", isRepeated: true),
        .init("user", .text(maximum: 253), "Only about this user name.", isRepeated: true),
    ]

    private static let startParameters: [Operation.Parameter] = [
        .init("from", .text(maximum: 16, pattern: "^[0-9]+$"), "Begin behind this place of the stream."),
        .init("last", .text(maximum: 4, pattern: "^[0-9]+$"), "Begin with the newest so many, 1000 at most."),
        .init("follow", .choice(["true", "false"]), "false ends the stream with what there is already."),
        .init(
            "Last-Event-ID",
            in: .header,
            .text(maximum: 16, pattern: "^[0-9]+$"),
            "Where the client stood: it misses nothing."
        ),
    ]
}

extension LiveFilterFault {
    /// For a client of a WebSocket.
    var json: [UInt8] {
        Problem.invalid(field, message).encoded()
    }
}

extension LiveFilter: CustomStringConvertible {
    /// As a query, for the audit trail: `type=session.*&user=alice`.
    var description: String {
        let parts: [(Field, [String])] = [
            (.type, Array(kinds)), (.tenant, tenants.map(\.description)), (.nas, Array(nases)),
            (.service, services.map(\.description)), (.customer, customers.map(\.description)),
            (.user, Array(usernames)),
        ]
        return parts.flatMap { field, values in values.sorted().map { "\(field.rawValue)=\($0)" } }
            .joined(separator: "&")
    }
}
