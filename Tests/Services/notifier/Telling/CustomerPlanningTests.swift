import Billing
import Domain
import Events
import Notices
import Persistence
import Profiles
import SharedTesting
import Testing
import WireFormat

@testable import Notifier

@Suite struct CustomerPlanningTests {
    private static let now = Timestamp(secondsSince1970: 1_795_167_000)
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let customer = CustomerID(UUID128(high: 2, low: 2))
    private static let service = ServiceID(UUID128(high: 3, low: 3))
    private static let plan = PlanID(UUID128(high: 4, low: 4))
    private static let thing = UUID128(high: 6, low: 6)

    private static func money(_ amount: Int64) throws -> Money {
        try Money(tenThousandths: amount, currency: try Currency("EUR"))
    }

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

    private static var names: NoticeNames {
        var names = NoticeNames()
        (names.services[service], names.plans[plan]) = ("ada.lovelace", "Fibre 500")
        return names
    }

    private static func reminder(_ seconds: Int64) throws -> BillReminded {
        BillReminded(
            billID: BillID(thing),
            subscriptionID: SubscriptionID(thing),
            customerID: customer,
            amount: try money(249_900),
            dueAt: now + .seconds(-seconds),
            offsetSeconds: seconds
        )
    }

    private static func crossing(_ threshold: UInt32, resource: String = "octets") -> QuotaCrossed {
        QuotaCrossed(
            serviceID: service,
            customerID: customer,
            quotaID: thing,
            resource: resource,
            windowStart: now + .seconds(-3_600),
            windowEnd: now + .seconds(7_200),
            threshold: threshold,
            used: 96_000_000_000,
            allowance: 100_000_000_000,
            policy: "block"
        )
    }

    private static func boost(_ state: String, version: UInt64 = 1) throws -> BoostChanged {
        BoostChanged(
            boostID: BoostID(thing),
            subscriptionID: SubscriptionID(thing),
            customerID: customer,
            serviceID: service,
            state: state,
            planID: plan,
            amount: try money(49_000),
            periodStart: state == "approved" ? now : nil,
            periodEnd: state == "approved" ? now + .seconds(86_400) : nil,
            note: state == "rejected" ? "The line is too long." : "",
            version: version
        )
    }

    private static func access(_ effect: AccessChanged.Effect, _ cause: AccessChanged.Cause) -> AccessChanged {
        AccessChanged(serviceID: service, customerID: customer, effect: effect, cause: cause, until: nil, version: 1)
    }

    private static func low() throws -> WalletLow {
        WalletLow(
            walletID: thing,
            customerID: customer,
            balance: try money(31_500),
            held: try money(1_500),
            threshold: try money(50_000)
        )
    }

    /// All that customers and users are told of here.
    private static func payloads() throws -> [(payload: any EventPayload, kind: NoticeKind)] {
        [
            (try reminder(-3 * 86_400), .billDue), (try reminder(0), .billDue), (try reminder(90_000), .billOverdue),
            (crossing(80), .quota80), (crossing(95), .quota95), (crossing(100), .quotaReached),
            (try boost("approved"), .boostApproved), (try boost("rejected"), .boostRejected), (try low(), .walletLow),
            (access(.blocked, .unpaid), .serviceSuspended), (access(.restored, .manual), .serviceRestored),
            (
                ExportCompleted(
                    exportID: ExportID(thing),
                    userID: UserID(thing),
                    entity: "customers",
                    format: "csv",
                    rows: 1,
                    octets: 1,
                    expiresAt: now + .seconds(60)
                ), .exportReady
            ),
            (
                ExportFailed(
                    exportID: ExportID(thing),
                    userID: UserID(thing),
                    entity: "customers",
                    format: "csv",
                    reason: "storage"
                ), .exportFailed
            ),
        ]
    }

