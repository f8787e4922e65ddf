/// What keeps `sessions` small and true: stale sessions, history, retention, counts. Each works in bounded batches.
enum MaintenanceSQL {
    /// Open sessions of which nothing was heard for `$1`'s time and for three of their plan's interim intervals before
    /// `$2`, the instant up to which the stream is known to be processed.
    static let stale = """
        SELECT s.tenant_id, s.id, s.session_key, s.nas_id, s.last_update_at
        FROM sessions s
        LEFT JOIN services v ON v.tenant_id = s.tenant_id AND v.id = s.service_id
        LEFT JOIN plans p ON p.tenant_id = v.tenant_id AND p.id = v.plan_id
        WHERE s.ended_at IS NULL AND s.last_update_at < $1
          AND s.last_update_at < $2 - 3 * make_interval(secs => coalesce(p.interim_interval_seconds, 300))
        LIMIT $3
        """

    /// Closes what is still open and was not heard of since it was found stale, as of when it was last heard of.
    static let closeStale = """
        UPDATE sessions s SET ended_at = greatest(s.last_update_at, s.started_at), closed_by = 'reaper'
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS k (tenant_id, id, seen)
        WHERE s.tenant_id = k.tenant_id AND s.id = k.id AND s.ended_at IS NULL AND s.last_update_at = k.seen
        RETURNING \(AccountingSQL.columns)
        """

    /// Sessions that ended before `$1`, by tenant, because the index begins with it.
    static let ended = """
        SELECT s.tenant_id, s.id, s.session_key, s.nas_id, s.ended_at
        FROM tenants t CROSS JOIN LATERAL (
            SELECT tenant_id, id, session_key, nas_id, ended_at FROM sessions
            WHERE tenant_id = t.id AND ended_at < $1 ORDER BY ended_at LIMIT $2
        ) AS s
        LIMIT $2
        """

    static let oldestEnded = """
        SELECT min(s.ended_at) FROM tenants t CROSS JOIN LATERAL (
            SELECT ended_at FROM sessions WHERE tenant_id = t.id AND ended_at < $1 ORDER BY ended_at LIMIT 1
        ) AS s
        """

    static let ensurePartitions = "SELECT ensure_session_partitions($1, $2)"
    static let dropPartitions = "SELECT drop_session_partitions($1)"

    static let move = """
        WITH moved AS (
            DELETE FROM sessions s USING unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
            WHERE s.tenant_id = k.tenant_id AND s.id = k.id AND s.ended_at < $3
            RETURNING \(SessionColumns.list(of: "s"))
        )
        INSERT INTO sessions_history (\(SessionColumns.all.joined(separator: ", "))) SELECT * FROM moved
        """

    /// Live sessions by tenant and NAS, from the partial index.
    static let live =
        "SELECT tenant_id, nas_id, count(*) FROM sessions WHERE ended_at IS NULL GROUP BY tenant_id, nas_id"
}
