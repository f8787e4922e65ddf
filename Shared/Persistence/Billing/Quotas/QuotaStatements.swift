import Billing
import Domain
import Postgres

/// The worker's statements. Each takes arrays, one element per row, so that a batch of any size is the same prepared statement.
enum QuotaSQL {
    /// The first half of the two-number lock of whoever counts.
    static let lockClass: Int32 = 0x5155

    static let lead = "SELECT pg_try_advisory_lock($1, 0) AS leads, pg_backend_pid() AS backend"
    static let backend = "SELECT pg_backend_pid() AS backend"

    /// Moves the place on from where the writer believes it to be; no row where somebody else moved it.
    static func advance(_ stream: String, from old: QuotaProgress?, to new: QuotaProgress) -> PGStatement {
        PGStatement(
            """
            INSERT INTO quota_progress AS q (stream, created, last) VALUES ($1, $2, $3)
            ON CONFLICT (stream) DO UPDATE SET created = EXCLUDED.created, last = EXCLUDED.last
            WHERE q.created = $4 AND q.last = $5
            """,
            [
                .text(stream), .int8(new.created), .int8(Int64(clamping: new.last)), .int8(old?.created ?? -1),
                .int8(old.map { Int64(clamping: $0.last) } ?? -1),
            ]
        )
    }

    static func subjects(_ services: [ServiceRef]) -> PGStatement {
        PGStatement(
            """
            SELECT \(QuotaSubject.columns) FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, service_id)
            JOIN services s ON s.tenant_id = k.tenant_id AND s.id = k.service_id
            JOIN plans p ON p.tenant_id = s.tenant_id AND p.id = s.plan_id
            JOIN tenants t ON t.id = s.tenant_id
            """,
            services.columns
        )
    }

    /// The quotas of the services' plans; those without a limit are counted nowhere.
    static func quotas(_ services: [ServiceRef]) -> PGStatement {
        PGStatement(
            """
            SELECT \(QuotaColumns.quota), p.currency FROM (
                SELECT DISTINCT s.tenant_id, s.plan_id FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, service_id)
                JOIN services s ON s.tenant_id = k.tenant_id AND s.id = k.service_id) AS n
            JOIN plan_quotas q ON q.tenant_id = n.tenant_id AND q.plan_id = n.plan_id AND q.allowance <> -1
            JOIN plans p ON p.tenant_id = q.tenant_id AND p.id = q.plan_id
            """,
            services.columns
        )
    }

    static func addHours(_ hours: [(key: HourKey, sum: HourSum)]) -> PGStatement {
        PGStatement(
            """
            INSERT INTO usage_hourly AS h (tenant_id, service_id, hour, input_octets, output_octets, seconds)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[])
            ON CONFLICT (tenant_id, service_id, hour) DO UPDATE SET input_octets = h.input_octets + EXCLUDED.input_octets,
                output_octets = h.output_octets + EXCLUDED.output_octets, seconds = h.seconds + EXCLUDED.seconds
            """,
            hours.map(\.key.service).columns + [
                .timestamptzArray(hours.map(\.key.hour.microseconds)), .int8Array(hours.map(\.sum.input)),
                .int8Array(hours.map(\.sum.output)), .int8Array(hours.map(\.sum.seconds)),
            ]
        )
    }

    /// Adds to windows, and returns them as they stand then. What would be more than a row holds is the most it holds.
    static func addUse(_ added: [(key: WindowKey, weighted: Int64, bonus: Int64)]) -> PGStatement {
        PGStatement(
            """
            INSERT INTO quota_usage AS u (tenant_id, service_id, quota_id, window_start, window_end, weighted, bonus)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::bigint[],
                $7::bigint[])
            ON CONFLICT (tenant_id, service_id, quota_id, window_start) DO UPDATE SET
                weighted = least(u.weighted::numeric + EXCLUDED.weighted, 9223372036854775807)::bigint,
                bonus = least(u.bonus::numeric + EXCLUDED.bonus, 9223372036854775807)::bigint
            RETURNING \(QuotaUseRow.columns)
            """,
            added.map(\.key.service).columns + [
                .uuids(added.map(\.key.quotaID.value)), .timestamptzArray(added.map(\.key.window.start.microseconds)),
                .timestamptzArray(added.map(\.key.window.end.microseconds)), .int8Array(added.map(\.weighted)),
                .int8Array(added.map(\.bonus)),
            ]
        )
    }

