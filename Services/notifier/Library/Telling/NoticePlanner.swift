import Domain
import Events
import Notices
import Persistence
import WireFormat

/// Something that is to be told to one user or customer.
struct NoticeIntent: Hashable, Sendable {
    var tenantID: TenantID
    /// The same however often the event comes.
    var cause: String
    var kind: NoticeKind
    var recipient: NoticeRecipient
    var facts: NoticeFacts
    /// Whose names are told with it.
    var service: ServiceID?
    var plan: PlanID?
    /// Its day is told as the recipient's clock has it.
    var dueAt: Timestamp?
    /// What is looked at again just before it is sent.
    var subject: NoticeSubject?
    /// The same of a link.
    var link: OneTimeLinkID?
    /// The same of a code, and the one way that it goes.
    var code: LoginCodeID?
    var channel: NoticeChannel?
    /// It is of no use after that.
    var expiresAt: Timestamp

    /// With what its service and plan are called; nil where one of them is gone.
    func named(by names: NoticeNames) -> NoticeIntent? {
        var named = self
        if let service {
            guard let name = names.services[service] else { return nil }
            if kind == .welcome {
                named.facts["username"] = .text(name)
                if let plan = names.plansOfServices[service] { named.facts["plan"] = .text(plan) }
            } else {
                named.facts["service"] = .text(name)
            }
        }
        if let plan {
            guard let name = names.plans[plan] else { return nil }
            named.facts["plan"] = .text(name)
        }
        return named
    }
}

/// Which notices follow from events, without a clock or a database.
enum NoticePlanner {
    /// What an event has told; nil for one that nobody is told of. Throws for one of a type that is told and cannot be read.
    static func intent(of event: EventEnvelope) throws(JSONError) -> NoticeIntent? {
        switch event.type {
        case EmailVerificationRequested.type:
            let told: EmailVerificationRequested = try event.payload()
            return link(.verifyEmail, told.userID, told.linkID, told.expiresAt, event)
        case PasswordResetRequested.type:
            let told: PasswordResetRequested = try event.payload()
            return link(.resetPassword, told.userID, told.linkID, told.expiresAt, event)
        case UserInvited.type:
            let told: UserInvited = try event.payload()
            return link(.invitation, told.userID, told.linkID, told.expiresAt, event)
        case LoginCodeRequested.type: return LoginCodePlanning.intent(try event.payload(), event)
        case AccountLocked.type:
            let told: AccountLocked = try event.payload()
            var facts: NoticeFacts = ["failures": .count(Int(told.failures)), "until": .instant(told.until)]
            if !told.sourceAddress.isEmpty { facts["source"] = .text(told.sourceAddress) }
            return account(.accountLocked, told.userID, facts, event)
        case APIKeyCreated.type:
            let told: APIKeyCreated = try event.payload()
            let facts: NoticeFacts = ["name": .text(told.prefix), "at": .instant(event.time)]
            return account(.apiKeyCreated, told.userID, facts, event)
        case PasswordChanged.type: return PasswordPlanning.intent(try event.payload(), event)
        default:
            if let intent = try CustomerPlanning.intent(of: event) { return intent }
            return try StaffPlanning.intent(of: event)
        }
    }

    /// The rows of an intent: one for each way that its addressee is told by. None where the tenant's rule is off, or he does not want it.
    static func rows(
        _ intent: NoticeIntent,
        to addressee: NoticeAddressee,
        zone: TimeZoneRules?,
        at now: Timestamp
    ) -> [PlannedNotice] {
        let terms = intent.kind.terms
        guard addressee.isRuleOn, !isRefused(terms, addressee) else { return [] }
        var facts = intent.facts
        if let due = intent.dueAt {
            facts["due_on"] = .day(CivilDate(daysSince1970: (zone ?? .utc).local(due).day))
        }
        if let channel = intent.channel { return [LoginCodePlanning.row(intent, channel, to: addressee)] }
        let held = terms.passesQuietHours ? nil : quietUntil(addressee, zone, now)
        return channels(terms, addressee).map { channel in
            var row = PlannedNotice(
                tenantID: intent.tenantID,
                cause: intent.cause,
                kind: intent.kind.rawValue,
                channel: channel.rawValue,
                recipient: intent.recipient,
                expiresAt: intent.expiresAt
            )
            row.address = address(channel, addressee)
            row.language = addressee.language ?? "en"
            row.priority = terms.priority
            row.facts = facts.json()
            row.about = NoticeAbout(link: intent.link, subject: intent.subject).json()
            // In the pages nobody is woken.
            row.heldUntil = channel == .inApp ? nil : held
            row.gather(terms, at: now)
            return row
        }
    }

    // MARK: - Private

    private static func link(
        _ kind: NoticeKind,
        _ user: UserID,
        _ link: OneTimeLinkID,
        _ expiresAt: Timestamp,
        _ event: EventEnvelope
    ) -> NoticeIntent {
        NoticeIntent(
            tenantID: event.tenantID,
            cause: "link:\(link)",
            kind: kind,
            recipient: .user(user),
            facts: ["expires_at": .instant(expiresAt)],
            link: link,
            expiresAt: expiresAt
        )
    }

    static func account(
        _ kind: NoticeKind,
        _ user: UserID,
        _ facts: NoticeFacts,
        _ event: EventEnvelope
    ) -> NoticeIntent {
        NoticeIntent(
            tenantID: event.tenantID,
            cause: "\(event.id)",
            kind: kind,
            recipient: .user(user),
            facts: facts,
            expiresAt: event.time + kind.terms.validity
        )
    }

    private static func isRefused(_ terms: NoticeTerms, _ addressee: NoticeAddressee) -> Bool {
        terms.category.mayBeRefused && addressee.refused.contains(terms.category.rawValue)
    }

    private static func quietUntil(_ addressee: NoticeAddressee, _ zone: TimeZoneRules?, _ now: Timestamp) -> Timestamp?
    {
        guard let from = addressee.quietFrom, let until = addressee.quietUntil else { return nil }
        return QuietHours(from: from, until: until).end(after: now, zone: zone)
    }

    private static func address(_ channel: NoticeChannel, _ addressee: NoticeAddressee) -> String? {
        switch channel {
        case .email: addressee.email
        case .sms: addressee.phone.flatMap(TelephoneNumber.international)
        case .push, .slack, .inApp: nil
        }
    }

    /// The ways that can reach somebody: his address, his number and his devices where a provider carries them, and the pages where nothing secret is
    /// told. His own choice counts where any of it is left; what nobody may refuse is told by the rule's ways otherwise.
    private static func channels(_ terms: NoticeTerms, _ addressee: NoticeAddressee) -> [NoticeChannel] {
        let ruled = addressee.ruleChannels?.compactMap(NoticeChannel.init) ?? terms.channels
        let able = ruled.filter { channel in
            switch channel {
            // Who waits in front of a page is written to once there is an account; all else nobody could send waits for nothing.
            case .email: addressee.email != nil && (addressee.hasEmail || terms.priority == 0)
            case .sms: addressee.hasSMS && address(.sms, addressee) != nil
            case .inApp: addressee.hasPages && !terms.variables.contains(where: \.isSecret)
            case .slack: addressee.hasSlack
            case .push: addressee.hasPush
            }
        }
        let wanted = addressee.channels?.compactMap(NoticeChannel.init) ?? able
        let chosen = wanted.filter(able.contains)
        let told = chosen.isEmpty && !terms.category.mayBeRefused ? able : chosen
        return terms.reach == .first ? Array(told.prefix(1)) : told
    }
}
