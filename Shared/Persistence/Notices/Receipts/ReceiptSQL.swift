/// The statements by which receipts are taken in.
enum ReceiptSQL {
    /// The requests that wait longest; those that another process reads are passed over.
    static let due = """
        SELECT c.tenant_id, c.id, c.provider_id, c.host, c.target, c.headers::text AS headers, c.body, c.received_at, c.attempts,
            p.channel, p.kind, p.settings::text AS settings, p.sealed_secrets, p.row_version
        FROM notice_callbacks c JOIN notice_providers p ON p.tenant_id = c.tenant_id AND p.id = c.provider_id
        WHERE c.next_at <= $1 ORDER BY c.next_at, c.id LIMIT $2 FOR UPDATE OF c SKIP LOCKED
        """

    /// Stores one receipt of the account $1 of the tenant $4: no row where its notice is not known, `moved` where it said something new.
    ///
    /// A notice is known by the account's own name for it, or, where nobody stored one, by its id: then it must be one that the account may
    /// have carried.
    static let take = """
        WITH RECURSIVE named AS (
            SELECT n.tenant_id, n.id FROM notices n WHERE n.provider_id = $1 AND n.provider_message = $2
            UNION
            SELECT n.tenant_id, n.id FROM notices n
            WHERE n.id = $3 AND n.state = 'unknown' AND coalesce(n.provider_id, $1) = $1
        ), line AS (
            SELECT named.tenant_id, named.id, named.tenant_id AS above, 0 AS distance FROM named
            UNION ALL
            SELECT line.tenant_id, line.id, t.parent_id, line.distance + 1 FROM line JOIN tenants t ON t.id = line.above
            WHERE line.distance < 32 AND line.above <> $4
        ), found AS (
            SELECT tenant_id, id FROM line WHERE above = $4 LIMIT 1
        ), moved AS (
            UPDATE notices n SET state = $5, reason = $6, provider_id = $1, provider_message = coalesce(n.provider_message, $2),
                sealed_facts = NULL
            FROM found f WHERE n.tenant_id = f.tenant_id AND n.id = f.id
                AND (n.state IN ('sent', 'unknown') OR n.state = 'delivered' AND $5 = 'complained')
            RETURNING \(NoticeSQL.ended), n.address
        ), told AS (
            INSERT INTO notice_attempts (tenant_id, notice_id, number, provider_id, outcome, reason, at)
            SELECT m.tenant_id, m.id, 1 + coalesce((SELECT max(b.number) FROM notice_attempts b
                WHERE b.tenant_id = m.tenant_id AND b.notice_id = m.id), 0), $1, $5, $6, $7 FROM moved m
        )
        SELECT f.tenant_id, f.id, m.id IS NOT NULL AS moved, m.kind, m.channel, m.recipient_kind, m.recipient_id, m.state, m.reason,
            m.attempts, m.address
        FROM found f LEFT JOIN moved m ON m.tenant_id = f.tenant_id AND m.id = f.id
        """

    /// The older wish stays.
    static let suppress = """
        INSERT INTO notice_suppressions (tenant_id, channel, digest, reason, notice_id, created_at) VALUES ($1, $2, $3, $4, $5::uuid, $6)
        ON CONFLICT DO NOTHING
        """

    static let allow = """
        DELETE FROM notice_suppressions WHERE tenant_id = $1 AND channel = $2 AND digest = $3 AND reason = 'stopped'
        """

    static let remove = """
        DELETE FROM notice_callbacks c USING unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
        WHERE c.tenant_id = k.tenant_id AND c.id = k.id
        """

    static let delay = """
        UPDATE notice_callbacks c SET attempts = attempts + 1, next_at = k.next_at
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS k (tenant_id, id, next_at)
        WHERE c.tenant_id = k.tenant_id AND c.id = k.id
        """
}