    /// The windows of the services that are open.
    static func openUse(_ services: [ServiceRef], now: Timestamp) -> PGStatement {
        PGStatement(
            """
            SELECT \(QuotaUseRow.columns) FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, service_id)
            JOIN quota_usage u ON u.tenant_id = k.tenant_id AND u.service_id = k.service_id AND u.window_end > $3
            """,
            services.columns + [.timestamptz(now.microseconds)]
        )
    }

    static func note(_ rows: [QuotaUseRow]) -> PGStatement {
        PGStatement(
            """
            UPDATE quota_usage u SET told = k.told, is_exhausted = k.is_exhausted, billed_units = k.billed_units
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::integer[], $6::boolean[], $7::bigint[])
                AS k (tenant_id, service_id, quota_id, window_start, told, is_exhausted, billed_units)
            WHERE u.tenant_id = k.tenant_id AND u.service_id = k.service_id AND u.quota_id = k.quota_id
                AND u.window_start = k.window_start
            """,
            rows.map(\.service).columns + [
                .uuids(rows.map(\.quotaID.value)), .timestamptzArray(rows.map(\.use.window.start.microseconds)),
                .int4Array(rows.map { Int32($0.use.told) }), .boolArray(rows.map(\.use.isExhausted)),
                .int8Array(rows.map(\.use.billedUnits)),
            ]
        )
    }

    /// Tells those who answer logins what services have used.
    static func tell(_ headroom: [(service: ServiceRef, marks: [QuotaMark])]) -> PGStatement {
        PGStatement(
            """
            INSERT INTO quota_headroom (tenant_id, service_id, used)
            SELECT k.tenant_id, k.service_id, k.used::bigint[]
            FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS k (tenant_id, service_id, used)
            ON CONFLICT (tenant_id, service_id) DO UPDATE SET used = EXCLUDED.used
            """,
            headroom.map(\.service).columns + [
                .textArray(headroom.map { "{" + QuotaMark.column($0.marks) + "}" })
            ]
        )
    }

    /// Changes what services may; returns their new versions.
    static func restrict(_ changes: [(subject: QuotaSubject, to: QuotaRestriction)]) -> PGStatement {
        PGStatement(
            """
            UPDATE services s SET restriction = k.restriction, restricted_position = k.position::smallint,
                restricted_until = k.until
            FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::timestamptz[])
                AS k (tenant_id, id, restriction, position, until)
            WHERE s.tenant_id = k.tenant_id AND s.id = k.id RETURNING s.tenant_id, s.id, s.row_version
            """,
            changes.map(\.subject.ref).columns + [
                .textArray(changes.map(\.to.columns.name)), .int4Array(changes.map(\.to.columns.position)),
                .timestamptzArray(changes.map { $0.to.columns.until?.microseconds }),
            ]
        )
    }
}

extension [ServiceRef] {
    /// Two arrays: tenants and services.
    var columns: [PGValue] { [.uuids(map(\.tenantID.value)), .uuids(map(\.serviceID.value))] }
}

/// An hour of UTC of a service.
struct HourKey: Hashable {
    let service: ServiceRef
    let hour: Timestamp

    init(_ service: ServiceRef, at time: Timestamp) {
        self.service = service
        let length: Int64 = 3_600_000_000
        let rest = ((time.microseconds % length) + length) % length
        hour = time.adding(microseconds: -rest)
    }
}

struct HourSum {
    var input: Int64 = 0
    var output: Int64 = 0
    var seconds: Int64 = 0
}

/// A window of a service's quota.
struct WindowKey: Hashable {
    let service: ServiceRef
    let quotaID: QuotaID
    let window: QuotaWindow
}
