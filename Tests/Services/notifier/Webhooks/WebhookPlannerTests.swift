import Domain
import Events
import Messaging
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import Notifier

/// Which endpoints are told of an event, and what.
@Suite(.proves("PLT-25")) struct WebhookPlannerTests {
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let other = TenantID(UUID128(high: 1, low: 2))

    private static func event(
        _ id: UInt64,
        of tenant: TenantID = tenant,
        data: String = "{\"username\":\"alice\",\"zone\":\"x\"}"
    )
        -> [UInt8]
    {
        var json = JSONWriter()
        EventEnvelope(
            id: EventID(UUID128(high: 9, low: id)),
            source: "/tests",
            type: "nexora.session.v1.SessionStarted",
            time: .epoch,
            tenantID: tenant,
            data: Array(data.utf8)
        ).encode(into: &json)
        return json.finish()
    }

    private static func roster(reveals: Bool = false, events: [String] = ["session.*"]) -> WebhookRoster {
        WebhookRoster(
            [
                WebhookRoster.Entry(
                    tenantID: tenant,
                    id: WebhookEndpointID(UUID128(high: 2, low: 1)),
                    events: events,
                    revealsPeople: reveals
                )
            ],
            parents: [:]
        )
    }

    @Test func `people are shortened unless somebody said otherwise, and what nobody decided about goes to nobody`()
        throws
    {
        for (reveals, name) in [(false, "a***"), (true, "alice")] {
            var planner = WebhookPlanner(Self.roster(reveals: reveals))
            planner.take(sequence: 7, subject: "session.started.\(Self.tenant)", payload: Self.event(1))
            let delivery = try #require(planner.deliveries.first)
            let text = String(decoding: delivery.payload, as: UTF8.self)
            #expect(planner.deliveries.count == 1 && delivery.sequence == 7 && delivery.kind == "session.started")
            #expect(text.contains("\"username\":\"\(name)\"") && text.contains("\"zone\":\"***\""), "\(text)")
            #expect(text.contains("\"specversion\":\"1.0\"") && text.contains("\"id\":\"\(delivery.eventID)\""))
        }
    }

    @Test func `an event whose subject names another tenant, or that cannot be read, is told to nobody`() {
        var planner = WebhookPlanner(Self.roster())
        planner.take(sequence: 1, subject: "session.started.\(Self.tenant)", payload: Self.event(1, of: Self.other))
        planner.take(sequence: 2, subject: "session.started.\(Self.tenant)", payload: Array("{".utf8))
        planner.take(sequence: 3, subject: "session.started.\(Self.other)", payload: Self.event(2, of: Self.other))
        planner.take(sequence: 4, subject: "session", payload: Self.event(3))
        #expect(planner.deliveries.isEmpty && planner.unreadable == 2)
    }

    @Test func `what concerns interception goes to nobody, whatever is asked for`() {
        var planner = WebhookPlanner(Self.roster(reveals: true, events: ["*"]))
        planner.take(sequence: 1, subject: "intercept.activated.\(Self.tenant)", payload: Self.event(1))
        planner.take(sequence: 2, subject: "messaging.dead_lettered.\(Self.tenant)", payload: Self.event(2))
        #expect(planner.deliveries.isEmpty)
    }

    @Test func `an answer is kept as text that harms nobody`() {
        #expect(WebhookSender.excerpt([]) == nil)
        #expect(WebhookSender.excerpt(Array("ok\u{1b}[31m\u{0}\n".utf8)) == "ok[31m\n")
        #expect(WebhookSender.excerpt(Array("secret whsec_AAAA end".utf8)) == "secret *** end")
        let long = WebhookSender.excerpt([UInt8](repeating: 0xff, count: 5_000))
        #expect((long?.utf8.count ?? 0) <= 1_024 && long?.isEmpty == false)
    }

    @Test func `Retry-After counts seconds`() {
        #expect(HTTPWebhookTransport.seconds("120") == .seconds(120))
        for text in ["", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "9999999999"] {
            #expect(HTTPWebhookTransport.seconds(text) == nil, "\(text)")
        }
    }
}
