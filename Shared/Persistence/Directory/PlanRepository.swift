package import Domain
import Postgres
import WireFormat

/// The plans of one scope.
package struct PlanRepository {
    let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    static let columns = """
        tenant_id, id, name, description, download_bps, upload_bps, price, currency, is_active, features, session_limit, \
        session_timeout_seconds, idle_timeout_seconds, interim_interval_seconds, bandwidth_profile_id, row_version, created_at, updated_at
        """

    /// Up to `limit` plans in the order they were made, after the one named.
    package func list(after: PlanID? = nil, limit: Int, onlyActive: Bool = false) async throws -> [Plan] {
        try await transaction.query(
            """
            SELECT \(Self.columns) FROM plans
            WHERE ($1::uuid IS NULL OR id > $1) AND (is_active OR NOT $3) ORDER BY id LIMIT $2
            """,
            [.id(after), .int8(Int64(limit)), .bool(onlyActive)]
        ).map(Self.plan)
    }

    /// The plans of one tenant by name.
    package func names(of tenant: TenantID) async throws -> [String: PlanID] {
        let rows = try await transaction.query("SELECT name, id FROM plans WHERE tenant_id = $1", [.id(tenant)])
        return try Dictionary(
            rows.map { (try $0.need("name", \.text), try $0.need("id") { $0.id() }) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The plans of that name: one at most in each tenant of the scope.
    package func find(name: String) async throws -> [Plan] {
        try await transaction.query(
            "SELECT \(Self.columns) FROM plans WHERE name = $1 ORDER BY id",
            [.text(name)]
        ).map(Self.plan)
    }

    /// The plan of that id, locked against other writers when asked for.
    package func find(_ id: PlanID, forUpdate: Bool = false) async throws -> Plan? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM plans WHERE id = $1" + (forUpdate ? " FOR UPDATE" : ""),
            [.id(id)]
        ).first.map(Self.plan)
    }

    /// Stores a new plan.
    package func insert(_ plan: Plan) async throws {
        try plan.validate()
        _ = try await transaction.query(
            """
            INSERT INTO plans (tenant_id, id, name, description, download_bps, upload_bps, price, currency, is_active,
                features, session_limit, session_timeout_seconds, idle_timeout_seconds, interim_interval_seconds,
                bandwidth_profile_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7::text::numeric, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            Self.values(plan)
        )
    }

    /// Stores a changed plan.
    package func update(_ plan: Plan) async throws {
        try plan.validate()
        let rows = try await transaction.query(
            """
            UPDATE plans SET name = $3, description = $4, download_bps = $5, upload_bps = $6,
                price = $7::text::numeric, currency = $8, is_active = $9, features = $10, session_limit = $11,
                session_timeout_seconds = $12, idle_timeout_seconds = $13, interim_interval_seconds = $14,
                bandwidth_profile_id = $15
            WHERE tenant_id = $1 AND id = $2
            """,
            Self.values(plan)
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    /// Removes a plan that no service uses (PLN-03).
    package func remove(_ plan: Plan) async throws {
        let rows = try await transaction.query(
            "DELETE FROM plans WHERE tenant_id = $1 AND id = $2",
            [.id(plan.tenantID), .id(plan.id)]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    private static func values(_ plan: Plan) -> [PGValue] {
        var features = JSONWriter()
        features.beginArray()
        for feature in plan.features { features.value(feature) }
        features.endArray()
        return [
            .id(plan.tenantID), .id(plan.id), .text(plan.name), .text(plan.description),
            .int8(plan.downloadBitsPerSecond), .int8(plan.uploadBitsPerSecond), .text(plan.price.decimal),
            .text(plan.price.currency.code), .bool(plan.isActive),
            .jsonb(String(decoding: features.bytes, as: UTF8.self)),
            .int4(Int32(clamping: plan.sessionLimit)), .optionalInt4(plan.sessionTimeoutSeconds),
            .optionalInt4(plan.idleTimeoutSeconds), .int4(Int32(clamping: plan.interimIntervalSeconds)),
            .id(plan.bandwidthProfileID),
        ]
    }

    static func plan(_ row: PGRow) throws -> Plan {
        Plan(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            name: try row.need("name", \.text),
            description: try row.need("description", \.text),
            downloadBitsPerSecond: try row.need("download_bps", \.int64),
            uploadBitsPerSecond: try row.need("upload_bps", \.int64),
            price: try Money(try row.need("price", \.text), currency: try Currency(try row.need("currency", \.text))),
            isActive: try row.need("is_active", \.bool),
            features: try features(try row.need("features", \.text)),
            sessionLimit: try row.need("session_limit", \.int),
            sessionTimeoutSeconds: row["session_timeout_seconds"].int,
            idleTimeoutSeconds: row["idle_timeout_seconds"].int,
            interimIntervalSeconds: try row.need("interim_interval_seconds", \.int),
            bandwidthProfileID: row["bandwidth_profile_id"].id(),
            stamp: try row.stamp()
        )
    }

    /// Texts of the list; what is no text is left out.
    private static func features(_ json: String) throws -> [String] {
        var features: [String] = []
        var reader = JSONReader(Array(json.utf8))
        try reader.readArray { reader throws(JSONError) in
            if try reader.peek() == .string { features.append(try reader.readString()) } else { try reader.skipValue() }
        }
        return features
    }
}

extension PGValue {
    /// A whole number as integer, or NULL.
    static func optionalInt4(_ number: Int?) -> PGValue {
        number.map { .int4(Int32(clamping: $0)) } ?? .null
    }
}
