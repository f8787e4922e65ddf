/// The statements that tell what live sessions have and should have.
enum TermsSQL {
    /// Attributes that say a speed, by the names that operators write: where one of their own says it, nothing here does.
    private static let speedAttributes = """
        ARRAY['Mikrotik-Rate-Limit', 'WISPr-Bandwidth-Max-Up', 'WISPr-Bandwidth-Max-Down', 'WISPr-Bandwidth-Min-Up', \
        'WISPr-Bandwidth-Min-Down', 'Cisco-Account-Info', 'Huawei-Input-Average-Rate', 'Huawei-Input-Peak-Rate', \
        'Huawei-Output-Average-Rate', 'Huawei-Output-Peak-Rate', 'ERX-CoS-Shaping-Pmt-Type', 'Alc-Subscriber-QoS-Override', \
        'ChilliSpot-Bandwidth-Max-Up', 'ChilliSpot-Bandwidth-Max-Down']
        """

    private static func saysSpeed(_ owner: String, _ id: String) -> String {
        """
        EXISTS (SELECT FROM \(owner)_reply_attributes r WHERE r.tenant_id = s.tenant_id AND r.\(owner)_id = \(id) \
        AND (r.vendor IS NULL OR r.vendor = n.vendor) AND r.name = ANY (\(speedAttributes)))
        """
    }

    /// What is read of each live session under the alias `s`, picked by `picked`. Sessions without a service are nobody's
    /// business here. An order that is under way, but for a change that waits for its proof, is `is_busy`.
    private static func live(_ picked: String) -> String {
        """
        SELECT s.tenant_id, s.id, s.nas_id, s.service_id, s.started_at, t.is_active AS tenant_active,
            (t.settings ->> 'walled_garden_plan')::uuid AS garden_id, t.settings ->> 'time_zone' AS zone,
            v.id AS found_service_id, v.status, v.plan_id, v.expires_at, v.restriction, v.restricted_position,
            v.restricted_until, v.boost_plan_id, v.boosted_until, p.session_timeout_seconds, n.vendor,
            CASE WHEN c.deleted_at IS NULL THEN c.status ELSE 'terminated' END AS customer_status,
            o.digest, o.is_confined, o.source, o.speeds, o.evidence, o.refused_digest, o.refused_at,
            o.refusals, o.ends_at,
            EXISTS (SELECT FROM nas_capabilities l WHERE l.tenant_id = s.tenant_id AND l.nas_id = s.nas_id
                AND l.lesson IN ('cannot-change:timeout', 'takes-no-change')) AS keeps_end,
            \(saysSpeed("nas", "s.nas_id")) AS nas_says_speed, \(saysSpeed("service", "s.service_id")) AS service_says_speed,
            \(saysSpeed("plan", "v.plan_id")) AS plan_says_speed, \(saysSpeed("plan", "v.boost_plan_id")) AS boost_says_speed,
            \(saysSpeed("plan", "(t.settings ->> 'walled_garden_plan')::uuid")) AS garden_says_speed,
            greatest(v.updated_at, p.updated_at, c.updated_at) > s.started_at AS may_be_old, x.causes, x.ends,
            EXISTS (SELECT FROM enforcements e WHERE e.tenant_id = s.tenant_id AND e.session_id = s.id AND e.ended_at IS NULL
                AND (e.kind = 'disconnect' OR e.state <> 'acknowledged' OR e.way = 'disconnect')) AS is_busy
        FROM \(picked)
        JOIN tenants t ON t.id = s.tenant_id
        LEFT JOIN nas_devices n ON n.tenant_id = s.tenant_id AND n.id = s.nas_id
        LEFT JOIN services v ON v.tenant_id = s.tenant_id AND v.id = s.service_id
        LEFT JOIN plans p ON p.tenant_id = v.tenant_id AND p.id = v.plan_id
        LEFT JOIN customers c ON c.tenant_id = v.tenant_id AND c.id = v.customer_id
        LEFT JOIN session_terms o ON o.tenant_id = s.tenant_id AND o.session_id = s.id
        LEFT JOIN LATERAL (
            SELECT array_agg(e.cause) AS causes, array_agg(e.ended_at) AS ends FROM enforcements e
            WHERE e.tenant_id = s.tenant_id AND e.service_id = s.service_id AND e.ended_at > $1 - interval '1 hour'
                AND e.state = 'confirmed' AND (e.kind = 'disconnect' OR e.way = 'disconnect')) x ON true
        WHERE s.ended_at IS NULL AND s.service_id IS NOT NULL
        """
    }

    static let bySession = live(
        "unnest($2::uuid[], $3::uuid[]) AS k (tenant_id, id) JOIN sessions s ON s.tenant_id = k.tenant_id AND s.id = k.id"
    )
    static let byService = live(
        """
        (SELECT DISTINCT * FROM unnest($2::uuid[], $3::uuid[])) AS k (tenant_id, id)
        JOIN sessions s ON s.tenant_id = k.tenant_id AND s.service_id = k.id
        """
    )

    /// A NAS's live sessions after one of them, in the order of their ids.
    static let byNAS =
        live("sessions s") + " AND s.tenant_id = $2 AND s.nas_id = $3 AND s.id > $4 ORDER BY s.id LIMIT $5"

    /// The services of customers, of plans, and of whole tenants.
    static let servicesOfCustomers = """
        SELECT v.tenant_id, v.id FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
        JOIN services v ON v.tenant_id = k.tenant_id AND v.customer_id = k.id
        """
    /// Those with a live session alone: a plan may have a hundred thousand others.
    static let servicesOfPlans = """
        SELECT DISTINCT v.tenant_id, v.id FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
        JOIN services v ON v.tenant_id = k.tenant_id AND (v.plan_id = k.id OR v.boost_plan_id = k.id)
        WHERE EXISTS (SELECT FROM sessions s WHERE s.tenant_id = v.tenant_id AND s.service_id = v.id AND s.ended_at IS NULL)
        """

