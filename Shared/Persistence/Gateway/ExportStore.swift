package import Domain
import Postgres

/// The exports of one scope: those who ask, and those who carry them out.
///
/// Whoever carries one out has it for a while (`leased_until`) and for one attempt. Everything that he writes names the attempt: once
/// somebody else has taken it over, or it was cancelled, it finds nothing to write.
package struct ExportStore {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    private static let columns = [
        "tenant_id", "id", "user_id", "key_id", "reach", "entity", "format", "filters", "sort", "fields", "search",
        "deleted", "source", "request_id", "state", "rows", "octets", "attempt", "upload_id", "failure", "created_at",
        "started_at", "finished_at", "expires_at",
    ]

    private static func selection(_ table: String) -> String {
        columns.map { "\(table).\($0)" }.joined(separator: ", ")
    }

    // MARK: - Those who ask

    /// Stores what somebody asks for; false where `most` of his wait or are under way already.
    package func insert(_ export: StoredExport, most: Int) async throws -> Bool {
        let order = export.order
        return try await !transaction.query(
            """
            INSERT INTO exports (tenant_id, id, user_id, key_id, entity, format, filters, sort, fields, search, deleted,
                source, request_id, created_at, reach)
            SELECT $1, $2, $3, $4::uuid, $5, $6, $7, $8::text, $9::text[], $10::text, $11::text, $12, $13::text, $14, $16
            WHERE (SELECT count(*) FROM exports WHERE tenant_id = $1 AND user_id = $3
                AND state IN ('pending', 'running')) < $15
            RETURNING id
            """,
            [
                .id(export.tenantID), .id(export.id), .id(export.userID), .id(export.keyID), .text(order.entity),
                .text(order.format.rawValue), .textArray(order.filters), .text(order.sort),
                order.fields.map { .textArray($0) } ?? .null, .text(order.search), .text(order.deleted),
                .text(export.source), .text(export.requestID), .time(export.createdAt), .int8(Int64(most)),
                .text(export.reach),
            ]
        ).isEmpty
    }

    /// Up to `limit` of somebody's, the newest first, behind the one named.
    package func list(of user: UserID, in tenant: TenantID, after: ExportID?, limit: Int) async throws
        -> [StoredExport]
    {
        try await transaction.query(
            """
            SELECT \(Self.selection("e")) FROM exports e
            WHERE e.tenant_id = $1 AND e.user_id = $2 AND ($3::uuid IS NULL OR e.id < $3)
            ORDER BY e.id DESC LIMIT $4
            """,
            [.id(tenant), .id(user), .id(after), .int8(Int64(limit))]
        ).map { try StoredExport($0) }
    }

    /// One of somebody's; nil where it is not his.
    package func find(_ id: ExportID, of user: UserID, in tenant: TenantID) async throws -> StoredExport? {
        try await transaction.query(
            "SELECT \(Self.selection("e")) FROM exports e WHERE e.tenant_id = $1 AND e.user_id = $2 AND e.id = $3",
            [.id(tenant), .id(user), .id(id)]
        ).first.map { try StoredExport($0) }
    }

    /// Ends one that waits or is under way; nil where it has ended.
    package func cancel(_ export: StoredExport, at now: Timestamp) async throws -> StoredExport? {
        try await transaction.query(
            """
            UPDATE exports e SET state = 'cancelled', finished_at = $3, leased_until = NULL
            WHERE e.tenant_id = $1 AND e.id = $2 AND e.state IN ('pending', 'running')
            RETURNING \(Self.selection("e"))
            """,
            [.id(export.tenantID), .id(export.id), .time(now)]
        ).first.map { try StoredExport($0) }
    }

    // MARK: - Those who carry out

    /// Takes the oldest that waits, or whose holder let his time pass, for a tenant of which fewer than `perTenant` are under way; nil
    /// where there is none. Those who take at the same time do so one after another, so that no tenant gets more.
    package func claim(at now: Timestamp, until lease: Timestamp, perTenant: Int) async throws -> StoredExport? {
        try await transaction.pipeline([
            PGStatement("SELECT pg_advisory_xact_lock(hashtext('exports'))", []),
            PGStatement(
                """
                WITH busy AS (
                    SELECT tenant_id, count(*) AS jobs FROM exports
                    WHERE state = 'running' AND leased_until > $1 GROUP BY tenant_id
                ), chosen AS (
                    SELECT w.tenant_id, w.id FROM exports w
                    WHERE w.state IN ('pending', 'running') AND (w.leased_until IS NULL OR w.leased_until <= $1)
                        AND coalesce((SELECT jobs FROM busy WHERE busy.tenant_id = w.tenant_id), 0) < $3
                    ORDER BY w.created_at, w.id LIMIT 1 FOR UPDATE OF w SKIP LOCKED
                )
                UPDATE exports e SET state = 'running', attempt = e.attempt + 1, leased_until = $2, rows = 0,
                    octets = 0, started_at = coalesce(e.started_at, $1)
                FROM chosen WHERE e.tenant_id = chosen.tenant_id AND e.id = chosen.id
                RETURNING \(Self.selection("e"))
                """,
                [.time(now), .time(lease), .int8(Int64(perTenant))]
            ),
        ]).last?.first.map { try StoredExport($0) }
    }

    /// Says how far it came, and keeps it; false where it is somebody else's by now, or nobody's.
    package func advance(_ export: StoredExport, until lease: Timestamp) async throws -> Bool {
        try await write(
            export,
            "rows = $4, octets = $5, upload_id = $6, leased_until = $7",
            [.int8(export.rows), .int8(export.octets), .text(export.upload), .time(lease)]
        )
    }

    /// Gives it back: somebody takes it up again from that time on. False as for ``advance(_:until:)``.
    @discardableResult
    package func release(_ export: StoredExport, until time: Timestamp?) async throws -> Bool {
        try await write(
            export,
            "state = 'pending', upload_id = $4, leased_until = $5",
            [.text(export.upload), .time(time)]
        )
    }

    /// The file is there. False as for ``advance(_:until:)``: then it must not be.
    package func complete(_ export: StoredExport, at now: Timestamp, expires: Timestamp) async throws -> Bool {
        try await write(
            export,
            """
            state = 'completed', rows = $4, octets = $5, finished_at = $6, expires_at = $7, upload_id = NULL,
            leased_until = NULL
            """,
            [.int8(export.rows), .int8(export.octets), .time(now), .time(expires)]
        )
    }

    /// There will be no file. False as for ``advance(_:until:)``.
    package func fail(_ export: StoredExport, _ failure: StoredExport.Failure, at now: Timestamp) async throws -> Bool {
        try await write(
            export,
            "state = 'failed', failure = $4, rows = $5, octets = $6, finished_at = $7, upload_id = $8, leased_until = NULL",
            [
                .text(failure.rawValue), .int8(export.rows), .int8(export.octets), .time(now), .text(export.upload),
            ]
        )
    }

    private func write(_ export: StoredExport, _ assignments: String, _ values: [PGValue]) async throws -> Bool {
        try await !transaction.query(
            """
            UPDATE exports SET \(assignments)
            WHERE tenant_id = $1 AND id = $2 AND attempt = $3 AND state = 'running' RETURNING id
            """,
            [.id(export.tenantID), .id(export.id), .int4(Int32(clamping: export.attempt))] + values
        ).isEmpty
    }

    // MARK: - Those who clear up

    /// Up to `limit` that left something in the object store which is wanted no more: files whose time is over, and what failed or was
    /// cancelled before `ended`, when nobody can be writing there any more.
    package func uncleared(at now: Timestamp, endedBefore ended: Timestamp, limit: Int) async throws -> [StoredExport] {
        try await transaction.query(
            """
            SELECT \(Self.selection("e")) FROM exports e
            WHERE e.finished_at IS NOT NULL AND e.cleared_at IS NULL
                AND (e.state = 'completed' AND e.expires_at <= $1
                    OR e.state IN ('failed', 'cancelled') AND e.finished_at <= $2)
            ORDER BY e.finished_at LIMIT $3
            """,
            [.time(now), .time(ended), .int8(Int64(limit))]
        ).map { try StoredExport($0) }
    }

    /// Nothing of it is left in the object store.
    package func markCleared(_ export: StoredExport, at now: Timestamp) async throws {
        _ = try await transaction.query(
            """
            UPDATE exports SET cleared_at = $3, upload_id = NULL,
                state = CASE state WHEN 'completed' THEN 'expired' ELSE state END
            WHERE tenant_id = $1 AND id = $2 AND cleared_at IS NULL AND finished_at IS NOT NULL
            """,
            [.id(export.tenantID), .id(export.id), .time(now)]
        )
    }

    /// Removes what ended before and left nothing.
    package func forget(before: Timestamp) async throws {
        _ = try await transaction.query("DELETE FROM exports WHERE cleared_at < $1", [.time(before)])
    }
}
