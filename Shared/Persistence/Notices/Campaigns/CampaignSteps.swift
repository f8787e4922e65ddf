package import Domain
package import Postgres

/// An announcement, named.
package struct CampaignRef: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: CampaignID

    package init(tenantID: TenantID, id: CampaignID) { (self.tenantID, self.id) = (tenantID, id) }
}

/// A customer who is to be told.
package struct CampaignRecipient: Hashable, Sendable {
    package var id: CustomerID
    package var addressee: NoticeAddressee

    package init(id: CustomerID, addressee: NoticeAddressee) { (self.id, self.addressee) = (id, addressee) }
}

/// What one step did.
package struct CampaignStep: Hashable, Sendable {
    /// Customers that were looked at, and those of them who are not told.
    package var recipients = 0
    package var skipped = 0
    /// Notices that were written.
    package var notices = 0
    /// It was the last: all were looked at before, and nothing of it waits.
    package var isLast = false

    package init() {}
}

/// Tells the customers of announcements, as the notifier's role. Any number of processes may: one of them takes a step of an announcement
/// at a time, and its notices and how far it came are one commit, so that who is killed in the middle leaves nobody out and tells nobody
/// twice.
package final class CampaignSteps: Sendable {
    private let session: PostgresSession

    package init(_ session: PostgresSession) { self.session = session }

    /// How long it is left alone once all were looked at, while what was planned is sent: it may be paused and cancelled until that ended.
    package static let rest = Duration.seconds(2)

    /// Those that may tell somebody now, who waits longest first.
    package func due(at now: Timestamp, limit: Int) async throws(StorageFault) -> [CampaignRef] {
        try await guardedRows {
            try await self.session.query(
                "SELECT tenant_id, id FROM campaigns WHERE state = 'running' AND next_at <= $1 ORDER BY next_at LIMIT $2",
                [.time(now), .int8(Int64(limit))]
            ).map { row in
                CampaignRef(tenantID: try row.need("tenant_id") { $0.id() }, id: try row.need("id") { $0.id() })
            }
        }
    }

    /// Announcements that run and those that are paused.
    package func standing() async throws(StorageFault) -> [CampaignState: Int] {
        try await guardedRows {
            var standing: [CampaignState: Int] = [:]
            for row in try await self.session.query(
                "SELECT state, count(*) AS number FROM campaigns WHERE state IN ('running', 'paused') GROUP BY state"
            ) {
                standing[try row.choice("state")] = try row.need("number", \.int)
            }
            return standing
        }
    }

    /// Tells the next customers, at most so many and no more than its pace allows; nil where it is not due, or another process is at it.
    /// `plan` says which notices somebody gets; who gets none is skipped.
    package func step(
        _ ref: CampaignRef,
        at now: Timestamp,
        most: Int,
        plan: @Sendable (Campaign, CampaignRecipient) -> [PlannedNotice]
    ) async throws(StorageFault) -> CampaignStep? {
        try await guardedRows {
            try await self.session.transaction { transaction in
                guard
                    let row = try await transaction.query(
                        """
                        SELECT \(CampaignRows.columns) FROM campaigns c
                        WHERE c.tenant_id = $1 AND c.id = $2 AND c.state = 'running' AND c.next_at <= $3
                        FOR UPDATE SKIP LOCKED
                        """,
                        [.id(ref.tenantID), .id(ref.id), .time(now)]
                    ).first
                else { return nil }
                // What this version cannot read keeps no other waiting.
                guard let campaign = try? CampaignRows.campaign(row), let nextAt = campaign.nextAt else {
                    throw StorageFault.refused("a campaign cannot be read")
                }
                let pace = CampaignPace(perMinute: campaign.perMinute).step(from: nextAt, at: now, most: most)
                let customers = try await Self.customers(of: campaign, limit: pace.count, transaction)
                var step = try await Self.tell(customers, campaign, at: now, plan: plan, transaction)
                var next: Timestamp? = pace.nextAt
                if customers.count < pace.count {
                    step.isLast = try await Self.hasEnded(campaign, transaction)
                    next = step.isLast ? nil : now + Self.rest
                }
                try await Self.advance(campaign, by: step, to: customers.last, nextAt: next, at: now, transaction)
                return step
            }
        }
    }

    // MARK: - Private

    /// Nothing that was planned of it waits or is under way.
    private static func hasEnded(_ campaign: Campaign, _ transaction: PostgresSessionTransaction) async throws -> Bool {
        try await transaction.query(
            "SELECT FROM notices WHERE tenant_id = $1 AND campaign_id = $2 AND state IN ('queued', 'held', 'sending') LIMIT 1",
            [.id(campaign.tenantID), .id(campaign.id)]
        ).isEmpty
    }

    private static func customers(
        of campaign: Campaign,
        limit: Int,
        _ transaction: PostgresSessionTransaction
    ) async throws -> [CustomerID] {
        try await transaction.query(
            """
            SELECT m.id FROM customers m WHERE \(CampaignRows.segment) AND ($5::uuid IS NULL OR m.id > $5::uuid)
            ORDER BY m.id LIMIT $6
            """,
            CampaignRows.segment(campaign.segment, of: campaign.tenantID) + [.id(campaign.lastID), .int8(Int64(limit))]
        ).map { try $0.need("id") { $0.id() } }
    }

    private static func tell(
        _ customers: [CustomerID],
        _ campaign: Campaign,
        at now: Timestamp,
        plan: (Campaign, CampaignRecipient) -> [PlannedNotice],
        _ transaction: PostgresSessionTransaction
    ) async throws -> CampaignStep {
        var step = CampaignStep()
        step.recipients = customers.count
        let plans = NoticePlans(transaction)
        let addressees = try await plans.addressees(
            customers.map { (campaign.tenantID, .customer($0), "announcement") }
        )
        var planned: [PlannedNotice] = []
        for (place, customer) in customers.enumerated() {
            let rows = addressees[place].map { plan(campaign, CampaignRecipient(id: customer, addressee: $0)) } ?? []
            if rows.isEmpty { step.skipped += 1 }
            planned += rows
        }
        step.notices = try await plans.write(planned, at: now)
        return step
    }

    private static func advance(
        _ campaign: Campaign,
        by step: CampaignStep,
        to last: CustomerID?,
        nextAt: Timestamp?,
        at now: Timestamp,
        _ transaction: PostgresSessionTransaction
    ) async throws {
        _ = try await transaction.query(
            """
            UPDATE campaigns SET last_id = coalesce($3, last_id), recipients = recipients + $4, planned = planned + $4 - $5,
                skipped = skipped + $5, next_at = $6, state = CASE WHEN $6::timestamptz IS NULL THEN 'completed' ELSE state END,
                ended_at = CASE WHEN $6::timestamptz IS NULL THEN $7::timestamptz END
            WHERE tenant_id = $1 AND id = $2
            """,
            [
                .id(campaign.tenantID), .id(campaign.id), .id(last), .int8(Int64(step.recipients)),
                .int8(Int64(step.skipped)), .time(nextAt), .time(now),
            ]
        )
    }
}
