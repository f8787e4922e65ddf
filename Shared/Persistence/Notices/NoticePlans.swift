package import Domain
package import Postgres

/// Whom something is told to, with what he and his tenant want.
package struct NoticeAddressee: Hashable, Sendable {
    package var email: String?
    /// As somebody wrote it.
    package var phone: String?
    /// Somebody may sign in and read it there.
    package var hasPages: Bool
    /// His tenant, or one above it, has an account for e-mail; it may be turned off for now.
    package var hasEmail: Bool
    /// A provider of SMS stands there for his tenant.
    package var hasSMS: Bool
    /// One of his devices lets us push to it, and a provider carries that.
    package var hasPush = false
    /// It is a team's, and its tenant has a Slack of its own.
    package var hasSlack = false
    package var language: String?
    package var timeZone: String?
    /// Minutes of the day, half open.
    package var quietFrom: Int?
    package var quietUntil: Int?
    /// Ways in his order; nil for what the rule says.
    package var channels: [String]?
    /// Categories that he does not want.
    package var refused: Set<String>
    /// What the tenant's rule says; on, and the kind's own ways, where it has none.
    package var isRuleOn: Bool
    package var ruleChannels: [String]?

    package init(email: String?) {
        self.email = email
        (hasPages, hasEmail, hasSMS) = (true, true, false)
        refused = []
        isRuleOn = true
    }
}

/// What things are called.
package struct NoticeNames: Hashable, Sendable {
    package var services: [ServiceID: String] = [:]
    package var plans: [PlanID: String] = [:]
    /// What the plan that a service has is called.
    package var plansOfServices: [ServiceID: String] = [:]

    package init() {}
}

/// One row of `notices` that is to be.
package struct PlannedNotice: Hashable, Sendable {
    package var tenantID: TenantID
    package var cause: String
    package var kind: String
    package var channel: String
    package var recipient: NoticeRecipient
    package var address: String?
    package var language: String
    package var priority: Int
    package var facts: String
    package var about: String
    package var heldUntil: Timestamp?
    /// Why it is held.
    package var heldFor = "quiet_hours"
    /// It is gathered with others of that key, which decide when it is told.
    package var digestKey: String?
    /// It is staff's and told as it comes, so that it counts in the budget.
    package var isReleased = false
    /// The announcement that it is part of.
    package var campaignID: CampaignID?
    package var expiresAt: Timestamp

    package init(
        tenantID: TenantID,
        cause: String,
        kind: String,
        channel: String,
        recipient: NoticeRecipient,
        expiresAt: Timestamp
    ) {
        (self.tenantID, self.cause, self.kind, self.channel) = (tenantID, cause, kind, channel)
        (self.recipient, self.expiresAt) = (recipient, expiresAt)
        (language, priority, facts, about) = ("en", 1, "{}", "{}")
    }
}

