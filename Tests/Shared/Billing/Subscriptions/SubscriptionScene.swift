import Billing
import Domain
import Testing

/// A subscription in Rome with a wallet beside it: what a test tells it, and what became of it.
struct SubscriptionScene {
    /// 2026-01-31 10:00 in Rome.
    static let start = Timestamp(secondsSince1970: 1_769_850_000)
    static let day: Duration = .seconds(86_400)

    var book: SubscriptionBook
    var now = Self.start
    var effects: [SubscriptionEffect] = []
    let facts: SubscriptionFacts
    let calendar: BillingCalendar

    init(_ terms: PlanTerms, zone: String = "Europe/Rome", billingDay: Int = 15) throws {
        let calendar = try BillingCalendarTests.calendar(zone)
        self.calendar = calendar
        facts = SubscriptionFacts(calendar: calendar, billingDay: billingDay) { Self.id($0) }
        book = SubscriptionBook(
            Subscription(
                id: Self.id(1),
                tenantID: Self.id(2),
                customerID: Self.id(3),
                serviceID: Self.id(4),
                terms: terms
            )
        )
    }

    static func id<Tag>(_ number: Int) -> ID<Tag> { ID(UUID128(high: 0x70_0000, low: UInt64(number))) }

    static func terms(
        _ price: String = "30",
        plan: Int = 1,
        cycle: BillingCycle = .monthly,
        mode: PlanTerms.Mode = .prepaid,
        periods: Int? = nil
    ) throws -> PlanTerms {
        PlanTerms(
            version: id(plan),
            planID: id(plan),
            price: try Money(price, currency: .euro),
            cycle: cycle,
            mode: mode,
            periods: periods
        )
    }

    var state: Subscription.State { book.subscription.state }
    var clock: Subscription.Clock? { book.subscription.clock }

    func bill(_ ordinal: Int) throws -> Bill { try #require(book.bills.first { $0.ordinal == ordinal }) }

    /// Tells it something; what is to be done since the last time is in `effects`.
    mutating func tell(_ event: SubscriptionEvent) throws {
        (book, effects) = try book.step(event, at: now, facts: facts)
    }

    mutating func advance(_ duration: Duration) throws {
        now = now + duration
        try tell(.time)
    }

    mutating func advance(to time: Timestamp) throws {
        now = time
        try tell(.time)
    }

    /// The wallet answers the present attempt at a bill.
    mutating func answer(_ ordinal: Int, paid: Bool) throws {
        let attempt = try bill(ordinal).attempt
        try tell(paid ? .paid(ordinal: ordinal) : .refused(ordinal: ordinal, attempt: attempt))
    }

    /// Activated, and its first bill paid in the same second.
    static func paid(_ terms: PlanTerms) throws -> SubscriptionScene {
        var scene = try SubscriptionScene(terms)
        try scene.tell(.activate)
        guard terms.mode == .prepaid else { return scene }
        try scene.tell(.time)
        try scene.answer(1, paid: true)
        return scene
    }

    func shown(_ time: Timestamp?) -> String? { time.map { calendar.local($0).date.description } }

    func euro(_ text: String) throws -> Money { try Money(text, currency: .euro) }
}
