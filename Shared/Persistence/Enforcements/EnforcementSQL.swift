import Domain
import Postgres

/// The statements of ``EnforcementStore``. Each takes arrays, one element per row.
enum EnforcementSQL {
    /// The first half of the two-number lock of whoever carries orders out.
    static let lockClass: Int32 = 0x454E

    /// The columns of an order under the alias `e`.
    static let columns = """
        e.tenant_id, e.id, e.kind, e.cause, e.nas_id, e.session_id, e.admission_id, e.service_id, e.operation_id, \
        e.correlation_id, e.traceparent, e.requested_at, e.stored_at, e.state, e.reason, e.error_cause, e.attempts, e.sent_at, \
        e.answered_at, e.ended_at, e.next_at, e.goal_digest, e.goal_source, e.goal_speeds, e.before_speeds, e.way, e.base_at, \
        e.base_octets, e.base_seconds, e.goal_ends_at, e.before_ends_at
        """

    /// Orders of tenants that are gone are passed over.
    static let insert = """
        INSERT INTO enforcements (tenant_id, id, kind, cause, nas_id, session_id, admission_id, service_id, operation_id,
            correlation_id, traceparent, requested_at, stored_at, state, next_at)
        SELECT k.tenant_id, k.id, k.kind, k.cause, k.nas_id, k.session_id, k.admission_id, k.service_id, k.operation_id,
            k.correlation_id, k.traceparent, k.requested_at, k.stored_at, 'pending', k.stored_at
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[], $9::uuid[],
                $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[])
            AS k (tenant_id, id, kind, cause, nas_id, session_id, admission_id, service_id, operation_id, correlation_id,
                traceparent, requested_at, stored_at)
        JOIN tenants t ON t.id = k.tenant_id
        ON CONFLICT (tenant_id, id) DO NOTHING RETURNING tenant_id, id
        """

    /// The orders under way that meet new ones, by whom those are about, the oldest first. Of two that both name their session the
    /// sessions decide, else the admissions.
    static let meetings = """
        SELECT k.place::bigint AS place, \(columns)
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS k (tenant_id, session_id, admission_id, place)
        CROSS JOIN LATERAL (
            SELECT * FROM enforcements WHERE tenant_id = k.tenant_id AND session_id = k.session_id AND ended_at IS NULL
            UNION ALL
            SELECT * FROM enforcements WHERE tenant_id = k.tenant_id AND admission_id = k.admission_id AND ended_at IS NULL
                AND (session_id IS NULL OR k.session_id IS NULL)) e
        WHERE e.joined_id IS NULL AND e.id <> ALL ($4::uuid[])
        ORDER BY e.stored_at, e.id
        """

    static let join = """
        UPDATE enforcements e SET joined_id = k.joined_id
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS k (tenant_id, id, joined_id)
        WHERE e.tenant_id = k.tenant_id AND e.id = k.id AND e.ended_at IS NULL
        """

    /// One that joined another waits for that one, as long as there is one.
    private static let isItsOwn = """
        NOT EXISTS (SELECT FROM enforcements l WHERE l.tenant_id = e.tenant_id AND l.id = e.joined_id AND l.ended_at IS NULL)
        """

    static let due = """
        SELECT e.tenant_id, e.id FROM enforcements e
        WHERE e.ended_at IS NULL AND e.next_at <= $1 AND \(isItsOwn) ORDER BY e.next_at LIMIT $2
        """

    /// Those that a process had sent which is no more.
    static let sent = """
        SELECT e.tenant_id, e.id FROM enforcements e
        WHERE e.ended_at IS NULL AND e.state = 'sent' AND \(isItsOwn) ORDER BY e.next_at LIMIT $1
        """

    /// Those that wait, for the NAS or for proof, and whose session ended.
    static let over = """
        SELECT e.tenant_id, e.id FROM enforcements e JOIN sessions s ON s.tenant_id = e.tenant_id AND s.id = e.session_id
        WHERE e.ended_at IS NULL AND e.state <> 'sent' AND s.ended_at IS NOT NULL AND \(isItsOwn) LIMIT $1
        """

