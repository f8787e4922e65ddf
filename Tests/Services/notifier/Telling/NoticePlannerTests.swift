import Domain
import Events
import Notices
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import Notifier

@Suite struct NoticePlannerTests {
    private static let now = Timestamp(secondsSince1970: 1_795_167_000)
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let user = UserID(UUID128(high: 2, low: 2))
    private static let link = OneTimeLinkID(UUID128(high: 3, low: 3))

    private static func intent(_ payload: some EventPayload, id: UInt64 = 1) throws -> NoticeIntent? {
        let event = Event(
            id: EventID(UUID128(high: 5, low: id)),
            source: "/test",
            time: now,
            tenantID: tenant,
            payload: payload
        )
        return try NoticePlanner.intent(of: EventEnvelope(event))
    }

    private static func rows(_ payload: some EventPayload, _ addressee: NoticeAddressee) throws -> [PlannedNotice] {
        let intent = try #require(try intent(payload))
        return NoticePlanner.rows(intent, to: addressee, zone: nil, at: now)
    }

    private static let locked = AccountLocked(
        userID: user,
        until: now + .seconds(900),
        failures: 5,
        sourceAddress: "203.0.113.7"
    )
    private static let reset = PasswordResetRequested(userID: user, linkID: link, expiresAt: now + .seconds(3_600))

    @Test(.proves("NTF-04", "IAM-10")) func `a link is told by e-mail alone, at once, until it ends`() throws {
        var addressee = NoticeAddressee(email: "ada@example.com")
        // All day and all night, and all that may be refused.
        (addressee.quietFrom, addressee.quietUntil) = (0, 1_439)
        addressee.refused = ["money", "usage", "service", "alarm", "news"]
        addressee.channels = ["in_app"]
        let rows = try Self.rows(Self.reset, addressee)
        let row = try #require(rows.first)
        #expect(rows.count == 1 && row.channel == "email" && row.address == "ada@example.com")
        #expect(row.priority == 0 && row.heldUntil == nil && row.expiresAt == Self.reset.expiresAt)
        #expect(try NoticeAbout(json: row.about) == NoticeAbout(link: Self.link))
    }

    @Test(.proves("NTF-03")) func `an event that comes again has the same cause, and another link another`() throws {
        let again = try #require(try Self.intent(Self.reset, id: 2))
        #expect(again.cause == (try Self.intent(Self.reset))?.cause)
        let other = PasswordResetRequested(
            userID: Self.user,
            linkID: OneTimeLinkID(UUID128(high: 3, low: 4)),
            expiresAt: Self.now
        )
        #expect(try Self.intent(other)?.cause != again.cause)
    }

    @Test(.proves("NTF-04")) func `a locked account is told by every way that there is, in the user's language`() throws
    {
        var addressee = NoticeAddressee(email: "ada@example.com")
        addressee.language = "fr-CA"
        let rows = try Self.rows(Self.locked, addressee)
        #expect(rows.map(\.channel) == ["email", "in_app"])
        #expect(rows.map(\.address) == ["ada@example.com", nil])
        #expect(rows.allSatisfy { $0.language == "fr-CA" })
        let facts = try NoticeFacts(json: Array(rows[0].facts.utf8))
        #expect(facts["failures"] == .count(5) && facts["source"] == .text("203.0.113.7"))
    }

    @Test(.proves("NTF-06"))
    func `nothing is told where the tenant's rule is off, and by the rule's ways where it names some`() throws {
        var addressee = NoticeAddressee(email: "ada@example.com")
        addressee.ruleChannels = ["in_app", "slack"]
        #expect(try Self.rows(Self.locked, addressee).map(\.channel) == ["in_app"])
        addressee.isRuleOn = false
        #expect(try Self.rows(Self.locked, addressee).isEmpty)
    }

    @Test(.proves("NTF-04"))
    func `nothing waits for an account with a mail server that nobody has, but what somebody waits for`()
        throws
    {
        var addressee = NoticeAddressee(email: "ada@example.com")
        addressee.hasEmail = false
        #expect(try Self.rows(Self.locked, addressee).map(\.channel) == ["in_app"])
        #expect(try Self.rows(Self.reset, addressee).map(\.channel) == ["email"])
    }

    @Test(.proves("IAM-09", "NTF-04"), arguments: ["sms", "email"])
    func `a code goes by the way that was asked for, at once, and its address is in no notice`(_ channel: String)
        throws
    {
        var addressee = NoticeAddressee(email: "ada@example.com")
        (addressee.quietFrom, addressee.quietUntil) = (0, 1_439)
        addressee.channels = ["in_app"]
        let code = LoginCodeID(UUID128(high: 3, low: 5))
        let expiry = Self.now + .seconds(600)
        let told = LoginCodeRequested(userID: Self.user, codeID: code, channel: channel, expiresAt: expiry)
        let rows = try Self.rows(told, addressee)
        let row = try #require(rows.first)
        #expect(rows.count == 1 && row.channel == channel && row.address == nil)
        #expect(row.priority == 0 && row.heldUntil == nil && row.expiresAt == expiry)
        #expect(try NoticeAbout(json: row.about) == NoticeAbout(code: code))
        let facts = try NoticeFacts(json: Array(row.facts.utf8))
        #expect(facts["valid_for"] == .duration(seconds: 600) && facts["code"] == nil)
        let unknown = LoginCodeRequested(userID: Self.user, codeID: code, channel: "pigeon", expiresAt: expiry)
        #expect(try Self.intent(unknown) == nil)
    }

    @Test func `what nobody is told of is passed over`() throws {
        let changed = UserDeleted(userID: Self.user)
        #expect(try Self.intent(changed) == nil)
    }

    @Test(.proves("NTF-10")) func `every planned notice can be said in every language of the product`() throws {
        let payloads: [any EventPayload] = [
            Self.locked, Self.reset,
            UserInvited(userID: Self.user, linkID: Self.link, expiresAt: Self.now + .seconds(60)),
            EmailVerificationRequested(userID: Self.user, linkID: Self.link, expiresAt: Self.now + .seconds(60)),
        ]
        for payload in payloads {
            let intent = try #require(try Self.intent(payload))
            var facts = intent.facts
            if intent.link != nil { facts["url"] = .url("https://my.example/#/link/x?token=t") }
            for row in NoticePlanner.rows(intent, to: NoticeAddressee(email: "a@b.example"), zone: nil, at: Self.now) {
                let channel = try #require(NoticeChannel(rawValue: row.channel))
                for language in BuiltInTemplates.languages {
                    let template = try #require(BuiltInTemplates.template(intent.kind, channel, language: language))
                    let setting = NoticeSetting(
                        language: language,
                        zone: nil,
                        branding: Branding(),
                        tenantName: "Bluewave",
                        now: Self.now
                    )
                    let said = try render(template, kind: intent.kind, channel: channel, facts: facts, setting: setting)
                    #expect(!said.text.isEmpty && !said.text.contains("{{"))
                }
            }
        }
    }
}
