package import Domain
package import Postgres

/// A device that is due to be checked: where it is, and what is known of it.
package struct DueDevice: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: DeviceID
    /// The device's version: what is found is about this one and no later one.
    package var version: Int64
    package var host: NetworkHost
    package var port: Int
    package var health: DeviceHealth

    package init(
        tenantID: TenantID,
        id: DeviceID,
        version: Int64,
        host: NetworkHost,
        port: Int,
        health: DeviceHealth = DeviceHealth()
    ) {
        self.tenantID = tenantID
        self.id = id
        self.version = version
        self.host = host
        self.port = port
        self.health = health
    }
}

/// How many active devices have which status, over all tenants.
package struct DeviceCounts: Hashable, Sendable {
    package var online = 0
    package var offline = 0
    package var unknown = 0

    package init() {}
}

/// Keeps what checks of devices found, as the pipelines' role, over all tenants. One process at a time checks: see ``lead()``.
package final class DeviceCheckStore: Sendable {
    private let session: PostgresSession

    /// `session` serves this store alone: the leader's lock belongs to its connection.
    package init(_ session: PostgresSession) {
        self.session = session
    }

    /// The first half of the two-number lock of whoever checks devices.
    private static let lockClass: Int32 = 0x4456

    /// Whether this connection leads now: the lock is had at once or another process has it.
    package func lead() async throws(StorageFault) -> Bool {
        try await guarded { try await self.session.leads(Self.lockClass) }
    }

    /// Up to `limit` active devices whose next check is due, those that wait longest first.
    package func due(at now: Timestamp, limit: Int) async throws(StorageFault) -> [DueDevice] {
        try await guarded {
            try await self.session.query(
                """
                SELECT r.tenant_id, r.id, r.row_version, r.host, r.port, s.status, s.status_since, s.successes, s.failures,
                    s.last_seen_at, s.checked_at, s.last_error
                FROM device_status s JOIN devices r ON r.tenant_id = s.tenant_id AND r.id = s.device_id
                WHERE r.is_active AND s.next_check_at <= $1 ORDER BY s.next_check_at, s.device_id LIMIT $2
                """,
                [.time(now), .int8(Int64(limit))]
            ).compactMap { try Self.due($0) }
        }
    }

    /// Stores what checks found, in one transaction with the events of those whose status changed, which the table's trigger writes.
    /// A device that was changed, or removed, since it was due is passed over: what was found is about another place. Returns how
    /// many were stored.
    @discardableResult
    package func store(_ checked: [(device: DueDevice, next: Timestamp)]) async throws(StorageFault) -> Int {
        guard !checked.isEmpty else { return 0 }
        // In one order, so that nobody waits for another who waits for him.
        let rows = checked.sorted { ($0.device.tenantID, $0.device.id) < ($1.device.tenantID, $1.device.id) }
        let devices = rows.map(\.device)
        return try await guarded {
            try await self.session.query(
                Self.update,
                [
                    .uuids(devices.map(\.tenantID.value)), .uuids(devices.map(\.id.value)),
                    .int8Array(devices.map(\.version)), .textArray(devices.map(\.health.status.rawValue)),
                    .timestamptzArray(devices.map { $0.health.since?.microseconds }),
                    .int8Array(devices.map { Int64($0.health.successes) }),
                    .int8Array(devices.map { Int64($0.health.failures) }),
                    .timestamptzArray(devices.map { $0.health.lastSeenAt?.microseconds }),
                    .timestamptzArray(devices.map { $0.health.checkedAt?.microseconds }),
                    .textArray(devices.map(\.health.lastError)), .timestamptzArray(rows.map(\.next.microseconds)),
                ]
            ).affectedRows
        }
    }

    private static let update = """
        UPDATE device_status s SET status = k.status, status_since = coalesce(k.since, s.status_since),
            successes = k.successes, failures = k.failures, last_seen_at = k.seen, checked_at = k.checked,
            last_error = k.error, next_check_at = k.next
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::bigint[], $7::bigint[],
            $8::timestamptz[], $9::timestamptz[], $10::text[], $11::timestamptz[])
            AS k (tenant_id, device_id, version, status, since, successes, failures, seen, checked, error, next)
        JOIN devices r ON r.tenant_id = k.tenant_id AND r.id = k.device_id AND r.row_version = k.version
        WHERE s.tenant_id = k.tenant_id AND s.device_id = k.device_id AND r.is_active
        """

    /// How many active devices have which status.
    package func counts() async throws(StorageFault) -> DeviceCounts {
        try await guarded {
            let row = try await self.session.query(
                """
                SELECT count(*) FILTER (WHERE s.status = 'online') AS online,
                    count(*) FILTER (WHERE s.status = 'offline') AS offline,
                    count(*) FILTER (WHERE s.status = 'unknown') AS unknown
                FROM device_status s JOIN devices r ON r.tenant_id = s.tenant_id AND r.id = s.device_id
                WHERE r.is_active
                """
            ).first
            var counts = DeviceCounts()
            counts.online = row?["online"].int ?? 0
            counts.offline = row?["offline"].int ?? 0
            counts.unknown = row?["unknown"].int ?? 0
            return counts
        }
    }

    /// Nil for a device whose host is none, which only somebody beside us can have stored: it keeps nobody else's check.
    private static func due(_ row: PGRow) throws -> DueDevice? {
        guard let host = row["host"].text.flatMap({ NetworkHost($0) }) else { return nil }
        return DueDevice(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            version: try row.need("row_version", \.int64),
            host: host,
            port: try row.need("port", \.int),
            health: try DeviceRepository.health(row)
        )
    }
}
