import Billing
import Domain
import Events
import Notices
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import Notifier

/// What staff are told of, and what of it is gathered.
@Suite struct StaffPlanningTests {
    private static let now = Timestamp(secondsSince1970: 1_795_167_000)
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let device = DeviceID(UUID128(high: 6, low: 6))
    private static let people = [UserID(UUID128(high: 2, low: 2)), UserID(UUID128(high: 2, low: 3))]

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

    private static func changed(_ before: DeviceStatus, _ status: DeviceStatus) -> DeviceStatusChanged {
        DeviceStatusChanged(
            deviceID: device,
            deviceName: "olt-1",
            kind: "olt",
            status: status,
            before: before,
            at: now,
            reason: status == .offline ? "timed_out" : ""
        )
    }

    private static func spike(_ phase: AuthFailuresSpiked.Phase) -> AuthFailuresSpiked {
        AuthFailuresSpiked(
            phase: phase,
            nasName: "nas-1",
            failures: 420,
            threshold: 100,
            total: 420,
            reason: "wrong_password",
            beganAt: now,
            remedy: ""
        )
    }

    private static func boost(_ state: String) throws -> BoostChanged {
        BoostChanged(
            boostID: BoostID(UUID128(high: 7, low: 7)),
            subscriptionID: SubscriptionID(UUID128(high: 7, low: 8)),
            customerID: CustomerID(UUID128(high: 7, low: 9)),
            serviceID: ServiceID(UUID128(high: 7, low: 10)),
            state: state,
            planID: PlanID(UUID128(high: 7, low: 11)),
            amount: try Money(tenThousandths: 10_000, currency: try Currency("EUR")),
            periodStart: nil,
            periodEnd: nil,
            note: "",
            version: 1
        )
    }

    private static let pool = PoolExhausted(
        poolID: PoolID(UUID128(high: 8, low: 8)),
        poolName: "residential-4",
        count: 17
    )
    private static let webhook = WebhookEndpointDisabled(
        endpointID: WebhookEndpointID(UUID128(high: 9, low: 9)),
        host: "erp.example",
        reason: "failing",
        since: now,
        failures: 12,
        at: now
    )

    @Test(.proves("NTF-04")) func `a device that goes and comes back is told, anything else of it is not`() throws {
        let gone = try #require(try Self.intent(Self.changed(.online, .offline)))
        #expect(gone.kind == .deviceOffline && gone.recipient == .staff)
        #expect(gone.facts["device"] == .text("olt-1") && gone.facts["reason"] == .text("timed_out"))
        #expect(gone.subject == .device(Self.device, isOnline: false, at: Self.now))
        #expect(try Self.intent(Self.changed(.unknown, .offline))?.kind == .deviceOffline)
        let back = try #require(try Self.intent(Self.changed(.offline, .online)))
        #expect(back.kind == .deviceOnline && back.facts["at"] == .instant(Self.now))
        #expect(back.subject == .device(Self.device, isOnline: true, at: Self.now))
        #expect(try Self.intent(Self.changed(.unknown, .online)) == nil)
        #expect(try Self.intent(Self.changed(.offline, .unknown)) == nil)
    }

    @Test(.proves("NTF-04")) func `pools, licences, webhooks, spikes and wanted boosts are told, each once`() throws {
        #expect(try Self.intent(Self.pool)?.facts["refused"] == .count(17))
        #expect(try Self.intent(Self.webhook)?.kind == .webhookDisabled)
        let licence = LicenceExceeded(plan: "s", resource: "nases", used: 11, limit: 10, suspendsAt: Self.now)
        #expect(try Self.intent(licence)?.facts["allowed"] == .count(10))
        let over = LicenceExceeded(plan: "s", resource: nil, used: 0, limit: 0, suspendsAt: Self.now)
        #expect(try Self.intent(over)?.kind == .licenceEnded)
        #expect(try Self.intent(over)?.facts["suspends_at"] == .instant(Self.now))
        #expect(try Self.intent(Self.spike(.began))?.facts["place"] == .text("nas-1"))
        #expect(try Self.intent(Self.spike(.lasts)) == nil)
        #expect(try Self.intent(Self.spike(.over)) == nil)
        let wanted = try #require(try Self.intent(try Self.boost("pending")))
        #expect(wanted.kind == .boostRequested && wanted.recipient == .staff)
        #expect(wanted.cause == (try Self.intent(try Self.boost("pending"), id: 2))?.cause)
        #expect(wanted.subject == .boostAsked(UUID128(high: 7, low: 7)))
        #expect(try Self.intent(try Self.boost("approved"))?.kind == .boostApproved)
    }

    @Test(.proves("NTF-10")) func `what an alarm is about is read back`() throws {
        for subject in [
            NoticeSubject.device(Self.device, isOnline: false, at: Self.now),
            .device(Self.device, isOnline: true, at: Self.now), .boostAsked(UUID128(high: 7, low: 7)),
        ] {
            #expect(try NoticeAbout(json: NoticeAbout(subject: subject).json()).subject == subject)
        }
    }

