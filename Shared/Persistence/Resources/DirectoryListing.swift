package import Domain
import Postgres

/// Names of few rows in a tenant are sorted without an index, in collation C, whose order no update of the system changes.
private let nameOrder = "lower(r.name) COLLATE \"C\""

extension ListSource where Row == Plan {
    /// Plans, without their advanced settings.
    package static let plans = ListSource(
        name: "plans",
        tables: ["plans"],
        selection: PlanRepository.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("name", .text), ListField("is_active", .boolean), ListField("price", .decimal),
            ListField("currency", .text), ListField("download_bps", .integer), ListField("upload_bps", .integer),
            ListField("session_limit", .integer), ListField("bandwidth_profile_id", .id, isNullable: true),
            ListField("created_at", .time), ListField("updated_at", .time),
        ],
        orders: [
            ListSort("name", .text, nameOrder), ListSort("created_at", .time), ListSort("price", .decimal),
            ListSort("download_bps", .integer), ListSort("id", .id),
        ],
        defaultSort: "name",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("name") { .text($0.name) }, OutputColumn("description") { .text($0.description) },
            OutputColumn("download_bps") { .integer($0.downloadBitsPerSecond) },
            OutputColumn("upload_bps") { .integer($0.uploadBitsPerSecond) },
            OutputColumn("price") { .text($0.price.decimal) },
            OutputColumn("currency") { .text($0.price.currency.code) },
            OutputColumn("is_active") { .boolean($0.isActive) }, OutputColumn("features") { .texts($0.features) },
            OutputColumn("session_limit") { .integer($0.sessionLimit) },
            OutputColumn("session_timeout_seconds") { .integer($0.sessionTimeoutSeconds) },
            OutputColumn("idle_timeout_seconds") { .integer($0.idleTimeoutSeconds) },
            OutputColumn("interim_interval_seconds") { .integer($0.interimIntervalSeconds) },
            OutputColumn("bandwidth_profile_id") { .id($0.bandwidthProfileID) },
            OutputColumn("version") { .integer($0.stamp?.version) },
            OutputColumn("created_at") { .time($0.stamp?.createdAt) },
            OutputColumn("updated_at") { .time($0.stamp?.updatedAt) },
        ],
        search: .scan("r.name || ' ' || r.description"),
        decode: { try PlanRepository.plan($0) }
    )
}

extension ListSource where Row == NAS {
    /// NASes, without their secrets.
    package static let nases = ListSource(
        name: "nas",
        tables: ["nas_devices"],
        selection: NASRepository.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("name", .text), ListField("address", .prefix), ListField("identifier", .text, isNullable: true),
            ListField("vendor", .choice(NASVendor.allCases.map(\.rawValue))), ListField("is_active", .boolean),
            ListField("created_at", .time), ListField("updated_at", .time),
        ],
        orders: [ListSort("name", .text, nameOrder), ListSort("created_at", .time), ListSort("id", .id)],
        defaultSort: "name",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("name") { .text($0.name) }, OutputColumn("address") { .described($0.address) },
            OutputColumn("identifier") { .text($0.identifier) }, OutputColumn("vendor") { .text($0.vendor.rawValue) },
            OutputColumn("coa_port") { .integer($0.coaPort) },
            OutputColumn("require_message_authenticator") { .boolean($0.requireMessageAuthenticator) },
            OutputColumn("ratchets_message_authenticator") { .boolean($0.ratchetsMessageAuthenticator) },
            OutputColumn("limit_proxy_state") { .boolean($0.limitProxyState) },
            OutputColumn("octets_swapped") { .boolean($0.octetsSwapped) },
            OutputColumn("auth_rate") { .integer($0.authRate) }, OutputColumn("auth_burst") { .integer($0.authBurst) },
            OutputColumn("address_pool") { .text($0.addressPool) }, OutputColumn("ipv6_pool") { .text($0.ipv6Pool) },
            OutputColumn("delegated_ipv6_pool") { .text($0.delegatedIPv6Pool) },
            OutputColumn("is_active") { .boolean($0.isActive) },
            OutputColumn("version") { .integer($0.stamp?.version) },
            OutputColumn("created_at") { .time($0.stamp?.createdAt) },
            OutputColumn("updated_at") { .time($0.stamp?.updatedAt) },
        ],
        search: .scan("r.name || ' ' || coalesce(r.identifier, '') || ' ' || text(r.address)"),
        decode: { try NASRepository.nas($0) }
    )
}

extension ListSource where Row == IPPool {
    /// Address pools.
    package static let pools = ListSource(
        name: "pools",
        tables: ["ip_pools"],
        selection: PoolRepository.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("name", .text), ListField("range", .prefix),
            ListField("use", .choice(["ipv4", "ipv6", "delegated"])), ListField("is_active", .boolean),
            ListField("created_at", .time), ListField("updated_at", .time),
        ],
        orders: [ListSort("name", .text, nameOrder), ListSort("created_at", .time), ListSort("id", .id)],
        defaultSort: "name",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("name") { .text($0.name) }, OutputColumn("range") { .described($0.range) },
            OutputColumn("use") { .text("\($0.use.name)") }, OutputColumn("unit_length") { .integer($0.unitLength) },
            OutputColumn("gateway") { .described($0.gateway) },
            OutputColumn("dns_servers") { .texts($0.dnsServers.map(\.description)) },
            OutputColumn("exclusions") { .texts($0.exclusions.map(\.description)) },
            OutputColumn("sticky_seconds") { .integer($0.stickySeconds) },
            OutputColumn("is_active") { .boolean($0.isActive) },
            OutputColumn("version") { .integer($0.stamp?.version) },
            OutputColumn("created_at") { .time($0.stamp?.createdAt) },
            OutputColumn("updated_at") { .time($0.stamp?.updatedAt) },
        ],
        search: .scan("r.name || ' ' || text(r.range)"),
        decode: { try PoolRepository.pool($0) }
    )
}

extension ListSource where Row == BuriedMessage {
    /// Messages that failed for their own sake, the newest first.
    package static let deadLetters = ListSource(
        name: "dead_letters",
        tables: ["dead_letters"],
        selection: DeadLetterRepository.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("stream", .text), ListField("consumer", .text), ListField("subject", .text),
            ListField("message_id", .text), ListField("reason", .text), ListField("failed_at", .time),
            ListField("replayed_at", .time, isNullable: true),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .text($0.id.description) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("stream") { .text($0.stream) }, OutputColumn("consumer") { .text($0.consumer) },
            OutputColumn("subject") { .text($0.subject) }, OutputColumn("message_id") { .text($0.messageID) },
            OutputColumn("reason") { .text($0.reason) }, OutputColumn("payload") { .text($0.payload) },
            OutputColumn("failed_at") { .time($0.failedAt) }, OutputColumn("replayed_at") { .time($0.replayedAt) },
        ],
        decode: { try DeadLetterRepository.letter($0) }
    )
}
