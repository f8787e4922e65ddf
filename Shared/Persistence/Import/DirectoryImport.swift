package import Domain
import Postgres
import Synchronization

/// One row of an import: a customer, a service with its sealed password, or both.
package struct ImportedRow: Sendable {
    /// The line it came from, to name it by.
    package let line: Int
    /// The customer's code.
    package let code: String
    /// The customer, where this row defines him.
    package let customer: Customer?
    /// The service; its customer's and its plan's ids are found by code and by name.
    package let service: Service?
    /// The plan's name.
    package let plan: String?
    /// The service's sealed password.
    package let sealedPassword: [UInt8]?

    /// A row.
    package init(
        line: Int,
        code: String,
        customer: Customer?,
        service: Service?,
        plan: String?,
        sealedPassword: [UInt8]?
    ) {
        self.line = line
        self.code = code
        self.customer = customer
        self.service = service
        self.plan = plan
        self.sealedPassword = sealedPassword
    }
}

/// Why the database cannot take a row.
package enum ImportConflict: String, Sendable, Equatable {
    case customerExists = "customer_exists"
    case customerMissing = "customer_missing"
    case planMissing = "plan_missing"
    case usernameExists = "username_exists"
}

/// Stores many customers and services at once: the rows travel by COPY into a table of the transaction's own, are checked
/// there against what is stored, and move on in three statements. Nothing is left behind unless the transaction commits.
package struct DirectoryImport {
    private static let deadline = Duration.seconds(900)
    private let transaction: ScopedTransaction
    private let tenant: TenantID

    /// Imports into one tenant.
    package init(_ transaction: ScopedTransaction, tenant: TenantID) {
        self.transaction = transaction
        self.tenant = tenant
    }

    /// Sends the rows. `progress` hears how many went, from another thread.
    package func send(_ rows: [ImportedRow], progress: @escaping @Sendable (Int) -> Void) async throws {
        _ = try await transaction.query(
            """
            CREATE TEMPORARY TABLE import_rows (
                line bigint PRIMARY KEY, code text NOT NULL, customer_id uuid, name text, email text, phone text,
                address text, customer_status text, due_day integer, notes text, service_id uuid, plan text, kind text,
                username text, service_status text, expires_at timestamptz, session_limit integer, static_ipv4 inet,
                framed_ipv6_prefix cidr, delegated_ipv6_prefix cidr, password bytea
            ) ON COMMIT DROP
            """
        )
        let sent = Mutex(0)
        _ = try await transaction.copyIn("COPY import_rows FROM STDIN", deadline: Self.deadline) {
            let start = sent.withLock { $0 }
            guard start < rows.count else { return nil }
            let end = min(start + 2_000, rows.count)
            var text = CopyText(capacity: 1_000_000)
            for row in rows[start..<end] { Self.append(row, to: &text) }
            sent.withLock { $0 = end }
            progress(end)
            return text.bytes
        }
        _ = try await transaction.query("ANALYZE import_rows")
    }

    /// The rows that cannot be stored as things are, by line.
    package func conflicts() async throws -> [(line: Int, conflict: ImportConflict)] {
        let rows = try await transaction.query(
            """
            SELECT line, 'customer_exists' AS conflict FROM import_rows r
            WHERE customer_id IS NOT NULL
                AND EXISTS (SELECT FROM customers c WHERE c.tenant_id = $1 AND c.code = r.code)
            UNION ALL
            SELECT line, 'customer_missing' FROM import_rows r
            WHERE customer_id IS NULL
                AND NOT EXISTS (SELECT FROM import_rows o WHERE o.code = r.code AND o.customer_id IS NOT NULL)
                AND NOT EXISTS (
                    SELECT FROM customers c WHERE c.tenant_id = $1 AND c.code = r.code AND c.deleted_at IS NULL)
            UNION ALL
            SELECT line, 'plan_missing' FROM import_rows r
            WHERE service_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM plans p WHERE p.tenant_id = $1 AND p.name = r.plan)
            UNION ALL
            SELECT line, 'username_exists' FROM import_rows r
            WHERE EXISTS (SELECT FROM services s WHERE s.tenant_id = $1 AND s.username = r.username)
            ORDER BY 1, 2
            """,
            [.id(tenant)],
            deadline: Self.deadline
        )
        return try rows.map { row in
            (Int(try row.need("line", \.int64)), try row.choice("conflict"))
        }
    }

    /// Forgets rows that were sent.
    package func leaveOut(lines: [Int]) async throws {
        _ = try await transaction.query(
            "DELETE FROM import_rows WHERE line = ANY ($1)",
            [.int8Array(lines.map { Int64($0) })],
            deadline: Self.deadline
        )
    }

    /// Stores the customers. Returns how many.
    package func storeCustomers() async throws -> Int {
        try await transaction.query(
            """
            INSERT INTO customers (tenant_id, id, code, name, email, phone, address, status, due_day, notes)
            SELECT $1, customer_id, code, name, email, phone, address, customer_status, due_day, notes
            FROM import_rows WHERE customer_id IS NOT NULL ORDER BY line
            """,
            [.id(tenant)],
            deadline: Self.deadline
        ).affectedRows
    }

    /// Stores the services, after their customers. Returns how many.
    package func storeServices() async throws -> Int {
        try await transaction.query(
            """
            INSERT INTO services (tenant_id, id, customer_id, plan_id, kind, username, status, expires_at, session_limit,
                static_ipv4, framed_ipv6_prefix, delegated_ipv6_prefix)
            SELECT $1, r.service_id, c.id, p.id, r.kind, r.username, r.service_status, r.expires_at, r.session_limit,
                r.static_ipv4, r.framed_ipv6_prefix, r.delegated_ipv6_prefix
            FROM import_rows r
            JOIN customers c ON c.tenant_id = $1 AND c.code = r.code
            JOIN plans p ON p.tenant_id = $1 AND p.name = r.plan
            WHERE r.service_id IS NOT NULL ORDER BY r.line
            """,
            [.id(tenant)],
            deadline: Self.deadline
        ).affectedRows
    }

    /// Stores the services' passwords, after the services. Returns how many.
    package func storeCredentials() async throws -> Int {
        try await transaction.query(
            """
            INSERT INTO service_credentials (tenant_id, service_id, password)
            SELECT $1, service_id, password FROM import_rows WHERE password IS NOT NULL ORDER BY line
            """,
            [.id(tenant)],
            deadline: Self.deadline
        ).affectedRows
    }

    private static func append(_ row: ImportedRow, to text: inout CopyText) {
        let customer = row.customer
        let service = row.service
        text.column(String(row.line))
        text.column(row.code)
        text.column(customer?.id.description)
        text.column(customer?.name)
        text.column(customer?.email)
        text.column(customer?.phone)
        text.column(customer?.address)
        text.column(customer?.status.rawValue)
        text.column(customer.map { String($0.dueDay) })
        text.column(customer?.notes)
        text.column(service?.id.description)
        text.column(row.plan)
        text.column(service?.kind.rawValue)
        text.column(service?.username)
        text.column(service?.status.rawValue)
        text.column(service?.expiresAt?.description)
        text.column(service?.sessionLimit.map { String($0) })
        text.column(service?.staticIPv4?.description)
        text.column(service?.framedIPv6Prefix?.description)
        text.column(service?.delegatedIPv6Prefix?.description)
        text.column(hex: row.sealedPassword)
        text.endRow()
    }
}
