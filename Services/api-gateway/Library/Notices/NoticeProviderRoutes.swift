import Domain
import HTTPServer
import Identity
import Notices
import Persistence

/// Who carries notices: accounts with providers, in the order in which they are asked (NTF-01). What they are spoken to with goes in and
/// never comes out.
struct NoticeProviderRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "notices", under: "/api/v1/notices/providers")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [list, create, one, update, remove, test] }

    static let view = View<NoticeAccount>([
        .init("id", .uuid) { .id($0.id) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("channel", NoticeDesk.channels) { .text($0.channel.rawValue) },
        .init("kind", .text()) { .text($0.kind) }, .init("name", .text()) { .text($0.name) },
        .init("settings", .object([], isOpen: true)) { .json($0.settingsJSON) },
        .init("position", .integer(0...10_000)) { .integer($0.position) },
        .init("is_enabled", .boolean) { .boolean($0.isEnabled) },
        .init("created_at", .nullable(.time)) { .time($0.createdAt) },
        .init("updated_at", .nullable(.time)) { .time($0.updatedAt) },
    ])

    private struct Draft: Sendable {
        var channel = NoticeChannel.email
        var kind = ""
        var name = ""
        var settings: [String: String] = [:]
        var secrets: [String: String]?
        var position = 100
        var isEnabled = true

        private static let changing: [InputField<Draft>] = [
            InputField("name", .text(100, minimum: 1), \.name, isRequired: true),
            InputField("settings", .texts(50, length: 2_000), \.settings, isRequired: true),
            InputField("secrets", .texts(10, length: 10_000), clearable: \.secrets),
            InputField("position", .whole(0...10_000), \.position),
            InputField("is_enabled", .flag, \.isEnabled),
        ]
        static let change = InputShape<Draft>(changing)
        static let create = InputShape<Draft>(
            [
                InputField("channel", .choice(), \.channel, isRequired: true),
                InputField("kind", .text(30, minimum: 1), \.kind, isRequired: true),
            ] + changing
        )
    }

    private static func form(_ channel: NoticeChannel, _ kind: String) throws(ValidationError) -> ProviderForm {
        guard let form = ProviderForm.of(channel, kind) else {
            let kinds = ProviderForm.all.filter { $0.channel == channel }.map(\.kind).joined(separator: ", ")
            throw .single("kind", .conflicts(reason: "must be one of the channel's: \(kinds)"))
        }
        return form
    }

    // MARK: - Looking

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listNoticeProviders",
            .permission(.noticesRead),
            "A tenant's accounts with providers, by channel in the order in which they are asked.",
            parameters: [NoticeDesk.tenant],
            answer: .data(.list(Self.view.schema))
        ) { request, _ in
            let accounts = try await parts.read(request) { transaction, caller in
                let tenant = try await NoticeDesk.tenant(request, transaction, caller)
                return try await NoticeAccounts(transaction).list(of: tenant)
            }
            return NoticeDesk.list(accounts, Self.view)
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}",
            "getNoticeProvider",
            .permission(.noticesRead),
            "One account, without its secrets.",
            answer: .data(Self.view.schema)
        ) { request, _ in
            let id = NoticeAccountID(try request.pathID())
            let account = try await parts.read(request) { transaction, caller in
                try NoticeDesk.seen(try await NoticeAccounts(transaction).find(id), \.tenantID, caller)
            }
            return Self.view.answer(account, version: account.version)
        }
    }

    // MARK: - Changing

    private var create: GatewayRoute {
        group.route(
            .post,
            "",
            "createNoticeProvider",
            .permission(.noticesManage),
            "Adds an account with a provider; its secrets are sealed and never shown.",
            parameters: [NoticeDesk.tenant],
            body: Draft.create.schema(isWhole: true),
            status: 201,
            answer: .data(Self.view.schema),
            repetition: .keyed
        ) { request, _ in
            var input = Draft()
            try Draft.create.apply(try await request.payload(), to: &input, isWhole: true)
            let draft = input
            let form = try Self.form(draft.channel, draft.kind)
            try form.check(settings: draft.settings, secrets: draft.secrets ?? [:])
            return try await parts.change(request) { work in
                var account = NoticeAccount(
                    tenantID: try await NoticeDesk.tenant(request, work.transaction, work.caller),
                    id: NoticeAccountID(parts.ids.uuid()),
                    channel: draft.channel,
                    kind: draft.kind,
                    name: draft.name
                )
                (account.settings, account.position) = (draft.settings, draft.position)
                account.isEnabled = draft.isEnabled
                let made = try await NoticeAccounts(work.transaction).insert(
                    account,
                    sealed: try seal(draft.secrets, of: account)
                )
                work.record(.create, Self.resource(made), of: made.tenantID, .created(Self.view.auditValue(made)))
                var response = Self.view.answer(made, status: .created, version: made.version)
                response.headers["location"] = HeaderValue(withoutControls: "/api/v1/notices/providers/\(made.id)")
                return response
            }
        }
    }

    private var update: GatewayRoute {
        group.route(
            .patch,
            "/{id:uuid}",
            "updateNoticeProvider",
            .permission(.noticesManage),
            """
            Changes an account. Settings and secrets are replaced whole where they are given; secrets that are not stay, and must be given \
            again where settings lead to another place.
            """,
            parameters: [Operation.ifMatch],
            body: Draft.change.schema(isWhole: false),
            answer: .data(Self.view.schema)
        ) { request, _ in
            let id = NoticeAccountID(try request.pathID())
            let version = try request.expectedVersion()
            let body = try await request.payload()
            return try await parts.change(request) { work in
                let store = NoticeAccounts(work.transaction)
                let before = try NoticeDesk.seen(
                    try await store.find(id, forUpdate: true),
                    \.tenantID,
                    work.caller
                )
                guard version == before.version else { throw Problem.versionChanged(before.version) }
                var draft = Draft()
                (draft.name, draft.settings, draft.position) = (before.name, before.settings, before.position)
                draft.isEnabled = before.isEnabled
                try Draft.change.apply(body, to: &draft, isWhole: false)
                let form = try Self.form(before.channel, before.kind)
                try form.check(settings: draft.settings, secrets: draft.secrets)
                if draft.secrets == nil, form.leadElsewhere(draft.settings, from: before.settings) {
                    throw Problem.invalid("/secrets", "must be given again for another place", code: "conflicts")
                }
                var account = before
                (account.name, account.settings, account.position) = (draft.name, draft.settings, draft.position)
                account.isEnabled = draft.isEnabled
                let after = try await store.update(account, sealed: try seal(draft.secrets, of: account))
                work.record(
                    .update,
                    Self.resource(after),
                    of: after.tenantID,
                    .updated(Self.view.auditValue(before), Self.view.auditValue(after)),
                    reason: draft.secrets == nil ? nil : "secrets_replaced"
                )
                return Self.view.answer(after, version: after.version)
            }
        }
    }

    private var remove: GatewayRoute {
        group.route(
            .delete,
            "/{id:uuid}",
            "deleteNoticeProvider",
            .permission(.noticesManage),
            "Removes an account, with its secrets; what it carried stays in the delivery log.",
            status: 204,
            answer: .empty
        ) { request, _ in
            let id = NoticeAccountID(try request.pathID())
            return try await parts.change(request) { work in
                let store = NoticeAccounts(work.transaction)
                let account = try NoticeDesk.seen(
                    try await store.find(id, forUpdate: true),
                    \.tenantID,
                    work.caller
                )
                try await store.remove(account)
                work.record(
                    .delete,
                    Self.resource(account),
                    of: account.tenantID,
                    .deleted(Self.view.auditValue(account))
                )
                return Response(.noContent)
            }
        }
    }

    private func seal(_ secrets: [String: String]?, of account: NoticeAccount) throws -> [UInt8]? {
        guard let secrets, !secrets.isEmpty else { return nil }
        return try parts.notices.secrets.seal(secrets, of: account.id.value, tenant: account.tenantID)
    }

    private static func resource(_ account: NoticeAccount) -> AuditResource {
        AuditResource("notice_provider", account.id)
    }

    // MARK: - Trying

    private struct Trial: Sendable {
        var number: String?
        static let shape = InputShape<Trial>([
            InputField(
                "number",
                InputKind(.text(pattern: "^\\+[0-9]{6,15}$"), "a number such as +393331234567") { value in
                    value.text.flatMap { $0.wholeMatch(of: /\+[0-9]{6,15}/) == nil ? nil : $0 }
                },
                clearable: \.number
            )
        ])
    }

    private var test: GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/test",
            "testNoticeProvider",
            .permission(.noticesSend),
            "Sends a test by an account: to one's own e-mail address or device, to Slack, or to the number that is given.",
            body: Trial.shape.schema(isWhole: true),
            status: 202,
            answer: .data(NoticeLogRoutes.view.schema),
            repetition: .keyed
        ) { request, _ in
            let id = NoticeAccountID(try request.pathID())
            var input = Trial()
            try Trial.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let number = input.number
            return try await parts.change(request) { work in
                let account = try NoticeDesk.seen(
                    try await NoticeAccounts(work.transaction).find(id),
                    \.tenantID,
                    work.caller
                )
                let notice = try await notice(by: account, number, work)
                guard let entry = try await NoticeLog(work.transaction).insert(notice) else { throw Problem.notFound }
                work.record(
                    .create,
                    AuditResource("notice", entry.id),
                    of: entry.tenantID,
                    .created(["kind": .text(entry.kind), "provider_id": .described(account.id)])
                )
                return NoticeLogRoutes.view.answer(NoticeLogRoutes.Shown(entry, work.caller), status: .accepted)
            }
        }
    }

    private func notice(by account: NoticeAccount, _ number: String?, _ work: Work) async throws -> NewNotice {
        let user = work.caller.principal.userID
        var address: String?
        var recipient = (kind: NoticeEntry.RecipientKind.user, id: user.value)
        switch account.channel {
        case .email: address = try await parts.accounts.me(work.caller.principal).email
        case .sms:
            guard let number else { throw Problem.invalid("/number", "is required", code: "conflicts") }
            address = number
        case .push:
            address = try await PushTokens(work.transaction).newest(of: .user(user), in: account.tenantID)?.description
            if address == nil { throw Problem.conflict("no_address", "None of your devices lets us push to it.") }
        case .slack, .inApp: recipient = (.team, account.tenantID.value)
        }
        var notice = NewNotice(
            tenantID: account.tenantID,
            id: NoticeEntryID(parts.ids.uuid()),
            kind: .test,
            channel: account.channel,
            to: recipient,
            address: address,
            facts: NoticeSamples.facts(of: .test),
            at: parts.time.now()
        )
        notice.account = account.id
        return notice
    }
}
