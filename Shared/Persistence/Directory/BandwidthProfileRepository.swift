package import Domain
import Postgres

/// The bandwidth profiles of one scope, each with its windows.
package struct BandwidthProfileRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Of a row `r`; the windows in one text, 0 for what is not there.
    static let columns = """
        r.tenant_id, r.id, r.name, r.description, \(SpeedColumns.names), r.queue_type, r.parent_queue, \
        \(SpeedColumns.windows("bandwidth_profile_windows", "profile_id", of: "r")) AS windows, \
        r.row_version, r.created_at, r.updated_at
        """

    /// Up to `limit` profiles in the order they were made, after the one named.
    package func list(after: BandwidthProfileID? = nil, limit: Int) async throws -> [BandwidthProfile] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM bandwidth_profiles r WHERE ($1::uuid IS NULL OR r.id > $1) ORDER BY r.id LIMIT $2
            """,
            [.id(after), .int8(Int64(limit))]
        ).map(Self.profile)
    }

    /// The profiles of that name: one at most in each tenant of the scope.
    package func find(name: String) async throws -> [BandwidthProfile] {
        try await transaction.query(
            "SELECT \(Self.columns) FROM bandwidth_profiles r WHERE r.name = $1 ORDER BY r.id",
            [.text(name)]
        ).map(Self.profile)
    }

    /// The profile of that id, locked against other writers when asked for.
    package func find(_ id: BandwidthProfileID, forUpdate: Bool = false) async throws -> BandwidthProfile? {
        if forUpdate {
            // By itself: what a statement reads beside the row it waits for is of before the wait.
            _ = try await transaction.query("SELECT FROM bandwidth_profiles WHERE id = $1 FOR UPDATE", [.id(id)])
        }
        return try await transaction.query(
            "SELECT \(Self.columns) FROM bandwidth_profiles r WHERE r.id = $1",
            [.id(id)]
        ).first.map(Self.profile)
    }

    /// Stores a new profile with its windows.
    package func insert(_ profile: BandwidthProfile) async throws {
        try profile.validate()
        _ = try await transaction.query(
            """
            INSERT INTO bandwidth_profiles (tenant_id, id, name, description, queue_type, parent_queue, \(SpeedColumns.names))
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            """,
            Self.values(profile)
        )
        try await insertWindows(of: profile)
    }

    /// Stores a changed profile. The plans that refer to it change with it, and are announced.
    package func update(_ profile: BandwidthProfile, from before: BandwidthProfile) async throws {
        try profile.validate()
        if profile.windows != before.windows {
            _ = try await transaction.query(
                "DELETE FROM bandwidth_profile_windows WHERE tenant_id = $1 AND profile_id = $2",
                [.id(profile.tenantID), .id(profile.id)]
            )
            try await insertWindows(of: profile)
        }
        let rows = try await transaction.query(
            """
            UPDATE bandwidth_profiles SET (name, description, queue_type, parent_queue, \(SpeedColumns.names))
                = ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            WHERE tenant_id = $1 AND id = $2
            """,
            Self.values(profile)
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Removes a profile; throws `stillReferenced` while a plan refers to it.
    package func remove(_ profile: BandwidthProfile) async throws {
        let rows = try await transaction.query(
            "DELETE FROM bandwidth_profiles WHERE tenant_id = $1 AND id = $2",
            [.id(profile.tenantID), .id(profile.id)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    private func insertWindows(of profile: BandwidthProfile) async throws {
        for (place, window) in profile.windows.enumerated() {
            _ = try await transaction.query(
                """
                INSERT INTO bandwidth_profile_windows (tenant_id, profile_id, position, days, start_minute, end_minute,
                    \(SpeedColumns.names))
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
                """,
                [
                    .id(profile.tenantID), .id(profile.id), .int4(Int32(clamping: place + 1)),
                    .int4(Int32(window.days.rawValue)), .int4(Int32(clamping: window.start)),
                    .int4(Int32(clamping: window.end)),
                ] + SpeedColumns.values(window.profile)
            )
        }
    }

    private static func values(_ profile: BandwidthProfile) -> [PGValue] {
        [
            .id(profile.tenantID), .id(profile.id), .text(profile.name), .text(profile.description),
            .text(profile.queueType), .text(profile.parentQueue),
        ] + SpeedColumns.values(profile.speed)
    }

    static func profile(_ row: PGRow) throws -> BandwidthProfile {
        BandwidthProfile(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            name: try row.need("name", \.text),
            description: try row.need("description", \.text),
            speed: try SpeedColumns.profile(row),
            queueType: try row.need("queue_type", \.text),
            parentQueue: row["parent_queue"].text,
            windows: try SpeedColumns.windows(row["windows"].text),
            stamp: try row.stamp()
        )
    }
}
