package import Domain
import Postgres

/// An order as people look at it: what was asked, why, what became of it, and how it went.
package struct EnforcementRecord: Hashable, Sendable {
    package let order: EnforcementOrder
    /// The NAS's present name; nil when it was removed.
    package let nasName: String?
    /// The service's present user name; nil when it was removed, or where nobody is known.
    package let username: String?
    /// The order that it joined, and ends as.
    package let joinedID: EnforcementID?
    /// Each request and what became of it, as JSON: `[{"kind", "set", "outcome"}]`.
    package let trials: String

    init(_ row: PGRow) throws {
        order = try EnforcementSQL.order(row)
        nasName = row["nas_name"].text
        username = row["username"].text
        joinedID = row["joined_id"].id()
        trials = try row.need("trials", \.text)
    }

    /// From the request to the NAS's answer; nil while there is none.
    package var latency: Duration? {
        order.answeredAt.map { .microseconds(max(0, $0.microseconds(since: order.requestedAt))) }
    }

    /// Of an order `r`.
    static let selection = """
        \(EnforcementSQL.columns.replacing("e.", with: "r.")), r.joined_id, r.trials::text AS trials, n.name AS nas_name, v.username
        """
    static let joins = """
        LEFT JOIN nas_devices n ON n.tenant_id = r.tenant_id AND n.id = r.nas_id
        LEFT JOIN services v ON v.tenant_id = r.tenant_id AND v.id = r.service_id
        """
}

extension ListSource where Row == EnforcementRecord {
    /// Orders to live sessions, the newest first: their ids are in the order of what asked for them.
    package static let enforcements = ListSource(
        name: "enforcements",
        tables: ["enforcements"],
        selection: EnforcementRecord.selection,
        joins: EnforcementRecord.joins,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("kind", .choice(EnforcementKind.allCases.map(\.rawValue))),
            ListField("cause", .choice(EnforcementCause.allCases.map(\.rawValue))),
            ListField("state", .choice(EnforcementState.allCases.map(\.rawValue))),
            ListField("reason", .choice(EnforcementReason.allCases.map(\.rawValue)), isNullable: true),
            ListField("is_open", .boolean, condition: "(r.ended_at IS NULL) %"),
            ListField("nas_id", .id, isSelective: true),
            ListField("session_id", .id, isNullable: true, isSelective: true),
            ListField("service_id", .id, isNullable: true, isSelective: true),
            ListField("requested_at", .time), ListField("ended_at", .time, isNullable: true),
        ],
        orders: [ListSort("id", .id), ListSort("requested_at", .time)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .id($0.order.id) }, OutputColumn("tenant_id") { .id($0.order.tenantID) },
            OutputColumn("kind") { .text($0.order.kind.rawValue) },
            OutputColumn("cause") { .text($0.order.cause.rawValue) },
            OutputColumn("state") { .text($0.order.state.rawValue) },
            OutputColumn("reason") { .text($0.order.reason?.rawValue) },
            OutputColumn("error_cause") { .integer($0.order.errorCause) },
            OutputColumn("summary") { .text($0.order.summary) },
            OutputColumn("is_open") { .boolean(!$0.order.state.isFinal) },
            OutputColumn("nas_id") { .id($0.order.nasID) }, OutputColumn("nas_name") { .text($0.nasName) },
            OutputColumn("session_id") { .id($0.order.sessionID) },
            OutputColumn("admission_id") { .id($0.order.admissionID) },
            OutputColumn("service_id") { .id($0.order.serviceID) }, OutputColumn("username") { .text($0.username) },
            OutputColumn("operation_id") { .described($0.order.operationID) },
            OutputColumn("joined_id") { .id($0.joinedID) }, OutputColumn("attempts") { .integer($0.order.attempts) },
            OutputColumn("trials") { .json($0.trials) },
            OutputColumn("latency_ms") { .integer($0.latency.map { $0 / .milliseconds(1) }.map { Int64($0) }) },
            OutputColumn("requested_at") { .time($0.order.requestedAt) },
            OutputColumn("sent_at") { .time($0.order.sentAt) },
            OutputColumn("answered_at") { .time($0.order.answeredAt) },
            OutputColumn("ended_at") { .time($0.order.endedAt) },
            OutputColumn("next_at") { .time($0.order.nextAt) },
        ],
        decode: { try EnforcementRecord($0) }
    )
}

/// Which orders a list shows.
package struct EnforcementFilter: Sendable, Equatable {
    package var state: EnforcementState?
    package var kind: EnforcementKind?
    package var cause: EnforcementCause?
    package var nasID: NASID?
    package var sessionID: SessionID?
    package var serviceID: ServiceID?
    /// Those that have not ended.
    package var isOpen: Bool?
    /// Those that were asked for at or after this time, and before the other.
    package var since: Timestamp?
    package var until: Timestamp?

    /// All of them.
    package init() {}
}

/// The orders of one scope, to be looked at: they are written by whoever carries them out.
package struct EnforcementRepository {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    private static let rows = "SELECT \(EnforcementRecord.selection) FROM enforcements r \(EnforcementRecord.joins)"

    /// Up to `limit` orders, the newest first, after the one named.
    package func list(
        _ filter: EnforcementFilter = EnforcementFilter(),
        after: EnforcementID? = nil,
        limit: Int
    ) async throws -> [EnforcementRecord] {
        try await transaction.query(
            """
            \(Self.rows)
            WHERE ($1::uuid IS NULL OR r.id < $1) AND ($2::text IS NULL OR r.state = $2) AND ($3::text IS NULL OR r.kind = $3)
                AND ($4::text IS NULL OR r.cause = $4) AND ($5::uuid IS NULL OR r.nas_id = $5)
                AND ($6::uuid IS NULL OR r.session_id = $6) AND ($7::uuid IS NULL OR r.service_id = $7)
                AND ($8::boolean IS NULL OR (r.ended_at IS NULL) = $8) AND ($9::timestamptz IS NULL OR r.requested_at >= $9)
                AND ($10::timestamptz IS NULL OR r.requested_at < $10)
            ORDER BY r.id DESC LIMIT $11
            """,
            [
                .id(after), .text(filter.state?.rawValue), .text(filter.kind?.rawValue), .text(filter.cause?.rawValue),
                .id(filter.nasID), .id(filter.sessionID), .id(filter.serviceID),
                filter.isOpen.map { .bool($0) } ?? .null, .time(filter.since), .time(filter.until),
                .int8(Int64(limit)),
            ]
        ).map { try EnforcementRecord($0) }
    }

    /// The order of that id; nil when there is none.
    package func find(_ id: EnforcementID) async throws -> EnforcementRecord? {
        try await transaction.query("\(Self.rows) WHERE r.id = $1", [.id(id)]).first.map { try EnforcementRecord($0) }
    }
}
