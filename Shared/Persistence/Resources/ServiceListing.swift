package import Domain
import Postgres

extension ListSource where Row == Service {
    /// Services, without their passwords. The search looks into user name and fixed address.
    package static let services = ListSource(
        name: "services",
        tables: ["services"],
        selection: ServiceRepository.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("customer_id", .id, isSelective: true), ListField("plan_id", .id),
            ListField("username", .text, folded: "r.username_key", isSelective: true),
            ListField("kind", .choice(ServiceKind.allCases.map(\.rawValue))),
            ListField("status", .choice(ServiceStatus.allCases.map(\.rawValue))),
            ListField("expires_at", .time, isNullable: true), ListField("static_ipv4", .address, isNullable: true),
            ListField("delegated_ipv6_prefix", .prefix, isNullable: true),
            ListField("service_address", .text, isNullable: true),
            ListField("installation_status", .choice(Installation.Status.allCases.map(\.rawValue)), isNullable: true),
            ListField("cpe_serial", .text, isNullable: true, isSelective: true),
            ListField("cpe_mac", .mac, isNullable: true, isSelective: true),
            ListField("router_id", .id, isNullable: true, isSelective: true),
            ListField("created_at", .time), ListField("updated_at", .time),
        ],
        orders: [
            ListSort("created_at", .time), ListSort("username", .text, "r.username_key"), ListSort("id", .id),
        ],
        defaultSort: "-created_at",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("customer_id") { .id($0.customerID) }, OutputColumn("plan_id") { .id($0.planID) },
            OutputColumn("kind") { .text($0.kind.rawValue) }, OutputColumn("username") { .text($0.username) },
            OutputColumn("status") { .text($0.status.rawValue) }, OutputColumn("expires_at") { .time($0.expiresAt) },
            OutputColumn("session_limit") { .integer($0.sessionLimit) },
            OutputColumn("static_ipv4") { .described($0.staticIPv4) },
            OutputColumn("framed_ipv6_prefix") { .described($0.framedIPv6Prefix) },
            OutputColumn("delegated_ipv6_prefix") { .described($0.delegatedIPv6Prefix) },
            OutputColumn("service_address") { .text($0.installation.address) },
            OutputColumn("installation_status") { .text($0.installation.status?.rawValue) },
            OutputColumn("cpe_serial") { .text($0.installation.deviceSerial) },
            OutputColumn("cpe_mac") { .described($0.installation.deviceMAC) },
            OutputColumn("router_id") { .id($0.routerID) },
            OutputColumn("bound_mac") { .described($0.boundMAC) }, OutputColumn("bound_at") { .time($0.boundAt) },
            OutputColumn("version") { .integer($0.stamp?.version) },
            OutputColumn("created_at") { .time($0.stamp?.createdAt) },
            OutputColumn("updated_at") { .time($0.stamp?.updatedAt) },
        ],
        search: .trigrams(
            function: "services_matching",
            places: [ListSearch.Place(text: "r.search_text", condition: "(%)")]
        ),
        decode: { try ServiceRepository.service($0) }
    )
}

/// What became of a service at one time (table service_history).
package struct ServiceChange: Sendable, Hashable {
    package let tenantID: TenantID
    package let id: UUID128
    package let serviceID: ServiceID
    /// Whose it was afterwards; before, where it was removed.
    package let customerID: CustomerID
    /// JSON of the columns that changed, as they were.
    package let before: String
    /// The same columns as they were then; nil where the service was removed.
    package let after: String?
    package let changedAt: Timestamp

    static let columns = "tenant_id, id, service_id, customer_id, before, after, changed_at"

    init(_ row: PGRow) throws {
        tenantID = try row.need("tenant_id") { $0.id() }
        id = try row.need("id") { $0.uuid.map { UUID128(high: $0.high, low: $0.low) } }
        serviceID = try row.need("service_id") { $0.id() }
        customerID = try row.need("customer_id") { $0.id() }
        before = try row.need("before", \.text)
        after = row["after"].text
        changedAt = try row.need("changed_at", \.time)
    }
}

extension ListSource where Row == ServiceChange {
    /// What became of services, the newest first. That a service was made is told by its own `created_at`.
    package static let serviceHistory = ListSource(
        name: "service_history",
        tables: ["service_history"],
        selection: ServiceChange.columns,
        fields: [
            ListField("service_id", .id, isSelective: true), ListField("customer_id", .id, isSelective: true),
            ListField("changed_at", .time),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .text($0.id.description) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("service_id") { .id($0.serviceID) }, OutputColumn("customer_id") { .id($0.customerID) },
            OutputColumn("before") { .json($0.before) },
            OutputColumn("after") { $0.after.map { .json($0) } ?? .null },
            OutputColumn("changed_at") { .time($0.changedAt) },
        ],
        decode: { try ServiceChange($0) }
    )
}
