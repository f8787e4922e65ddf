import Domain
import HTTPServer
import Identity
import Notices
import Persistence
import WireFormat

/// What one is told in the pages, and how one wants to be told (NTF-07).
struct NoticeSelfRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "notices", under: "/api/v1/me")

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [preferences, setPreferences, list, unread, read, readAll] }

    /// A customer's login is told what its customer is told, and what concerns the account itself.
    private static func recipients(_ caller: Caller) -> [UUID128] {
        [caller.principal.userID.value] + (caller.principal.customerID.map { [$0.value] } ?? [])
    }

    private static func recipient(_ caller: Caller) -> NoticePreference.Recipient {
        caller.principal.customerID.map { .customer($0) } ?? .user(caller.principal.userID)
    }

    // MARK: - Preferences

    private var preferences: GatewayRoute {
        group.route(
            .get,
            "/notice-preferences",
            "getMyNoticePreferences",
            .signedIn,
            "How one wants to be told: language, quiet hours, ways, and what one refuses.",
            answer: .data(NoticePreferenceBody.view.schema)
        ) { request, _ in
            let preference = try await parts.read(request) { transaction, caller in
                try await NoticeConsent(transaction).preference(
                    of: Self.recipient(caller),
                    in: caller.principal.tenantID
                )
            }
            return NoticePreferenceBody.view.answer(preference)
        }
    }

    private var setPreferences: GatewayRoute {
        group.route(
            .put,
            "/notice-preferences",
            "setMyNoticePreferences",
            .signedIn,
            "Says how one wants to be told. What concerns one's access and safety cannot be refused.",
            body: NoticePreferenceBody.schema,
            answer: .data(NoticePreferenceBody.view.schema)
        ) { request, _ in
            try await NoticePreferenceBody.put(request, parts) { work in
                (Self.recipient(work.caller), work.caller.principal.tenantID)
            }
        }
    }

    // MARK: - In the pages

    private struct Told: Sendable {
        let entry: NoticeEntry
        let words: RenderedNotice
    }

    private static let view = View<Told>([
        .init("id", .uuid) { .id($0.entry.id) }, .init("kind", .text(50)) { .text($0.entry.kind) },
        .init("subject", .nullable(.text())) { .text($0.words.subject) },
        .init("text", .text()) { .text($0.words.text) },
        .init("language", .text(6)) { .text($0.entry.language) },
        .init("created_at", .time) { .time($0.entry.createdAt) },
        .init("read_at", .nullable(.time)) { .time($0.entry.readAt) },
    ])

    private var list: GatewayRoute {
        group.route(
            .get,
            "/notices",
            "listMyNotices",
            .signedIn,
            "A page of what one was told in the pages, the newest first.",
            parameters: [.init("unread", .boolean, "Only what was not read yet.")] + Operation.paging,
            answer: .page(Self.view.schema)
        ) { request, _ in
            let isUnread = try request.queryFlag("unread") ?? false
            return try await Self.view.page(request, cursor: \.entry.id) { after, limit in
                try await parts.read(request) { transaction, caller in
                    let tenant = caller.principal.tenantID
                    let entries = try await NoticeLog(transaction).told(
                        Self.recipients(caller),
                        in: tenant,
                        onlyUnread: isUnread,
                        after: after,
                        limit: limit
                    )
                    return try await told(entries, tenant, transaction)
                }
            }
        }
    }

    /// In the words that the tenant uses now; of what cannot be said any more, its name.
    private func told(
        _ entries: [NoticeEntry],
        _ tenant: TenantID,
        _ transaction: ScopedTransaction
    ) async throws -> [Told] {
        guard !entries.isEmpty else { return [] }
        let own = try await NoticeTemplates(transaction).current(of: tenant).filter { $0.place.channel == .inApp }
        var setting = try await NoticeSamples.setting(parts, of: tenant, language: "en", transaction)
        return entries.map { entry in
            setting.language = entry.language
            return Told(entry: entry, words: words(entry, own, setting))
        }
    }

    private func words(
        _ entry: NoticeEntry,
        _ own: [StoredNoticeTemplate],
        _ setting: NoticeSetting
    ) -> RenderedNotice {
        let plain = RenderedNotice(subject: entry.kind, text: entry.kind, html: nil)
        guard let kind = NoticeKind(rawValue: entry.kind),
            let facts = try? NoticeFacts(json: Array(entry.facts.utf8))
        else { return plain }
        for language in LanguageChain.languages(wanted: entry.language, tenant: nil) {
            let mine = own.first { $0.place.kind == kind && $0.place.language == language }?.template
            guard let template = mine ?? BuiltInTemplates.template(kind, .inApp, language: language) else { continue }
            return (try? render(template, kind: kind, channel: .inApp, facts: facts, setting: setting)) ?? plain
        }
        return plain
    }

    private static let count = Schema.object([.init("unread", .integer(0...1_000))])

    private func count(_ request: Request) async throws -> Response {
        let number = try await parts.read(request) { transaction, caller in
            try await NoticeLog(transaction).unread(Self.recipients(caller), in: caller.principal.tenantID)
        }
        return Self.counted(number)
    }

    private static func counted(_ number: Int) -> Response {
        Response.data { json in
            json.beginObject()
            json.pair("unread", number)
            json.endObject()
        }
    }

    private var unread: GatewayRoute {
        group.route(
            .get,
            "/notices/unread",
            "countMyUnreadNotices",
            .signedIn,
            "How much one has not read; 1000 stands for at least as many.",
            answer: .data(Self.count)
        ) { request, _ in try await count(request) }
    }

    private var read: GatewayRoute {
        group.route(
            .post,
            "/notices/{id:uuid}/read",
            "readMyNotice",
            .signedIn,
            "Marks one as read.",
            answer: .data(Self.count)
        ) { request, _ in
            let id = NoticeEntryID(try request.pathID())
            return try await mark(id, request)
        }
    }

    private var readAll: GatewayRoute {
        group.route(
            .post,
            "/notices/read",
            "readMyNotices",
            .signedIn,
            "Marks everything as read.",
            answer: .data(Self.count)
        ) { request, _ in try await mark(nil, request) }
    }

    /// Answers how much is left.
    private func mark(_ id: NoticeEntryID?, _ request: Request) async throws -> Response {
        try await parts.change(request) { work in
            let log = NoticeLog(work.transaction)
            let (recipients, tenant) = (Self.recipients(work.caller), work.caller.principal.tenantID)
            let marked = try await log.markRead(id, of: recipients, in: tenant, at: parts.time.now())
            if id != nil, marked == 0 { throw Problem.notFound }
            return Self.counted(try await log.unread(recipients, in: tenant))
        }
    }
}
