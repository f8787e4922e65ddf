import Concurrency
import Domain
import Lifecycle
import Notices
import Observability
import Persistence

/// What is said, with whom it goes to; nothing in it is stored.
struct PreparedNotice: Sendable {
    var message: OutgoingMessage
    /// The link whose token it carries.
    var link: OneTimeLinkID?
    /// The login code that it carries.
    var code: LoginCodeID?
    /// The one account that it goes by.
    var provider: NoticeProviderID?
    /// The devices that it is pushed to, instead of the message's address.
    var devices: [OpenedDevice] = []
    /// Who may be asked to carry it, in that order.
    var providers: [NoticeProviderRow] = []
}

/// Takes one claimed notice to its end, or to where it waits again: looks whether it is still true, says it in words, and hands it to one
/// provider after the other as `NoticeCourse` allows.
struct NoticeSender: Sendable {
    /// What comes of preparing it.
    enum Preparation: Sendable {
        case ready(PreparedNotice)
        /// It is in the pages by being there.
        case posted
        case ends(NoticeRecord.State, String)
        /// Back into the queue, with a word for why.
        case waits(String)
    }

    /// How long what may not be told now is left alone.
    static let rest = Duration.seconds(60)

    let reading: any NoticeReading
    let inquiries: any NoticeInquiring
    let book: ProviderBook
    let scribe: NoticeScribe
    let openToken: @Sendable ([UInt8], OneTimeLinkID, TenantID) throws -> String
    let openCode: @Sendable ([UInt8], LoginCodeID, TenantID) throws -> String
    let openDevice: @Sendable (PushTarget, TenantID) throws -> String
    /// How long one provider may take, and how long a claim is held.
    let limit: Duration
    let claim: Duration
    let time: TimeSource
    let metrics: NoticeMetrics
    let logger: Logger

    /// What became of it. Throws only what a storage fault is: nobody has it then.
    func serve(_ notice: ClaimedNotice) async throws(StorageFault) -> NoticeRecord {
        switch try await prepare(notice) {
        case .ends(let state, let reason): return NoticeRecord(notice, state, reason: reason)
        case .posted: return NoticeRecord(notice, .sent)
        case .waits(let reason): return NoticeRecord(notice, .queued, reason: reason, nextAt: time.now() + Self.rest)
        case .ready(let prepared): return await hand(notice, prepared)
        }
    }

    // MARK: - Preparing

    private func prepare(_ notice: ClaimedNotice) async throws(StorageFault) -> Preparation {
        guard let kind = NoticeKind(rawValue: notice.kind), let channel = NoticeChannel(rawValue: notice.channel) else {
            return .ends(.failed, "unknown_kind")
        }
        guard let about = try? NoticeAbout(json: notice.about),
            var facts = try? NoticeFacts(json: Array(notice.facts.utf8))
        else { return .ends(.failed, "unreadable") }
        // A login code says itself where it goes.
        var notice = notice
        if let id = about.code {
            switch try await open(code: id, of: notice) {
            case .ends(let state, let reason): return .ends(state, reason)
            case .ready(let code, let address): (facts["code"], notice.address) = (.text(code), address)
            }
        }
        let question = Self.question(notice, kind, channel)
        let standing = try await inquiries.standing(question)
        guard let background = standing.background else { return .ends(.dropped, "recipient_gone") }
        if let subject = about.subject {
            let recipient = notice.recipientID
            switch try await reading.verdict(on: subject, in: notice.tenantID, recipient: recipient, at: time.now()) {
            case .holds: break
            case .holdsAs(let moment): scribe.tell(moment, in: &facts)
            case .ended(let reason): return .ends(.dropped, reason)
            case .waits(let reason): return .waits(reason)
            }
        }
        if channel == .inApp { return .posted }
        if let id = about.link {
            switch try await open(link: id, of: notice) {
            case .ends(let state, let reason): return .ends(state, reason)
            case .ready(let url): facts["url"] = .url(url)
            }
        }
        var devices: [OpenedDevice] = []
        if channel == .push {
            devices = try await openDevices(of: notice)
            if devices.isEmpty { return .ends(.dropped, "no_device") }
        }
        guard notice.address != nil || channel == .slack || channel == .push else {
            return .ends(.failed, "no_address")
        }
        if standing.isSuppressed { return .ends(.dropped, "suppressed") }
        let (words, languages) = (standing.words, question.languages)
        guard let message = scribe.message(notice, kind, channel, facts, background, words, languages, time.now())
        else {
            logger.error(
                "a notice cannot be said in words",
                ["notice": .string("\(notice.id)"), "kind": .string(notice.kind)]
            )
            return .ends(.failed, "template")
        }
        return .ready(
            PreparedNotice(
                message: message,
                link: about.link,
                code: about.code,
                provider: about.provider,
                devices: devices,
                providers: standing.providers
            )
        )
    }

    private static func question(_ notice: ClaimedNotice, _ kind: NoticeKind, _ channel: NoticeChannel)
        -> NoticeQuestion
    {
        var address: NoticeQuestion.Address?
        if channel == .email || channel == .sms, let text = notice.address {
            // A digest of what nobody may refuse is told like what it stands for.
            let category =
                kind == .digest
                ? notice.digestKey.flatMap(NoticeKind.Category.init) ?? kind.terms.category : kind.terms.category
            address = NoticeQuestion.Address(
                digest: NoticeAddress.digest(channel, text),
                category: category.rawValue,
                mayBeRefused: category.mayBeRefused
            )
        }
        let languages = channel == .inApp ? [] : LanguageChain.languages(wanted: notice.language, tenant: nil)
        return NoticeQuestion(notice, address: address, languages: languages)
    }