    /// What is needed to carry orders out: their sessions as they are now, their NASes, and what those taught since.
    static let targets = """
        SELECT \(columns),
            s.id AS live_id, s.service_id AS live_service_id, s.username, s.acct_session_id, s.calling_station_id, s.nas_port,
            s.nas_port_id, host(s.framed_ipv4) AS framed_ipv4, host(s.nas_address) AS nas_address, s.last_update_at, s.ended_at AS live_ended_at,
            s.input_octets, s.output_octets, s.session_seconds,
            n.id AS found_nas_id, n.address::text AS address, n.identifier, n.vendor, n.coa_port, n.secret, l.lessons, l.learned
        FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
        JOIN enforcements e ON e.tenant_id = k.tenant_id AND e.id = k.id AND e.ended_at IS NULL
        LEFT JOIN LATERAL (
            SELECT * FROM sessions WHERE tenant_id = e.tenant_id AND id = e.session_id
            UNION ALL
            (SELECT * FROM sessions WHERE e.session_id IS NULL AND tenant_id = e.tenant_id AND admission_id = e.admission_id
                ORDER BY ended_at IS NOT NULL, started_at DESC LIMIT 1)) s ON true
        LEFT JOIN nas_devices n ON n.tenant_id = e.tenant_id AND n.id = e.nas_id
        LEFT JOIN LATERAL (
            SELECT array_agg(c.lesson) AS lessons, array_agg(c.learned_at) AS learned FROM nas_capabilities c
            WHERE c.tenant_id = e.tenant_id AND c.nas_id = e.nas_id AND c.learned_at > $3) l ON true
        """

    static let write = """
        UPDATE enforcements e SET state = k.state, reason = k.reason, error_cause = k.error_cause, attempts = k.attempts,
            session_id = coalesce(e.session_id, k.session_id), service_id = coalesce(e.service_id, k.service_id),
            sent_at = k.sent_at, answered_at = k.answered_at, ended_at = k.ended_at, next_at = k.next_at,
            trials = CASE WHEN jsonb_array_length(e.trials) < 50 THEN e.trials || k.trials::jsonb ELSE e.trials END,
            goal_digest = k.goal_digest, goal_source = k.goal_source, goal_speeds = k.goal_speeds::bigint[],
            before_speeds = k.before_speeds::bigint[], way = k.way, base_at = k.base_at, base_octets = k.base_octets::bigint[],
            base_seconds = k.base_seconds, goal_ends_at = k.goal_ends_at, before_ends_at = k.before_ends_at
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::uuid[], $8::uuid[],
                $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::bigint[],
                $15::text[], $16::text[], $17::text[], $18::text[], $19::timestamptz[], $20::text[], $21::bigint[],
                $22::timestamptz[], $23::timestamptz[])
            AS k (tenant_id, id, state, reason, error_cause, attempts, session_id, service_id, sent_at, answered_at, ended_at,
                next_at, trials, goal_digest, goal_source, goal_speeds, before_speeds, way, base_at, base_octets, base_seconds,
                goal_ends_at, before_ends_at)
        WHERE e.tenant_id = k.tenant_id AND e.id = k.id AND e.ended_at IS NULL
        RETURNING e.tenant_id, e.id
        """

    /// Those that joined orders which have ended.
    static let followers = """
        SELECT \(columns), e.joined_id FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
        JOIN enforcements e ON e.tenant_id = k.tenant_id AND e.joined_id = k.id AND e.ended_at IS NULL
        """

    static let begin = """
        UPDATE operations o SET state = 'running' FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
        WHERE o.tenant_id = k.tenant_id AND o.id = k.id AND o.state = 'pending'
        """

    static let conclude = """
        UPDATE operations o SET state = k.state, outcome = k.outcome
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS k (tenant_id, id, state, outcome)
        WHERE o.tenant_id = k.tenant_id AND o.id = k.id AND o.state IN ('pending', 'running')
        """

