import Billing
package import Domain
import Postgres

/// A service, by the first columns of its key.
package struct ServiceRef: Hashable, Sendable, Comparable {
    package let tenantID: TenantID
    package let serviceID: ServiceID

    package init(tenantID: TenantID, serviceID: ServiceID) {
        self.tenantID = tenantID
        self.serviceID = serviceID
    }

    package static func < (left: ServiceRef, right: ServiceRef) -> Bool {
        (left.tenantID, left.serviceID) < (right.tenantID, right.serviceID)
    }
}

/// What a service used, as the worker counts it.
package struct ServiceUse: Hashable, Sendable {
    package let service: ServiceRef
    package let inputOctets: Int64
    package let outputOctets: Int64
    package let seconds: Int64
    package let at: Timestamp

    package init(service: ServiceRef, inputOctets: Int64, outputOctets: Int64, seconds: Int64, at: Timestamp) {
        self.service = service
        self.inputOctets = inputOctets
        self.outputOctets = outputOctets
        self.seconds = seconds
        self.at = at
    }
}

/// How far a stream was counted.
package struct QuotaProgress: Hashable, Sendable {
    /// When the stream was made, microseconds since 1970: one that was made anew numbers its messages anew.
    package let created: Int64
    package let last: UInt64

    package init(created: Int64, last: UInt64) {
        self.created = created
        self.last = last
    }
}

/// A service with what its quotas are judged by.
struct QuotaSubject: Sendable {
    let ref: ServiceRef
    let customerID: CustomerID
    let planID: PlanID
    let currency: Currency
    let calendar: QuotaCalendar
    let restriction: QuotaRestriction
    /// What was told of its use to those who answer logins.
    let marks: [QuotaMark]

    static let columns = """
        s.tenant_id, s.id, s.customer_id, s.plan_id, s.restriction, s.restricted_position::integer AS restricted_position,
        s.restricted_until, s.quota_anchor, s.created_at, p.currency, t.settings ->> 'time_zone' AS time_zone,
        (SELECT array_to_string(h.used, ',') FROM quota_headroom h
            WHERE h.tenant_id = s.tenant_id AND h.service_id = s.id) AS headroom
        """

    init(_ row: PGRow, zone: (String?) -> TimeZoneRules) throws {
        ref = ServiceRef(
            tenantID: try row.need("tenant_id") { $0.id() },
            serviceID: try row.need("id") { $0.id() }
        )
        customerID = try row.need("customer_id") { $0.id() }
        planID = try row.need("plan_id") { $0.id() }
        currency = try row.need("currency") { cell in cell.text.flatMap { try? Currency($0) } }
        let rules = zone(row["time_zone"].text)
        let made = try row.need("created_at", \.time)
        let anchor = row["quota_anchor"].date.map { CivilDate(daysSince1970: Int($0)) }
        calendar = QuotaCalendar(
            zone: rules,
            anchor: anchor ?? QuotaCalendar(zone: rules).day(at: made)
        )
        restriction = try Self.restriction(row)
        guard let marks = QuotaMark.list(row["headroom"].text ?? "") else {
            throw UnexpectedRow(column: "headroom")
        }
        self.marks = marks
    }

    static func restriction(_ row: PGRow) throws -> QuotaRestriction {
        switch (row["restriction"].text, row["restricted_until"].time, row["restricted_position"].int32) {
        case ("none", nil, nil): .none
        case ("blocked", let until?, nil): .blocked(until: until)
        case ("throttled", let until?, let position?): .throttled(position: Int(position), until: until)
        default: throw UnexpectedRow(column: "restriction")
        }
    }
}

extension QuotaRestriction {
    /// As the services' columns have it.
    var columns: (name: String, position: Int32?, until: Timestamp?) {
        switch self {
        case .none: ("none", nil, nil)
        case .throttled(let position, let until): ("throttled", Int32(position), until)
        case .blocked(let until): ("blocked", nil, until)
        }
    }
}

/// A row of plan_quotas.
enum QuotaColumns {
    static let quota = """
        q.tenant_id, q.plan_id, q.id, q.position::integer AS position, q.name, q.resource, q.direction, q.allowance, q.span,
        q.policy, q.throttle_download_bps, q.throttle_upload_bps, q.overage_price, q.overage_unit, q.top_up_amount,
        q.top_up_price, q.hours
        """

    static func quota(_ row: PGRow, currency: Currency) throws -> QuotaDefinition {
        QuotaDefinition(
            id: try row.need("id") { $0.id() },
            position: Int(try row.need("position", \.int32)),
            name: try row.need("name", \.text),
            resource: try row.choice("resource"),
            direction: try row.choice("direction"),
            allowance: try row.need("allowance", \.int64),
            span: try row.choice("span"),
            policy: try policy(row, currency),
            hours: try hours(row),
            topUp: try topUp(row, currency)
        )
    }

    private static func policy(_ row: PGRow, _ currency: Currency) throws -> QuotaPolicy {
        switch row["policy"].text {
        case "tell": return .tell
        case "block": return .block
        case "throttle":
            return .throttle(
                SpeedPair(
                    download: try row.need("throttle_download_bps", \.int64),
                    upload: try row.need("throttle_upload_bps", \.int64)
                )
            )
        case "bill":
            return .bill(
                price: try Money(tenThousandths: try row.need("overage_price", \.int64), currency: currency),
                unit: try row.need("overage_unit", \.int64)
            )
        default: throw UnexpectedRow(column: "policy")
        }
    }

    private static func topUp(_ row: PGRow, _ currency: Currency) throws -> QuotaTopUp? {
        guard let amount = row["top_up_amount"].int64, let price = row["top_up_price"].int64 else { return nil }
        return QuotaTopUp(amount: amount, price: try Money(tenThousandths: price, currency: currency))
    }

    private static func hours(_ row: PGRow) throws -> [QuotaHours] {
        let numbers = try row.need("hours", \.int4Array).compactMap { $0 }.map { Int($0) }
        guard numbers.count % 4 == 0 else { throw UnexpectedRow(column: "hours") }
        return stride(from: 0, to: numbers.count, by: 4).map { at in
            QuotaHours(
                days: Weekdays(rawValue: UInt8(clamping: numbers[at])),
                start: numbers[at + 1],
                end: numbers[at + 2],
                percent: numbers[at + 3]
            )
        }
    }
}

/// A row of quota_usage.
struct QuotaUseRow: Sendable {
    let service: ServiceRef
    let quotaID: QuotaID
    var use: QuotaUse

    static let columns = """
        u.tenant_id, u.service_id, u.quota_id, u.window_start, u.window_end, u.weighted, u.bonus, u.told::integer AS told,
        u.is_exhausted, u.billed_units, u.is_unpaid
        """

    init(_ row: PGRow) throws {
        service = ServiceRef(
            tenantID: try row.need("tenant_id") { $0.id() },
            serviceID: try row.need("service_id") { $0.id() }
        )
        quotaID = try row.need("quota_id") { $0.id() }
        use = QuotaUse(
            window: QuotaWindow(
                start: try row.need("window_start", \.time),
                end: try row.need("window_end", \.time)
            ),
            weighted: try row.need("weighted", \.int64),
            bonus: try row.need("bonus", \.int64),
            told: Int(try row.need("told", \.int32)),
            isExhausted: try row.need("is_exhausted", \.bool),
            billedUnits: try row.need("billed_units", \.int64),
            isUnpaid: try row.need("is_unpaid", \.bool)
        )
    }
}
