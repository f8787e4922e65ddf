import Domain
import Notices
import Persistence
import Profiles

/// `notify templates|template set|preview`.
enum NotifyTemplateCommands {
    static let all: [CommandSpec] = [list, set, preview]

    private static let place = [
        ArgumentSpec("KIND", "What is told, such as bill_due."),
        ArgumentSpec("CHANNEL", "email, sms, push, slack or in_app."),
        ArgumentSpec("LANGUAGE", "Such as fr or pt-BR."),
    ]

    private static let list = CommandSpec(
        "notify templates",
        "Lists what a tenant says in words of its own; all else is said in those of its parents or the product.",
        options: [SharedOptions.owner],
        examples: ["nexora notify templates --tenant acme"]
    ) { invocation, context in
        let records = try await context.inDirectory(invocation) { directory in
            try await NoticeTemplates(directory.transaction).current(of: directory.root).map { OutputRecord($0) }
        }
        context.report.page(records, limit: 5_000, none: "no words of its own")
    }

    private static let set = CommandSpec(
        "notify template set",
        "Gives a tenant words of its own, as a new version that is used from now on.",
        arguments: place,
        options: [
            SharedOptions.owner, .value("subject", "TEXT", "The subject of an e-mail, a push or a line of the pages."),
            .value("text-from", "FILE", "The words.", required: true),
            .value("html-from", "FILE", "The same as HTML, of an e-mail."),
        ],
        examples: [
            "nexora notify template set bill_due email fr --tenant acme --subject 'Votre facture' --text-from bill.txt"
        ]
    ) { invocation, context in
        let place = try place(invocation)
        guard let text = try file(invocation, "text-from") else {
            throw invocation.invalid("text-from", "must be a file's path")
        }
        let template = NoticeTemplate(
            subject: invocation.string("subject"),
            text: text,
            html: try file(invocation, "html-from")
        )
        try template.check(for: place.kind, place.channel)
        let record = try await context.inDirectory(invocation) { directory in
            let stored = try await NoticeTemplates(directory.transaction).add(
                template,
                at: place,
                of: directory.root,
                by: AuditActor.system.id
            )
            try await NotifyCommands.audit(
                .update,
                "notice_template",
                "\(place.kind.rawValue)/\(place.channel.rawValue)/\(place.language)",
                ["version": .integer(Int64(stored.version))],
                directory,
                context
            )
            return OutputRecord(stored)
        }
        context.report.one(record)
    }

    private static let preview = CommandSpec(
        "notify preview",
        "Shows how a tenant's words read, with samples; nothing is sent.",
        arguments: place,
        options: [SharedOptions.owner],
        examples: ["nexora notify preview bill_due sms ar --tenant acme"]
    ) { invocation, context in
        let place = try place(invocation)
        let languages = LanguageChain.languages(wanted: place.language, tenant: nil)
        let record = try await context.inDirectory(invocation) { directory in
            let own = try await NoticeTemplates(directory.transaction).current(
                place,
                languages: languages,
                of: directory.root
            )
            let found = languages.lazy.compactMap { language in
                own.first { $0.place.language == language }?.template
                    ?? BuiltInTemplates.template(place.kind, place.channel, language: language)
            }.first
            guard let template = found else { throw CommandFailure(.notFound, "there are no such words") }
            guard let tenant = try await TenantRepository(directory.transaction).find(directory.root) else {
                throw CommandFailure(.notFound, "no such tenant")
            }
            let store = TenancyStore(directory.transaction, ids: context.ids, time: context.time)
            let zone = try await store.settings(of: directory.root).settings.timeZone
                .flatMap { SystemFiles.timeZone($0) }
            var facts = NoticeFacts()
            for variable in place.kind.terms.variables { facts[variable.name] = variable.sample }
            let setting = try await store.voice(
                of: tenant,
                language: place.language,
                zone: zone,
                at: context.time.now()
            )
            let notice = try render(template, kind: place.kind, channel: place.channel, facts: facts, setting: setting)
            var record = OutputRecord()
            record.add("subject", .optional(notice.subject))
            record.add("text", .text(notice.text))
            record.add("html", .optional(notice.html), detail: true)
            return record
        }
        context.report.one(record)
    }

    private static func place(_ invocation: Invocation) throws -> NoticeTemplatePlace {
        let language = try invocation.requiredArgument("LANGUAGE")
        guard let kind = NoticeKind(rawValue: try invocation.requiredArgument("KIND")),
            let channel = NoticeChannel(rawValue: try invocation.requiredArgument("CHANNEL")),
            language.wholeMatch(of: /[a-z]{2,3}(-[A-Z]{2})?/) != nil
        else {
            throw UsageError(
                "must be a kind of notice, a channel and a language such as bill_due email fr",
                command: invocation.command.words
            )
        }
        return NoticeTemplatePlace(kind: kind, channel: channel, language: language)
    }

    private static func file(_ invocation: Invocation, _ option: String) throws -> String? {
        guard let path = invocation.string(option) else { return nil }
        guard let text = String(validating: try PrivateFile.read(path, limit: 200_000), as: UTF8.self) else {
            throw CommandFailure(.badData, "\(path) is not UTF-8")
        }
        return text
    }
}

extension OutputRecord {
    /// A version of a tenant's words.
    init(_ stored: StoredNoticeTemplate) {
        self.init()
        add("kind", .text(stored.place.kind.rawValue))
        add("channel", .text(stored.place.channel.rawValue))
        add("language", .text(stored.place.language))
        add("version", .integer(Int64(stored.version)))
        add("createdAt", .text(stored.createdAt.description))
        add("subject", .optional(stored.template.subject))
        add("text", .text(stored.template.text), detail: true)
        add("html", .optional(stored.template.html), detail: true)
    }
}
