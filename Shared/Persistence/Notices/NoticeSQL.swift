/// The statements of the queue of notices.
enum NoticeSQL {
    /// Claims what is due of one priority, for that claimer until then. Tenants take turns, from a place that changes with each look ($6):
    /// each of those that have something due and are not among $7 gives its share, the oldest first. A row that another process is claiming is
    /// passed over.
    ///
    /// The tenants are found by stepping from one to the next in `notices_due`, so that one with a million waiting costs one step.
    static let claim = """
        WITH RECURSIVE walk AS (
            (SELECT n.tenant_id, n.next_at, 0 AS turn FROM notices n
             WHERE n.priority = $1::smallint AND n.next_at IS NOT NULL AND (n.state = 'queued' OR n.digest_key IS NULL)
                AND n.tenant_id >= $6 ORDER BY n.tenant_id, n.next_at LIMIT 1)
            UNION ALL
            SELECT s.tenant_id, s.next_at, walk.turn FROM walk CROSS JOIN LATERAL (
                SELECT n.tenant_id, n.next_at FROM notices n
                WHERE n.priority = $1::smallint AND n.next_at IS NOT NULL AND (n.state = 'queued' OR n.digest_key IS NULL)
                    AND n.tenant_id > walk.tenant_id ORDER BY n.tenant_id, n.next_at LIMIT 1) s
        ), round AS (
            (SELECT n.tenant_id, n.next_at FROM notices n
             WHERE n.priority = $1::smallint AND n.next_at IS NOT NULL AND (n.state = 'queued' OR n.digest_key IS NULL)
                AND n.tenant_id < $6 ORDER BY n.tenant_id, n.next_at LIMIT 1)
            UNION ALL
            SELECT s.tenant_id, s.next_at FROM round CROSS JOIN LATERAL (
                SELECT n.tenant_id, n.next_at FROM notices n
                WHERE n.priority = $1::smallint AND n.next_at IS NOT NULL AND (n.state = 'queued' OR n.digest_key IS NULL)
                    AND n.tenant_id > round.tenant_id AND n.tenant_id < $6 ORDER BY n.tenant_id, n.next_at LIMIT 1) s
        ), owners AS MATERIALIZED (
            SELECT tenant_id FROM (
                SELECT tenant_id FROM walk WHERE next_at <= $2
                UNION ALL SELECT tenant_id FROM round WHERE next_at <= $2
            ) both_ways WHERE tenant_id <> ALL ($7::uuid[]) LIMIT $3
        ), chosen AS (
            SELECT c.tenant_id, c.id FROM owners CROSS JOIN LATERAL (
                SELECT n.tenant_id, n.id FROM notices n
                WHERE n.priority = $1::smallint AND n.tenant_id = owners.tenant_id AND n.next_at <= $2
                    AND n.next_at IS NOT NULL AND (n.state = 'queued' OR n.digest_key IS NULL) AND n.expires_at > $2
                ORDER BY n.next_at, n.id
                LIMIT greatest(1, ceil($3::numeric / (SELECT count(*) FROM owners)))::bigint
                FOR UPDATE SKIP LOCKED) c
            LIMIT $3
        )
        UPDATE notices n SET state = 'sending', reason = NULL, next_at = NULL, claimed_by = $4, claimed_until = $5
        FROM chosen WHERE n.tenant_id = chosen.tenant_id AND n.id = chosen.id
        RETURNING n.tenant_id, n.id, n.cause, n.kind, n.channel, n.recipient_kind, n.recipient_id, n.address, n.language, n.priority,
            n.facts::text AS facts, n.sealed_facts, n.about::text AS about, n.digest_key, n.attempts, n.campaign_id, n.created_at,
            n.expires_at
        """

