import Domain
import HTTPServer
import Identity
package import Lifecycle
package import Observability

/// `GET /api/v1/events` (server-sent events) and `GET /ws/realtime` (WebSocket): what happens, as it happens. `GET /ws/me`
/// (WebSocket): what happens to oneself.
package struct LiveRoutes: Sendable {
    /// Run it as a service.
    package let feed: LiveFeed
    let dependencies: LiveDependencies
    private let settings: LiveSettings
    private let metrics: LiveMetrics
    private let quota: LiveQuota
    private let histories: LiveHistories
    /// Who asks for his own past may not keep those waiting who watch: a quarter as many turns, beside theirs.
    private let ownHistories: LiveHistories

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
        ownHistories = LiveHistories(source, maximum: max(1, settings.histories / 4), metrics: metrics)
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
    package var routes: [GatewayRoute] { [events, socket, ownSocket] }

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
            start = try LiveStart(
                request.query,
                lastEventID: request.headers["last-event-id"],
                now: dependencies.now()
            )
            follows = try LiveStart.follows(request.query)
        } catch {
            throw Problem.invalid(error.field, error.message, code: error.code)
        }
        let seat = try takeSeat(principal)
        try await dependencies.record(principal, request, filter.description)
        return .events { stream in
            let tail = makeTail(
                .watchers,
                EventStreamOutput(stream: stream),
                LiveRequest(filter, start),
                request,
                follows: follows
            )
            await tail.run(feed.newID(), as: principal)
            withExtendedLifetime(seat) {}
        }
    }

    // MARK: - All of them

    func makeTail<Output: LiveOutput>(
        _ audience: LiveAudience,
        _ output: Output,
        _ wishes: LiveRequest,
        _ request: Request,
        follows: Bool = true
    ) -> LiveTail<Output> {
        let sent = metrics.sent.with(output.transport)
        return LiveTail(
            feed: feed,
            audience: audience,
            output: output,
            request: wishes,
            follows: follows,
            histories: audience == .oneself ? ownHistories : histories,
            sent: { sent.add() },
            skipped: { [metrics] count in metrics.skipped.add(Int(clamping: count)) },
            standing: { await dependencies.standing(request) },
            renewal: settings.renewal
        )
    }

    func takeSeat(_ principal: Principal) throws(Problem) -> LiveSeat {
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

    private static let kind = Schema.text(
        minimum: 3,
        maximum: 64,
        pattern: "^[a-z_]+(\\.[a-z_]+){0,2}\\.([a-z_]+|\\*)$"
    )

    private static let filterParameters: [Operation.Parameter] = [
        .init("type", kind, "session.started, or session.* for all of its kind.", isRepeated: true),
        .init("tenant", .uuid, "Only this tenant's, within what one may see.", isRepeated: true),
        .init("nas", .text(253), "Only about this NAS: id or name.", isRepeated: true),
        .init("service", .uuid, "Only about this service.", isRepeated: true),
        .init("customer", .uuid, "Only about this customer.", isRepeated: true),
        .init("user", .text(253), "Only about this user name.", isRepeated: true),
    ]

    private static let startParameters: [Operation.Parameter] = [
        .init("from", .text(minimum: 1, maximum: 16, pattern: "^[0-9]+$"), "Begin behind this place of the stream."),
        .init(
            "last",
            .text(minimum: 1, maximum: 4, pattern: "^0*(1000|[0-9]{1,3})$"),
            "Begin with the newest so many, 1000 at most."
        ),
        .init(
            "since",
            .time,
            "Begin with the first event that the stream took in at or after this time; not beside from or last."
        ),
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
        Problem.invalid(field, message, code: code).encoded()
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