    // MARK: - Handing over

    private func hand(_ notice: ClaimedNotice, _ prepared: PreparedNotice) async -> NoticeRecord {
        var rows = prepared.providers
        if let only = prepared.provider {
            rows = rows.filter { $0.id == only }
            if rows.isEmpty { return NoticeRecord(notice, .failed, reason: "provider_gone") }
        }
        // As many as are asked well before the claim lapses.
        rows = Array(rows.prefix(max(1, Int((claim / limit) / 2))))
        var course = NoticeCourse(
            attempts: notice.attempts,
            providers: rows.count,
            expiresAt: notice.expiresAt,
            tries: tries(of: notice)
        )
        var asked: [NoticeRecord.Attempt] = []
        var last: (provider: NoticeProviderID, outcome: SendOutcome)?
        while true {
            switch course.step(at: time.now()) {
            case .rest(let rest): return record(notice, rest, prepared, asked, last)
            case .hand(let place):
                if GracefulShutdown.isShuttingDown { return giveBack(notice, asked) }
                let row = rows[place]
                guard let provider = provider(of: row) else {
                    course.passed()
                    continue
                }
                let admission = book.admits(row.id)
                if case .refused = admission {
                    course.passed()
                    continue
                }
                let begun = ContinuousClock.now
                let outcome = await send(prepared, of: notice, by: provider)
                metrics.asked(notice.channel, outcome, in: ContinuousClock.now - begun)
                if book.answered(outcome, by: row.id, wasProbe: admission == .probe) {
                    logger.warn("a provider is away and left alone for a while", ["provider": .string("\(row.id)")])
                }
                let now = time.now()
                asked.append(outcome.attempt(of: row.id, at: now))
                course.answered(outcome, at: now)
                last = (row.id, outcome)
            }
        }
    }

    /// The longer it has waited for a provider the less often it is looked at, up to five minutes: a hundred thousand that wait out an outage
    /// are no work. Those that somebody waits for are looked at as often as ever.
    private func tries(of notice: ClaimedNotice) -> NoticeTries {
        var tries = NoticeTries()
        if notice.priority > 0 {
            tries.outage = min(max(tries.outage, (time.now() - notice.createdAt) / 8), .seconds(300))
        }
        return tries
    }

    private func provider(of row: NoticeProviderRow) -> (any NoticeProvider)? {
        do throws(ProviderBook.Trouble) {
            return try book.provider(of: row)
        } catch {
            metrics.unusable.add(1)
            logger.error(
                "a provider cannot be spoken to",
                ["provider": .string("\(row.id)"), "kind": .string(row.kind), "error": .string("\(error)")]
            )
            return nil
        }
    }

    /// Nobody has it, and another process goes on with it at once.
    private func giveBack(_ notice: ClaimedNotice, _ asked: [NoticeRecord.Attempt]) -> NoticeRecord {
        var record = NoticeRecord(notice, .queued, reason: "given_back", nextAt: time.now())
        record.asked = asked
        return record
    }

    private func record(
        _ notice: ClaimedNotice,
        _ rest: NoticeCourse.Rest,
        _ prepared: PreparedNotice,
        _ asked: [NoticeRecord.Attempt],
        _ last: (provider: NoticeProviderID, outcome: SendOutcome)?
    ) -> NoticeRecord {
        var record: NoticeRecord
        switch rest {
        case .sent: record = NoticeRecord(notice, .sent)
        case .again(let at, let attempts, let reason):
            record = NoticeRecord(notice, .queued, reason: reason, nextAt: at)
            record.attempts = attempts
        case .failed(let attempts, let reason):
            record = NoticeRecord(notice, .failed, reason: reason)
            record.attempts = attempts
        case .expired: record = NoticeRecord(notice, .expired)
        case .unknown(let reason): record = NoticeRecord(notice, .unknown, reason: reason)
        }
        record.asked = asked
        record.link = prepared.link
        record.code = prepared.code
        record.provider = last?.provider
        record.detail = asked.last?.detail
        if case .accepted(let id, let segments) = last?.outcome {
            record.providerMessage = id
            record.segments = segments
        }
        return record
    }
}

extension SendOutcome {
    /// As it stands in the delivery log.
    func attempt(of provider: NoticeProviderID, at time: Timestamp) -> NoticeRecord.Attempt {
        switch self {
        case .accepted: .init(provider: provider, outcome: .accepted, at: time)
        case .refused(let reason, let detail):
            .init(provider: provider, outcome: .refused, reason: reason, detail: detail, at: time)
        case .failed(let reason, let detail, _):
            .init(provider: provider, outcome: .failed, reason: reason, detail: detail, at: time)
        case .outage(let reason, let detail, _):
            .init(provider: provider, outcome: .outage, reason: reason, detail: detail, at: time)
        case .unknown(let reason, let detail):
            .init(provider: provider, outcome: .unknown, reason: reason, detail: detail, at: time)
        }
    }
}