    /// Where sessions are live, and how many.
    static let liveCounts = """
        SELECT s.tenant_id, s.nas_id, count(*) AS sessions FROM sessions s WHERE s.ended_at IS NULL GROUP BY 1, 2
        """
    static let liveNASesOfTenants = """
        SELECT s.tenant_id, s.nas_id FROM sessions s WHERE s.tenant_id = ANY ($1::uuid[]) AND s.ended_at IS NULL GROUP BY 1, 2
        """

    /// Plans with all that they may be, as radius-server reads them: a profile counts as a whole where the plan has one.
    static let plans = """
        SELECT p.id, coalesce(b.download_bps, p.download_bps) AS download_bps, coalesce(b.upload_bps, p.upload_bps) AS upload_bps,
            CASE WHEN b.id IS NULL AND NOT coalesce(a.burst_enabled, false) THEN NULL
                ELSE \(shaping("burst_download_bps")) END AS burst_download_bps,
            \(shaping("burst_upload_bps")) AS burst_upload_bps,
            \(shaping("threshold_download_bps")) AS threshold_download_bps,
            \(shaping("threshold_upload_bps")) AS threshold_upload_bps, \(shaping("burst_seconds")) AS burst_seconds,
            coalesce(b.priority, a.priority, 8) AS priority, \(shaping("guaranteed_download_bps")) AS guaranteed_download_bps,
            \(shaping("guaranteed_upload_bps")) AS guaranteed_upload_bps,
            CASE WHEN b.id IS NULL THEN \(SpeedColumns.windows("plan_speed_windows", "plan_id", of: "p"))
                ELSE \(SpeedColumns.windows("bandwidth_profile_windows", "profile_id", of: "b")) END AS windows,
            (SELECT string_agg(concat_ws(',', q.position, q.throttle_download_bps, q.throttle_upload_bps), ';' ORDER BY q.position)
                FROM plan_quotas q WHERE q.tenant_id = p.tenant_id AND q.plan_id = p.id AND q.policy = 'throttle') AS throttles
        FROM plans p
        LEFT JOIN plan_advanced_settings a ON a.tenant_id = p.tenant_id AND a.plan_id = p.id
        LEFT JOIN bandwidth_profiles b ON b.tenant_id = p.tenant_id AND b.id = p.bandwidth_profile_id
        WHERE p.id = ANY ($1::uuid[])
        """

    private static func shaping(_ column: String) -> String {
        SpeedColumns.shaping(column, profile: "b", settings: "a")
    }

    /// What a login said wins over what was presumed, and never over what was changed since. A change that says nothing of the
    /// session's end leaves it.
    static let grant = """
        INSERT INTO session_terms (tenant_id, session_id, nas_id, digest, is_confined, source, speeds, evidence, since, ends_at)
        SELECT k.tenant_id, k.session_id, k.nas_id, k.digest, k.is_confined, k.source,
            CASE WHEN k.download IS NOT NULL THEN ARRAY[k.download, k.upload, k.guaranteed_download, k.guaranteed_upload,
                k.most_download, k.most_upload] END,
            k.evidence, $14, k.ends_at
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::boolean[], $6::text[], $7::bigint[], $8::bigint[],
                $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[],
                $15::timestamptz[])
            AS k (tenant_id, session_id, nas_id, digest, is_confined, source, download, upload, guaranteed_download,
                guaranteed_upload, most_download, most_upload, evidence, ends_at)
        JOIN tenants t ON t.id = k.tenant_id
        ON CONFLICT (tenant_id, session_id) DO UPDATE SET digest = excluded.digest, is_confined = excluded.is_confined,
            source = excluded.source, speeds = excluded.speeds, evidence = excluded.evidence, since = excluded.since,
            ends_at = CASE WHEN excluded.evidence = 'changed' THEN coalesce(excluded.ends_at, session_terms.ends_at)
                ELSE excluded.ends_at END,
            refused_digest = NULL, refused_at = NULL, refusals = 0
        WHERE excluded.evidence = 'changed' OR session_terms.digest IS NULL OR (session_terms.evidence = 'presumed' AND excluded.evidence = 'granted')
        """

    /// When sessions end by themselves, as their NASes acknowledged it.
    static let move = """
        UPDATE session_terms o SET ends_at = k.ends_at, refused_digest = NULL, refused_at = NULL, refusals = 0
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS k (tenant_id, session_id, ends_at)
        WHERE o.tenant_id = k.tenant_id AND o.session_id = k.session_id
        """

    /// What a NAS would not give a session.
    static let refuse = """
        INSERT INTO session_terms (tenant_id, session_id, nas_id, is_confined, evidence, since, refused_digest, refused_at, refusals)
        SELECT k.tenant_id, k.session_id, k.nas_id, false, 'presumed', $5, k.digest, $5, 1
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[]) AS k (tenant_id, session_id, nas_id, digest)
        JOIN tenants t ON t.id = k.tenant_id
        ON CONFLICT (tenant_id, session_id) DO UPDATE SET refused_digest = excluded.refused_digest, refused_at = excluded.refused_at,
            refusals = CASE WHEN session_terms.refused_digest = excluded.refused_digest THEN least(session_terms.refusals + 1, 30)
                ELSE 1 END
        """

    /// Of sessions that are over, or long gone.
    static let forget = """
        DELETE FROM session_terms o WHERE NOT EXISTS (SELECT FROM sessions s
            WHERE s.tenant_id = o.tenant_id AND s.id = o.session_id AND (s.ended_at IS NULL OR s.ended_at > $1))
        """
}
