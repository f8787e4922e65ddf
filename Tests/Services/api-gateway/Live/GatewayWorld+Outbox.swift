import Domain
import Events
import Persistence
import Postgres
import WireFormat

@testable import APIGateway

/// Events on their way from the database to the stream, as the relay takes them there.
extension GatewayWorld {
    /// What waits in the outbox of a tenant, in the order it is published in.
    func outbox(of tenant: TenantID) async throws -> [OutboxRow] {
        try await superuser.query(
            "SELECT id, tenant_id, type, subject, data, created_at FROM outbox WHERE tenant_id = '\(tenant)' ORDER BY id"
        ).compactMap { row -> OutboxRow? in
            guard let id = row[0].uuid, let tenant = row[1].uuid, let created = row[5].timestamptz else { return nil }
            return OutboxRow(
                id: EventID(UUID128(high: id.high, low: id.low)),
                tenantID: TenantID(UUID128(high: tenant.high, low: tenant.low)),
                type: row[2].text ?? "",
                subject: row[3].text ?? "",
                aggregateID: nil,
                data: Array((row[4].text ?? "").utf8),
                createdAt: Timestamp(microseconds: created)
            )
        }
    }

    /// Puts them into the stream that the live tails read.
    func publish(_ rows: [OutboxRow]) {
        for row in rows {
            var writer = JSONWriter()
            row.envelope(source: "/tests").encode(into: &writer)
            events.add(row.subject, row.tenantID, writer.bytes)
        }
    }
}