    @Test(.proves("NTF-04", "NTF-10"))
    func `each event is told by its kind, and can be said in every language by every way`() throws {
        var addressee = NoticeAddressee(email: "ada@example.com")
        (addressee.phone, addressee.hasSMS) = ("+49 170 1234567", true)
        for (payload, kind) in try Self.payloads() {
            let intent = try #require(try Self.intent(payload)?.named(by: Self.names))
            #expect(intent.kind == kind)
            let rows = NoticePlanner.rows(intent, to: addressee, zone: nil, at: Self.now)
            #expect(rows.map(\.channel) == kind.terms.channels.map(\.rawValue).filter { $0 != "push" })
            for row in rows {
                let channel = try #require(NoticeChannel(rawValue: row.channel))
                #expect(row.address == [.email: "ada@example.com", .sms: "+491701234567"][channel])
                #expect(try NoticeAbout(json: row.about).subject == intent.subject)
                let facts = try NoticeFacts(json: Array(row.facts.utf8))
                for language in BuiltInTemplates.languages {
                    let template = try #require(BuiltInTemplates.template(kind, channel, language: language))
                    let setting = NoticeSetting(
                        language: language,
                        zone: nil,
                        branding: Branding(),
                        tenantName: "Bluewave",
                        now: Self.now
                    )
                    let said = try render(template, kind: kind, channel: channel, facts: facts, setting: setting)
                    #expect(!said.text.isEmpty && !said.text.contains("{{"))
                }
            }
        }
    }

    @Test(.proves("NTF-04")) func `quotas and boosts are not told twice by what they do to access`() throws {
        for cause in [AccessChanged.Cause.quota, .boost] {
            #expect(try Self.intent(Self.access(.restored, cause)) == nil)
        }
        #expect(try Self.intent(Self.access(.throttled, .manual)) == nil)
        #expect(try Self.intent(Self.crossing(95, resource: "seconds")) == nil)
        #expect(try Self.intent(Self.boost("active")) == nil)
    }

    @Test(.proves("NTF-03")) func `a boost is told once for each decision, however often it changes after`() throws {
        let causes = try [1, 2].map { try Self.intent(Self.boost("approved", version: $0), id: $0)?.cause }
        #expect(causes[0] == causes[1])
        #expect(try Self.intent(Self.boost("rejected"))?.cause != causes[0])
    }

    @Test(.proves("NTF-04")) func `a day is told as the recipient's clock has it, and begun days count`() throws {
        let intent = try #require(try Self.intent(Self.reminder(-126_401)))
        #expect(intent.facts["days"] == .count(2))
        let due = Self.now + .seconds(126_401)
        for zone in [nil, Self.tokyo] as [TimeZoneRules?] {
            let row = try #require(
                NoticePlanner.rows(intent, to: NoticeAddressee(email: "a@b.example"), zone: zone, at: Self.now).first
            )
            let facts = try NoticeFacts(json: Array(row.facts.utf8))
            #expect(facts["due_on"] == .day(CivilDate(daysSince1970: (zone ?? .utc).local(due).day)))
        }
        // The clocks of the two show different days then.
        #expect(Self.tokyo?.local(due).day == TimeZoneRules.utc.local(due).day + 1)
    }

    /// Nine hours before Greenwich.
    private static let tokyo = SystemFiles.timeZone("Asia/Tokyo")

    @Test(.proves("NTF-04"))
    func `who has no number, no provider of SMS and no pages is told by e-mail alone, or not at all`() throws {
        let intent = try #require(try Self.intent(Self.reminder(90_000)))
        var addressee = NoticeAddressee(email: "ada@example.com")
        (addressee.phone, addressee.hasPages) = ("+49 170 1234567", false)
        #expect(NoticePlanner.rows(intent, to: addressee, zone: nil, at: Self.now).map(\.channel) == ["email"])
        (addressee.phone, addressee.hasSMS) = ("0170 1234567", true)
        #expect(NoticePlanner.rows(intent, to: addressee, zone: nil, at: Self.now).map(\.channel) == ["email"])
        addressee.email = nil
        #expect(NoticePlanner.rows(intent, to: addressee, zone: nil, at: Self.now).isEmpty)
    }

    @Test(.proves("NTF-04")) func `nothing is told of a service or a plan that is gone`() throws {
        let intent = try #require(try Self.intent(Self.boost("approved")))
        #expect(intent.named(by: NoticeNames()) == nil)
    }

    @Test(.proves("NTF-03")) func `what a notice is about comes back from its text`() throws {
        let subjects: [NoticeSubject] = [
            .bill(Self.thing), .quota(Self.thing, of: Self.service, from: Self.now, percent: 95),
            .boost(Self.thing, isApproved: true), .boost(Self.thing, isApproved: false),
            .wallet(Self.thing, threshold: -5), .access(Self.service, isSuspended: true),
            .access(Self.service, isSuspended: false),
        ]
        for subject in subjects {
            let about = NoticeAbout(subject: subject)
            #expect(try NoticeAbout(json: about.json()) == about)
        }
        #expect(try NoticeAbout(json: #"{"service":"x","n":1}"#).subject == nil)
    }
}
