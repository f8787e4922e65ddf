import Domain
import HTTPServer
import Persistence
import WireFormat

/// A plan's advanced settings as they come and go (PLN-04).
enum AdvancedSettings {
    static let shape = InputShape<PlanAdvancedSettings>([
        InputField("burst_enabled", .flag, \.burstEnabled),
        InputField("burst_download_bps", .speed, clearable: \.burstDownload),
        InputField("burst_upload_bps", .speed, clearable: \.burstUpload),
        InputField("threshold_download_bps", .speed, clearable: \.thresholdDownload),
        InputField("threshold_upload_bps", .speed, clearable: \.thresholdUpload),
        InputField("burst_seconds", .whole(1...Int(Int32.max)), clearable: \.burstSeconds),
        InputField("priority", .whole(1...8), \.priority),
        InputField("guaranteed_download_bps", .speed, clearable: \.guaranteedDownload),
        InputField("guaranteed_upload_bps", .speed, clearable: \.guaranteedUpload),
        InputField("max_connections", .whole(1...Int(Int32.max)), clearable: \.maxConnections),
        InputField("address_pool", .text(253, minimum: 1), clearable: \.addressPool),
        InputField("ipv6_pool", .text(253, minimum: 1), clearable: \.ipv6Pool),
        InputField("delegated_ipv6_pool", .text(253, minimum: 1), clearable: \.delegatedIPv6Pool),
        InputField("dns_servers", InputKind.address.list(4), \.dnsServers),
        InputField("address_list", .text(200, minimum: 1), clearable: \.addressList),
        InputField("transparent_proxy", .flag, \.transparentProxy),
        InputField("queue_type", .text(200, minimum: 1), \.queueType),
        InputField("parent_queue", .text(200, minimum: 1), clearable: \.parentQueue),
    ])

    static let view = View<PlanAdvancedSettings>([
        .init("plan_id", .uuid) { .id($0.planID) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("burst_enabled", .boolean) { .boolean($0.burstEnabled) },
        .init("burst_download_bps", speed) { .integer($0.burstDownload) },
        .init("burst_upload_bps", speed) { .integer($0.burstUpload) },
        .init("threshold_download_bps", speed) { .integer($0.thresholdDownload) },
        .init("threshold_upload_bps", speed) { .integer($0.thresholdUpload) },
        .init("burst_seconds", .nullable(.integer(1...Int64.max))) { .integer($0.burstSeconds) },
        .init("priority", .integer(1...8)) { .integer($0.priority) },
        .init("guaranteed_download_bps", speed) { .integer($0.guaranteedDownload) },
        .init("guaranteed_upload_bps", speed) { .integer($0.guaranteedUpload) },
        .init("max_connections", .nullable(.integer(1...Int64.max))) { .integer($0.maxConnections) },
        .init("address_pool", .nullable(.text())) { .text($0.addressPool) },
        .init("ipv6_pool", .nullable(.text())) { .text($0.ipv6Pool) },
        .init("delegated_ipv6_pool", .nullable(.text())) { .text($0.delegatedIPv6Pool) },
        .init("dns_servers", .list(.text(), maximum: 4)) { .texts($0.dnsServers.map(\.description)) },
        .init("address_list", .nullable(.text())) { .text($0.addressList) },
        .init("transparent_proxy", .boolean) { .boolean($0.transparentProxy) },
        .init("queue_type", .text()) { .text($0.queueType) },
        .init("parent_queue", .nullable(.text())) { .text($0.parentQueue) },
        .init("version", .integer(0...Int64.max)) { .integer($0.rowVersion) },
    ])

    private static let speed = Schema.nullable(.integer(1...Int64.max))

    static func answer(_ settings: PlanAdvancedSettings) -> Response {
        view.answer(settings, version: settings.rowVersion)
    }

    static func value(_ settings: PlanAdvancedSettings) -> AuditValue { view.auditValue(settings) }
}
