package import Domain
import Postgres

/// The services of one scope.
package struct ServiceRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    static let columns = """
        tenant_id, id, customer_id, plan_id, kind, username, status, expires_at, session_limit, \
        host(static_ipv4) AS static_ipv4, framed_ipv6_prefix::text AS framed_ipv6_prefix, \
        delegated_ipv6_prefix::text AS delegated_ipv6_prefix, bound_mac::text AS bound_mac, bound_at, \
        binding_generation, service_address, installation_status, cpe_serial, cpe_mac::text AS cpe_mac, router_id, \
        row_version, created_at, updated_at
        """

    /// Up to `limit` services in the order they were made, after the one named.
    package func list(
        after: ServiceID? = nil,
        limit: Int,
        customer: CustomerID? = nil,
        plan: PlanID? = nil,
        status: ServiceStatus? = nil
    ) async throws -> [Service] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM services
            WHERE ($1::uuid IS NULL OR id > $1) AND ($3::uuid IS NULL OR customer_id = $3)
                AND ($4::uuid IS NULL OR plan_id = $4) AND ($5::text IS NULL OR status = $5)
            ORDER BY id LIMIT $2
            """,
            [.id(after), .int8(Int64(limit)), .id(customer), .id(plan), .text(status?.rawValue)]
        ).map(Self.service)
    }

    /// The services of that user name: one at most in each tenant of the scope.
    package func find(username: String) async throws -> [Service] {
        try await transaction.query(
            "SELECT \(Self.columns) FROM services WHERE username = $1 ORDER BY id",
            [.text(username)]
        ).map(Self.service)
    }

    /// The service of that id, locked against other writers when asked for.
    package func find(_ id: ServiceID, forUpdate: Bool = false) async throws -> Service? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM services WHERE id = $1" + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(Self.service)
    }

    /// Stores a new service.
    package func insert(_ service: Service) async throws {
        try service.validate()
        _ = try await transaction.query(
            """
            INSERT INTO services (tenant_id, id, customer_id, plan_id, kind, username, status, expires_at, session_limit,
                static_ipv4, framed_ipv6_prefix, delegated_ipv6_prefix, service_address, installation_status, cpe_serial,
                cpe_mac, router_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::inet, $11::text::cidr, $12::text::cidr, $13, $14, $15,
                $16::text::macaddr, $17)
            """,
            Self.values(service)
        )
    }

    /// Stores a changed service.
    package func update(_ service: Service) async throws {
        try service.validate()
        let rows = try await transaction.query(
            """
            UPDATE services SET customer_id = $3, plan_id = $4, kind = $5, username = $6, status = $7, expires_at = $8,
                session_limit = $9, static_ipv4 = $10::text::inet, framed_ipv6_prefix = $11::text::cidr,
                delegated_ipv6_prefix = $12::text::cidr, service_address = $13, installation_status = $14,
                cpe_serial = $15, cpe_mac = $16::text::macaddr, router_id = $17
            WHERE tenant_id = $1 AND id = $2
            """,
            Self.values(service)
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Which write a service's row stands at: each one gives it another number. Nil where it is gone.
    func version(of service: Service) async throws -> Int64? {
        try await transaction.query(
            "SELECT row_version FROM services WHERE tenant_id = $1 AND id = $2",
            [.id(service.tenantID), .id(service.id)]
        ).first?["row_version"].int64
    }

    /// Removes a service and its credential. Its past sessions stay.
    package func remove(_ service: Service) async throws {
        let rows = try await transaction.query(
            "DELETE FROM services WHERE tenant_id = $1 AND id = $2",
            [.id(service.tenantID), .id(service.id)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Forgets the device that a service is bound to: the next one to log in is bound in its place. Bindings of before that
    /// are still on their way are not stored any more.
    package func unbind(_ service: Service) async throws {
        let rows = try await transaction.query(
            """
            UPDATE services SET bound_mac = NULL, bound_at = NULL, binding_generation = binding_generation + 1
            WHERE tenant_id = $1 AND id = $2
            """,
            [.id(service.tenantID), .id(service.id)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    // MARK: - Credentials

    /// The sealed password of a service, nil when it has none.
    package func sealedPassword(of service: Service) async throws -> [UInt8]? {
        try await transaction.query(
            "SELECT password FROM service_credentials WHERE tenant_id = $1 AND service_id = $2",
            [.id(service.tenantID), .id(service.id)]
        ).first?["password"].bytes
    }

    /// Gives a service a password, in place of the one it had.
    package func setPassword(of service: Service, sealed: [UInt8]) async throws {
        _ = try await transaction.query(
            """
            INSERT INTO service_credentials (tenant_id, service_id, password) VALUES ($1, $2, $3)
            ON CONFLICT (tenant_id, service_id)
                DO UPDATE SET password = excluded.password, rotated_at = clock_timestamp(), revealed_at = NULL
            """,
            [.id(service.tenantID), .id(service.id), .bytea(sealed)]
        )
    }

    /// Takes a service's password away; does nothing where it has none.
    package func removePassword(of service: Service) async throws {
        _ = try await transaction.query(
            "DELETE FROM service_credentials WHERE tenant_id = $1 AND service_id = $2",
            [.id(service.tenantID), .id(service.id)]
        )
    }

    private static func values(_ service: Service) -> [PGValue] {
        [
            .id(service.tenantID), .id(service.id), .id(service.customerID), .id(service.planID),
            .text(service.kind.rawValue), .text(service.username), .text(service.status.rawValue),
            .time(service.expiresAt), .optionalInt4(service.sessionLimit), .text(service.staticIPv4?.description),
            .text(service.framedIPv6Prefix?.description), .text(service.delegatedIPv6Prefix?.description),
            .text(service.installation.address), .text(service.installation.status?.rawValue),
            .text(service.installation.deviceSerial), .text(service.installation.deviceMAC?.description),
            .id(service.routerID),
        ]
    }

    static func service(_ row: PGRow) throws -> Service {
        var service = Service(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            customerID: try row.need("customer_id") { $0.id() },
            planID: try row.need("plan_id") { $0.id() },
            kind: try row.choice("kind"),
            username: try row.need("username", \.text),
            status: try row.choice("status"),
            expiresAt: row["expires_at"].time,
            sessionLimit: row["session_limit"].int,
            staticIPv4: row["static_ipv4"].text.flatMap { IPAddress($0) },
            framedIPv6Prefix: row["framed_ipv6_prefix"].text.flatMap { IPPrefix($0) },
            delegatedIPv6Prefix: row["delegated_ipv6_prefix"].text.flatMap { IPPrefix($0) },
            boundMAC: row["bound_mac"].text.flatMap { MACAddress($0) },
            boundAt: row["bound_at"].time,
            bindingGeneration: try row.need("binding_generation", \.int),
            stamp: try row.stamp()
        )
        service.installation = Installation(
            address: row["service_address"].text,
            status: row["installation_status"].text.flatMap { Installation.Status(rawValue: $0) },
            deviceSerial: row["cpe_serial"].text,
            deviceMAC: row["cpe_mac"].text.flatMap { MACAddress($0) }
        )
        service.routerID = row["router_id"].id()
        return service
    }
}
