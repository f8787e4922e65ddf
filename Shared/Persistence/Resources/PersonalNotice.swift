package import Domain
import Postgres

/// What he or an account of his was told, or is to be told.
package struct PersonalNotice: Sendable, Hashable {
    package let id: UUID128
    package let kind: String
    package let channel: String
    package let address: String?
    package let language: String
    /// What it said, by the names of its words, as a JSON object; without what was secret.
    package let facts: String
    package let state: String
    package let createdAt: Timestamp
    package let sentAt: Timestamp?

    init(_ row: PGRow) throws {
        id = UUID128(row["id"])
        kind = try row.need("kind", \.text)
        channel = try row.need("channel", \.text)
        address = row["address"].text
        language = try row.need("language", \.text)
        facts = try row.need("facts", \.text)
        state = try row.need("state", \.text)
        createdAt = try row.need("created_at", \.time)
        sentAt = row["sent_at"].time
    }

    static let statement = """
        SELECT n.id, n.kind, n.channel, n.address, n.language, n.facts::text AS facts, n.state, n.created_at, n.sent_at FROM notices n
        WHERE n.tenant_id = $1 AND (n.recipient_id = $2
            OR n.recipient_id IN (SELECT u.id FROM users u WHERE u.tenant_id = $1 AND u.customer_id = $2))
        ORDER BY n.id DESC LIMIT $3
        """
}

/// How he or an account of his wants to be told.
package struct PersonalPreference: Sendable, Hashable {
    package let language: String?
    package let timeZone: String?
    /// Minutes of the day.
    package let quietFrom: Int?
    package let quietUntil: Int?
    package let channels: [String]
    package let refused: [String]

    init(_ row: PGRow) throws {
        (language, timeZone) = (row["language"].text, row["time_zone"].text)
        (quietFrom, quietUntil) = (row["quiet_from"].int, row["quiet_until"].int)
        channels = (row["channels"].textArray ?? []).compactMap { $0 }
        refused = try row.need("refused", \.textArray).compactMap { $0 }
    }

    static let statement = """
        SELECT p.language, p.time_zone, p.quiet_from, p.quiet_until, p.channels, p.refused FROM notice_preferences p
        WHERE p.tenant_id = $1 AND (p.recipient_id = $2
            OR p.recipient_id IN (SELECT u.id FROM users u WHERE u.tenant_id = $1 AND u.customer_id = $2))
        ORDER BY p.recipient_kind, p.recipient_id LIMIT $3
        """
}