    /// Records what became of notices that this claimer holds, with each time a provider was asked. A notice whose claim lapsed stays as
    /// it ended. Returns those that were recorded.
    static let record = """
        WITH k AS MATERIALIZED (
            SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[],
                $9::uuid[], $10::text[], $11::bigint[], $12::timestamptz[], $13::timestamptz[])
                AS k (tenant_id, id, state, reason, detail, attempts, next_at, provider_id, provider_message, segments, sent_at, ended_at)
        ), done AS (
            UPDATE notices n SET state = k.state, reason = k.reason, detail = k.detail, attempts = k.attempts, next_at = k.next_at,
                claimed_by = NULL, claimed_until = NULL, provider_id = coalesce(k.provider_id, n.provider_id),
                provider_message = k.provider_message, segments = k.segments, sent_at = k.sent_at, ended_at = k.ended_at,
                sealed_facts = CASE WHEN k.state IN ('queued', 'held', 'unknown') THEN n.sealed_facts END
            FROM k WHERE n.tenant_id = k.tenant_id AND n.id = k.id AND n.state = 'sending' AND n.claimed_by = $1
            RETURNING n.tenant_id, n.id
        ), asked AS (
            INSERT INTO notice_attempts (tenant_id, notice_id, number, provider_id, outcome, reason, detail, at)
            SELECT a.tenant_id, a.notice_id, a.ordinal + coalesce((SELECT max(b.number) FROM notice_attempts b
                WHERE b.tenant_id = a.tenant_id AND b.notice_id = a.notice_id), 0), a.provider_id, a.outcome, a.reason, a.detail, a.at
            FROM unnest($14::uuid[], $15::uuid[], $16::bigint[], $17::uuid[], $18::text[], $19::text[], $20::text[], $21::timestamptz[])
                AS a (tenant_id, notice_id, ordinal, provider_id, outcome, reason, detail, at)
            JOIN done ON done.tenant_id = a.tenant_id AND done.id = a.notice_id
        )
        SELECT tenant_id, id FROM done
        """

    /// The tokens of links that were sent are gone.
    static let clear = """
        UPDATE one_time_links l SET sealed_token = NULL FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
        WHERE l.tenant_id = k.tenant_id AND l.id = k.id AND l.sealed_token IS NOT NULL
        """

    /// So are codes that were sent.
    static let clearCodes = """
        UPDATE login_codes c SET sealed_code = NULL FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
        WHERE c.tenant_id = k.tenant_id AND c.id = k.id AND c.sealed_code IS NOT NULL
        """

    /// Whoever claimed them is gone: nobody knows whether they were sent. What another process looks at is passed over.
    static let lapse = """
        WITH lapsed AS (
            SELECT tenant_id, id FROM notices WHERE state = 'sending' AND claimed_until < $1
            ORDER BY claimed_until, id LIMIT $2 FOR UPDATE SKIP LOCKED
        ), done AS (
            UPDATE notices n SET state = 'unknown', reason = 'lapsed', claimed_by = NULL, claimed_until = NULL, ended_at = $1
            FROM lapsed l WHERE n.tenant_id = l.tenant_id AND n.id = l.id
            RETURNING \(ended)
        ), asked AS (
            INSERT INTO notice_attempts (tenant_id, notice_id, number, outcome, reason, at)
            SELECT d.tenant_id, d.id, 1 + coalesce((SELECT max(b.number) FROM notice_attempts b
                WHERE b.tenant_id = d.tenant_id AND b.notice_id = d.id), 0), 'unknown', 'lapsed', $1 FROM done d
        )
        SELECT * FROM done
        """

    /// What is of no use any more, and waited until then.
    static let expire = """
        WITH late AS (
            SELECT tenant_id, id FROM notices WHERE next_at IS NOT NULL AND expires_at <= $1
            ORDER BY expires_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        UPDATE notices n SET state = 'expired', next_at = NULL, sealed_facts = NULL, ended_at = $1
        FROM late l WHERE n.tenant_id = l.tenant_id AND n.id = l.id
        RETURNING \(ended)
        """

    /// What an event of a notice's end tells.
    static let ended = """
        n.tenant_id, n.id, n.kind, n.channel, n.recipient_kind, n.recipient_id, n.state, n.reason, n.attempts
        """

