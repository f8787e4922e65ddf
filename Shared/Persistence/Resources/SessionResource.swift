package import Domain
import Postgres

/// A session with everything that is kept of it, open or past.
package struct SessionDetail: Sendable, Hashable {
    package let tenantID: TenantID
    package let id: SessionID
    package let nasID: NASID
    /// The NAS's present name; nil when it was removed.
    package let nasName: String?
    package let serviceID: ServiceID?
    package let customerID: CustomerID?
    package let username: String
    package let acctSessionID: String
    package let admissionID: AdmissionID?
    package let startedAt: Timestamp
    /// When the NAS last reported.
    package let lastUpdateAt: Timestamp
    package let endedAt: Timestamp?
    /// stop, reaper, nas_reboot or replaced; nil while it is open.
    package let closedBy: String?
    /// Acct-Terminate-Cause (RFC 2866 §5.10), where the NAS sent one.
    package let terminateCause: Int?
    package let seconds: Int64
    /// From the subscriber.
    package let inputOctets: Int64
    /// To the subscriber.
    package let outputOctets: Int64
    package let inputPackets: Int64
    package let outputPackets: Int64
    package let nasPort: Int64?
    package let nasPortID: String?
    package let callingStationID: String
    package let calledStationID: String
    package let framedIPv4: String?
    package let framedIPv6Prefix: String?
    package let framedIPv6Address: String?
    package let delegatedIPv6Prefix: String?
    /// Records that it is made of.
    package let recordCount: Int

    /// What is read of `sessions` and of `sessions_history` alike.
    static let reads = """
        r.tenant_id, r.id, r.nas_id, r.service_id, r.customer_id, r.username, r.acct_session_id, r.admission_id, \
        r.started_at, r.last_update_at, r.ended_at, r.closed_by, r.terminate_cause, r.session_seconds, r.input_octets, \
        r.output_octets, r.input_packets, r.output_packets, r.nas_port, r.nas_port_id, r.calling_station_id, \
        r.called_station_id, r.framed_ipv4, r.framed_ipv6_prefix, r.framed_ipv6_address, r.delegated_ipv6_prefix, \
        r.record_count
        """
    static let selection = """
        r.tenant_id, r.id, r.nas_id, r.service_id, r.customer_id, r.username, r.acct_session_id, r.admission_id, \
        r.started_at, r.last_update_at, r.ended_at, r.closed_by, r.terminate_cause, r.session_seconds, r.input_octets, \
        r.output_octets, r.input_packets, r.output_packets, r.nas_port, r.nas_port_id, r.calling_station_id, \
        r.called_station_id, host(r.framed_ipv4) AS framed_ipv4, r.framed_ipv6_prefix::text AS framed_ipv6_prefix, \
        host(r.framed_ipv6_address) AS framed_ipv6_address, \
        r.delegated_ipv6_prefix::text AS delegated_ipv6_prefix, r.record_count, n.name AS nas_name
        """
    static let joins = "LEFT JOIN nas_devices n ON n.tenant_id = r.tenant_id AND n.id = r.nas_id"

    init(_ row: PGRow) throws {
        tenantID = try row.need("tenant_id") { $0.id() }
        id = try row.need("id") { $0.id() }
        nasID = try row.need("nas_id") { $0.id() }
        nasName = row["nas_name"].text
        serviceID = row["service_id"].id()
        customerID = row["customer_id"].id()
        username = try row.need("username", \.text)
        acctSessionID = try row.need("acct_session_id", \.text)
        admissionID = row["admission_id"].id()
        startedAt = try row.need("started_at", \.time)
        lastUpdateAt = try row.need("last_update_at", \.time)
        endedAt = row["ended_at"].time
        closedBy = row["closed_by"].text
        terminateCause = row["terminate_cause"].int
        seconds = try row.need("session_seconds", \.int64)
        inputOctets = try row.need("input_octets", \.int64)
        outputOctets = try row.need("output_octets", \.int64)
        inputPackets = try row.need("input_packets", \.int64)
        outputPackets = try row.need("output_packets", \.int64)
        nasPort = row["nas_port"].int64
        nasPortID = row["nas_port_id"].text
        callingStationID = try row.need("calling_station_id", \.text)
        calledStationID = try row.need("called_station_id", \.text)
        framedIPv4 = row["framed_ipv4"].text
        framedIPv6Prefix = row["framed_ipv6_prefix"].text
        framedIPv6Address = row["framed_ipv6_address"].text
        delegatedIPv6Prefix = row["delegated_ipv6_prefix"].text
        recordCount = try row.need("record_count", \.int)
    }
}