    /// Of NASes that are still there.
    static let learn = """
        INSERT INTO nas_capabilities (tenant_id, nas_id, lesson, learned_at)
        SELECT k.tenant_id, k.nas_id, k.lesson, max(k.learned_at)
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) AS k (tenant_id, nas_id, lesson, learned_at)
        JOIN nas_devices n ON n.tenant_id = k.tenant_id AND n.id = k.nas_id
        GROUP BY k.tenant_id, k.nas_id, k.lesson ORDER BY k.tenant_id, k.nas_id, k.lesson
        ON CONFLICT (tenant_id, nas_id, lesson) DO UPDATE SET learned_at = excluded.learned_at
        WHERE nas_capabilities.learned_at < excluded.learned_at
        """

    static let unlearn = """
        DELETE FROM nas_capabilities c USING unnest($1::uuid[], $2::uuid[], $3::text[]) AS k (tenant_id, nas_id, lesson)
        WHERE c.tenant_id = k.tenant_id AND c.nas_id = k.nas_id AND c.lesson = k.lesson
        """

    /// How many are not answered yet, and since when the oldest of them.
    static let figures = """
        SELECT count(*) AS waiting, min(stored_at) AS oldest FROM enforcements
        WHERE ended_at IS NULL AND state IN ('pending', 'sent')
        """

    static let forget = """
        DELETE FROM enforcements WHERE (tenant_id, id) IN (
            SELECT tenant_id, id FROM enforcements WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)
        """
    static let forgetLessons = "DELETE FROM nas_capabilities WHERE learned_at < $1"

    /// An order as a row of `columns` holds it.
    static func order(_ row: PGRow) throws -> EnforcementOrder {
        let order = EnforcementOrder(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            kind: try row.choice("kind"),
            cause: try row.choice("cause"),
            nasID: try row.need("nas_id") { $0.id() },
            sessionID: row["session_id"].id(),
            admissionID: row["admission_id"].id(),
            serviceID: row["service_id"].id(),
            operationID: row["operation_id"].uuid.map { UUID128(high: $0.high, low: $0.low) },
            correlationID: row["correlation_id"].text,
            traceparent: row["traceparent"].text,
            requestedAt: try row.need("requested_at", \.time),
            storedAt: try row.need("stored_at", \.time)
        )
        return order.standing(
            EnforcementOrder.Standing(
                state: try row.choice("state"),
                reason: row["reason"].text.flatMap(EnforcementReason.init),
                errorCause: row["error_cause"].int64.map { UInt32(clamping: $0) },
                attempts: try row.need("attempts", \.int),
                sentAt: row["sent_at"].time,
                answeredAt: row["answered_at"].time,
                endedAt: row["ended_at"].time,
                nextAt: row["next_at"].time,
                goal: try goal(row),
                way: row["way"].text.flatMap(EnforcementKind.init),
                base: try base(row)
            )
        )
    }

    private static func goal(_ row: PGRow) throws -> EnforcementGoal? {
        guard let digest = row["goal_digest"].int64 else { return nil }
        let source: TermsSource = try row.choice("goal_source")
        let before = try SessionTermsRow.numbers(row, "before_speeds", count: 2)
        return EnforcementGoal(
            terms: SessionTerms(
                digest: TermsDigest(rawValue: UInt64(bitPattern: digest)),
                isConfined: source == .garden,
                source: source,
                speeds: try SessionTermsRow.speeds(row, "goal_speeds")
            ),
            before: before.map { SpeedPair(download: $0[0], upload: $0[1]) },
            end: end(row)
        )
    }

    private static func end(_ row: PGRow) -> EnforcementGoal.End? {
        guard let at = row["goal_ends_at"].time, let before = row["before_ends_at"].time else { return nil }
        return EnforcementGoal.End(at: at, before: before)
    }

    private static func base(_ row: PGRow) throws -> SessionMeter? {
        guard let at = row["base_at"].time, let octets = try SessionTermsRow.numbers(row, "base_octets", count: 2)
        else {
            return nil
        }
        return SessionMeter(
            at: at,
            octets: SessionOctets(input: octets[0], output: octets[1]),
            seconds: row["base_seconds"].int64
        )
    }
}
