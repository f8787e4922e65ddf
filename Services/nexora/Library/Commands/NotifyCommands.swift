import Domain
import Notices
import Persistence
import WireFormat

/// `notify providers|provider add|provider delete|test|log|show|resend|cancel|suppress`.
enum NotifyCommands {
    static let all: [CommandSpec] =
        [providers, add, delete, test] + NotifyTemplateCommands.all + [log, show, resend, cancel, suppress]
        + NotifyCampaignCommands.all

    static let channels = NoticeChannel.allCases.map(\.rawValue)

    private static let reference = ArgumentSpec("ID", "The account's id, as notify providers shows it.")

    // MARK: - Providers

    private static let providers = CommandSpec(
        "notify providers",
        "Lists a tenant's accounts with those who carry its notices, in the order in which they are asked.",
        options: [SharedOptions.owner],
        examples: ["nexora notify providers --tenant acme"]
    ) { invocation, context in
        let records = try await context.inDirectory(invocation) { directory in
            try await NoticeAccounts(directory.transaction).list(of: directory.root).map { OutputRecord($0) }
        }
        context.report.page(records, limit: 500, none: "no accounts with providers")
    }

    private static let add = CommandSpec(
        "notify provider add",
        "Adds an account with a provider.",
        details: """
            Secrets are one JSON object of texts, such as {"api_key": "…"}, read from standard input or a file; they never
            stand on the command line. They are sealed in the database, and no command and no route shows them.
            """,
        arguments: [ArgumentSpec("NAME", "A name, unique within the tenant.")],
        options: [
            SharedOptions.owner,
            .value("channel", "CHANNEL", "What it carries.", required: true, choices: channels),
            .value(
                "kind",
                "KIND",
                "smtp, sendgrid, mailgun, postal, ses, twilio, vonage, kannel, fcm or webhook.",
                required: true
            ),
            .value("set", "NAME=VALUE", "A setting, as docs/NOTICES-DESK.md names them.", repeated: true),
            .value("secrets-from", "SOURCE", "stdin, a file's path, or none; default none."),
            .value("position", "N", "The smallest is asked first, 0 to 10000; default 100."),
        ],
        examples: [
            "pass show smtp | nexora notify provider add mail --tenant acme --channel email --kind smtp --set host=mail.example.net --set port=587 --set security=starttls --set from=isp@example.net --set username=isp --secrets-from stdin"
        ]
    ) { invocation, context in
        let name = try invocation.requiredArgument("NAME")
        let kind = try invocation.required("kind")
        guard let channel = NoticeChannel(rawValue: try invocation.required("channel")),
            let form = ProviderForm.of(channel, kind)
        else { throw invocation.invalid("kind", "must be one of the channel's") }
        var settings: [String: String] = [:]
        for text in invocation.strings("set") {
            guard let sign = text.firstIndex(of: "=") else { throw invocation.invalid("set", "must be NAME=VALUE") }
            settings[String(text[..<sign])] = String(text[text.index(after: sign)...])
        }
        let position = invocation.string("position").map { Int($0) ?? -1 } ?? 100
        guard (0...10_000).contains(position) else { throw invocation.invalid("position", "must be from 0 to 10000") }
        let secrets = try secrets(invocation, context)
        try form.check(settings: settings, secrets: secrets)
        let record = try await context.withDatabase { database in
            let sealer = NoticeSecrets(try await context.keyring(for: database))
            return try await context.inDirectory(database, invocation) { directory in
                var account = NoticeAccount(
                    tenantID: directory.root,
                    id: NoticeAccountID(context.ids.uuid()),
                    channel: channel,
                    kind: kind,
                    name: name
                )
                (account.settings, account.position) = (settings, position)
                let sealed =
                    secrets.isEmpty
                    ? nil : try sealer.seal(secrets, of: account.id.value, tenant: account.tenantID)
                let made = try await NoticeAccounts(directory.transaction).insert(account, sealed: sealed)
                try await audit(.create, "notice_provider", made.id, ["name": .text(name)], directory, context)
                return OutputRecord(made)
            }
        }
        context.report.one(record)
    }

