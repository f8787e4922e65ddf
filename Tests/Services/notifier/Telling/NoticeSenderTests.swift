import Concurrency
import Domain
import Lifecycle
import Notices
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing

@testable import Notifier

@Suite struct NoticeSenderTests {
    private static let now = Timestamp(secondsSince1970: 1_795_167_000)
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let user = UserID(UUID128(high: 2, low: 2))
    private static let linkID = OneTimeLinkID(UUID128(high: 3, low: 3))

    private static let codeID = LoginCodeID(UUID128(high: 3, low: 5))

    private static func row(_ name: String, _ number: UInt64) -> NoticeProviderRow {
        NoticeProviderRow(
            tenantID: tenant,
            id: NoticeProviderID(UUID128(high: 9, low: number)),
            channel: "email",
            kind: "smtp",
            settings: ["name": name],
            sealedSecrets: nil,
            version: 1
        )
    }

    private static func notice(_ kind: NoticeKind = .accountLocked, channel: String = "email") -> ClaimedNotice {
        var notice = ClaimedNotice(
            tenantID: tenant,
            id: NoticeID(UUID128(high: 4, low: 4)),
            kind: kind.rawValue,
            channel: channel,
            recipientID: user.value,
            createdAt: now,
            expiresAt: now + .seconds(3_600)
        )
        notice.recipientKind = "user"
        notice.address = "ada@example.com"
        let facts: NoticeFacts = ["failures": .count(5)]
        notice.facts = facts.json()
        return notice
    }

    private static func link(_ change: (inout NoticeLink) -> Void = { _ in }) -> (ClaimedNotice, NoticeLink) {
        var notice = notice(.resetPassword)
        let facts: NoticeFacts = ["expires_at": .instant(now + .seconds(3_600))]
        (notice.facts, notice.about) = (facts.json(), NoticeAbout(link: linkID).json())
        var link = NoticeLink(
            purpose: .resetPassword,
            userID: user,
            email: "Ada@example.com",
            expiresAt: now + .seconds(3_600),
            isOpen: true,
            sealedToken: Array("t0ken".utf8)
        )
        change(&link)
        return (notice, link)
    }

    private static func sender(_ sources: MemorySources, _ providers: [String: ScriptedProvider]) -> NoticeSender {
        NoticeSender(
            reading: sources,
            inquiries: sources,
            book: ProviderBook(maker: ScriptedProviders(providers: providers), open: { _ in [:] }, monotonic: { 0 }),
            scribe: NoticeScribe(pages: "https://my.example", zone: { _ in nil }, wayOut: { _ in "signed" }),
            openToken: { sealed, _, _ in String(decoding: sealed, as: UTF8.self) },
            openCode: { sealed, _, _ in String(decoding: sealed, as: UTF8.self) },
            openDevice: { device, _ in String(decoding: device.sealedToken, as: UTF8.self) },
            limit: .seconds(30),
            claim: .seconds(300),
            time: TimeSource { now },
            metrics: NoticeMetrics(MetricsRegistry()),
            logger: Logger(service: "test", sink: MemoryLogSink())
        )
    }

    @Test(.proves("NTF-03")) func `the next provider is asked where the first is away, and none after one took it`()
        async throws
    {
        let away = ScriptedProvider([.outage(reason: "refused", detail: nil, after: nil)])
        let there = ScriptedProvider([.accepted(id: "m1", segments: nil)])
        let third = ScriptedProvider([.accepted(id: "m2", segments: nil)])
        var sources = MemorySources()
        sources.providers = [Self.row("away", 1), Self.row("there", 2), Self.row("third", 3)]
        let sender = Self.sender(sources, ["away": away, "there": there, "third": third])
        let record = try await sender.serve(Self.notice())
        #expect(record.state == .sent && record.providerMessage == "m1" && record.attempts == 0)
        #expect(record.asked.map(\.outcome) == [.outage, .accepted])
        #expect(record.provider == Self.row("there", 2).id)
        #expect(there.messages.count == 1 && third.messages.isEmpty)
        #expect(there.messages.first?.text.contains("5") == true)
    }

