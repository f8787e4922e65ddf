import Crypto
import Domain
import HTTPServer
import Identity
import Notices
import Persistence

/// Who wants to be told what, and which addresses are not written to (NTF-07).
struct NoticeConsentRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "notices", under: "/api/v1")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        [preferences, setPreferences, list, suppress, allow, askUnsubscribe, unsubscribe]
    }

    // MARK: - Of a customer, by staff

    private var preferences: GatewayRoute {
        group.route(
            .get,
            "/customers/{id:uuid}/notice-preferences",
            "getCustomerNoticePreferences",
            .permission(.customersRead),
            "How a customer wants to be told.",
            answer: .data(NoticePreferenceBody.view.schema)
        ) { request, _ in
            let id = try request.pathID()
            let preference = try await parts.read(request) { transaction, caller in
                let customer = try await Resource<Customer>.customers.found(id, transaction, caller)
                return try await NoticeConsent(transaction).preference(
                    of: .customer(customer.id),
                    in: customer.tenantID
                )
            }
            return NoticePreferenceBody.view.answer(preference)
        }
    }

    private var setPreferences: GatewayRoute {
        group.route(
            .put,
            "/customers/{id:uuid}/notice-preferences",
            "setCustomerNoticePreferences",
            .permission(.customersUpdate),
            "Says for a customer, on the record, how he wants to be told.",
            body: NoticePreferenceBody.schema,
            answer: .data(NoticePreferenceBody.view.schema)
        ) { request, _ in
            let id = try request.pathID()
            return try await NoticePreferenceBody.put(request, parts) { work in
                let customer = try await Resource<Customer>.customers.found(id, work.transaction, work.caller)
                return (.customer(customer.id), customer.tenantID)
            }
        }
    }

    // MARK: - Suppressions

    private static let view = View<NoticeSuppression>([
        .init("channel", NoticeDesk.channels) { .text($0.channel.rawValue) },
        .init("digest", .text(64)) { .text(hexadecimal($0.digest)) },
        .init("reason", .choice(NoticeSuppression.Reason.allCases.map(\.rawValue))) { .text($0.reason.rawValue) },
        .init("category", .nullable(NoticeDesk.categories)) { .text($0.category?.rawValue) },
        .init("created_at", .nullable(.time)) { .time($0.createdAt) },
    ])

    private static func hexadecimal(_ octets: [UInt8]) -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private struct Address: Sendable {
        enum Channel: String, Hashable, Sendable, CaseIterable { case email, sms }

        var channel = Channel.email
        var address = ""

        static let shape = InputShape<Address>([
            InputField("channel", .choice(), \.channel, isRequired: true),
            InputField("address", .text(320, minimum: 3), \.address, isRequired: true),
        ])

        static func read(_ request: Request) async throws -> (channel: NoticeChannel, digest: [UInt8]) {
            var input = Address()
            try shape.apply(try await request.payload(), to: &input, isWhole: true)
            let channel: NoticeChannel = input.channel == .sms ? .sms : .email
            return (channel, NoticeAddress.digest(channel, input.address))
        }
    }

    private var list: GatewayRoute {
        group.route(
            .get,
            "/notices/suppressions",
            "listNoticeSuppressions",
            .permission(.noticesRead),
            "Addresses that are not written to, the newest first: only their digests are kept.",
            parameters: [
                NoticeDesk.tenant, .init("before", .time, "Older than that: the last row's created_at."),
                Operation.limit,
            ],
            answer: .data(.list(Self.view.schema))
        ) { request, _ in
            let (before, limit) = (try request.queryMoment("before"), try request.limit())
            let rows = try await parts.read(request) { transaction, caller in
                let tenant = try await NoticeDesk.tenant(request, transaction, caller)
                return try await NoticeConsent(transaction).suppressions(
                    of: tenant,
                    digest: nil,
                    before: before,
                    limit: limit
                )
            }
            return NoticeDesk.list(rows, Self.view)
        }
    }

    private var suppress: GatewayRoute {
        group.route(
            .post,
            "/notices/suppressions",
            "suppressNoticeAddress",
            .permission(.noticesManage),
            "Nothing is written to an address any more, but what somebody waits for.",
            parameters: [NoticeDesk.tenant],
            body: Address.shape.schema(isWhole: true),
            answer: .data(.list(Self.view.schema)),
            repetition: .keyed
        ) { request, _ in
            let (channel, digest) = try await Address.read(request)
            return try await parts.change(request) { work in
                let tenant = try await NoticeDesk.tenant(request, work.transaction, work.caller)
                let store = NoticeConsent(work.transaction)
                let one = NoticeSuppression(
                    tenantID: tenant,
                    channel: channel,
                    digest: digest,
                    reason: .manual,
                    category: nil
                )
                // By hand it is for everything, whatever stood there.
                _ = try await store.allow(channel, digest: digest, in: tenant)
                _ = try await store.suppress(one)
                work.record(.create, Self.resource(digest), of: tenant, .created(Self.view.auditValue(one)))
                return NoticeDesk.list([one], Self.view)
            }
        }
    }

    private var allow: GatewayRoute {
        group.route(
            .post,
            "/notices/suppressions/remove",
            "allowNoticeAddress",
            .permission(.noticesManage),
            "An address is written to again; answers what stood there. Its owner must have asked for it.",
            parameters: [NoticeDesk.tenant],
            body: Address.shape.schema(isWhole: true),
            answer: .data(.list(Self.view.schema)),
            repetition: .keyed
        ) { request, _ in
            let (channel, digest) = try await Address.read(request)
            return try await parts.change(request) { work in
                let tenant = try await NoticeDesk.tenant(request, work.transaction, work.caller)
                let removed = try await NoticeConsent(work.transaction).allow(channel, digest: digest, in: tenant)
                for one in removed {
                    work.record(.delete, Self.resource(digest), of: tenant, .deleted(Self.view.auditValue(one)))
                }
                return NoticeDesk.list(removed, Self.view)
            }
        }
    }

    private static func resource(_ digest: [UInt8]) -> AuditResource {
        AuditResource("notice_suppression", hexadecimal(digest))
    }

    // MARK: - By a link in a message

    private static let token = Operation.Parameter(
        "token",
        .text(minimum: 1, maximum: 200),
        "What the link in the message says.",
        isRequired: true
    )

    /// The page that the link opens: it changes nothing by itself, as programs follow links before people do.
    private var askUnsubscribe: GatewayRoute {
        open(.get, "askToUnsubscribe", "A page that asks whether messages of a kind shall end.") { _ in
            Self.page(
                "<h1>Unsubscribe</h1><p>Press the button to get no more messages of this kind at this address.</p>"
                    + "<form method=\"post\"><button>Unsubscribe</button></form>"
            )
        }
    }

    private var unsubscribe: GatewayRoute {
        open(.post, "unsubscribe", "Ends messages of a kind to an address, at one press (RFC 8058); again and again.") {
            wish in
            try await parts.database.transaction(in: wish.tenantID) { transaction in
                _ = try await NoticeConsent(transaction).suppress(
                    NoticeSuppression(
                        tenantID: wish.tenantID,
                        channel: .email,
                        digest: wish.digest,
                        reason: .unsubscribed,
                        category: wish.category
                    )
                )
            }
            return Self.page("<h1>Done</h1><p>You get no more messages of this kind at this address.</p>")
        }
    }

    private func open(
        _ method: HTTPMethod,
        _ operationID: String,
        _ summary: String,
        _ answer: @escaping @Sendable (UnsubscribeWish) async throws -> Response
    ) -> GatewayRoute {
        GatewayRoute(
            method,
            "/api/v1/notices/unsubscribe",
            operationID: operationID,
            // Who reads his mail has not signed in; the signature of the link stands for him.
            metadata: Access(
                .open,
                operation: Operation(
                    "notices",
                    summary,
                    parameters: [Self.token],
                    .other(["text/html"]),
                    others: [404]
                )
            )
        ) { request in
            guard let wish = request.query["token"].flatMap({ parts.notices.unsubscribing.read($0) }) else {
                throw Problem.notFound
            }
            return try await answer(wish)
        }
    }

    private static func page(_ body: String) -> Response {
        let html =
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
            + "<meta name=\"viewport\" content=\"width=device-width\"><title>Unsubscribe</title><main>\(body)</main></html>"
        var response = Response(.ok, body: .octets(Array(html.utf8)))
        response.headers["content-type"] = "text/html; charset=utf-8"
        response.headers["content-security-policy"] =
            "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        // The address holds the token.
        response.headers["referrer-policy"] = "no-referrer"
        response.headers["cache-control"] = "no-store"
        return response
    }
}
