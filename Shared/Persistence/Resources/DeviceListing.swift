package import Domain
import Postgres

extension ListSource where Row == Device {
    /// Devices with what checks found of them, without their passwords.
    package static let devices = ListSource(
        name: "devices",
        tables: ["devices"],
        selection: DeviceRepository.columns,
        joins: DeviceRepository.joins,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("name", .text), ListField("kind", .choice(DeviceKind.allCases.map(\.rawValue))),
            ListField("vendor", .choice(DeviceVendor.allCases.map(\.rawValue))), ListField("host", .text),
            ListField(
                "status",
                .choice(DeviceStatus.allCases.map(\.rawValue)),
                condition: "(\(found("status"))) %"
            ),
            ListField("last_seen_at", .time, condition: "(\(found("last_seen_at"))) %", isNullable: true),
            ListField("tags", .tags), ListField("nas_id", .id, isNullable: true),
            ListField("parent_id", .id, isNullable: true), ListField("is_active", .boolean),
            ListField("created_at", .time), ListField("updated_at", .time),
        ],
        orders: [
            ListSort("name", .text, "lower(r.name) COLLATE \"C\""), ListSort("created_at", .time), ListSort("id", .id),
        ],
        defaultSort: "name",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("name") { .text($0.name) }, OutputColumn("kind") { .text($0.kind.rawValue) },
            OutputColumn("vendor") { .text($0.vendor.rawValue) }, OutputColumn("host") { .described($0.host) },
            OutputColumn("port") { .integer($0.port) }, OutputColumn("uses_tls") { .boolean($0.usesTLS) },
            OutputColumn("certificate_fingerprint") { .text($0.certificateFingerprint) },
            OutputColumn("username") { .text($0.username) },
            OutputColumn("credentials_set_at") { .time($0.credentialsSetAt) },
            OutputColumn("location") { .text($0.location) }, OutputColumn("tags") { .texts($0.tags) },
            OutputColumn("nas_id") { .id($0.nasID) }, OutputColumn("parent_id") { .id($0.parentID) },
            OutputColumn("is_active") { .boolean($0.isActive) },
            OutputColumn("status") { .text($0.health.status.rawValue) },
            OutputColumn("status_since_at") { .time($0.health.since) },
            OutputColumn("last_seen_at") { .time($0.health.lastSeenAt) },
            OutputColumn("checked_at") { .time($0.health.checkedAt) },
            OutputColumn("last_error") { .text($0.health.lastError) },
            OutputColumn("version") { .integer($0.stamp?.version) },
            OutputColumn("created_at") { .time($0.stamp?.createdAt) },
            OutputColumn("updated_at") { .time($0.stamp?.updatedAt) },
        ],
        search: .scan("r.name || ' ' || r.host || ' ' || r.location"),
        decode: { try DeviceRepository.device($0) }
    )

    /// A column of what checks found of the row.
    private static func found(_ column: String) -> String {
        "SELECT s.\(column) FROM device_status s WHERE s.tenant_id = r.tenant_id AND s.device_id = r.id"
    }
}
