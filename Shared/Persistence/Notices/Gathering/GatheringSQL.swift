/// The statements by which alarms that are held become digests.
enum GatheringSQL {
    /// What is held, one row for each recipient, channel and key, behind the one that is named (all of it with an empty channel); at most
    /// `$5` groups. They are found by stepping from one to the next in `notices_gather`: a storm costs as much as one alarm.
    static let groups = """
        WITH RECURSIVE walk AS (
            (SELECT n.tenant_id, n.recipient_id, n.channel, n.digest_key, n.recipient_kind, n.created_at AS oldest, 1 AS place
             FROM notices n WHERE n.state = 'held' AND n.digest_key IS NOT NULL
                AND (n.tenant_id, n.recipient_id, n.channel, n.digest_key) > ($1, $2, $3, $4)
             ORDER BY n.tenant_id, n.recipient_id, n.channel, n.digest_key, n.created_at LIMIT 1)
            UNION ALL
            SELECT s.*, walk.place + 1 FROM walk CROSS JOIN LATERAL (
                SELECT n.tenant_id, n.recipient_id, n.channel, n.digest_key, n.recipient_kind, n.created_at
                FROM notices n WHERE n.state = 'held' AND n.digest_key IS NOT NULL
                    AND (n.tenant_id, n.recipient_id, n.channel, n.digest_key)
                        > (walk.tenant_id, walk.recipient_id, walk.channel, walk.digest_key)
                ORDER BY n.tenant_id, n.recipient_id, n.channel, n.digest_key, n.created_at LIMIT 1) s
            WHERE walk.place < $5
        )
        SELECT g.*, \(standing) FROM walk g \(standingSources(since: "$6", hour: "$7")) ORDER BY g.place
        """

    /// The same of one group; none where nothing is held in it.
    static let group = """
        SELECT g.*, \(standing) FROM (
            SELECT n.tenant_id, n.recipient_id, n.channel, n.digest_key, n.recipient_kind, n.created_at AS oldest
            FROM notices n WHERE n.state = 'held' AND n.tenant_id = $1 AND n.recipient_id = $2 AND n.channel = $3 AND n.digest_key = $4
            ORDER BY n.created_at LIMIT 1) g \(standingSources(since: "$5", hour: "$6"))
        """

    /// One or more are held; what was told lately; and when it is quiet.
    private static let standing = """
        held.number AS held, told.last_told, told.last_hour, told.first_of_hour, p.quiet_from, p.quiet_until,
            coalesce(p.time_zone, t.settings ->> 'time_zone') AS time_zone
        """

    /// What was dropped just before it was told, or taken back, was not told.
    private static func standingSources(since: String, hour: String) -> String {
        """
        JOIN tenants t ON t.id = g.tenant_id
        CROSS JOIN LATERAL (SELECT count(*) AS number FROM (
            SELECT FROM notices n WHERE n.state = 'held' AND n.tenant_id = g.tenant_id AND n.recipient_id = g.recipient_id
                AND n.channel = g.channel AND n.digest_key = g.digest_key LIMIT 2) few) held
        CROSS JOIN LATERAL (SELECT max(n.released_at) FILTER (WHERE n.digest_key = g.digest_key) AS last_told,
                count(*) FILTER (WHERE n.released_at > \(hour)) AS last_hour,
                min(n.released_at) FILTER (WHERE n.released_at > \(hour)) AS first_of_hour
            FROM notices n WHERE n.tenant_id = g.tenant_id AND n.recipient_id = g.recipient_id AND n.channel = g.channel
                AND n.released_at > \(since) AND n.state NOT IN ('dropped', 'expired', 'cancelled')) told
        LEFT JOIN notice_preferences p ON p.tenant_id = g.tenant_id AND p.recipient_kind = g.recipient_kind
            AND p.recipient_id = g.recipient_id
        """
    }

    /// Of one group one process makes a digest at a time; the others find it told.
    static let lock = "SELECT pg_try_advisory_xact_lock(hashtext('notice_gathering'), hashtext($1)) AS mine"