    @Test(.proves("NTF-02")) func `what is told of a campaign that is paused goes back into the queue, unsaid`()
        async throws
    {
        let provider = ScriptedProvider([.accepted(id: "m1", segments: nil)])
        var sources = MemorySources()
        (sources.providers, sources.verdict) = ([Self.row("there", 1)], .waits("campaign_paused"))
        var notice = Self.notice()
        notice.about = NoticeAbout(subject: .campaign(CampaignID(UUID128(high: 6, low: 6)))).json()
        let record = try await Self.sender(sources, ["there": provider]).serve(notice)
        #expect(record.state == .queued && record.reason == "campaign_paused" && record.attempts == 0)
        #expect(record.nextAt == Self.now + NoticeSender.rest && record.asked.isEmpty && provider.messages.isEmpty)
        sources.verdict = .ended("campaign_cancelled")
        let dropped = try await Self.sender(sources, ["there": provider]).serve(notice)
        #expect(dropped.state == .dropped && dropped.reason == "campaign_cancelled" && provider.messages.isEmpty)
    }

    @Test(.proves("NTF-03", "NTF-10"), arguments: [(1, 10, 15), (1, 1_600, 200), (3, 90_000, 300), (0, 1_600, 15)])
    func `what waits for a provider is looked at the less often the longer it waits, but what somebody waits for`(
        priority: Int,
        age: Int64,
        pause: Int64
    ) async throws {
        var notice = Self.notice()
        (notice.priority, notice.createdAt) = (priority, Self.now - .seconds(age))
        let record = try await Self.sender(MemorySources(), [:]).serve(notice)
        #expect(record.state == .queued && record.reason == "no_provider" && record.attempts == 0)
        #expect(record.nextAt == Self.now + .seconds(pause))
    }

    private static func pushed(_ answers: [SendOutcome]) async throws -> (
        record: NoticeRecord, tokens: [String], forgotten: [PushTokenID]
    ) {
        let provider = ScriptedProvider(answers)
        var sources = MemorySources()
        sources.providers = [row("there", 1)]
        sources.devices = (1...3).map { number in
            PushTarget(
                id: PushTokenID(UUID128(high: 9, low: number)),
                digest: [UInt8(number)],
                sealedToken: Array("device-\(number)".utf8)
            )
        }
        var notice = notice(.boostApproved, channel: "push")
        let facts: NoticeFacts = ["service": .text("ada"), "plan": .text("Fibre")]
        (notice.address, notice.facts) = (nil, facts.json())
        let record = try await sender(sources, ["there": provider]).serve(notice)
        return (record, provider.messages.map(\.address), sources.forgotten.all)
    }

    @Test(.proves("NTF-01", "NTF-03")) func `all devices are pushed to, and those that are gone are forgotten`()
        async throws
    {
        let (gone, took) = (
            SendOutcome.refused(reason: "token_gone", detail: nil), SendOutcome.accepted(id: "m", segments: nil)
        )
        let two = try await Self.pushed([gone, took, took])
        #expect(two.record.state == .sent && two.tokens == ["device-1", "device-2", "device-3"])
        #expect(two.forgotten == [PushTokenID(UUID128(high: 9, low: 1))])
        let none = try await Self.pushed([gone])
        #expect(none.record.state == .failed && none.record.reason == "token_gone" && none.forgotten.count == 3)
        // An outage is everybody's; what one took, or may have, is not told again.
        let away = try await Self.pushed([.outage(reason: "provider_down", detail: nil, after: nil)])
        #expect(away.record.state == .queued && away.record.attempts == 0 && away.tokens.count == 1)
        let part = try await Self.pushed([took, .outage(reason: "provider_down", detail: nil, after: nil)])
        #expect(part.record.state == .sent && part.tokens.count == 2)
        let doubt = try await Self.pushed([
            .refused(reason: "rejected", detail: nil), .unknown(reason: "timeout", detail: nil),
        ])
        #expect(doubt.record.state == .unknown && doubt.forgotten.isEmpty)
    }