    /// From standard input or a file, whole.
    private static func secrets(_ invocation: Invocation, _ context: CommandContext) throws -> [String: String] {
        var octets: [UInt8] = []
        switch invocation.string("secrets-from") {
        case nil, "none": return [:]
        case "stdin":
            while let line = context.console.readLine(), octets.count < 65_536 { octets += Array((line + "\n").utf8) }
        case .some(let path): octets = try PrivateFile.read(path, limit: 65_536)
        }
        var secrets: [String: String] = [:]
        do throws(JSONError) {
            var reader = JSONReader(octets)
            try reader.readObject { reader, name throws(JSONError) in secrets[name] = try reader.readString() }
            try reader.expectEnd()
        } catch {
            throw CommandFailure(.badData, "the secrets are no JSON object of texts")
        }
        return secrets
    }

    private static let delete = CommandSpec(
        "notify provider delete",
        "Removes an account, with its secrets.",
        arguments: [reference],
        options: [SharedOptions.scope],
        examples: ["nexora notify provider delete 0197f0c2-0000-7000-8000-000000000001"]
    ) { invocation, context in
        let id: NoticeAccountID = try identifier(invocation)
        let record = try await context.inDirectory(invocation) { directory in
            let account = try await account(id, directory)
            try await NoticeAccounts(directory.transaction).remove(account)
            try await audit(
                .delete,
                "notice_provider",
                account.id,
                ["name": .text(account.name)],
                directory,
                context,
                of: account.tenantID
            )
            return OutputRecord(account)
        }
        context.report.one(record)
    }

    private static let test = CommandSpec(
        "notify test",
        "Sends a test by an account.",
        details: "It is queued; `nexora notify show ID` tells what became of it.",
        arguments: [reference],
        options: [
            SharedOptions.scope, .value("to", "ADDRESS", "An e-mail address or a number with its +; not for slack."),
        ],
        examples: ["nexora notify test 0197f0c2-0000-7000-8000-000000000001 --to noc@example.net"]
    ) { invocation, context in
        let id: NoticeAccountID = try identifier(invocation)
        let record = try await context.inDirectory(invocation) { directory in
            let account = try await account(id, directory)
            let isTeam = account.channel == .slack
            if !isTeam { _ = try invocation.required("to") }
            var facts = NoticeFacts()
            for variable in NoticeKind.test.terms.variables { facts[variable.name] = variable.sample }
            var notice = NewNotice(
                tenantID: account.tenantID,
                id: NoticeEntryID(context.ids.uuid()),
                kind: .test,
                channel: account.channel,
                to: isTeam ? (.team, account.tenantID.value) : (.user, AuditActor.system.id),
                address: isTeam ? nil : invocation.string("to"),
                facts: facts,
                at: context.time.now()
            )
            notice.account = account.id
            guard let entry = try await NoticeLog(directory.transaction).insert(notice) else {
                throw CommandFailure(.conflict, "it was not queued")
            }
            try await audit(.create, "notice", entry.id, ["kind": "test"], directory, context, of: entry.tenantID)
            return OutputRecord(entry)
        }
        context.report.one(record)
    }

    // MARK: - The delivery log

    private static let notice = ArgumentSpec("ID", "The notice's id, as notify log shows it.")

