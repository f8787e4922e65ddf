package import Domain
import Postgres

/// What somebody wrote down about a customer (table customer_notes). Never changed.
package struct CustomerNote: Sendable, Hashable {
    package let tenantID: TenantID
    package let id: UUID128
    package let customerID: CustomerID
    /// Who wrote it, by the name that the caller gives.
    package let author: String
    package let text: String
    package let createdAt: Timestamp

    static let columns = "tenant_id, id, customer_id, author, body, created_at"

    init(_ row: PGRow) throws {
        tenantID = try row.need("tenant_id") { $0.id() }
        id = try row.need("id") { $0.uuid.map { UUID128(high: $0.high, low: $0.low) } }
        customerID = try row.need("customer_id") { $0.id() }
        author = try row.need("author", \.text)
        text = try row.need("body", \.text)
        createdAt = try row.need("created_at", \.time)
    }
}

extension ListSource where Row == CustomerNote {
    /// Notes about customers, the newest first.
    package static let customerNotes = ListSource(
        name: "customer_notes",
        tables: ["customer_notes"],
        selection: CustomerNote.columns,
        fields: [
            ListField("customer_id", .id, isSelective: true), ListField("author", .text),
            ListField("text", .text, column: "body"), ListField("created_at", .time),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .text($0.id.description) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("customer_id") { .id($0.customerID) }, OutputColumn("author") { .text($0.author) },
            OutputColumn("text") { .text($0.text) }, OutputColumn("created_at") { .time($0.createdAt) },
        ],
        decode: { try CustomerNote($0) }
    )
}
