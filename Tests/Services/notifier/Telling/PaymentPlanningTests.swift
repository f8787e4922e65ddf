import Billing
import Domain
import Events
import Notices
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import Notifier

/// Payments, new services and changed passwords: who is told of them, and how often.
@Suite struct PaymentPlanningTests {
    private static let now = Timestamp(secondsSince1970: 1_795_167_000)
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let customer = CustomerID(UUID128(high: 2, low: 2))
    private static let service = ServiceID(UUID128(high: 3, low: 3))
    private static let user = UserID(UUID128(high: 7, low: 7))
    private static let thing = UUID128(high: 6, low: 0xabcd_ef01)

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

    private static func payment(
        _ state: String,
        of customer: CustomerID? = customer,
        refunding: Bool = false,
        note: String = ""
    ) throws -> PaymentChanged {
        PaymentChanged(
            paymentID: PaymentID(thing),
            customerID: customer,
            state: state,
            amount: try Money("25.50", currency: .euro),
            method: "card",
            gateway: "card",
            refundOf: refunding ? PaymentID(UUID128(high: 6, low: 1)) : nil,
            endedAt: now + .seconds(-5),
            note: note
        )
    }

    private static func run(_ kind: String, _ state: String) -> LifecycleChanged {
        LifecycleChanged(
            runID: LifecycleRunID(thing),
            serviceID: service,
            customerID: customer,
            kind: kind,
            state: state
        )
    }

    private static var names: NoticeNames {
        var names = NoticeNames()
        names.services[service] = "ada.lovelace"
        names.plansOfServices[service] = "Fibre 500"
        return names
    }

    @Test(.proves("NTF-04", "PAY-16")) func `a payment is told as it ended, with its amount`() throws {
        let received = try #require(try Self.intent(Self.payment("completed")))
        #expect(received.kind == .paymentReceived && received.recipient == .customer(Self.customer))
        #expect(received.facts["amount"] == .money(255_000, currency: "EUR"))
        #expect(received.facts["paid_at"] == .instant(Self.now + .seconds(-5)))
        #expect(received.facts["reference"] == .text("ABCDEF01"))
        #expect(received.subject == .payment(Self.thing, isReceived: true))
        let failed = try #require(try Self.intent(Self.payment("failed", note: "The card was declined.")))
        #expect(failed.kind == .paymentFailed && failed.subject == .payment(Self.thing, isReceived: false))
        #expect(failed.facts["reason"] == .text("The card was declined."))
        // A word for programs says nothing to anybody else.
        #expect(try Self.intent(Self.payment("failed", note: "not_paid"))?.facts["reason"] == nil)
    }

    @Test(.proves("NTF-03")) func `a payment is told once, however often its event comes`() throws {
        let causes = try [1, 2].map { try Self.intent(Self.payment("completed"), id: $0)?.cause }
        #expect(causes[0] == causes[1])
        #expect(try Self.intent(Self.payment("failed"))?.cause != causes[0])
    }

    @Test(.proves("NTF-04")) func `what was taken back, given back or is a tenant's own is told to nobody`() throws {
        #expect(try Self.intent(Self.payment("cancelled")) == nil)
        #expect(try Self.intent(Self.payment("completed", refunding: true)) == nil)
        #expect(try Self.intent(Self.payment("failed", refunding: true)) == nil)
        #expect(try Self.intent(Self.payment("completed", of: nil)) == nil)
    }

    @Test(.proves("NTF-04", "LCY-03")) func `a service welcomes its customer once, when it is active first`() throws {
        let welcome = try #require(try Self.intent(Self.run("activate", "completed")))
        #expect(welcome.kind == .welcome && welcome.recipient == .customer(Self.customer))
        #expect(welcome.subject == .activation(Self.service))
        #expect(try Self.intent(Self.run("activate", "completed"), id: 2)?.cause == welcome.cause)
        for (kind, state) in [("activate", "running"), ("activate", "rolled_back"), ("resume", "completed")] {
            #expect(try Self.intent(Self.run(kind, state)) == nil)
        }
        let named = try #require(welcome.named(by: Self.names))
        #expect(named.facts["username"] == .text("ada.lovelace") && named.facts["plan"] == .text("Fibre 500"))
        #expect(named.facts["service"] == nil && named.facts["password"] == nil)
        #expect(welcome.named(by: NoticeNames()) == nil)
    }

    @Test(.proves("NTF-04", "IAM-10")) func `another password is told to its user, with where it was changed from`()
        throws
    {
        let told = try #require(try Self.intent(PasswordChanged(userID: Self.user, sourceAddress: "192.0.2.7")))
        #expect(told.kind == .passwordChanged && told.recipient == .user(Self.user))
        #expect(told.facts["at"] == .instant(Self.now) && told.facts["source"] == .text("192.0.2.7"))
        #expect(try Self.intent(PasswordChanged(userID: Self.user))?.facts["source"] == nil)
        // It is told at any hour, and nobody may refuse it.
        var addressee = NoticeAddressee(email: "ada@example.com")
        (addressee.quietFrom, addressee.quietUntil) = (0, 1_439)
        addressee.refused = ["security"]
        let rows = NoticePlanner.rows(told, to: addressee, zone: nil, at: Self.now)
        #expect(rows.map(\.channel) == ["email", "in_app"] && rows.allSatisfy { $0.heldUntil == nil })
    }

    @Test(.proves("NTF-10")) func `each can be said in every language by every way`() throws {
        let payloads: [any EventPayload] = [
            try Self.payment("completed"), try Self.payment("failed"), Self.run("activate", "completed"),
            PasswordChanged(userID: Self.user),
        ]
        for payload in payloads {
            let intent = try #require(try Self.intent(payload)?.named(by: Self.names))
            let rows = NoticePlanner.rows(intent, to: NoticeAddressee(email: "a@b.example"), zone: nil, at: Self.now)
            #expect(!rows.isEmpty)
            for row in rows {
                let channel = try #require(NoticeChannel(rawValue: row.channel))
                #expect(try NoticeAbout(json: row.about).subject == intent.subject)
                let facts = try NoticeFacts(json: Array(row.facts.utf8))
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

    @Test(.proves("NTF-10")) func `what is told in this moment replaces what was planned`() throws {
        let scribe = NoticeScribe(pages: "https://my.example", zone: { _ in nil })
        var facts: NoticeFacts = ["balance": .money(1, currency: "EUR")]
        scribe.tell(NoticeMoment(), in: &facts)
        #expect(facts["balance"] == .money(1, currency: "EUR") && facts["url"] == nil)
        var moment = NoticeMoment()
        (moment.balance, moment.hasPages) = (try Money("3.15", currency: .euro), true)
        scribe.tell(moment, in: &facts)
        #expect(facts["balance"] == .money(31_500, currency: "EUR") && facts["url"] == .url("https://my.example"))
    }

    @Test(.proves("NTF-03")) func `what it is about comes back from its text`() throws {
        let subjects: [NoticeSubject] = [
            .payment(Self.thing, isReceived: true), .payment(Self.thing, isReceived: false), .activation(Self.service),
        ]
        for subject in subjects {
            let about = NoticeAbout(subject: subject)
            #expect(try NoticeAbout(json: about.json()) == about)
        }
    }
}
