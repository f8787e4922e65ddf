package import Domain

/// What the ids of quotas identify. Never instantiated.
package enum QuotaTag {
    package enum Quota {}
    package enum Order {}
}

/// A quota of a plan. Version 7.
package typealias QuotaID = ID<QuotaTag.Quota>
/// Something bought or granted on top of a quota, or owed for what was used beyond it. Version 7.
package typealias QuotaOrderID = ID<QuotaTag.Order>

/// What a quota limits.
package enum QuotaResource: String, Hashable, Sendable, CaseIterable {
    case octets
    /// Seconds online, added up over sessions.
    case seconds
}

/// Which octets count.
package enum QuotaDirection: String, Hashable, Sendable, CaseIterable {
    case both
    /// To the subscriber.
    case download
    /// From the subscriber.
    case upload
}

/// How long a quota lasts until it begins anew, by the tenant's clocks.
package enum QuotaSpan: String, Hashable, Sendable, CaseIterable {
    case day
    /// From Monday.
    case week
    /// From the first.
    case month
    /// A month from the day of the month on which the service's subscription began; where a month has no such day, from its last.
    case period
}

/// What happens where a quota is used up.
package enum QuotaPolicy: Hashable, Sendable {
    /// It is told, nothing else.
    case tell
    /// Until the window ends the service has these speeds.
    case throttle(SpeedPair)
    /// Until the window ends no login is let in.
    case block
    /// What is used beyond it is charged, a price for every unit that was begun.
    case bill(price: Money, unit: Int64)

    /// The policy's name, as the database and the events have it.
    package var name: String {
        switch self {
        case .tell: "tell"
        case .throttle: "throttle"
        case .block: "block"
        case .bill: "bill"
        }
    }
}

/// Hours of a week in which use counts otherwise than in full: not at all, at half, or twice.
package struct QuotaHours: Hashable, Sendable {
    /// The most that use may count, in percent.
    package static let greatestPercent = 1000

    /// The days on which they begin.
    package var days: Weekdays
    /// Minutes after local midnight, 0 to 1439; the end is not part of them, and at or before the start lies on the next day.
    package var start: Int
    package var end: Int
    /// What an octet or second counts, in percent; 0 is nothing.
    package var percent: Int

    package init(days: Weekdays, start: Int, end: Int, percent: Int) {
        self.days = days
        self.start = start
        self.end = end
        self.percent = percent
    }

    /// Whether they hold at a minute of a local day.
    func holds(day: Int, minute: Int) -> Bool {
        let today = days.contains(.day(day))
        guard end <= start else { return today && minute >= start && minute < end }
        return today && minute >= start || days.contains(.day(day - 1)) && minute < end
    }
}

/// A quota of a plan (table plan_quotas).
package struct QuotaDefinition: Hashable, Sendable {
    /// Stands for no limit wherever an amount stands (FUP-15).
    package static let unlimited: Int64 = -1
    /// Quotas that one plan may have.
    package static let most = 8
    /// Hours that one quota may name.
    package static let mostHours = 32
    /// In percent of the allowance: what is told, each once in a window.
    package static let thresholds = [80, 95, 100]

    package var id: QuotaID
    /// Its place among the plan's, from 1: by it a service's row names the speeds that it is throttled to.
    package var position: Int
    package var name: String
    package var resource: QuotaResource
    package var direction: QuotaDirection
    /// Octets or seconds in a window; -1 for no limit.
    package var allowance: Int64
    package var span: QuotaSpan
    package var policy: QuotaPolicy
    /// Of hours that overlap the first hold.
    package var hours: [QuotaHours]
    /// What a customer may buy on top, and for how much; nil where nothing is sold.
    package var topUp: QuotaTopUp?

    package init(
        id: QuotaID,
        position: Int = 1,
        name: String = "",
        resource: QuotaResource = .octets,
        direction: QuotaDirection = .both,
        allowance: Int64,
        span: QuotaSpan = .month,
        policy: QuotaPolicy = .tell,
        hours: [QuotaHours] = [],
        topUp: QuotaTopUp? = nil
    ) {
        self.id = id
        self.position = position
        self.name = name
        self.resource = resource
        self.direction = direction
        self.allowance = allowance
        self.span = span
        self.policy = policy
        self.hours = hours
        self.topUp = topUp
    }

    /// What a delta counts in this quota, before its hours are looked at.
    package func amount(inputOctets: Int64, outputOctets: Int64, seconds: Int64) -> Int64 {
        switch (resource, direction) {
        case (.seconds, _): seconds
        case (.octets, .both): saturated(inputOctets, plus: outputOctets)
        case (.octets, .download): outputOctets
        case (.octets, .upload): inputOctets
        }
    }

    /// What an octet or second counts at an instant, in percent. Clocks on the wall decide: an hour that they skip is in no
    /// hours, one that they show twice is in its hours both times.
    package func percent(at time: Timestamp, zone: TimeZoneRules) -> Int {
        guard !hours.isEmpty else { return 100 }
        let (day, minute) = zone.local(time)
        return hours.first { $0.holds(day: day, minute: minute) }?.percent ?? 100
    }
}

/// Volume, or time, that a customer may buy on top of a quota's allowance.
package struct QuotaTopUp: Hashable, Sendable {
    package var amount: Int64
    package var price: Money

    package init(amount: Int64, price: Money) {
        self.amount = amount
        self.price = price
    }
}

/// The sum of two amounts that are not negative; the greatest there is where it would be more.
func saturated(_ left: Int64, plus right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
}

/// The same of a product.
func saturated(_ left: Int64, times right: Int64) -> Int64 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? .max : product
}

extension QuotaDefinition: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 60)
        checks.number("position", position, in: 1...Int64(Self.most))
        if allowance != Self.unlimited { checks.positive("allowance", allowance) }
        if resource == .seconds, direction != .both {
            checks.refuse("direction", .malformed(expected: "both, for a quota of time"))
        }
        switch policy {
        case .throttle(let speeds):
            checks.positive("throttle_download_bps", speeds.download)
            checks.positive("throttle_upload_bps", speeds.upload)
        case .bill(let price, let unit):
            checks.positive("overage_price", price.tenThousandths)
            checks.positive("overage_unit", unit)
        case .tell, .block: break
        }
        if let topUp {
            checks.positive("top_up_amount", topUp.amount)
            checks.positive("top_up_price", topUp.price.tenThousandths)
        }
        checks.number("hours", hours.count, in: 0...Int64(Self.mostHours))
        for hours in hours {
            checks.number("hours.days", hours.days.rawValue, in: 1...127)
            checks.number("hours.start_minute", hours.start, in: 0...1439)
            checks.number("hours.end_minute", hours.end, in: 0...1439)
            checks.number("hours.percent", hours.percent, in: 0...Int64(QuotaHours.greatestPercent))
        }
    }
}
