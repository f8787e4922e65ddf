package import Domain
import Postgres

/// The devices of one scope. Their passwords go in sealed and come out sealed: `DirectorySecrets` opens them.
package struct DeviceRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Of a device `r` and what checks found of it, `s`.
    static let columns = """
        r.tenant_id, r.id, r.name, r.kind, r.vendor, r.host, r.port, r.uses_tls, r.certificate_fingerprint, r.username, \
        r.password_set_at, r.location, r.tags, r.nas_id, r.parent_id, r.is_active, s.status, s.status_since, s.successes, \
        s.failures, s.last_seen_at, s.checked_at, s.last_error, r.row_version, r.created_at, r.updated_at
        """
    static let joins = "JOIN device_status s ON s.tenant_id = r.tenant_id AND s.device_id = r.id"
    private static let rows = "SELECT \(columns) FROM devices r \(joins)"

    /// Up to `limit` devices in the order they were made, after the one named.
    package func list(after: DeviceID? = nil, status: DeviceStatus? = nil, limit: Int) async throws -> [Device] {
        try await transaction.query(
            """
            \(Self.rows) WHERE ($1::uuid IS NULL OR r.id > $1) AND ($2::text IS NULL OR s.status = $2)
            ORDER BY r.id LIMIT $3
            """,
            [.id(after), .text(status?.rawValue), .int8(Int64(limit))]
        ).map(Self.device)
    }

    /// The devices of that name: one at most in each tenant of the scope.
    package func find(name: String) async throws -> [Device] {
        try await transaction.query("\(Self.rows) WHERE r.name = $1 ORDER BY r.id", [.text(name)]).map(Self.device)
    }

    /// The device of that id, locked against other writers when asked for.
    package func find(_ id: DeviceID, forUpdate: Bool = false) async throws -> Device? {
        try await transaction.query(
            "\(Self.rows) WHERE r.id = $1" + (forUpdate ? " FOR UPDATE OF r" : ""),
            [.id(id)]
        ).first.map(Self.device)
    }

    /// The device that is that NAS.
    package func find(of nas: NASID) async throws -> Device? {
        try await transaction.query("\(Self.rows) WHERE r.nas_id = $1", [.id(nas)]).first.map(Self.device)
    }

    /// Stores a new device, with its sealed password where it has one.
    package func insert(_ device: Device, sealedPassword: [UInt8]? = nil) async throws {
        try device.validate()
        _ = try await transaction.query(
            """
            INSERT INTO devices (tenant_id, id, name, kind, vendor, host, port, uses_tls, certificate_fingerprint, username,
                location, tags, nas_id, parent_id, is_active, password, password_set_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                CASE WHEN $16::bytea IS NOT NULL THEN clock_timestamp() END)
            """,
            Self.values(device) + [sealedPassword.map { .bytea($0) } ?? .null]
        )
    }

    /// Stores a changed device; its password stays.
    package func update(_ device: Device) async throws {
        try device.validate()
        let rows = try await transaction.query(
            """
            UPDATE devices SET name = $3, kind = $4, vendor = $5, host = $6, port = $7, uses_tls = $8,
                certificate_fingerprint = $9, username = $10, location = $11, tags = $12, nas_id = $13, parent_id = $14,
                is_active = $15
            WHERE tenant_id = $1 AND id = $2
            """,
            Self.values(device)
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// The sealed password of a device; nil where it has none.
    package func sealedPassword(of device: Device) async throws -> [UInt8]? {
        let rows = try await transaction.query(
            "SELECT password FROM devices WHERE tenant_id = $1 AND id = $2",
            [.id(device.tenantID), .id(device.id)]
        )
        guard let row = rows.first else { throw PersistenceError.notFound }
        return row["password"].bytes
    }

    /// Gives a device another password, or takes it away.
    package func replacePassword(of device: Device, sealed: [UInt8]?) async throws {
        let rows = try await transaction.query(
            """
            UPDATE devices SET password = $3, password_set_at = CASE WHEN $3::bytea IS NOT NULL THEN clock_timestamp() END
            WHERE tenant_id = $1 AND id = $2
            """,
            [.id(device.tenantID), .id(device.id), sealed.map { .bytea($0) } ?? .null]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Forgets what checks found: it was about another place, or nobody looks any more. Checks that are under way do not count: they
    /// are of an older version of the device.
    package func forgetHealth(of device: Device) async throws {
        _ = try await transaction.query(
            """
            UPDATE device_status SET status = 'unknown', successes = 0, failures = 0, last_error = NULL,
                status_since = CASE status WHEN 'unknown' THEN status_since ELSE clock_timestamp() END,
                next_check_at = clock_timestamp()
            WHERE tenant_id = $1 AND device_id = $2
            """,
            [.id(device.tenantID), .id(device.id)]
        )
    }

    /// What would be in want of the device.
    package func dependents(of device: Device) async throws -> DeviceDependents {
        let row = try await transaction.query(
            """
            SELECT (SELECT count(*) FROM devices d WHERE d.tenant_id = $1 AND d.parent_id = $2) AS devices,
                (SELECT count(*) FROM (
                    SELECT FROM sessions l WHERE l.tenant_id = $1 AND l.nas_id = $3 AND l.ended_at IS NULL LIMIT 10000
                ) c) AS sessions,
                (SELECT count(*) FROM services u WHERE u.tenant_id = $1 AND u.router_id = $2) AS services,
                ARRAY(SELECT d.name FROM devices d WHERE d.tenant_id = $1 AND d.parent_id = $2 ORDER BY d.name LIMIT 5) AS names
            """,
            [.id(device.tenantID), .id(device.id), .id(device.nasID)]
        ).first
        return DeviceDependents(
            devices: row?["devices"].int ?? 0,
            names: row?["names"].textArray?.compactMap { $0 } ?? [],
            liveSessions: row?["sessions"].int ?? 0,
            services: row?["services"].int ?? 0
        )
    }

    /// Removes a device. Throws `stillReferenced` while another hangs on it or a service lives on it; sessions are not looked at.
    package func remove(_ device: Device) async throws {
        let rows = try await transaction.query(
            "DELETE FROM devices WHERE tenant_id = $1 AND id = $2",
            [.id(device.tenantID), .id(device.id)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    private static func values(_ device: Device) -> [PGValue] {
        [
            .id(device.tenantID), .id(device.id), .text(device.name), .text(device.kind.rawValue),
            .text(device.vendor.rawValue), .text(device.host.description), .int4(Int32(clamping: device.port)),
            .bool(device.usesTLS), .text(device.certificateFingerprint), .text(device.username),
            .text(device.location), .textArray(device.tags), .id(device.nasID), .id(device.parentID),
            .bool(device.isActive),
        ]
    }

    static func device(_ row: PGRow) throws -> Device {
        Device(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            name: try row.need("name", \.text),
            kind: try row.choice("kind"),
            vendor: try row.choice("vendor"),
            host: try row.need("host") { $0.text.flatMap { NetworkHost($0) } },
            port: try row.need("port", \.int),
            usesTLS: try row.need("uses_tls", \.bool),
            certificateFingerprint: row["certificate_fingerprint"].text,
            username: row["username"].text,
            credentialsSetAt: row["password_set_at"].time,
            location: try row.need("location", \.text),
            tags: try row.need("tags", \.textArray).compactMap { $0 },
            nasID: row["nas_id"].id(),
            parentID: row["parent_id"].id(),
            isActive: try row.need("is_active", \.bool),
            health: try health(row),
            stamp: try row.stamp()
        )
    }

    static func health(_ row: PGRow) throws -> DeviceHealth {
        DeviceHealth(
            status: try row.choice("status"),
            since: try row.need("status_since", \.time),
            successes: try row.need("successes", \.int),
            failures: try row.need("failures", \.int),
            lastSeenAt: row["last_seen_at"].time,
            checkedAt: row["checked_at"].time,
            lastError: row["last_error"].text
        )
    }
}

/// What would be in want of a device if it were removed (DEV-04).
package struct DeviceDependents: Error, Hashable, Sendable, CustomStringConvertible {
    /// Devices that hang on it.
    package let devices: Int
    /// The names of the first of them.
    package let names: [String]
    /// Sessions that are open on the NAS that it is; counted no further than 10,000.
    package let liveSessions: Int
    /// Services that live on the router that it is.
    package let services: Int

    package init(devices: Int, names: [String], liveSessions: Int, services: Int = 0) {
        self.devices = devices
        self.names = names
        self.liveSessions = liveSessions
        self.services = services
    }

    package var isEmpty: Bool { devices == 0 && liveSessions == 0 && services == 0 }

    /// For people, with what to do about it.
    package var description: String {
        var parts: [String] = []
        if devices > 0 {
            let named = names.map { "\"\($0)\"" }.joined(separator: ", ") + (devices > names.count ? ", …" : "")
            parts.append(
                "\(devices) \(devices == 1 ? "device hangs" : "devices hang") on it (\(named)): move them first"
            )
        }
        if liveSessions > 0 {
            let count = liveSessions >= 10_000 ? "10,000 or more" : "\(liveSessions)"
            parts.append(
                "\(count) \(liveSessions == 1 ? "session is" : "sessions are") open on its NAS: end them, or unlink the NAS first"
            )
        }
        if services > 0 {
            parts.append("\(services) \(services == 1 ? "service lives" : "services live") on it: move them first")
        }
        return parts.joined(separator: "; ")
    }
}
