package import Domain
import Postgres

/// A unit of a pool and who has it, or had it (table ip_allocations).
package struct Lease: Sendable, Hashable {
    package let tenantID: TenantID
    package let id: UUID128
    package let poolID: PoolID
    package let poolName: String?
    package let unit: String
    package let serviceID: ServiceID
    /// The service's present user name; nil when it was removed.
    package let username: String?
    package let nasID: NASID?
    package let admissionID: AdmissionID?
    package let hardwareAddress: String?
    /// allocated, reserved (kept for its owner) or released.
    package let status: String
    package let allocatedAt: Timestamp
    package let releasedAt: Timestamp?

    init(_ row: PGRow) throws {
        tenantID = try row.need("tenant_id") { $0.id() }
        id = try row.need("id") { $0.uuid.map { UUID128(high: $0.high, low: $0.low) } }
        poolID = try row.need("pool_id") { $0.id() }
        poolName = row["pool_name"].text
        unit = try row.need("unit", \.text)
        serviceID = try row.need("service_id") { $0.id() }
        username = row["username"].text
        nasID = row["nas_id"].id()
        admissionID = row["admission_id"].id()
        hardwareAddress = row["hardware_address"].text
        status = try row.need("status", \.text)
        allocatedAt = try row.need("allocated_at", \.time)
        releasedAt = row["released_at"].time
    }
}

extension ListSource where Row == Lease {
    /// Allocations of addresses and prefixes, the newest first.
    package static let leases = ListSource(
        name: "leases",
        tables: ["ip_allocations"],
        selection: """
            r.tenant_id, r.id, r.pool_id, p.name AS pool_name, r.unit::text AS unit, r.service_id, v.username, r.nas_id, \
            r.admission_id, r.hardware_address::text AS hardware_address, r.status, r.allocated_at, r.released_at
            """,
        joins: """
            LEFT JOIN ip_pools p ON p.tenant_id = r.tenant_id AND p.id = r.pool_id
            LEFT JOIN services v ON v.tenant_id = r.tenant_id AND v.id = r.service_id
            """,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("pool_id", .id), ListField("service_id", .id, isSelective: true),
            ListField("unit", .prefix, isSelective: true), ListField("nas_id", .id, isNullable: true),
            ListField("status", .choice(["allocated", "reserved", "released"])), ListField("allocated_at", .time),
            ListField("released_at", .time, isNullable: true),
        ],
        orders: [ListSort("id", .id), ListSort("allocated_at", .time)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .text($0.id.description) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("pool_id") { .id($0.poolID) }, OutputColumn("pool_name") { .text($0.poolName) },
            OutputColumn("unit") { .text($0.unit) }, OutputColumn("service_id") { .id($0.serviceID) },
            OutputColumn("username") { .text($0.username) }, OutputColumn("nas_id") { .id($0.nasID) },
            OutputColumn("admission_id") { .id($0.admissionID) },
            OutputColumn("hardware_address") { .text($0.hardwareAddress) }, OutputColumn("status") { .text($0.status) },
            OutputColumn("allocated_at") { .time($0.allocatedAt) },
            OutputColumn("released_at") { .time($0.releasedAt) },
        ],
        decode: { try Lease($0) }
    )
}