    @Test(.proves("NTF-03")) func `a provider that is away three times in a row is left alone`() async throws {
        let away = ScriptedProvider([.outage(reason: "refused", detail: nil, after: nil)])
        var sources = MemorySources()
        sources.providers = [Self.row("away", 1)]
        let sender = Self.sender(sources, ["away": away])
        for _ in 0..<5 {
            let record = try await sender.serve(Self.notice())
            #expect(record.state == .queued && record.attempts == 0 && record.nextAt != nil)
        }
        #expect(away.messages.count == 3)
        #expect(sender.book.openBreakers() == 1)
    }

    @Test(.proves("NTF-03")) func `what may have been taken is handed to nobody else`() async throws {
        let silent = ScriptedProvider([.unknown(reason: "timeout", detail: nil)])
        let next = ScriptedProvider([.accepted(id: nil, segments: nil)])
        var sources = MemorySources()
        sources.providers = [Self.row("silent", 1), Self.row("next", 2)]
        let record = try await Self.sender(sources, ["silent": silent, "next": next]).serve(Self.notice())
        #expect(record.state == .unknown && record.reason == "timeout" && next.messages.isEmpty)
    }

    @Test(.proves("NTF-10", "IAM-10")) func `a link is opened just before it is sent, and its record names it`()
        async throws
    {
        let provider = ScriptedProvider([.accepted(id: nil, segments: nil)])
        let (notice, link) = Self.link()
        var sources = MemorySources()
        (sources.providers, sources.link) = ([Self.row("one", 1)], link)
        let record = try await Self.sender(sources, ["one": provider]).serve(notice)
        #expect(record.state == .sent && record.link == Self.linkID)
        let text = try #require(provider.messages.first?.text)
        #expect(text.contains("https://my.example/#/link/reset_password?token=t0ken"))
        #expect(!notice.facts.contains("t0ken"))
    }

    @Test(.proves("NTF-10")) func `a link that was followed, replaced, sent or made for another address is not sent`()
        async throws
    {
        let changes: [@Sendable (inout NoticeLink) -> Void] = [
            { $0.isOpen = false }, { $0.sealedToken = nil }, { $0.email = "eve@example.com" },
            { $0.expiresAt = Self.now }, { $0.userID = UserID(UUID128(high: 7, low: 7)) },
        ]
        for change in changes {
            let provider = ScriptedProvider([.accepted(id: nil, segments: nil)])
            let (notice, link) = Self.link(change)
            var sources = MemorySources()
            (sources.providers, sources.link) = ([Self.row("one", 1)], link)
            let record = try await Self.sender(sources, ["one": provider]).serve(notice)
            #expect(record.state == .dropped && record.reason == "link_gone" && provider.messages.isEmpty)
        }
    }

    private static func code(_ channel: String = "sms") -> (ClaimedNotice, NoticeCode) {
        var notice = notice(.loginCode, channel: channel)
        notice.address = nil
        let facts: NoticeFacts = ["valid_for": .duration(seconds: 600)]
        (notice.facts, notice.about) = (facts.json(), NoticeAbout(code: codeID).json())
        let code = NoticeCode(
            userID: user,
            way: CodeWay(rawValue: channel) ?? .email,
            address: channel == "sms" ? "+491701234567" : "ada@example.com",
            expiresAt: now + .seconds(600),
            isOpen: true,
            sealedCode: Array("482913".utf8)
        )
        return (notice, code)
    }

