import Domain
import HTTPServer
import Identity
import Notices
import Persistence
import WireFormat

/// What is told, whom and by which ways: each kind with what holds by default, and what a tenant wants otherwise (NTF-04).
struct NoticeRuleRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "notices", under: "/api/v1/notices/rules")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [list, put, remove] }

    /// A kind as it stands for a tenant.
    private struct Standing: Sendable {
        let kind: NoticeKind
        /// Nil where the tenant says nothing.
        let rule: NoticeRule?
        var terms: NoticeTerms { kind.terms }
    }

    private static let roles = Schema.choice(Role.allCases.map(\.rawValue))

    private static let view = View<Standing>([
        .init("kind", NoticeDesk.kinds) { .text($0.kind.rawValue) },
        .init("audience", .choice(NoticeKind.Audience.allCases.map(\.rawValue))) { .text($0.terms.audience.rawValue) },
        .init("category", NoticeDesk.categories) { .text($0.terms.category.rawValue) },
        .init("may_be_refused", .boolean) { .boolean($0.terms.category.mayBeRefused) },
        .init("variables", .list(.object([.init("name", .text()), .init("is_optional", .boolean)]))) { standing in
            NoticeDesk.json { json in
                json.beginArray()
                for variable in standing.terms.variables {
                    json.beginObject()
                    json.pair("name", variable.name)
                    json.pair("is_optional", variable.isOptional)
                    json.endObject()
                }
                json.endArray()
            }
        },
        .init("default_channels", .list(NoticeDesk.channels)) { .texts($0.terms.channels.map(\.rawValue)) },
        .init("default_roles", .list(.text())) { .texts($0.terms.roles) },
        .init("is_enabled", .boolean) { .boolean($0.rule?.isEnabled ?? true) },
        .init("channels", .list(NoticeDesk.channels)) {
            .texts(($0.rule?.channels ?? $0.terms.channels).map(\.rawValue))
        },
        .init("roles", .list(.text())) { .texts($0.rule?.roles?.map(\.rawValue) ?? $0.terms.roles) },
        .init("is_own", .boolean) { .boolean($0.rule != nil) },
    ])

    private struct Draft: Sendable {
        var isEnabled = true
        var channels: [NoticeChannel]?
        var roles: [Role]?

        static let shape = InputShape<Draft>([
            InputField("is_enabled", .flag, \.isEnabled),
            InputField("channels", InputKind.choice().list(5, minimum: 1), clearable: \.channels),
            InputField("roles", InputKind.choice().list(20), clearable: \.roles),
        ])
    }

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listNoticeRules",
            .permission(.noticesRead),
            "Every kind of notice with what holds by default and what a tenant wants otherwise.",
            parameters: [NoticeDesk.tenant],
            answer: .data(.list(Self.view.schema))
        ) { request, _ in
            let rules = try await parts.read(request) { transaction, caller in
                let tenant = try await NoticeDesk.tenant(request, transaction, caller)
                return try await NoticeRules(transaction).list(of: tenant)
            }
            let own = Dictionary(rules.map { ($0.kind, $0) }, uniquingKeysWith: { $1 })
            return NoticeDesk.list(NoticeKind.allCases.map { Standing(kind: $0, rule: own[$0]) }, Self.view)
        }
    }

    private var put: GatewayRoute {
        group.route(
            .put,
            "/{kind}",
            "setNoticeRule",
            .permission(.noticesManage),
            "What a tenant wants of a kind: whether it is told, by which ways, and which roles of staff; null for the default.",
            parameters: [NoticeDesk.tenant],
            body: Draft.shape.schema(isWhole: true),
            answer: .data(Self.view.schema)
        ) { request, _ in
            let kind = try Self.kind(request)
            var input = Draft()
            try Draft.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let draft = input
            try Self.check(draft, kind)
            return try await parts.change(request) { work in
                let tenant = try await NoticeDesk.tenant(request, work.transaction, work.caller)
                let store = NoticeRules(work.transaction)
                let before = try await store.find(kind, of: tenant, forUpdate: true)
                var rule = NoticeRule(tenantID: tenant, kind: kind)
                (rule.isEnabled, rule.channels, rule.roles) = (draft.isEnabled, draft.channels, draft.roles)
                let after = Standing(kind: kind, rule: try await store.put(rule))
                let earlier = Self.view.auditValue(Standing(kind: kind, rule: before))
                work.record(
                    .update,
                    AuditResource("notice_rule", kind.rawValue),
                    of: tenant,
                    .updated(earlier, Self.view.auditValue(after))
                )
                return Self.view.answer(after)
            }
        }
    }

    /// What nobody may refuse nobody turns off either: who is locked out must learn why.
    private static func check(_ draft: Draft, _ kind: NoticeKind) throws(ValidationError) {
        if !draft.isEnabled, !kind.terms.category.mayBeRefused {
            throw .single("is_enabled", .conflicts(reason: "must be true for a kind of this category"))
        }
        if let channels = draft.channels, Set(channels).count != channels.count {
            throw .single("channels", .conflicts(reason: "names one twice"))
        }
        if let channels = draft.channels, channels.contains(.slack), kind.terms.audience != .staff {
            throw .single("channels", .conflicts(reason: "has slack, which is for staff"))
        }
        if let roles = draft.roles, !roles.isEmpty, kind.terms.audience != .staff {
            throw .single("roles", .conflicts(reason: "goes with kinds that staff is told"))
        }
    }

    private var remove: GatewayRoute {
        group.route(
            .delete,
            "/{kind}",
            "removeNoticeRule",
            .permission(.noticesManage),
            "Goes back to what holds by default.",
            parameters: [NoticeDesk.tenant],
            answer: .data(Self.view.schema)
        ) { request, _ in
            let kind = try Self.kind(request)
            return try await parts.change(request) { work in
                let tenant = try await NoticeDesk.tenant(request, work.transaction, work.caller)
                let store = NoticeRules(work.transaction)
                if let before = try await store.find(kind, of: tenant, forUpdate: true) {
                    try await store.remove(kind, of: tenant)
                    work.record(
                        .delete,
                        AuditResource("notice_rule", kind.rawValue),
                        of: tenant,
                        .deleted(Self.view.auditValue(Standing(kind: kind, rule: before)))
                    )
                }
                return Self.view.answer(Standing(kind: kind, rule: nil))
            }
        }
    }

    private static func kind(_ request: Request) throws(Problem) -> NoticeKind {
        guard let kind = request.parameters["kind"].flatMap({ NoticeKind(rawValue: $0) }) else { throw .notFound }
        return kind
    }
}
