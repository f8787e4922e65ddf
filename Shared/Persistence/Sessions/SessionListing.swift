package import Domain
import Postgres

/// A session as lists show it.
package struct ListedSession: Sendable, Equatable {
    package let tenantID: TenantID
    package let id: SessionID
    package let nasID: NASID
    /// The NAS's present name; nil when it was removed.
    package let nasName: String?
    package let serviceID: ServiceID?
    package let username: String
    package let acctSessionID: String
    package let callingStationID: String
    package let framedIPv4: String?
    package let startedAt: Timestamp
    package let lastUpdateAt: Timestamp
    package let endedAt: Timestamp?
    /// stop, reaper, nas_reboot or replaced; nil while it is live.
    package let closedBy: String?
    package let seconds: Int64
    /// From the subscriber.
    package let inputOctets: Int64
    /// To the subscriber.
    package let outputOctets: Int64
}

/// Which sessions a list shows.
package struct SessionFilter: Sendable, Equatable {
    /// True for live ones only, false for closed ones only.
    package var isLive: Bool?
    package var username: String?
    package var nasID: NASID?
    /// Sessions that began at or after this time.
    package var since: Timestamp?

    /// All sessions.
    package init(isLive: Bool? = nil, username: String? = nil, nasID: NASID? = nil, since: Timestamp? = nil) {
        self.isLive = isLive
        self.username = username
        self.nasID = nasID
        self.since = since
    }
}

/// Where a page of sessions ended.
package struct SessionCursor: Sendable, Equatable, CustomStringConvertible {
    let startedAt: Timestamp
    let id: SessionID

    /// The place behind that session.
    package init(after session: ListedSession) {
        startedAt = session.startedAt
        id = session.id
    }

    /// Reads a cursor that was printed.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let microseconds = Int64(parts[0]), let id = SessionID(String(parts[1])) else {
            return nil
        }
        startedAt = Timestamp(microseconds: microseconds)
        self.id = id
    }

    /// The cursor as text; opaque to everyone else.
    package var description: String { "\(startedAt.microseconds)_\(id)" }
}

/// Lists sessions of one scope, the newest first, from the hot table and the history together.
package struct SessionListing {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    private static let columns = """
        tenant_id, id, nas_id, service_id, username, acct_session_id, calling_station_id, \
        host(framed_ipv4) AS framed_ipv4, started_at, last_update_at, ended_at, closed_by, session_seconds, \
        input_octets, output_octets
        """
    private static let condition = """
        ($1::boolean IS NULL OR (ended_at IS NULL) = $1) AND ($2::text IS NULL OR username = $2) \
        AND ($3::uuid IS NULL OR nas_id = $3) AND ($4::timestamptz IS NULL OR started_at >= $4) \
        AND ($5::timestamptz IS NULL OR (started_at, id) < ($5, $6::uuid))
        """

    /// Up to `limit` sessions after the cursor.
    package func page(_ filter: SessionFilter, after cursor: SessionCursor?, limit: Int) async throws -> [ListedSession]
    {
        let part = "SELECT \(Self.columns) FROM %t WHERE \(Self.condition) ORDER BY started_at DESC, id DESC LIMIT $7"
        let tables = filter.isLive == true ? ["sessions"] : ["sessions", "sessions_history"]
        let parts = tables.map { table in
            "(" + part.replacing("%t", with: table) + ")"
        }.joined(separator: " UNION ALL ")
        return try await transaction.query(
            """
            SELECT s.*, n.name AS nas_name FROM (\(parts)) s
            LEFT JOIN nas_devices n ON n.tenant_id = s.tenant_id AND n.id = s.nas_id
            ORDER BY s.started_at DESC, s.id DESC LIMIT $7
            """,
            [
                filter.isLive.map { .bool($0) } ?? .null, .text(filter.username), .id(filter.nasID),
                .time(filter.since), .time(cursor?.startedAt), .id(cursor?.id), .int8(Int64(limit)),
            ]
        ).map(Self.session)
    }

    private static func session(_ row: PGRow) throws -> ListedSession {
        ListedSession(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            nasID: try row.need("nas_id") { $0.id() },
            nasName: row["nas_name"].text,
            serviceID: row["service_id"].id(),
            username: try row.need("username", \.text),
            acctSessionID: try row.need("acct_session_id", \.text),
            callingStationID: try row.need("calling_station_id", \.text),
            framedIPv4: row["framed_ipv4"].text,
            startedAt: try row.need("started_at", \.time),
            lastUpdateAt: try row.need("last_update_at", \.time),
            endedAt: row["ended_at"].time,
            closedBy: row["closed_by"].text,
            seconds: try row.need("session_seconds", \.int64),
            inputOctets: try row.need("input_octets", \.int64),
            outputOctets: try row.need("output_octets", \.int64)
        )
    }
}