    @Test(.proves("IAM-09", "NTF-10"), arguments: ["sms", "email"])
    func `a code is opened just before it is sent, to where it says, and its record names it`(_ channel: String)
        async throws
    {
        let provider = ScriptedProvider([.accepted(id: nil, segments: nil)])
        let (notice, code) = Self.code(channel)
        var sources = MemorySources()
        (sources.providers, sources.code) = ([Self.row("one", 1)], code)
        let record = try await Self.sender(sources, ["one": provider]).serve(notice)
        #expect(record.state == .sent && record.code == Self.codeID)
        let message = try #require(provider.messages.first)
        #expect(message.address == code.address && message.text.contains("482913"))
        #expect(!notice.facts.contains("482913") && record.notice.address == nil)
    }

    @Test(.proves("IAM-09", "NTF-10"))
    func `a code that was used, replaced, sent, of another or by another way is not sent`() async throws {
        let changes: [@Sendable (inout NoticeCode) -> Void] = [
            { $0.isOpen = false }, { $0.sealedCode = nil }, { $0.way = .email }, { $0.expiresAt = Self.now },
            { $0.userID = UserID(UUID128(high: 7, low: 7)) },
        ]
        for change in changes {
            let provider = ScriptedProvider([.accepted(id: nil, segments: nil)])
            let (notice, sent) = Self.code()
            var code = sent
            change(&code)
            var sources = MemorySources()
            (sources.providers, sources.code) = ([Self.row("one", 1)], code)
            let record = try await Self.sender(sources, ["one": provider]).serve(notice)
            #expect(record.state == .dropped && record.reason == "code_gone" && provider.messages.isEmpty)
        }
    }

    @Test(.proves("NTF-10")) func `who is gone is told nothing, and what stands in the pages needs no provider`()
        async throws
    {
        var sources = MemorySources()
        #expect(try await Self.sender(sources, [:]).serve(Self.notice(channel: "in_app")).state == .sent)
        sources.background = nil
        let record = try await Self.sender(sources, [:]).serve(Self.notice(channel: "in_app"))
        #expect(record.state == .dropped && record.reason == "recipient_gone")
    }

    @Test(.proves("NTF-05")) func `a tenant's own words come first, and words that cannot be said stop nothing`()
        async throws
    {
        for (text, expected) in [("Blocked after {{failures}}!", "Blocked after 5!"), ("{{nothing_such}}", "5")] {
            let provider = ScriptedProvider([.accepted(id: nil, segments: nil)])
            var sources = MemorySources()
            sources.providers = [Self.row("one", 1)]
            sources.words = [NoticeWords(language: "en", subject: "Blocked", text: text, html: nil)]
            let record = try await Self.sender(sources, ["one": provider]).serve(Self.notice())
            #expect(record.state == .sent)
            #expect(provider.messages.first?.text.contains(expected) == true)
        }
    }

    @Test(.proves("NTF-08"))
    func `an address that is not written to gets nothing, and mail that may be refused has a way out`()
        async throws
    {
        let notice = Self.notice(.billDue)
        let facts: NoticeFacts = [
            "amount": .money(1, currency: "EUR"), "bill": .text("1"), "due_on": .day(CivilDate(daysSince1970: 1)),
            "days": .count(1),
        ]
        for (isSuppressed, kind) in [(true, NoticeKind.billDue), (false, .billDue), (false, .accountLocked)] {
            var told = notice
            told.kind = kind.rawValue
            if kind == .billDue { told.facts = facts.json() }
            var sources = MemorySources()
            sources.providers = [Self.row("one", 1)]
            if isSuppressed { sources.suppressed = [NoticeAddress.digest(.email, "ADA@example.com")] }
            let provider = ScriptedProvider([.accepted(id: nil, segments: nil)])
            let record = try await Self.sender(sources, ["one": provider]).serve(told)
            #expect(record.state == (isSuppressed ? .dropped : .sent))
            #expect(record.reason == (isSuppressed ? "suppressed" : nil))
            let url = provider.messages.first?.unsubscribeURL
            #expect((url != nil) == (!isSuppressed && kind == .billDue))
            #expect(url?.hasPrefix("https://my.example/api/v1/notices/unsubscribe?token=") != false)
        }
    }

