import Domain
import HTTPServer
import Identity
import Notices
import Persistence

/// In which words things are told: a tenant's own by version, and what is said where it has none (NTF-02, NTF-10).
struct NoticeTemplateRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "notices", under: "/api/v1/notices/templates")
    private static let place = "/{kind}/{channel}/{language}"

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [list, one, versions, put, turn, preview] }

    private static let words: [View<StoredNoticeTemplate>.Member] = [
        .init("subject", .nullable(.text(500))) { .text($0.template.subject) },
        .init("text", .text(20_000)) { .text($0.template.text) },
        .init("html", .nullable(.text(100_000))) { .text($0.template.html) },
    ]

    private static let stored = View<StoredNoticeTemplate>(
        [
            .init("kind", NoticeDesk.kinds) { .text($0.place.kind.rawValue) },
            .init("channel", NoticeDesk.channels) { .text($0.place.channel.rawValue) },
            .init("language", .text(6)) { .text($0.place.language) },
            .init("version", .integer(1...Int64.max)) { .integer($0.version) },
            .init("is_current", .boolean) { .boolean($0.isCurrent) },
            .init("created_by", .uuid) { .text($0.createdBy.description) },
            .init("created_at", .time) { .time($0.createdAt) },
        ] + words
    )

    /// One link of the chain by which words are found.
    private struct Link: Sendable {
        let language: String
        /// `own` or `product`.
        let source: String
        let version: Int
        let template: NoticeTemplate
    }

    private static let link = View<Link>([
        .init("language", .text(6)) { .text($0.language) },
        .init("source", .choice(["own", "product"])) { .text($0.source) },
        .init("version", .integer(0...Int64.max)) { .integer($0.version) },
        .init("subject", .nullable(.text(500))) { .text($0.template.subject) },
        .init("text", .text(20_000)) { .text($0.template.text) },
        .init("html", .nullable(.text(100_000))) { .text($0.template.html) },
    ])

    private struct Draft: Sendable {
        var subject: String?
        var text = ""
        var html: String?

        static let fields: [InputField<Draft>] = [
            InputField("subject", .text(500, minimum: 1), clearable: \.subject),
            InputField("text", .text(20_000, minimum: 1), \.text, isRequired: true),
            InputField("html", .text(100_000, minimum: 1), clearable: \.html),
        ]
        static let shape = InputShape<Draft>(fields)

        /// Throws what a version of that place must not be.
        func template(at place: NoticeTemplatePlace) throws(ValidationError) -> NoticeTemplate {
            if html != nil, place.channel != .email {
                throw .single("html", .conflicts(reason: "goes with e-mails"))
            }
            if subject == nil, [.email, .push, .inApp].contains(place.channel) {
                throw .single("subject", .conflicts(reason: "is required on this channel"))
            }
            let template = NoticeTemplate(subject: subject, text: text, html: html)
            try template.check(for: place.kind, place.channel)
            return template
        }
    }

    // MARK: - Looking

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listNoticeTemplates",
            .permission(.noticesRead),
            "What a tenant says in words of its own; all else is said in those of its parents or the product.",
            parameters: [NoticeDesk.tenant],
            answer: .data(.list(Self.stored.schema))
        ) { request, _ in
            let templates = try await parts.read(request) { transaction, caller in
                let tenant = try await NoticeDesk.tenant(request, transaction, caller)
                return try await NoticeTemplates(transaction).current(of: tenant)
            }
            return NoticeDesk.list(templates, Self.stored)
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            Self.place,
            "getNoticeTemplate",
            .permission(.noticesRead),
            """
            The words for a language in the order in which they are looked for: the tenant's own and the product's, from the language \
            with its region down to English. The first is what is said, unless a parent has words of its own in a language above it.
            """,
            parameters: [NoticeDesk.tenant],
            answer: .data(.list(Self.link.schema))
        ) { request, _ in
            let place = try NoticeDesk.place(request)
            let links = try await parts.read(request) { transaction, caller in
                let tenant = try await NoticeDesk.tenant(request, transaction, caller)
                return try await chain(place, tenant, transaction)
            }
            return NoticeDesk.list(links, Self.link)
        }
    }

    private func chain(
        _ place: NoticeTemplatePlace,
        _ tenant: TenantID,
        _ transaction: ScopedTransaction
    ) async throws -> [Link] {
        let languages = LanguageChain.languages(wanted: place.language, tenant: nil)
        let own = try await NoticeTemplates(transaction).current(place, languages: languages, of: tenant)
        return languages.flatMap { language in
            let mine = own.filter { $0.place.language == language }.map {
                Link(language: language, source: "own", version: $0.version, template: $0.template)
            }
            guard BuiltInTemplates.languages.contains(language),
                let words = BuiltInTemplates.template(place.kind, place.channel, language: language)
            else { return mine }
            return mine + [Link(language: language, source: "product", version: 0, template: words)]
        }
    }

    private var versions: GatewayRoute {
        group.route(
            .get,
            Self.place + "/versions",
            "listNoticeTemplateVersions",
            .permission(.noticesRead),
            "A tenant's last hundred versions of some words, the newest first.",
            parameters: [NoticeDesk.tenant],
            answer: .data(.list(Self.stored.schema))
        ) { request, _ in
            let place = try NoticeDesk.place(request)
            let versions = try await parts.read(request) { transaction, caller in
                let tenant = try await NoticeDesk.tenant(request, transaction, caller)
                return try await NoticeTemplates(transaction).versions(place, of: tenant)
            }
            return NoticeDesk.list(versions, Self.stored)
        }
    }

    // MARK: - Changing

    private var put: GatewayRoute {
        group.route(
            .put,
            Self.place,
            "setNoticeTemplate",
            .permission(.noticesManage),
            "Words of a tenant's own, as a new version that is used from now on; older versions stay.",
            parameters: [NoticeDesk.tenant],
            body: Draft.shape.schema(isWhole: true),
            answer: .data(Self.stored.schema)
        ) { request, _ in
            let place = try NoticeDesk.place(request)
            var input = Draft()
            try Draft.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let template = try input.template(at: place)
            return try await parts.change(request) { work in
                let tenant = try await NoticeDesk.tenant(request, work.transaction, work.caller)
                let stored = try await NoticeTemplates(work.transaction).add(
                    template,
                    at: place,
                    of: tenant,
                    by: work.caller.audit.actor.id
                )
                record(place, of: tenant, version: stored.version, work)
                return Self.stored.answer(stored)
            }
        }
    }

    private struct Turning: Sendable {
        var version: Int?
        static let shape = InputShape<Turning>([
            InputField("version", .whole(1...1_000_000_000), clearable: \.version)
        ])
    }

    private var turn: GatewayRoute {
        group.route(
            .post,
            Self.place + "/revert",
            "revertNoticeTemplate",
            .permission(.noticesManage),
            "Uses an older version again; without one, or with null, what parents or the product say.",
            parameters: [NoticeDesk.tenant],
            body: Turning.shape.schema(isWhole: true),
            answer: .data(.list(Self.link.schema)),
            repetition: .keyed
        ) { request, _ in
            let place = try NoticeDesk.place(request)
            var input = Turning()
            try Turning.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let version = input.version
            return try await parts.change(request) { work in
                let tenant = try await NoticeDesk.tenant(request, work.transaction, work.caller)
                guard try await NoticeTemplates(work.transaction).turn(place, to: version, of: tenant) else {
                    throw Problem.notFound
                }
                record(place, of: tenant, version: version ?? 0, work)
                return NoticeDesk.list(try await chain(place, tenant, work.transaction), Self.link)
            }
        }
    }

    private func record(_ place: NoticeTemplatePlace, of tenant: TenantID, version: Int, _ work: Work) {
        let name = "\(place.kind.rawValue)/\(place.channel.rawValue)/\(place.language)"
        work.record(
            .update,
            AuditResource("notice_template", name),
            of: tenant,
            .created(["version": .integer(Int64(version))])
        )
    }

    // MARK: - Looking at how it reads

    private static let rendered = View<RenderedNotice>([
        .init("subject", .nullable(.text())) { .text($0.subject) }, .init("text", .text()) { .text($0.text) },
        .init("html", .nullable(.text())) { .text($0.html) },
    ])

    private struct Sketch: Sendable {
        var draft = Draft()
        var isGiven = false
        var facts: JSONValue?

        static let shape = InputShape<Sketch>([
            InputField("subject", .text(500, minimum: 1), clearable: \.draft.subject),
            InputField("text", .text(20_000, minimum: 1), \.draft.text),
            InputField("html", .text(100_000, minimum: 1), clearable: \.draft.html),
            InputField(
                "facts",
                InputKind(.object([], isOpen: true), "an object as notices have it") { value in
                    if case .object = value { value } else { nil }
                },
                clearable: \.facts
            ),
        ])
    }

    private var preview: GatewayRoute {
        group.route(
            .post,
            Self.place + "/preview",
            "previewNoticeTemplate",
            .permission(.noticesRead),
            """
            How words read, of the body or those that are used now, with samples or the facts that are given; nothing is sent. HTML is \
            text in the answer: show it in a frame that is sandboxed.
            """,
            parameters: [NoticeDesk.tenant],
            body: Sketch.shape.schema(isWhole: true),
            answer: .data(Self.rendered.schema)
        ) { request, _ in
            let place = try NoticeDesk.place(request)
            var input = Sketch()
            try Sketch.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let sketch = input
            let facts = try Self.facts(sketch.facts, place.kind)
            let given = sketch.draft.text.isEmpty ? nil : try sketch.draft.template(at: place)
            let notice = try await parts.read(request) { transaction, caller in
                let tenant = try await NoticeDesk.tenant(request, transaction, caller)
                let used = given == nil ? try await chain(place, tenant, transaction).first?.template : given
                guard let template = used else { throw Problem.notFound }
                let setting = try await NoticeSamples.setting(
                    parts,
                    of: tenant,
                    language: place.language,
                    transaction
                )
                do throws(TemplateError) {
                    return try render(
                        template,
                        kind: place.kind,
                        channel: place.channel,
                        facts: facts,
                        setting: setting
                    )
                } catch {
                    throw ValidationError.single("facts", .conflicts(reason: "do not make these words: \(error)"))
                }
            }
            return Self.rendered.answer(notice)
        }
    }

    /// Samples, with what is given in their place.
    private static func facts(_ given: JSONValue?, _ kind: NoticeKind) throws(ValidationError) -> NoticeFacts {
        var facts = NoticeSamples.facts(of: kind, withSecrets: true)
        guard let given else { return facts }
        guard let own = try? NoticeFacts(json: given.octets) else {
            throw .single("facts", .conflicts(reason: "are not values as notices have them"))
        }
        for variable in kind.terms.variables {
            if let value = own[variable.name] { facts[variable.name] = value }
        }
        return facts
    }
}