    /// Ends what is not so any more, and news of an end of which nobody was told the beginning. At most `$6` rows.
    static let drop = """
        WITH stale AS (
            SELECT k.tenant_id, k.id, k.reason FROM (
                SELECT n.tenant_id, n.id, CASE
                    WHEN s.device_id IS NULL THEN 'gone'
                    WHEN s.status = 'unknown' THEN 'not_checked'
                    WHEN s.status <> n.about ->> 'status' THEN 'device_' || s.status || '_again'
                    WHEN s.status = 'online' AND \(lastTold("n.tenant_id", "n.recipient_id", "n.about ->> 'device'", "(n.about ->> 'at')::bigint"))
                        IS DISTINCT FROM 'device_offline' THEN 'never_told'
                    END AS reason
                FROM notices n LEFT JOIN device_status s ON s.tenant_id = n.tenant_id AND s.device_id = (n.about ->> 'device')::uuid
                WHERE n.state = 'held' AND n.tenant_id = $1 AND n.recipient_id = $2 AND n.channel = $3 AND n.digest_key = $4
                    AND n.kind IN ('device_offline', 'device_online')
            ) k WHERE k.reason IS NOT NULL LIMIT $6
        ), mine AS (
            SELECT n.tenant_id, n.id, stale.reason FROM notices n JOIN stale ON stale.tenant_id = n.tenant_id AND stale.id = n.id
            WHERE n.state = 'held'
            FOR UPDATE OF n SKIP LOCKED
        )
        UPDATE notices n SET state = 'dropped', reason = mine.reason, next_at = NULL, ended_at = $5
        FROM mine WHERE n.tenant_id = mine.tenant_id AND n.id = mine.id
        RETURNING \(NoticeSQL.ended)
        """

    /// The kind of the last that somebody was told of a device, of what happened before that moment.
    static func lastTold(_ tenant: String, _ recipient: String, _ device: String, _ at: String) -> String {
        """
        (SELECT o.kind FROM notices o WHERE o.tenant_id = \(tenant) AND o.recipient_id = \(recipient) AND o.about ->> 'device' = \(device)
            AND o.kind IN ('device_offline', 'device_online') AND (o.about ->> 'at')::bigint < \(at)
            AND o.state NOT IN ('queued', 'held', 'sending', 'failed', 'bounced', 'dropped', 'expired', 'cancelled')
            ORDER BY (o.about ->> 'at')::bigint DESC LIMIT 1)
        """
    }

    /// Lets the one that is held go, as itself.
    static let release = """
        WITH one AS (
            SELECT n.tenant_id, n.id FROM notices n WHERE n.state = 'held' AND n.tenant_id = $1 AND n.recipient_id = $2
                AND n.channel = $3 AND n.digest_key = $4 AND n.expires_at > $5 AND n.created_at <= $5
            ORDER BY n.created_at, n.id LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        UPDATE notices n SET state = 'queued', reason = NULL, next_at = $5, released_at = $5
        FROM one WHERE n.tenant_id = one.tenant_id AND n.id = one.id
        """

    /// Ends up to `$7` of those that are held, the oldest first: they are told within that digest. What came since nobody looked at yet.
    static let digest = """
        WITH page AS (
            SELECT n.tenant_id, n.id FROM notices n WHERE n.state = 'held' AND n.tenant_id = $1 AND n.recipient_id = $2
                AND n.channel = $3 AND n.digest_key = $4 AND n.expires_at > $5 AND n.created_at <= $5
            ORDER BY n.created_at, n.id LIMIT $7 FOR UPDATE SKIP LOCKED
        ), done AS (
            UPDATE notices n SET state = 'digested', reason = NULL, next_at = NULL, ended_at = $5, digest_id = $6
            FROM page WHERE n.tenant_id = page.tenant_id AND n.id = page.id
            RETURNING \(NoticeSQL.ended), n.created_at, n.address, n.language, n.about ->> 'device' AS device,
                coalesce(n.facts -> 'device' ->> 'text', n.facts -> 'pool' ->> 'text', n.facts -> 'place' ->> 'text',
                    n.facts -> 'what' ->> 'text', n.facts -> 'endpoint' ->> 'text', n.facts -> 'service' ->> 'text') AS title
        )
        SELECT done.*, d.parent_id FROM done
        LEFT JOIN devices d ON d.tenant_id = done.tenant_id AND d.id = done.device::uuid
        ORDER BY done.created_at, done.id
        """

    /// The digest itself, queued at once.
    static let insert = """
        INSERT INTO notices (tenant_id, id, cause, kind, channel, recipient_kind, recipient_id, address, language, priority, facts, digest_key,
            state, next_at, created_at, expires_at, released_at)
        VALUES ($1, $6, $7, 'digest', $3, $8, $2, $9, $10, $11, $12::jsonb, $4, 'queued', $5, $5, $13, $5)
        """

    /// How much each was told in the last hour, and whether something waits for his budget: by the places of what is asked.
    static let loads = """
        SELECT k.place, (SELECT count(*) FROM notices n WHERE n.tenant_id = k.tenant_id AND n.recipient_id = k.recipient_id
                AND n.channel = k.channel AND n.released_at > $5 AND n.state NOT IN ('dropped', 'expired', 'cancelled')) AS told,
            EXISTS (SELECT FROM notices n WHERE n.state = 'held' AND n.tenant_id = k.tenant_id AND n.recipient_id = k.recipient_id
                AND n.channel = k.channel AND n.digest_key = $4) AS waits
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS k (tenant_id, recipient_id, channel, place)
        """
}