    @Test(.proves("NTF-07")) func `alarms are held under their category, and the rest is told as it comes`() throws {
        var addressee = NoticeAddressee(email: "ada@example.com")
        let alarm = try #require(try Self.intent(Self.changed(.online, .offline)))
        var rows = NoticePlanner.rows(alarm, to: addressee, zone: nil, at: Self.now)
        #expect(rows.map(\.channel) == ["email", "in_app"])
        #expect(rows.allSatisfy { $0.digestKey == "alarm" && $0.heldUntil == Self.now && $0.heldFor == "gathering" })
        let spike = try #require(try Self.intent(Self.spike(.began)))
        rows = NoticePlanner.rows(spike, to: addressee, zone: nil, at: Self.now)
        #expect(rows.allSatisfy { $0.digestKey == "security" && !$0.isReleased })
        let webhook = try #require(try Self.intent(Self.webhook))
        rows = NoticePlanner.rows(webhook, to: addressee, zone: nil, at: Self.now)
        #expect(rows.allSatisfy { $0.digestKey == nil && $0.heldUntil == nil && $0.isReleased })
        // At night it is gathered as well: nobody is woken at seven by each of them.
        (addressee.quietFrom, addressee.quietUntil) = (0, 1_439)
        rows = NoticePlanner.rows(webhook, to: addressee, zone: nil, at: Self.now)
        #expect(rows.map(\.digestKey) == [Gathering.overflowKey, nil])
        #expect(rows.map(\.heldFor) == ["quiet_hours", "quiet_hours"] && rows.map(\.isReleased) == [false, true])
        addressee.refused = ["alarm"]
        #expect(NoticePlanner.rows(alarm, to: addressee, zone: nil, at: Self.now).isEmpty)
    }

    /// Names everybody for every kind, and counts what it is asked.
    private struct Plans: NoticePlanKeeping {
        func addressees(_ asked: [(tenant: TenantID, recipient: NoticeRecipient, kind: String)])
            -> [Int: NoticeAddressee]
        { [:] }
        func staff(_ asked: [(tenant: TenantID, kind: String, roles: [String])]) -> [Int: [UserID]] {
            var found: [Int: [UserID]] = [:]
            for (place, one) in asked.enumerated() where one.kind == "device_offline" {
                found[place] = StaffPlanningTests.people
                #expect(one.roles == ["tenant_admin", "noc_engineer"])
            }
            #expect(asked.count == 2)
            return found
        }
        func names(services: [(tenant: TenantID, id: ServiceID)], plans: [(tenant: TenantID, id: PlanID)])
            -> NoticeNames
        { NoticeNames() }
        func write(_ planned: [PlannedNotice], at now: Timestamp) -> Int { 0 }
    }

    @Test(.proves("NTF-04")) func `each of staff is an addressee of his own, and who is asked for is asked for once`()
        async throws
    {
        let alarm = try #require(try Self.intent(Self.changed(.online, .offline)))
        let pool = try #require(try Self.intent(Self.pool))
        var mine = alarm
        mine.recipient = .user(Self.people[0])
        let told = try await StaffPlanning.expanded([alarm, mine, pool, alarm], by: Plans())
        let (people, team) = (Self.people.map(NoticeRecipient.user), NoticeRecipient.team(Self.tenant))
        #expect(told.map(\.recipient) == people + [team, people[0], team] + people + [team])
        #expect(try await StaffPlanning.expanded([mine], by: Plans()) == [mine])
    }

    @Test(.proves("NTF-04")) func `a tenant's Slack is told where there is one and its rule has it`() throws {
        var alarm = try #require(try Self.intent(Self.changed(.online, .offline)))
        alarm.recipient = .team(Self.tenant)
        var team = NoticeAddressee(email: nil)
        team.hasPages = false
        #expect(NoticePlanner.rows(alarm, to: team, zone: nil, at: Self.now).isEmpty)
        team.hasSlack = true
        let rows = NoticePlanner.rows(alarm, to: team, zone: nil, at: Self.now)
        #expect(rows.map(\.channel) == ["slack"] && rows.map(\.recipient) == [alarm.recipient])
        #expect(rows.map(\.address) == [nil] && rows.map(\.digestKey) == ["alarm"])
        team.ruleChannels = ["email", "in_app"]
        #expect(NoticePlanner.rows(alarm, to: team, zone: nil, at: Self.now).isEmpty)
    }

    /// Somebody was told so often.
    private struct Budgets: NoticeBudgeting {
        var told: Int
        var waits: Bool

        func loads(_ asked: [(tenant: TenantID, recipient: UUID128, channel: String)], at now: Timestamp)
            -> [(told: Int, waits: Bool)]
        { asked.map { _ in (told, waits) } }
    }

    @Test(.proves("NTF-07")) func `who was told enough in an hour is told the rest together`() async throws {
        let webhook = try #require(try Self.intent(Self.webhook))
        let addressee = NoticeAddressee(email: "ada@example.com")
        var rows: [PlannedNotice] = []
        for number in 0..<4 {
            var one = webhook
            one.cause = "\(number)"
            one.recipient = .user(Self.people[0])
            rows += NoticePlanner.rows(one, to: addressee, zone: nil, at: Self.now).filter { $0.channel == "email" }
        }
        var overflow = NoticeOverflow(gathering: Gathering(budget: 5), budgets: Budgets(told: 3, waits: false))
        var applied = try await overflow.applied(to: rows, at: Self.now)
        #expect(applied.map(\.digestKey) == [nil, nil, Gathering.overflowKey, Gathering.overflowKey])
        #expect(applied.map(\.isReleased) == [true, true, false, false])
        #expect(applied[2].heldFor == "budget" && applied[2].heldUntil == Self.now)
        overflow = NoticeOverflow(gathering: Gathering(budget: 5), budgets: Budgets(told: 0, waits: true))
        applied = try await overflow.applied(to: rows, at: Self.now)
        #expect(applied.allSatisfy { $0.digestKey == Gathering.overflowKey })
    }
}
