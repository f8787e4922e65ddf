import Domain
import Postgres

/// The trail's statements and how its rows are read.
enum AuditSQL {
    static let columns = """
        tenant_id, number, recorded_at, id, occurred_at, occurred_nanoseconds, actor_kind, actor_id, impersonator_id, \
        host(address) AS address, user_agent, request_id, action, resource_type, resource_id, outcome, reason, \
        old_values::text AS old_values, new_values::text AS new_values, content_hash, hash, \
        erased_at IS NOT NULL AS is_erased
        """

    /// One page, from each tenant's index by itself: they are read backwards no further than the page needs. Only conditions
    /// that are asked for stand in it, so that the server chooses an index by them.
    static func page(_ filter: AuditFilter, after cursor: AuditCursor?, limit: Int) -> PGStatement {
        var parameters: [PGValue] = []
        func place(_ value: PGValue) -> String {
            parameters.append(value)
            return "$\(parameters.count)"
        }
        let tenants = filter.tenantID.map { "ARRAY[\(place(.id($0)))::uuid]" } ?? "visible_tenants()"
        var conditions = ["tenant_id = t.id"]
        func require(_ condition: String, _ value: PGValue?) {
            guard let value else { return }
            conditions.append("\(condition) \(place(value))")
        }
        if let actor = filter.actorID {
            // What somebody's keys did, he did. Read once, so that the index by actor serves.
            let id = place(.uuid(high: actor.high, low: actor.low))
            let keys = "SELECT k.id FROM api_keys k WHERE k.user_id = \(id)"
            conditions.append("actor_id = ANY (ARRAY(SELECT \(id)::uuid UNION ALL \(keys)))")
        }
        require("action =", filter.action.map { .text($0.name) })
        require("resource_type =", filter.resourceType.map(PGValue.text))
        require("resource_id =", filter.resourceID.map(PGValue.text))
        require("outcome =", filter.outcome.map { .text($0.rawValue) })
        require("request_id =", filter.requestID.map(PGValue.text))
        require("recorded_at >=", filter.since.map { .timestamptz($0.microseconds) })
        require("recorded_at <", filter.until.map { .timestamptz($0.microseconds) })
        if let cursor {
            let end = [PGValue.timestamptz(cursor.recordedAt.microseconds), .id(cursor.tenantID), .int8(cursor.number)]
            // The first half is what the index understands.
            conditions.append("recorded_at <= \(place(end[0]))")
            conditions.append(
                "(recorded_at, tenant_id, number) < (\(end.map { place($0) }.joined(separator: ", ")))"
            )
        }
        let rows = place(.int8(Int64(limit)))
        return PGStatement(
            """
            SELECT e.* FROM unnest(\(tenants)) AS t (id) CROSS JOIN LATERAL (
                SELECT \(columns) FROM audit_logs WHERE \(conditions.joined(separator: " AND "))
                ORDER BY recorded_at DESC, number DESC LIMIT \(rows)
            ) AS e
            ORDER BY e.recorded_at DESC, e.tenant_id DESC, e.number DESC LIMIT \(rows)
            """,
            parameters
        )
    }

    /// A stretch of one chain. A number that stands there twice comes twice.
    static let stretch = """
        SELECT \(columns) FROM audit_logs
        WHERE tenant_id = $1 AND (number, recorded_at) > ($2, $3::timestamptz) ORDER BY number, recorded_at LIMIT $4
        """

    static let chains = """
        SELECT tenant_id, number, hash, dropped_number, dropped_hash FROM audit_chains
        WHERE $1::uuid IS NULL OR tenant_id = $1 ORDER BY tenant_id
        """

    /// Tenants with entries and no chain: their head was removed.
    static let headless = """
        SELECT t.id FROM unnest(CASE WHEN $1::uuid IS NULL THEN visible_tenants() ELSE ARRAY[$1::uuid] END) AS t (id)
        WHERE NOT EXISTS (SELECT FROM audit_chains c WHERE c.tenant_id = t.id)
            AND (EXISTS (SELECT FROM audit_logs l WHERE l.tenant_id = t.id)
                OR EXISTS (SELECT FROM audit_checkpoints p WHERE p.tenant_id = t.id))
        ORDER BY t.id
        """

    /// The entries at these places of a tenant's trail.
    static let places = """
        SELECT e.* FROM unnest($2::int8[], $3::timestamptz[]) AS p (entry, recorded) CROSS JOIN LATERAL (
            SELECT \(columns) FROM audit_logs WHERE tenant_id = $1 AND number = p.entry AND recorded_at = p.recorded LIMIT 1
        ) AS e ORDER BY e.number DESC
        """

    static func record(_ row: PGRow) throws -> AuditRecord {
        let id: AuditEntryID = try row.need("id") { $0.id() }
        let action = try row.need("action") { $0.text.flatMap(AuditAction.init) }
        let entry = AuditEntry(
            stored: id,
            tenantID: try row.need("tenant_id") { $0.id() },
            origin: AuditOrigin(
                actor: AuditActor(kind: try row.choice("actor_kind"), id: UUID128(row["actor_id"])),
                impersonator: row["impersonator_id"].uuid.map { UUID128(high: $0.high, low: $0.low) },
                address: try row.need("address") { $0.text.flatMap { IPAddress($0) } },
                userAgent: row["user_agent"].text,
                requestID: row["request_id"].text
            ),
            action: action,
            resource: AuditResource(try row.need("resource_type", \.text), row["resource_id"].text),
            outcome: try row.choice("outcome"),
            reason: row["reason"].text,
            old: try value(row, "old_values"),
            new: try value(row, "new_values"),
            time: try row.need("occurred_at", \.time),
            nanosecond: try row.need("occurred_nanoseconds", \.int)
        )
        return AuditRecord(
            entry: entry,
            number: try row.need("number", \.int64),
            recordedAt: try row.need("recorded_at", \.time),
            contentHash: try row.need("content_hash", \.bytes),
            hash: try row.need("hash", \.bytes),
            isErased: try row.need("is_erased", \.bool)
        )
    }

    private static func value(_ row: PGRow, _ column: String) throws -> AuditValue? {
        guard let text = row[column].text else { return nil }
        guard let value = AuditValue(json: Array(text.utf8)) else { throw UnexpectedRow(column: column) }
        return value
    }
}
