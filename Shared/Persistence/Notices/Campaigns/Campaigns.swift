package import Domain
import Postgres

/// Which announcements are listed; nil leaves a member open.
package struct CampaignFilter: Hashable, Sendable {
    package var tenantID: TenantID?
    package var state: CampaignState?

    package init() {}
}

/// Whom an announcement is for, before it is started.
package struct CampaignAudience: Hashable, Sendable {
    package var recipients: Int64
    /// Of them, who refuse news, and who have no e-mail address.
    package var refusing: Int64
    package var withoutEmail: Int64
}

/// One of them, to show how it reads.
package struct CampaignSample: Hashable, Sendable {
    package var customerID: CustomerID
    package var name: String
    package var email: String?
    package var phone: String?
    package var language: String?
    package var timeZone: String?
}

/// The announcements of one scope.
package struct Campaigns {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) { self.transaction = transaction }

    /// Up to `limit`, the newest first, behind the one named.
    package func list(_ filter: CampaignFilter, after: CampaignID?, limit: Int) async throws -> [Campaign] {
        try await transaction.query(
            """
            SELECT \(CampaignRows.columns) FROM campaigns c
            WHERE ($1::uuid IS NULL OR c.tenant_id = $1) AND ($2::text IS NULL OR c.state = $2) AND ($3::uuid IS NULL OR c.id < $3)
            ORDER BY c.id DESC LIMIT $4
            """,
            [.id(filter.tenantID), .text(filter.state?.rawValue), .id(after), .int8(Int64(limit))]
        ).map(CampaignRows.campaign)
    }

    /// The one of that id; nil where there is none in sight.
    package func find(_ id: CampaignID, forUpdate: Bool = false) async throws -> Campaign? {
        try await transaction.query(
            "SELECT \(CampaignRows.columns) FROM campaigns c WHERE c.id = $1" + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(CampaignRows.campaign)
    }

    /// Stores a draft.
    package func insert(_ campaign: Campaign) async throws -> Campaign {
        try await one(
            """
            INSERT INTO campaigns AS c (tenant_id, id, name, language, texts, url, channels, statuses, plan_ids, tags, per_minute, starts_at,
                created_by)
            VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11::integer, $12, $13) RETURNING \(CampaignRows.columns)
            """,
            Self.draft(campaign) + [.uuid(high: campaign.createdBy.high, low: campaign.createdBy.low)]
        )
    }

    /// Stores what is changed of a draft that was locked.
    package func update(_ campaign: Campaign) async throws -> Campaign {
        try await one(
            """
            UPDATE campaigns c SET name = $3, language = $4, texts = $5::jsonb, url = $6, channels = $7, statuses = $8, plan_ids = $9,
                tags = $10, per_minute = $11::integer, starts_at = $12
            WHERE c.tenant_id = $1 AND c.id = $2 AND c.state = 'draft' RETURNING \(CampaignRows.columns)
            """,
            Self.draft(campaign)
        )
    }

    private static func draft(_ campaign: Campaign) -> [PGValue] {
        [
            .id(campaign.tenantID), .id(campaign.id), .text(campaign.name), .text(campaign.language),
            .jsonb(CampaignRows.json(campaign.texts)), .text(campaign.url),
            campaign.channels.map { .textArray($0) } ?? .null,
            .textArray(campaign.segment.orderedStatuses.map(\.rawValue)),
            .uuids(campaign.segment.plans.map(\.value)), .textArray(campaign.segment.tags),
            .int8(Int64(campaign.perMinute)), .time(campaign.startsAt),
        ]
    }

    // MARK: - Whom it is for

    package func audience(of segment: CampaignSegment, in tenant: TenantID) async throws -> CampaignAudience {
        let row = try await transaction.query(
            """
            SELECT count(*) AS recipients, count(*) FILTER (WHERE p.refused @> '{news}') AS refusing,
                count(*) FILTER (WHERE m.email IS NULL) AS without_email
            FROM customers m LEFT JOIN notice_preferences p ON p.tenant_id = m.tenant_id AND p.recipient_kind = 'customer'
                AND p.recipient_id = m.id
            WHERE \(CampaignRows.segment)
            """,
            CampaignRows.segment(segment, of: tenant)
        ).first
        return CampaignAudience(
            recipients: row?["recipients"].int64 ?? 0,
            refusing: row?["refusing"].int64 ?? 0,
            withoutEmail: row?["without_email"].int64 ?? 0
        )
    }

    /// A few of them, in the order in which they are told.
    package func samples(of segment: CampaignSegment, in tenant: TenantID, limit: Int) async throws -> [CampaignSample]
    {
        try await transaction.query(
            """
            SELECT m.id, m.name, m.email, nullif(m.phone, '') AS phone, p.language, p.time_zone
            FROM customers m LEFT JOIN notice_preferences p ON p.tenant_id = m.tenant_id AND p.recipient_kind = 'customer'
                AND p.recipient_id = m.id
            WHERE \(CampaignRows.segment) AND NOT coalesce(p.refused @> '{news}', false) ORDER BY m.id LIMIT $5
            """,
            CampaignRows.segment(segment, of: tenant) + [.int8(Int64(limit))]
        ).map { row in
            CampaignSample(
                customerID: try row.need("id") { $0.id() },
                name: try row.need("name", \.text),
                email: row["email"].text,
                phone: row["phone"].text,
                language: row["language"].text,
                timeZone: row["time_zone"].text
            )
        }
    }

    /// How many of its notices stand in which state.
    package func tally(of campaign: Campaign) async throws -> [(state: NoticeEntry.State, count: Int64)] {
        try await transaction.query(
            "SELECT state, count(*) AS number FROM notices WHERE tenant_id = $1 AND campaign_id = $2 GROUP BY state ORDER BY state",
            [.id(campaign.tenantID), .id(campaign.id)]
        ).map { (try $0.choice("state"), try $0.need("number", \.int64)) }
    }

    // MARK: - Its course

    /// Where a campaign that was locked stands after that; nil where that cannot be done with it. What has not left is cancelled with it,
    /// and waits while it is paused.
    package func take(_ act: CampaignState.Act, on campaign: Campaign, by actor: UUID128, at now: Timestamp)
        async throws -> Campaign?
    {
        guard let state = campaign.state.after(act), act != .complete else { return nil }
        switch act {
        case .start: return try await start(campaign, by: actor, at: now)
        case .pause: try await setAside(campaign)
        case .resume: try await takeUp(campaign, at: now)
        case .cancel: try await withdraw(campaign, at: now)
        case .complete: break
        }
        let nextAt = state == .running ? max(now, campaign.startsAt ?? now) : nil
        return try await one(
            """
            UPDATE campaigns c SET state = $3, next_at = $4, ended_at = $5 WHERE c.tenant_id = $1 AND c.id = $2
            RETURNING \(CampaignRows.columns)
            """,
            [
                .id(campaign.tenantID), .id(campaign.id), .text(state.rawValue), .time(nextAt),
                .time(state.isEnded ? now : nil),
            ]
        )
    }

    private func start(_ campaign: Campaign, by actor: UUID128, at now: Timestamp) async throws -> Campaign {
        let audience = try await audience(of: campaign.segment, in: campaign.tenantID)
        return try await one(
            """
            UPDATE campaigns c SET state = 'running', next_at = $3, targeted = $4, started_by = $5, started_at = $6
            WHERE c.tenant_id = $1 AND c.id = $2 RETURNING \(CampaignRows.columns)
            """,
            [
                .id(campaign.tenantID), .id(campaign.id), .time(max(now, campaign.startsAt ?? now)),
                .int8(audience.recipients), .uuid(high: actor.high, low: actor.low), .time(now),
            ]
        )
    }

    /// A century: nobody looks at them meanwhile, and who is to be told later for his quiet hours still is afterwards.
    private static let aside = "interval '36525 days'"

    private func setAside(_ campaign: Campaign) async throws {
        _ = try await transaction.query(
            """
            UPDATE notices SET next_at = next_at + \(Self.aside)
            WHERE tenant_id = $1 AND campaign_id = $2 AND state IN ('queued', 'held') AND next_at < expires_at
            """,
            [.id(campaign.tenantID), .id(campaign.id)]
        )
    }

    private func takeUp(_ campaign: Campaign, at now: Timestamp) async throws {
        _ = try await transaction.query(
            """
            UPDATE notices SET next_at = greatest(next_at - \(Self.aside), $3)
            WHERE tenant_id = $1 AND campaign_id = $2 AND state IN ('queued', 'held') AND next_at > expires_at
            """,
            [.id(campaign.tenantID), .id(campaign.id), .time(now)]
        )
    }

    private func withdraw(_ campaign: Campaign, at now: Timestamp) async throws {
        _ = try await transaction.query(
            """
            UPDATE notices SET state = 'cancelled', reason = 'campaign_cancelled', next_at = NULL, sealed_facts = NULL, ended_at = $3
            WHERE tenant_id = $1 AND campaign_id = $2 AND state IN ('queued', 'held')
            """,
            [.id(campaign.tenantID), .id(campaign.id), .time(now)]
        )
    }

    private func one(_ sql: String, _ values: [PGValue]) async throws -> Campaign {
        guard let row = try await transaction.query(sql, values).first else { throw PersistenceError.notFound }
        return try CampaignRows.campaign(row)
    }
}