extension ListSource where Row == SessionDetail {
    /// Sessions, open and past. By `id` they stand in the order in which they became known, through an index; `started_at`
    /// has one below a `customer_id`, a `service_id` or an address, and in the history. `is_open:eq:true` leaves the history out.
    package static let sessions = ListSource(
        name: "sessions",
        tables: ["sessions", "sessions_history"],
        reads: SessionDetail.reads,
        selection: SessionDetail.selection,
        joins: SessionDetail.joins,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("is_open", .boolean, condition: "(r.ended_at IS NULL) %"),
            ListField("nas_id", .id), ListField("service_id", .id, isNullable: true, isSelective: true),
            ListField("customer_id", .id, isNullable: true, isSelective: true), ListField("username", .text),
            ListField("acct_session_id", .text), ListField("calling_station_id", .text),
            ListField("framed_ipv4", .address, isNullable: true, isSelective: true),
            ListField("framed_ipv6_prefix", .prefix, isNullable: true, isSelective: true),
            ListField("delegated_ipv6_prefix", .prefix, isNullable: true, isSelective: true),
            ListField("closed_by", .choice(["stop", "reaper", "nas_reboot", "replaced"]), isNullable: true),
            ListField("started_at", .time), ListField("ended_at", .time, isNullable: true),
            ListField("last_update_at", .time), ListField("session_seconds", .integer),
            ListField("input_octets", .integer), ListField("output_octets", .integer),
        ],
        orders: [ListSort("id", .id), ListSort("started_at", .time)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("is_open") { .boolean($0.endedAt == nil) }, OutputColumn("username") { .text($0.username) },
            OutputColumn("service_id") { .id($0.serviceID) }, OutputColumn("customer_id") { .id($0.customerID) },
            OutputColumn("nas_id") { .id($0.nasID) }, OutputColumn("nas_name") { .text($0.nasName) },
            OutputColumn("acct_session_id") { .text($0.acctSessionID) },
            OutputColumn("admission_id") { .id($0.admissionID) }, OutputColumn("started_at") { .time($0.startedAt) },
            OutputColumn("last_update_at") { .time($0.lastUpdateAt) },
            OutputColumn("ended_at") { .time($0.endedAt) }, OutputColumn("closed_by") { .text($0.closedBy) },
            OutputColumn("terminate_cause") { .integer($0.terminateCause) },
            OutputColumn("session_seconds") { .integer($0.seconds) },
            OutputColumn("input_octets") { .integer($0.inputOctets) },
            OutputColumn("output_octets") { .integer($0.outputOctets) },
            OutputColumn("input_packets") { .integer($0.inputPackets) },
            OutputColumn("output_packets") { .integer($0.outputPackets) },
            OutputColumn("nas_port") { .integer($0.nasPort) }, OutputColumn("nas_port_id") { .text($0.nasPortID) },
            OutputColumn("calling_station_id") { .text($0.callingStationID) },
            OutputColumn("called_station_id") { .text($0.calledStationID) },
            OutputColumn("framed_ipv4") { .text($0.framedIPv4) },
            OutputColumn("framed_ipv6_prefix") { .text($0.framedIPv6Prefix) },
            OutputColumn("framed_ipv6_address") { .text($0.framedIPv6Address) },
            OutputColumn("delegated_ipv6_prefix") { .text($0.delegatedIPv6Prefix) },
            OutputColumn("record_count") { .integer($0.recordCount) },
        ],
        live: (field: "is_open", table: "sessions"),
        bounded: (
            texts: ["username", "acct_session_id", "calling_station_id"], by: ["is_open", "started_at", "ended_at"]
        ),
        decode: { try SessionDetail($0) }
    )
}

/// Looks at single sessions of one scope.
package struct SessionInspection {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The session of that id, open, closed or in the history; nil when there is none.
    package func find(_ id: SessionID) async throws -> SessionDetail? {
        let parts = ["sessions", "sessions_history"].map { table in
            "(SELECT \(SessionDetail.reads) FROM \(table) r WHERE r.tenant_id = ANY (visible_tenants()) AND r.id = $1)"
        }
        return try await transaction.query(
            """
            SELECT \(SessionDetail.selection) FROM (\(parts.joined(separator: " UNION ALL "))) r \(SessionDetail.joins)
            ORDER BY r.ended_at DESC NULLS FIRST LIMIT 1
            """,
            [.id(id)]
        ).first.map { try SessionDetail($0) }
    }
}
