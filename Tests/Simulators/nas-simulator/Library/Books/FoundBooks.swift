package import Postgres

/// What Postgres holds about a run's tenant.
package struct FoundBooks: Sendable {
    package struct Row: Sendable {
        package var key: ExpectedBooks.Key
        /// Microseconds since 1970.
        package var start: Int64
        package var end: Int64?
        package var closedBy: String?
        package var cause: Int64?
        package var input: Int64
        package var output: Int64
        /// The user name of the service whose octets they are.
        package var service: String?

        package init(
            key: ExpectedBooks.Key,
            start: Int64,
            end: Int64?,
            closedBy: String?,
            cause: Int64?,
            input: Int64,
            output: Int64,
            service: String?
        ) {
            self.key = key
            self.start = start
            self.end = end
            self.closedBy = closedBy
            self.cause = cause
            self.input = input
            self.output = output
            self.service = service
        }
    }

    /// A service's octets of one UTC day.
    package struct Day: Sendable {
        package var username: String
        /// Days since 1970.
        package var day: Int64
        package var usage: ExpectedBooks.Usage

        package init(username: String, day: Int64, usage: ExpectedBooks.Usage) {
            self.username = username
            self.day = day
            self.usage = usage
        }
    }

    package var rows: [Row]
    package var days: [Day]
    /// Commits whose usage is not folded into the days yet.
    package var pending: Int64
    /// Messages that nobody could store.
    package var deadLetters: Int64

    package init(rows: [Row] = [], days: [Day] = [], pending: Int64 = 0, deadLetters: Int64 = 0) {
        self.rows = rows
        self.days = days
        self.pending = pending
        self.deadLetters = deadLetters
    }

    private static let sessions = """
        SELECT n.name, s.acct_session_id, s.username, s.calling_station_id, s.nas_port, s.started_at, s.ended_at,
               s.closed_by, s.terminate_cause, s.input_octets, s.output_octets, v.username
        FROM tenants t
        JOIN LATERAL (
            SELECT nas_id, acct_session_id, username, calling_station_id, nas_port, started_at, ended_at, closed_by,
                   terminate_cause, input_octets, output_octets, service_id FROM sessions WHERE tenant_id = t.id
            UNION ALL
            SELECT nas_id, acct_session_id, username, calling_station_id, nas_port, started_at, ended_at, closed_by,
                   terminate_cause, input_octets, output_octets, service_id FROM sessions_history WHERE tenant_id = t.id
        ) AS s ON true
        LEFT JOIN nas_devices n ON n.tenant_id = t.id AND n.id = s.nas_id
        LEFT JOIN services v ON v.tenant_id = t.id AND v.id = s.service_id
        WHERE t.subdomain = $1
        """
    private static let usage = """
        SELECT v.username, (u.day - date '1970-01-01')::bigint, u.input_octets, u.output_octets, u.sessions::bigint
        FROM tenants t JOIN usage_daily u ON u.tenant_id = t.id
        LEFT JOIN services v ON v.tenant_id = t.id AND v.id = u.service_id
        WHERE t.subdomain = $1
        """
    private static let pending = """
        SELECT count(*) FROM usage_pending p JOIN tenants t ON t.id = p.tenant_id WHERE t.subdomain = $1
        """
    private static let deadLetters = """
        SELECT count(*) FROM dead_letters d JOIN tenants t ON t.id = d.tenant_id WHERE t.subdomain = $1
        """

    /// Reads the books of the tenant with that subdomain, all in one group and so of one instant where nothing is
    /// written meanwhile.
    package static func read(_ session: PostgresSession, tenant: String) async throws -> FoundBooks {
        let statements = [sessions, usage, pending, deadLetters].map { PGStatement($0, [.text(tenant)]) }
        let found = try await session.pipeline(statements, deadline: .seconds(60))
        return FoundBooks(
            rows: found[0].map(row),
            days: found[1].map { row in
                Day(
                    username: row[0].text ?? "?",
                    day: row[1].int64 ?? 0,
                    usage: .init(
                        input: row[2].int64 ?? 0,
                        output: row[3].int64 ?? 0,
                        sessions: row[4].int64 ?? 0
                    )
                )
            },
            pending: found[2].first?[0].int64 ?? 0,
            deadLetters: found[3].first?[0].int64 ?? 0
        )
    }

    private static func row(_ row: PGRow) -> Row {
        Row(
            key: ExpectedBooks.Key(
                nas: row[0].text ?? "?",
                id: row[1].text ?? "?",
                username: row[2].text ?? "?",
                station: row[3].text ?? "?",
                port: UInt32(clamping: row[4].int64 ?? -1)
            ),
            start: row[5].timestamptz ?? 0,
            end: row[6].timestamptz,
            closedBy: row[7].text,
            cause: row[8].int64,
            input: row[9].int64 ?? -1,
            output: row[10].int64 ?? -1,
            service: row[11].text
        )
    }
}
