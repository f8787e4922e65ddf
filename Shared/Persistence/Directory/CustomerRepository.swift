package import Domain
import Postgres

/// The customers of one scope. Removed ones stay stored for their bills and are shown to nobody here.
package struct CustomerRepository {
    let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    static let columns = """
        tenant_id, id, code, name, email, phone, address, status, due_day, notes, tags, latitude, longitude, \
        installed_on, monthly_fee, fee_currency, deleted_at, erased_at, row_version, created_at, updated_at
        """

    /// Up to `limit` customers in the order they were made, after the one named; `search` looks into code and name.
    package func list(
        after: CustomerID? = nil,
        limit: Int,
        status: CustomerStatus? = nil,
        search: String? = nil
    ) async throws -> [Customer] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM customers
            WHERE deleted_at IS NULL AND ($1::uuid IS NULL OR id > $1) AND ($3::text IS NULL OR status = $3)
                AND ($4::text IS NULL OR strpos(lower(code), lower($4)) > 0 OR strpos(lower(name), lower($4)) > 0)
            ORDER BY id LIMIT $2
            """,
            [.id(after), .int8(Int64(limit)), .text(status?.rawValue), .text(search)]
        ).map(Self.customer)
    }

    /// The customers of that code: one at most in each tenant of the scope.
    package func find(code: String) async throws -> [Customer] {
        try await transaction.query(
            "SELECT \(Self.columns) FROM customers WHERE code = $1 AND deleted_at IS NULL ORDER BY id",
            [.text(code)]
        ).map(Self.customer)
    }

    /// The customer of that id, locked against other writers when asked for; one that was removed only when asked for.
    package func find(
        _ id: CustomerID,
        forUpdate: Bool = false,
        includingDeleted: Bool = false
    ) async throws -> Customer? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM customers WHERE id = $1"
                + (includingDeleted ? "" : " AND deleted_at IS NULL") + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(Self.customer)
    }

    /// Whose tenant's customers of these ids are; those that are gone are left out.
    package func tenants(of ids: [CustomerID]) async throws -> [CustomerID: TenantID] {
        let pairs: [(CustomerID, TenantID)] = try await transaction.query(
            "SELECT id, tenant_id FROM customers WHERE id = ANY ($1::uuid[]) AND deleted_at IS NULL",
            [.uuids(ids.map(\.value))]
        ).map { (try $0.need("id") { $0.id() }, try $0.need("tenant_id") { $0.id() }) }
        return Dictionary(pairs, uniquingKeysWith: { $1 })
    }

    /// Stores a new customer.
    package func insert(_ customer: Customer) async throws {
        try customer.validate()
        _ = try await transaction.query(
            """
            INSERT INTO customers (tenant_id, id, code, name, email, phone, address, status, due_day, notes, tags, latitude,
                longitude, installed_on, monthly_fee, fee_currency)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::text::numeric, $16)
            """,
            Self.values(customer)
        )
    }

    /// Stores a changed customer.
    package func update(_ customer: Customer) async throws {
        try customer.validate()
        let rows = try await transaction.query(
            """
            UPDATE customers SET code = $3, name = $4, email = $5, phone = $6, address = $7, status = $8, due_day = $9,
                notes = $10, tags = $11, latitude = $12, longitude = $13, installed_on = $14,
                monthly_fee = $15::text::numeric, fee_currency = $16
            WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
            """,
            Self.values(customer)
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Hides a customer, or shows him again.
    func setDeleted(_ isDeleted: Bool, _ customer: Customer) async throws {
        let rows = try await transaction.query(
            """
            UPDATE customers SET deleted_at = CASE WHEN $3 THEN clock_timestamp() END WHERE tenant_id = $1 AND id = $2
            """,
            [.id(customer.tenantID), .id(customer.id), .bool(isDeleted)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Removes a customer that has no service left.
    package func remove(_ customer: Customer) async throws {
        let rows = try await transaction.query(
            "DELETE FROM customers WHERE tenant_id = $1 AND id = $2",
            [.id(customer.tenantID), .id(customer.id)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    private static func values(_ customer: Customer) -> [PGValue] {
        [
            .id(customer.tenantID), .id(customer.id), .text(customer.code), .text(customer.name), .text(customer.email),
            .text(customer.phone), .text(customer.address), .text(customer.status.rawValue),
            .int4(Int32(clamping: customer.dueDay)), .text(customer.notes), .textArray(customer.tags),
            .optional(customer.latitude) { .float8($0) }, .optional(customer.longitude) { .float8($0) },
            .optional(customer.installedOn) { .date(Int32(clamping: $0.daysSince1970)) },
            .text(customer.monthlyFee?.decimal), .text(customer.monthlyFee?.currency.code),
        ]
    }

    static func customer(_ row: PGRow) throws -> Customer {
        var fee: Money?
        if let amount = row["monthly_fee"].text, let code = row["fee_currency"].text {
            fee = try Money(amount, currency: try Currency(code))
        }
        return Customer(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            code: try row.need("code", \.text),
            name: try row.need("name", \.text),
            email: row["email"].text,
            phone: try row.need("phone", \.text),
            address: try row.need("address", \.text),
            status: try row.choice("status"),
            dueDay: try row.need("due_day", \.int),
            notes: try row.need("notes", \.text),
            tags: try row.need("tags", \.textArray).compactMap { $0 },
            latitude: row["latitude"].double,
            longitude: row["longitude"].double,
            installedOn: row["installed_on"].date.map { CivilDate(daysSince1970: Int($0)) },
            monthlyFee: fee,
            deletedAt: row["deleted_at"].time,
            erasedAt: row["erased_at"].time,
            stamp: try row.stamp()
        )
    }
}