/// Where what is to be told is written, as the notifier's role.
package final class NoticePlans: Sendable {
    let session: any PGExecutor

    package init(_ session: any PGExecutor) {
        self.session = session
    }

    /// Users who may sign in and customers who are there, each with his wishes and the tenant's rule for that kind, by their places in
    /// what is asked.
    package func addressees(
        _ asked: [(tenant: TenantID, recipient: NoticeRecipient, kind: String)]
    ) async throws(StorageFault) -> [Int: NoticeAddressee] {
        guard !asked.isEmpty else { return [:] }
        return try await guardedRows {
            var found: [Int: NoticeAddressee] = [:]
            for row in try await session.query(
                Self.lookUp,
                [
                    .uuids(asked.map(\.tenant.value)), .textArray(asked.map(\.recipient.kind)),
                    .uuids(asked.map(\.recipient.id)), .textArray(asked.map(\.kind)),
                ]
            ) {
                var addressee = NoticeAddressee(email: row["email"].text)
                addressee.phone = row["phone"].text
                addressee.hasPages = try row.need("has_pages", \.bool)
                addressee.hasEmail = try row.need("has_email", \.bool)
                addressee.hasSMS = try row.need("has_sms", \.bool)
                addressee.hasPush = try row.need("has_push", \.bool)
                addressee.hasSlack = try row.need("has_slack", \.bool)
                addressee.language = row["language"].text
                addressee.timeZone = row["time_zone"].text
                addressee.quietFrom = row["quiet_from"].int
                addressee.quietUntil = row["quiet_until"].int
                addressee.channels = row["channels"].textArray?.compactMap { $0 }
                addressee.refused = Set(try row.need("refused", \.textArray).compactMap { $0 })
                addressee.isRuleOn = try row.need("is_enabled", \.bool)
                addressee.ruleChannels = row["rule_channels"].textArray?.compactMap { $0 }
                found[try row.need("place", \.int) - 1] = addressee
            }
            return found
        }
    }

    /// What carries words is asked for once for each tenant, and not for each of thousands of customers.
    private static let lookUp = """
        WITH RECURSIVE k AS MATERIALIZED (
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[]) WITH ORDINALITY
                AS k (tenant_id, recipient_kind, recipient_id, kind, place)
        ), line AS (
            SELECT DISTINCT k.tenant_id AS asker, k.tenant_id AS id, 0 AS distance FROM k
            UNION ALL
            SELECT line.asker, w.parent_id, line.distance + 1 FROM line JOIN tenants w ON w.id = line.id
            WHERE w.parent_id IS NOT NULL AND line.distance < 32
        ), carried AS MATERIALIZED (
            SELECT line.asker, coalesce(bool_or(s.channel = 'email'), false) AS email,
                coalesce(bool_or(s.channel = 'sms' AND s.is_enabled), false) AS sms,
                coalesce(bool_or(s.channel = 'push' AND s.is_enabled), false) AS push,
                coalesce(bool_or(s.channel = 'slack' AND s.is_enabled AND line.distance = 0), false) AS slack
            FROM line LEFT JOIN notice_providers s ON s.tenant_id = line.id GROUP BY line.asker
        )
        SELECT k.place, coalesce(u.email, c.email) AS email, nullif(c.phone, '') AS phone,
            u.id IS NOT NULL OR EXISTS (SELECT FROM users v WHERE v.tenant_id = k.tenant_id AND v.customer_id = c.id
                AND v.is_active AND v.deleted_at IS NULL) AS has_pages,
            carried.email AS has_email, carried.sms AS has_sms, carried.push AND EXISTS (
                SELECT FROM push_tokens d JOIN users v ON v.tenant_id = d.tenant_id AND v.id = d.recipient_id AND v.is_active
                    AND v.deleted_at IS NULL
                WHERE d.tenant_id = k.tenant_id AND d.recipient_kind = 'user' AND (v.id = u.id OR v.customer_id = c.id)) AS has_push,
            k.recipient_kind = 'team' AND carried.slack AS has_slack,
            p.language, coalesce(p.time_zone, t.settings ->> 'time_zone') AS time_zone, p.quiet_from, p.quiet_until, p.channels,
            coalesce(p.refused, '{}') AS refused, coalesce(r.is_enabled, true) AS is_enabled, r.channels AS rule_channels
        FROM k JOIN carried ON carried.asker = k.tenant_id JOIN tenants t ON t.id = k.tenant_id
        LEFT JOIN users u ON k.recipient_kind = 'user' AND u.tenant_id = k.tenant_id AND u.id = k.recipient_id AND u.is_active
            AND u.deleted_at IS NULL
        LEFT JOIN customers c ON k.recipient_kind = 'customer' AND c.tenant_id = k.tenant_id AND c.id = k.recipient_id
            AND c.deleted_at IS NULL AND c.erased_at IS NULL
        LEFT JOIN notice_preferences p ON p.tenant_id = k.tenant_id AND p.recipient_kind = k.recipient_kind
            AND p.recipient_id = k.recipient_id
        LEFT JOIN notice_rules r ON r.tenant_id = k.tenant_id AND r.kind = k.kind
        WHERE u.id IS NOT NULL OR c.id IS NOT NULL OR k.recipient_kind = 'team'
        """

    /// What services are called by their subscribers, and what plans are called.
    package func names(
        services: [(tenant: TenantID, id: ServiceID)],
        plans: [(tenant: TenantID, id: PlanID)]
    ) async throws(StorageFault) -> NoticeNames {
        try await guardedRows {
            var names = NoticeNames()
            if !services.isEmpty {
                for row in try await session.query(
                    """
                    SELECT v.id, v.username, p.name AS plan FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
                    JOIN services v ON v.tenant_id = k.tenant_id AND v.id = k.id
                    LEFT JOIN plans p ON p.tenant_id = v.tenant_id AND p.id = v.plan_id
                    """,
                    [.uuids(services.map(\.tenant.value)), .uuids(services.map(\.id.value))]
                ) {
                    let id: ServiceID = try row.need("id") { $0.id() }
                    names.services[id] = try row.need("username", \.text)
                    names.plansOfServices[id] = row["plan"].text
                }
            }
            if !plans.isEmpty {
                for row in try await session.query(
                    """
                    SELECT p.id, p.name FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
                    JOIN plans p ON p.tenant_id = k.tenant_id AND p.id = k.id
                    """,
                    [.uuids(plans.map(\.tenant.value)), .uuids(plans.map(\.id.value))]
                ) {
                    names.plans[try row.need("id") { $0.id() }] = try row.need("name", \.text)
                }
            }
            return names
        }
    }

    /// Writes them in one commit. What stands there already, told of before, stays as it is. Returns how many are new.
    @discardableResult
    package func write(_ planned: [PlannedNotice], at now: Timestamp) async throws(StorageFault) -> Int {
        guard !planned.isEmpty else { return 0 }
        return try await guarded {
            try await self.session.query(
                """
                INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, priority, facts,
                    about, state, reason, next_at, created_at, expires_at, digest_key, released_at,
                    campaign_id)
                SELECT k.tenant_id, k.cause, k.kind, k.channel, k.recipient_kind, k.recipient_id, k.address, k.language, k.priority, k.facts::jsonb,
                    k.about::jsonb, CASE WHEN k.held_until IS NULL THEN 'queued' ELSE 'held' END,
                    CASE WHEN k.held_until IS NOT NULL THEN k.held_for END, coalesce(k.held_until, $1), $1, k.expires_at, k.digest_key,
                    CASE WHEN k.is_released THEN coalesce(k.held_until, $1) END, k.campaign_id
                FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::text[],
                    $10::bigint[], $11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[], $17::bool[],
                    $18::uuid[])
                    AS k (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, priority, facts, about,
                        held_until, expires_at, held_for, digest_key, is_released, campaign_id)
                WHERE k.expires_at > $1
                ON CONFLICT DO NOTHING
                """,
                [
                    .time(now), .uuids(planned.map(\.tenantID.value)), .textArray(planned.map(\.cause)),
                    .textArray(planned.map(\.kind)), .textArray(planned.map(\.channel)),
                    .textArray(planned.map(\.recipient.kind)), .uuids(planned.map(\.recipient.id)),
                    .textArray(planned.map(\.address)),
                    .textArray(planned.map(\.language)), .int8Array(planned.map { Int64($0.priority) }),
                    .textArray(planned.map(\.facts)), .textArray(planned.map(\.about)),
                    .timestamptzArray(planned.map { $0.heldUntil?.microseconds }),
                    .timestamptzArray(planned.map(\.expiresAt.microseconds)),
                    .textArray(planned.map(\.heldFor)), .textArray(planned.map(\.digestKey)),
                    .boolArray(planned.map(\.isReleased)), .uuids(planned.map { $0.campaignID?.value }),
                ]
            ).affectedRows
        }
    }
}
