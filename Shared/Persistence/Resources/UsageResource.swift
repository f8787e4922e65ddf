package import Domain
import Postgres

/// What a service used on one UTC day.
package struct UsageDay: Sendable, Hashable {
    package let tenantID: TenantID
    package let serviceID: ServiceID
    /// The service's present user name; nil when it was removed.
    package let username: String?
    package let day: CivilDate
    /// From the subscriber.
    package let inputOctets: Int64
    /// To the subscriber.
    package let outputOctets: Int64
    /// Sessions that began.
    package let sessions: Int

    init(_ row: PGRow) throws {
        tenantID = try row.need("tenant_id") { $0.id() }
        serviceID = try row.need("service_id") { $0.id() }
        username = row["username"].text
        day = CivilDate(daysSince1970: Int(try row.need("day", \.date)))
        inputOctets = try row.need("input_octets", \.int64)
        outputOctets = try row.need("output_octets", \.int64)
        sessions = try row.need("sessions", \.int)
    }
}

extension ListSource where Row == UsageDay {
    /// Usage by service and UTC day, without what the last half minute added (`UsageSeries` has that). In the order of
    /// services through an index, and of days below a `service_id`.
    package static let usage = ListSource(
        name: "usage",
        tables: ["usage_daily"],
        selection: """
            r.tenant_id, r.service_id, v.username, r.day, r.input_octets, r.output_octets, r.sessions
            """,
        joins: "LEFT JOIN services v ON v.tenant_id = r.tenant_id AND v.id = r.service_id",
        fields: [
            ListField("tenant_id", .id, isSelective: true), ListField("service_id", .id, isSelective: true),
            ListField(
                "customer_id",
                .id,
                condition: "EXISTS (SELECT FROM services s WHERE s.tenant_id = r.tenant_id AND s.id = r.service_id "
                    + "AND s.customer_id %)",
                isSelective: true
            ),
            ListField("day", .day), ListField("input_octets", .integer), ListField("output_octets", .integer),
        ],
        orders: [
            ListSort("service_id", .id, tie: "r.day", tieKind: .day),
            ListSort("day", .day, tie: "r.service_id", tieKind: .id),
        ],
        defaultSort: "service_id",
        columns: [
            OutputColumn("tenant_id") { .id($0.tenantID) }, OutputColumn("service_id") { .id($0.serviceID) },
            OutputColumn("username") { .text($0.username) }, OutputColumn("day") { .described($0.day) },
            OutputColumn("input_octets") { .integer($0.inputOctets) },
            OutputColumn("output_octets") { .integer($0.outputOctets) },
            OutputColumn("sessions") { .integer($0.sessions) },
        ],
        decode: { try UsageDay($0) }
    )
}

/// What a service used in one hour of UTC.
package struct UsageHour: Sendable, Hashable {
    package let hour: Timestamp
    /// From the subscriber.
    package let inputOctets: Int64
    /// To the subscriber.
    package let outputOctets: Int64
    /// How long it was online.
    package let onlineSeconds: Int64
}

/// The usage of one service day by day, to the last commit of accounting.
package struct UsageSeries {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The days with usage from the first to the last, both included, oldest first. At most 10 years.
    package func days(
        of service: ServiceID,
        from first: CivilDate,
        through last: CivilDate
    ) async throws -> [UsageDay] {
        try await transaction.query(
            """
            SELECT u.tenant_id, u.service_id, v.username, u.day, sum(u.input_octets)::bigint AS input_octets,
                sum(u.output_octets)::bigint AS output_octets, sum(u.sessions)::bigint AS sessions
            FROM (
                SELECT tenant_id, service_id, day, input_octets, output_octets, sessions FROM usage_daily
                WHERE tenant_id = ANY (visible_tenants()) AND service_id = $1 AND day BETWEEN $2 AND $3
                UNION ALL
                SELECT p.tenant_id, k.service_id, p.day, k.input_octets, k.output_octets, k.sessions FROM usage_pending p
                CROSS JOIN LATERAL unnest(p.service_ids, p.input_octets, p.output_octets, p.sessions)
                    AS k (service_id, input_octets, output_octets, sessions)
                WHERE k.service_id = $1 AND p.day BETWEEN $2 AND $3
            ) u LEFT JOIN services v ON v.tenant_id = u.tenant_id AND v.id = u.service_id
            GROUP BY 1, 2, 3, 4 ORDER BY u.day LIMIT 3660
            """,
            [
                .id(service), .date(Int32(clamping: first.daysSince1970)), .date(Int32(clamping: last.daysSince1970)),
            ]
        ).map { try UsageDay($0) }
    }

    /// The hours with usage from that time on, oldest first, as billing counted them: by when records were received.
    package func hours(of service: Service, from first: Timestamp) async throws -> [UsageHour] {
        try await transaction.query(
            """
            SELECT h.hour, h.input_octets, h.output_octets, h.seconds FROM usage_hourly h
            WHERE h.tenant_id = $1 AND h.service_id = $2 AND h.hour >= $3 ORDER BY h.hour LIMIT 1000
            """,
            [.id(service.tenantID), .id(service.id), .timestamptz(first.microseconds)]
        ).map { row in
            UsageHour(
                hour: try row.need("hour", \.time),
                inputOctets: try row.need("input_octets", \.int64),
                outputOctets: try row.need("output_octets", \.int64),
                onlineSeconds: try row.need("seconds", \.int64)
            )
        }
    }
}