    static let prune = """
        WITH old AS (
            SELECT tenant_id, id FROM notices WHERE ended_at < $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        DELETE FROM notices n USING old WHERE n.tenant_id = old.tenant_id AND n.id = old.id
        """

    /// How much waits, by priority.
    static let depth = """
        SELECT priority::bigint AS priority, count(*) AS waiting FROM notices WHERE next_at IS NOT NULL GROUP BY priority
        """

    /// `tenant` and those above it, nearest first by `distance`; a tree has no more than 32 levels.
    static func line(of tenant: String) -> String {
        """
        line AS (
            SELECT id, parent_id, 0 AS distance FROM tenants WHERE id = \(tenant)
            UNION ALL
            SELECT t.id, t.parent_id, line.distance + 1 FROM tenants t JOIN line ON t.id = line.parent_id WHERE line.distance < 32
        )
        """
    }

    /// Tenants and recipients, of those recipients that there are.
    static let backgrounds = """
        SELECT q.place, t.name, t.settings::text AS settings, coalesce(u.name, c.name) AS recipient, p.time_zone
        FROM unnest($1::uuid[], $2::text[], $3::uuid[]) WITH ORDINALITY AS q (tenant_id, kind, id, place)
        JOIN tenants t ON t.id = q.tenant_id
        LEFT JOIN users u ON q.kind = 'user' AND u.tenant_id = t.id AND u.id = q.id AND u.is_active AND u.deleted_at IS NULL
        LEFT JOIN customers c ON q.kind = 'customer' AND c.tenant_id = t.id AND c.id = q.id AND c.deleted_at IS NULL
            AND c.erased_at IS NULL
        LEFT JOIN notice_preferences p ON p.tenant_id = t.id AND p.recipient_kind = q.kind AND p.recipient_id = q.id
        WHERE q.kind = 'team' OR u.id IS NOT NULL OR c.id IS NOT NULL
        """

    /// The places of addresses that are not written to, by what the tenant knows of them, and those above it of STOP.
    static let suppressed = """
        SELECT q.place FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::boolean[])
            WITH ORDINALITY AS q (tenant_id, channel, digest, category, may_be_refused, place)
        WHERE q.digest IS NOT NULL AND EXISTS (WITH RECURSIVE \(line(of: "q.tenant_id"))
            SELECT FROM line JOIN notice_suppressions s ON s.tenant_id = line.id AND s.channel = q.channel AND s.digest = q.digest
            WHERE CASE line.distance WHEN 0 THEN s.category = q.category
                OR s.category IS NULL AND (q.may_be_refused OR s.reason <> 'unsubscribed') ELSE s.reason = 'stopped' END)
        """

    /// What the tenant $1 says of the kind $2 by the channel $3 in the languages $4.
    static let words = """
        WITH RECURSIVE \(line(of: "$1"))
        SELECT DISTINCT ON (w.language) w.language, w.subject, w.text, w.html
        FROM line JOIN notice_templates w ON w.tenant_id = line.id AND w.kind = $2 AND w.channel = $3 AND w.is_current
            AND w.language = ANY ($4::text[])
        ORDER BY w.language, line.distance
        """

    /// The enabled providers of each tenant's nearest ancestor, or itself, that has any for the channel. What is nearest is found
    /// from the tenant upwards.
    static let roster = """
        WITH RECURSIVE \(line(of: "$1")), nearest AS (
            SELECT line.id, line.parent_id IS NULL AS is_operators FROM line WHERE EXISTS (SELECT FROM notice_providers p
                WHERE p.tenant_id = line.id AND p.channel = $2 AND p.is_enabled)
            ORDER BY line.distance LIMIT 1
        )
        SELECT p.tenant_id, p.id AS provider_id, p.channel, p.kind, p.settings::text AS settings, p.sealed_secrets, p.row_version,
            nearest.is_operators
        FROM nearest JOIN notice_providers p ON p.tenant_id = nearest.id AND p.channel = $2 AND p.is_enabled
        ORDER BY p.position, p.id
        """
}
