package import Domain
import Postgres

extension PlanRepository {
    static let advancedColumns = """
        tenant_id, plan_id, burst_enabled, burst_download_bps, burst_upload_bps, threshold_download_bps, \
        threshold_upload_bps, burst_seconds, priority, guaranteed_download_bps, guaranteed_upload_bps, max_connections, \
        address_pool, ipv6_pool, delegated_ipv6_pool, ARRAY(SELECT host(d) FROM unnest(dns_servers) d) AS dns_servers, address_list, \
        transparent_proxy, queue_type, parent_queue, row_version
        """

    /// The advanced settings of a plan, nil when it has none (PLN-04).
    package func advanced(of plan: Plan) async throws -> PlanAdvancedSettings? {
        try await transaction.query(
            "SELECT \(Self.advancedColumns) FROM plan_advanced_settings WHERE tenant_id = $1 AND plan_id = $2",
            [.id(plan.tenantID), .id(plan.id)]
        ).first.map(Self.settings)
    }

    /// Stores a plan's advanced settings, in place of those it had.
    package func setAdvanced(_ settings: PlanAdvancedSettings) async throws {
        try settings.validate()
        _ = try await transaction.query(
            """
            INSERT INTO plan_advanced_settings AS t (tenant_id, plan_id, burst_enabled, burst_download_bps,
                burst_upload_bps, threshold_download_bps, threshold_upload_bps, burst_seconds, priority,
                guaranteed_download_bps, guaranteed_upload_bps, max_connections, address_pool, delegated_ipv6_pool,
                dns_servers, address_list, transparent_proxy, queue_type, parent_queue, ipv6_pool)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                ARRAY(SELECT d::inet FROM unnest($15::text[]) d), $16, $17, $18, $19, $20)
            ON CONFLICT (tenant_id, plan_id) DO UPDATE SET burst_enabled = excluded.burst_enabled,
                burst_download_bps = excluded.burst_download_bps, burst_upload_bps = excluded.burst_upload_bps,
                threshold_download_bps = excluded.threshold_download_bps,
                threshold_upload_bps = excluded.threshold_upload_bps, burst_seconds = excluded.burst_seconds,
                priority = excluded.priority, guaranteed_download_bps = excluded.guaranteed_download_bps,
                guaranteed_upload_bps = excluded.guaranteed_upload_bps, max_connections = excluded.max_connections,
                address_pool = excluded.address_pool, delegated_ipv6_pool = excluded.delegated_ipv6_pool,
                dns_servers = excluded.dns_servers, address_list = excluded.address_list,
                transparent_proxy = excluded.transparent_proxy, queue_type = excluded.queue_type,
                parent_queue = excluded.parent_queue, ipv6_pool = excluded.ipv6_pool
            """,
            [
                .id(settings.tenantID), .id(settings.planID), .bool(settings.burstEnabled),
                .number(settings.burstDownload), .number(settings.burstUpload), .number(settings.thresholdDownload),
                .number(settings.thresholdUpload), .optionalInt4(settings.burstSeconds),
                .int4(Int32(clamping: settings.priority)), .number(settings.guaranteedDownload),
                .number(settings.guaranteedUpload), .optionalInt4(settings.maxConnections), .text(settings.addressPool),
                .text(settings.delegatedIPv6Pool), .textArray(settings.dnsServers.map(\.description)),
                .text(settings.addressList), .bool(settings.transparentProxy), .text(settings.queueType),
                .text(settings.parentQueue), .text(settings.ipv6Pool),
            ]
        )
    }

    static func settings(_ row: PGRow) throws -> PlanAdvancedSettings {
        PlanAdvancedSettings(
            tenantID: try row.need("tenant_id") { $0.id() },
            planID: try row.need("plan_id") { $0.id() },
            burstEnabled: try row.need("burst_enabled", \.bool),
            burstDownload: row["burst_download_bps"].int64,
            burstUpload: row["burst_upload_bps"].int64,
            thresholdDownload: row["threshold_download_bps"].int64,
            thresholdUpload: row["threshold_upload_bps"].int64,
            burstSeconds: row["burst_seconds"].int,
            priority: try row.need("priority", \.int),
            guaranteedDownload: row["guaranteed_download_bps"].int64,
            guaranteedUpload: row["guaranteed_upload_bps"].int64,
            maxConnections: row["max_connections"].int,
            addressPool: row["address_pool"].text,
            ipv6Pool: row["ipv6_pool"].text,
            delegatedIPv6Pool: row["delegated_ipv6_pool"].text,
            dnsServers: try row.need("dns_servers", \.textArray).compactMap { $0.flatMap { IPAddress($0) } },
            addressList: row["address_list"].text,
            transparentProxy: try row.need("transparent_proxy", \.bool),
            queueType: try row.need("queue_type", \.text),
            parentQueue: row["parent_queue"].text,
            rowVersion: try row.need("row_version", \.int64)
        )
    }
}
