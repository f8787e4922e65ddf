import Domain
import Postgres
import WireFormat

/// How an announcement stands in its table.
enum CampaignRows {
    static let columns = """
        c.tenant_id, c.id, c.name, c.language, c.texts::text AS texts, c.url, c.channels, c.statuses, c.plan_ids, c.tags, c.per_minute, \
        c.starts_at, c.state, c.next_at, c.last_id, c.targeted, c.recipients, c.planned, c.skipped, c.created_by, c.started_by, \
        c.started_at, c.ended_at, c.row_version, c.created_at, c.updated_at
        """

    /// Who of the tenant $1 is in the segment of $2, $3 and $4: for rows `m` of customers.
    static let segment = """
        m.tenant_id = $1 AND m.deleted_at IS NULL AND m.erased_at IS NULL AND m.status = ANY ($2::text[])
            AND (cardinality($3::uuid[]) = 0 OR EXISTS (SELECT FROM services v WHERE v.tenant_id = m.tenant_id AND v.customer_id = m.id
                AND v.plan_id = ANY ($3::uuid[]) AND v.status <> 'terminated'))
            AND (cardinality($4::text[]) = 0 OR m.tags && $4::text[])
        """

    static func segment(_ segment: CampaignSegment, of tenant: TenantID) -> [PGValue] {
        [
            .id(tenant), .textArray(segment.orderedStatuses.map(\.rawValue)), .uuids(segment.plans.map(\.value)),
            .textArray(segment.tags),
        ]
    }

    static func campaign(_ row: PGRow) throws -> Campaign {
        func uuid(_ name: String) -> UUID128? { row[name].uuid.map { UUID128(high: $0.high, low: $0.low) } }
        var campaign = Campaign(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            name: try row.need("name", \.text),
            createdBy: UUID128(row["created_by"])
        )
        campaign.language = try row.need("language", \.text)
        campaign.texts = try row.need("texts") { $0.text.flatMap(Self.texts) }
        campaign.url = row["url"].text
        campaign.channels = row["channels"].textArray?.compactMap { $0 }
        campaign.segment = CampaignSegment(
            statuses: Set(try row.need("statuses", \.textArray).compactMap { $0.flatMap(CustomerStatus.init) }),
            plans: try row.need("plan_ids", \.uuidArray).compactMap { id in
                id.map { PlanID(UUID128(high: $0.high, low: $0.low)) }
            },
            tags: try row.need("tags", \.textArray).compactMap { $0 }
        )
        campaign.perMinute = try row.need("per_minute", \.int)
        campaign.startsAt = row["starts_at"].time
        campaign.state = try row.choice("state")
        campaign.nextAt = row["next_at"].time
        campaign.lastID = row["last_id"].id()
        campaign.progress.targeted = try row.need("targeted", \.int64)
        campaign.progress.recipients = try row.need("recipients", \.int64)
        campaign.progress.planned = try row.need("planned", \.int64)
        campaign.progress.skipped = try row.need("skipped", \.int64)
        campaign.startedBy = uuid("started_by")
        campaign.startedAt = row["started_at"].time
        campaign.endedAt = row["ended_at"].time
        campaign.stamp = try row.stamp()
        return campaign
    }

    /// `{"en": {"title": "…", "body": "…"}}`, languages in order.
    static func json(_ texts: [String: CampaignText]) -> String {
        var json = JSONWriter()
        json.beginObject()
        for (language, text) in texts.sorted(by: { $0.key < $1.key }) {
            json.key(string: language)
            json.beginObject()
            json.key(string: "title")
            json.value(text.title)
            json.key(string: "body")
            json.value(text.body)
            json.endObject()
        }
        json.endObject()
        return String(decoding: json.finish(), as: UTF8.self)
    }

    /// Nil for what ``json(_:)`` did not write; members of another version are passed over.
    static func texts(_ json: String) -> [String: CampaignText]? {
        do throws(JSONError) {
            var texts: [String: CampaignText] = [:]
            var reader = JSONReader(Array(json.utf8))
            try reader.readObject { reader, language throws(JSONError) in
                var text = CampaignText(title: "", body: "")
                try reader.readObject { reader, name throws(JSONError) in
                    switch name {
                    case "title": text.title = try reader.readString()
                    case "body": text.body = try reader.readString()
                    default: try reader.skipValue()
                    }
                }
                texts[language] = text
            }
            return texts
        } catch {
            return nil
        }
    }
}