    @Test(.proves("NTF-10")) func `what is not so any more is told by no way`() async throws {
        for channel in ["email", "in_app"] {
            var notice = Self.notice(.billDue, channel: channel)
            notice.about = NoticeAbout(subject: .bill(UUID128(high: 8, low: 8))).json()
            var sources = MemorySources()
            sources.verdict = .ended("paid")
            sources.providers = [Self.row("one", 1)]
            let provider = ScriptedProvider([.accepted(id: nil, segments: nil)])
            let record = try await Self.sender(sources, ["one": provider]).serve(notice)
            #expect(record.state == .dropped && record.reason == "paid")
            #expect(provider.messages.isEmpty)
        }
    }

    @Test(.proves("NTF-10")) func `a balance is told as it is when it is sent`() async throws {
        var notice = Self.notice(.walletLow)
        let facts: NoticeFacts = ["balance": .money(31_500, currency: "EUR")]
        notice.facts = facts.json()
        notice.about = NoticeAbout(subject: .wallet(UUID128(high: 8, low: 8), threshold: 50_000)).json()
        var moment = NoticeMoment()
        moment.balance = try Money("1.25", currency: .euro)
        var sources = MemorySources()
        sources.verdict = .holdsAs(moment)
        sources.providers = [Self.row("one", 1)]
        let provider = ScriptedProvider([.accepted(id: nil, segments: nil)])
        let record = try await Self.sender(sources, ["one": provider]).serve(notice)
        #expect(record.state == .sent)
        let text = provider.messages.first?.text ?? ""
        #expect(text.contains("€1.25") && !text.contains("€3.15"))
    }

    @Test(.proves("NTF-03"))
    func `what became of a notice is stored however often that fails, and what cannot be read waits`() async {
        for fault in [nil, StorageFault.outage("away")] {
            let queue = MemoryQueue([])
            queue.state.withLock { $0.outages = 2 }
            var sources = MemorySources()
            sources.fault = fault
            sources.providers = [Self.row("one", 1)]
            let provider = ScriptedProvider([.accepted(id: nil, segments: nil)])
            let sender = Self.sender(sources, ["one": provider])
            let service = Self.service(queue, sender)
            let records = service.makeRecords()
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await records.run() }
                await service.serve(Self.notice(), until: Self.now + .seconds(300), records)
                records.finish()
            }
            #expect(queue.records.map(\.state) == [fault == nil ? .sent : .queued])
            #expect(provider.messages.count == (fault == nil ? 1 : 0))
        }
    }

    /// A provider may have taken it while the database was away: it must not be told twice, nor be unknown.
    @Test(.proves("NTF-03")) func `what is with a provider when the database fails is recorded`() async throws {
        let queue = MemoryQueue([Self.notice(), Self.notice(), Self.notice()])
        queue.state.withLock { $0.claims = 1 }
        var sources = MemorySources()
        sources.providers = [Self.row("one", 1)]
        let provider = ScriptedProvider([.accepted(id: nil, segments: nil)])
        let service = Self.service(queue, Self.sender(sources, ["one": provider]))
        let records = service.makeRecords()
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await records.run() }
            await #expect(throws: StorageFault.self) { try await service.work(records) }
            records.finish()
        }
        #expect(queue.records.map(\.state) == [.sent, .sent, .sent] && provider.messages.count == 3)
    }

    private static func service(_ queue: MemoryQueue, _ sender: NoticeSender) -> NoticeService {
        NoticeService(
            queue: queue,
            sender: sender,
            inquiries: NoticeInquiries(sender.reading, inFlight: 4),
            interval: .milliseconds(10),
            inFlight: 4,
            keep: .seconds(60),
            time: sender.time,
            metrics: sender.metrics,
            health: Health(version: "0").component("notices"),
            logger: sender.logger
        )
    }
}
