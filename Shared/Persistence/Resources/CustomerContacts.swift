package import Domain
import Postgres

/// Somebody to reach about a customer (table customer_contacts, CUS-07).
package struct CustomerContact: Sendable, Hashable {
    package var tenantID: TenantID
    package var id: UUID128
    package var customerID: CustomerID
    package var name: String
    /// What he is to the customer: `billing`, `caretaker`; may be empty.
    package var role = ""
    package var phone = ""
    package var email: String?
    /// Nil until stored.
    package var stamp: RowStamp?

    static let columns = "tenant_id, id, customer_id, name, role, phone, email, row_version, created_at, updated_at"

    package init(tenantID: TenantID, id: UUID128, customerID: CustomerID, name: String) {
        self.tenantID = tenantID
        self.id = id
        self.customerID = customerID
        self.name = name
    }

    init(_ row: PGRow) throws {
        tenantID = try row.need("tenant_id") { $0.id() }
        id = try row.need("id") { $0.uuid.map { UUID128(high: $0.high, low: $0.low) } }
        customerID = try row.need("customer_id") { $0.id() }
        name = try row.need("name", \.text)
        role = try row.need("role", \.text)
        phone = try row.need("phone", \.text)
        email = row["email"].text
        stamp = try row.stamp()
    }
}

extension CustomerContact: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 200)
        checks.optional("role", role, maximum: 100)
        checks.optional("phone", phone, maximum: 40)
        checks.optional("email", email, maximum: 254, emptyAllowed: false)
        if let email, email.split(separator: "@", omittingEmptySubsequences: false).count != 2 {
            checks.refuse("email", .malformed(expected: "an e-mail address"))
        }
        if phone.isEmpty, email == nil {
            checks.refuse("phone", .conflicts(reason: "or email must be given"))
        }
    }
}

extension ListSource where Row == CustomerContact {
    /// Contacts of customers, in the order they were made.
    package static let customerContacts = ListSource(
        name: "customer_contacts",
        tables: ["customer_contacts"],
        selection: CustomerContact.columns,
        fields: [
            ListField("customer_id", .id, isSelective: true), ListField("name", .text), ListField("role", .text),
            ListField("phone", .text), ListField("email", .text, isNullable: true),
            ListField("created_at", .time), ListField("updated_at", .time),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "id",
        columns: [
            OutputColumn("id") { .text($0.id.description) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("customer_id") { .id($0.customerID) }, OutputColumn("name") { .text($0.name) },
            OutputColumn("role") { .text($0.role) }, OutputColumn("phone") { .text($0.phone) },
            OutputColumn("email") { .text($0.email) }, OutputColumn("version") { .integer($0.stamp?.version) },
            OutputColumn("created_at") { .time($0.stamp?.createdAt) },
            OutputColumn("updated_at") { .time($0.stamp?.updatedAt) },
        ],
        decode: { try CustomerContact($0) }
    )
}

/// Changes the contacts of one scope's customers.
package struct CustomerContactWriter {
    private let transaction: ScopedTransaction

    /// Writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// One of a customer's contacts.
    package func find(_ id: UUID128, of customer: CustomerID, forUpdate: Bool = false) async throws -> CustomerContact?
    {
        try await transaction.query(
            "SELECT \(CustomerContact.columns) FROM customer_contacts WHERE id = $1 AND customer_id = $2"
                + (forUpdate ? " FOR UPDATE" : ""),
            [.uuid(high: id.high, low: id.low), .id(customer)]
        ).first.map { try CustomerContact($0) }
    }

    /// Stores a new contact.
    package func create(_ contact: CustomerContact) async throws -> Change<CustomerContact> {
        try contact.validate()
        let rows = try await transaction.query(
            """
            INSERT INTO customer_contacts (tenant_id, id, customer_id, name, role, phone, email)
            VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING \(CustomerContact.columns)
            """,
            Self.key(contact) + [.id(contact.customerID)] + Self.values(contact)
        )
        return Change(before: nil, after: try CustomerContact(try rows.first.found()))
    }

    /// Changes what `edit` changes. Throws `VersionConflict` where the contact has another version than expected.
    package func update(
        _ id: UUID128,
        of customer: CustomerID,
        expecting version: Int64? = nil,
        _ edit: (inout CustomerContact) throws -> Void
    ) async throws -> Change<CustomerContact> {
        let before = try await find(id, of: customer, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        var contact = before
        try edit(&contact)
        try contact.validate()
        let rows = try await transaction.query(
            """
            UPDATE customer_contacts SET name = $3, role = $4, phone = $5, email = $6, row_version = row_version + 1,
                updated_at = clock_timestamp()
            WHERE tenant_id = $1 AND id = $2 RETURNING \(CustomerContact.columns)
            """,
            Self.key(before) + Self.values(contact)
        )
        return Change(before: before, after: try CustomerContact(try rows.first.found()))
    }

    /// Removes a contact.
    package func delete(
        _ id: UUID128,
        of customer: CustomerID,
        expecting version: Int64? = nil
    ) async throws -> Change<CustomerContact> {
        let before = try await find(id, of: customer, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        _ = try await transaction.query(
            "DELETE FROM customer_contacts WHERE tenant_id = $1 AND id = $2",
            Self.key(before)
        )
        return Change(before: before, after: nil)
    }

    private static func key(_ contact: CustomerContact) -> [PGValue] {
        [.id(contact.tenantID), .uuid(high: contact.id.high, low: contact.id.low)]
    }

    private static func values(_ contact: CustomerContact) -> [PGValue] {
        [.text(contact.name), .text(contact.role), .text(contact.phone), .text(contact.email)]
    }
}