    private static let log = CommandSpec(
        "notify log",
        "Lists what was told, by which way, and what became of it; the newest first.",
        options: [
            .value("state", "STATE", "Only these.", choices: NoticeEntry.State.allCases.map(\.rawValue)),
            .value("kind", "KIND", "Only these.", choices: NoticeKind.allCases.map(\.rawValue)),
            .value("channel", "CHANNEL", "Only by this way.", choices: channels),
            .value("customer", "CUSTOMER", "Only to this customer: id or code."),
            .value("since", "TIME", "Only from this time on."), .value("until", "TIME", "Only before this time."),
            SharedOptions.scope, SharedOptions.limit, SharedOptions.after,
        ],
        examples: ["nexora notify log --state failed", "nexora notify log --kind bill_due --since 2026-11-20"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: NoticeEntryID? = try SharedOptions.after(invocation)
        var filter = NoticeEntryFilter()
        filter.state = invocation.string("state").flatMap(NoticeEntry.State.init(rawValue:))
        filter.kind = invocation.string("kind").flatMap(NoticeKind.init(rawValue:))
        filter.channel = invocation.string("channel").flatMap(NoticeChannel.init(rawValue:))
        filter.since = try SessionCommands.time(invocation, "since")
        filter.until = try SessionCommands.time(invocation, "until")
        let records = try await context.inDirectory(invocation) { [filter] directory in
            var filter = filter
            if let customer = invocation.string("customer") {
                filter.customerID = try await directory.customer(customer).id
            }
            return try await NoticeLog(directory.transaction).list(filter, after: after, limit: limit)
                .map { OutputRecord($0) }
        }
        context.report.page(records, limit: limit, none: "nothing was told")
    }

    private static let show = CommandSpec(
        "notify show",
        "Shows one notice with each time a provider was asked.",
        arguments: [notice],
        options: [SharedOptions.scope],
        examples: ["nexora notify show 0197f0c2-0000-7000-8000-000000000001"]
    ) { invocation, context in
        let id: NoticeEntryID = try identifier(invocation)
        let record = try await context.inDirectory(invocation) { directory in
            let entry = try await entry(id, directory)
            var record = OutputRecord(entry)
            let trials = try await NoticeLog(directory.transaction).trials(of: entry)
            let lines = trials.map { trial in
                [trial.at.description, trial.outcome, trial.reason, trial.detail].compactMap { $0 }
                    .joined(separator: " ")
            }
            record.add("trials", .text(lines.joined(separator: "; ")), detail: true)
            return record
        }
        context.report.one(record)
    }

    private static let resend = CommandSpec(
        "notify resend",
        "Tells once more what failed, bounced, or of which nobody knows whether it left.",
        arguments: [notice],
        options: [SharedOptions.scope],
        examples: ["nexora notify resend 0197f0c2-0000-7000-8000-000000000001"]
    ) { invocation, context in
        let id: NoticeEntryID = try identifier(invocation)
        let record = try await context.inDirectory(invocation) { directory in
            let entry = try await entry(id, directory)
            guard entry.state.maySendAgain else {
                throw CommandFailure(.conflict, "it is \(entry.state.rawValue)")
            }
            guard let kind = NoticeKind(rawValue: entry.kind), !kind.terms.variables.contains(where: \.isSecret) else {
                throw CommandFailure(.conflict, "it held a secret, which is not kept")
            }
            let now = context.time.now()
            let again = try await NoticeLog(directory.transaction).sendAgain(
                entry,
                as: NoticeEntryID(context.ids.uuid()),
                at: now,
                until: now + kind.terms.validity
            )
            guard let again else { throw CommandFailure(.notFound, "no notice \(id)") }
            try await audit(
                .create,
                "notice",
                again.id,
                ["resend_of": .text(entry.id.description)],
                directory,
                context,
                of: again.tenantID
            )
            return OutputRecord(again)
        }
        context.report.one(record)
    }

    private static let cancel = CommandSpec(
        "notify cancel",
        "Takes back what has not left yet.",
        arguments: [notice],
        options: [SharedOptions.scope],
        examples: ["nexora notify cancel 0197f0c2-0000-7000-8000-000000000001"]
    ) { invocation, context in
        let id: NoticeEntryID = try identifier(invocation)
        let record = try await context.inDirectory(invocation) { directory in
            let before = try await entry(id, directory)
            let log = NoticeLog(directory.transaction)
            guard before.state.mayBeCancelled, try await log.cancel(before, at: context.time.now()) else {
                throw CommandFailure(.conflict, "it is \(before.state.rawValue)")
            }
            try await audit(
                .update,
                "notice",
                before.id,
                ["state": "cancelled"],
                directory,
                context,
                of: before.tenantID
            )
            return OutputRecord(try await entry(id, directory))
        }
        context.report.one(record)
    }

    // MARK: - Addresses

    private static let suppress = CommandSpec(
        "notify suppress",
        "Has nothing written to an address of a tenant's any more, but what somebody waits for; or has it written to again.",
        arguments: [ArgumentSpec("ADDRESS", "An e-mail address, or a number with its +.")],
        options: [SharedOptions.owner, .flag("remove", "It is written to again: its owner asked for it.")],
        examples: ["nexora notify suppress ann@example.net --tenant acme"]
    ) { invocation, context in
        let address = try invocation.requiredArgument("ADDRESS")
        let channel: NoticeChannel = address.contains("@") ? .email : .sms
        let digest = NoticeAddress.digest(channel, address)
        let isRemoved = invocation.has("remove")
        let output = try await context.inDirectory(invocation) { directory in
            let store = NoticeConsent(directory.transaction)
            let were = try await store.allow(channel, digest: digest, in: directory.root)
            if !isRemoved {
                _ = try await store.suppress(
                    NoticeSuppression(
                        tenantID: directory.root,
                        channel: channel,
                        digest: digest,
                        reason: .manual,
                        category: nil
                    )
                )
            }
            let text = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            try await audit(
                isRemoved ? .delete : .create,
                "notice_suppression",
                text,
                ["channel": .text(channel.rawValue)],
                directory,
                context
            )
            var record = OutputRecord()
            record.add("channel", .text(channel.rawValue))
            record.add("suppressed", .text(isRemoved ? "no" : "yes"))
            record.add("before", .optional(were.first?.reason.rawValue))
            return record
        }
        context.report.one(output)
    }

    // MARK: - Parts

    static func identifier<Tag>(_ invocation: Invocation) throws -> ID<Tag> {
        let text = try invocation.requiredArgument("ID")
        guard let id = ID<Tag>(text) else {
            throw UsageError("ID \"\(text)\": must be an id", command: invocation.command.words)
        }
        return id
    }

    private static func account(_ id: NoticeAccountID, _ directory: DirectoryAccess) async throws -> NoticeAccount {
        guard let account = try await NoticeAccounts(directory.transaction).find(id) else {
            throw CommandFailure(.notFound, "no account \(id)")
        }
        return account
    }

    private static func entry(_ id: NoticeEntryID, _ directory: DirectoryAccess) async throws -> NoticeEntry {
        guard let entry = try await NoticeLog(directory.transaction).find(id) else {
            throw CommandFailure(.notFound, "no notice \(id)")
        }
        return entry
    }

    static func audit(
        _ action: AuditAction,
        _ type: String,
        _ id: some CustomStringConvertible,
        _ values: AuditValue,
        _ directory: DirectoryAccess,
        _ context: CommandContext,
        of tenant: TenantID? = nil
    ) async throws {
        try await AuditLog(directory.transaction).append(
            context.auditEntry(tenant ?? directory.root, action, AuditResource(type, id), .created(values))
        )
    }
}

extension OutputRecord {
    /// An account with a provider.
    init(_ account: NoticeAccount) {
        self.init()
        add("id", .text(account.id.description))
        add("channel", .text(account.channel.rawValue))
        add("kind", .text(account.kind))
        add("name", .text(account.name))
        add("position", .integer(Int64(account.position)))
        add("enabled", .text(account.isEnabled ? "yes" : "no"))
        let settings = account.settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        add("settings", .text(settings.joined(separator: " ")), detail: true)
    }

    /// A row of the delivery log; the address as who may not see it sees it.
    init(_ entry: NoticeEntry) {
        self.init()
        add("id", .text(entry.id.description))
        add("createdAt", .text(entry.createdAt.description))
        add("kind", .text(entry.kind))
        add("channel", .text(entry.channel.rawValue))
        add("address", .optional(entry.address.map { NoticeAddress.masked(entry.channel, $0) }))
        add("state", .text(entry.state.rawValue))
        add("reason", .optional(entry.reason))
        add("attempts", .integer(Int64(entry.attempts)))
        add("detail", .optional(entry.detail), detail: true)
        add("recipient", .text("\(entry.recipientKind.rawValue) \(entry.recipientID)"), detail: true)
        add("language", .text(entry.language), detail: true)
        add("providerId", .optional(entry.providerID?.description), detail: true)
        add("resendOf", .optional(entry.resendOf?.description), detail: true)
        add("nextAt", .optional(entry.nextAt?.description), detail: true)
        add("sentAt", .optional(entry.sentAt?.description), detail: true)
        add("endedAt", .optional(entry.endedAt?.description), detail: true)
    }
}
