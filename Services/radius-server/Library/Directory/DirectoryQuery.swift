import Domain
import Persistence

/// The rows of the directory as COPY sends them. The same text loads everything at start and single rows afterwards.
enum DirectoryQuery {
    /// `COPY … TO STDOUT` of one kind; with ids, only the rows that those concern. Ids are UUIDs, whose text needs no
    /// quoting; COPY takes no parameters.
    static func copy(_ kind: Kind, ids: [UUID128]? = nil) -> String {
        var select = kind.select
        if let ids {
            let list = ids.map(\.description).joined(separator: ",")
            select += " WHERE \(kind.idColumn) = ANY ('{\(list)}'::uuid[])"
        }
        return "COPY (\(select)) TO STDOUT (FORMAT binary)"
    }

    enum Kind: CaseIterable {
        case tenants
        case pools
        case nases
        case plans
        case services

        fileprivate var idColumn: String {
            switch self {
            case .tenants: "t.id"
            case .pools: "o.id"
            case .nases: "n.id"
            case .plans: "p.id"
            case .services: "s.id"
            }
        }

        fileprivate var select: String {
            switch self {
            case .tenants:
                """
                SELECT t.id, t.is_active, t.settings ->> 'session_policy', (t.settings ->> 'bind_device')::boolean, \
                (t.settings ->> 'walled_garden_plan')::uuid, t.settings ->> 'time_zone', t.row_version FROM tenants t
                """
            case .pools:
                """
                SELECT o.id, o.tenant_id, o.name, o.range, o.use, o.unit_length, o.gateway, o.sticky_seconds, o.is_active, \
                array_to_string(ARRAY(SELECT host(d) FROM unnest(o.dns_servers) d), ','), \
                array_to_string(o.exclusions::text[], ','), o.row_version FROM ip_pools o
                """
            case .nases:
                """
                SELECT n.id, n.tenant_id, n.name, n.address, n.identifier, n.vendor, n.secret, \
                n.require_message_authenticator, n.limit_proxy_state, n.octets_swapped, n.auth_rate, n.auth_burst, \
                n.is_active, n.address_pool, n.ipv6_pool, n.delegated_ipv6_pool, \
                \(attributes("nas", of: "n")), n.row_version FROM nas_devices n
                """
            case .plans:
                """
                SELECT p.id, p.tenant_id, p.is_active, coalesce(b.download_bps, p.download_bps), \
                coalesce(b.upload_bps, p.upload_bps), p.session_timeout_seconds, p.idle_timeout_seconds, \
                p.interim_interval_seconds, \
                CASE WHEN b.id IS NULL THEN coalesce(a.burst_enabled, false) ELSE b.burst_download_bps IS NOT NULL END, \
                \(shaping("burst_download_bps")), \(shaping("burst_upload_bps")), \
                \(shaping("threshold_download_bps")), \(shaping("threshold_upload_bps")), \
                \(shaping("burst_seconds")), coalesce(b.priority, a.priority, 8), \
                \(shaping("guaranteed_download_bps")), \(shaping("guaranteed_upload_bps")), \
                a.address_pool, a.delegated_ipv6_pool, a.address_list, a.dns_servers[1], a.dns_servers[2], \
                a.ipv6_pool, p.session_limit, \(attributes("plan", of: "p")), \
                CASE WHEN b.id IS NULL THEN \(SpeedColumns.windows("plan_speed_windows", "plan_id", of: "p")) \
                ELSE \(SpeedColumns.windows("bandwidth_profile_windows", "profile_id", of: "b")) END, \
                (SELECT string_agg(concat_ws(',', q.position, q.throttle_download_bps, q.throttle_upload_bps), ';' \
                ORDER BY q.position) FROM plan_quotas q \
                WHERE q.tenant_id = p.tenant_id AND q.plan_id = p.id AND q.policy = 'throttle'), \
                (SELECT string_agg(concat_ws(',', q.id, CASE q.resource WHEN 'octets' THEN q.direction ELSE q.resource END, \
                q.allowance, \(hours("max", "greatest")), \(hours("min", "least"))), ';' \
                ORDER BY q.position) FROM plan_quotas q WHERE q.tenant_id = p.tenant_id AND q.plan_id = p.id \
                AND q.policy IN ('throttle', 'block') AND q.allowance > 0), \
                greatest(p.row_version, a.row_version) FROM plans p \
                LEFT JOIN plan_advanced_settings a ON a.tenant_id = p.tenant_id AND a.plan_id = p.id \
                LEFT JOIN bandwidth_profiles b ON b.tenant_id = p.tenant_id AND b.id = p.bandwidth_profile_id
                """
            case .services:
                """
                SELECT s.id, s.tenant_id, s.customer_id, s.plan_id, s.kind, s.username, s.status, \
                CASE WHEN c.deleted_at IS NULL THEN c.status ELSE 'terminated' END, s.expires_at, s.static_ipv4, \
                s.framed_ipv6_prefix, s.delegated_ipv6_prefix, k.password, \
                s.session_limit, s.bound_mac, s.binding_generation, \(attributes("service", of: "s")), \
                CASE s.restriction WHEN 'blocked' THEN 255 WHEN 'throttled' THEN s.restricted_position::integer ELSE 0 END, \
                s.restricted_until, array_to_string(h.used, ','), s.boost_plan_id, s.boosted_until, \
                greatest(s.row_version, c.row_version, k.row_version, h.row_version) FROM services s \
                JOIN customers c ON c.tenant_id = s.tenant_id AND c.id = s.customer_id \
                LEFT JOIN service_credentials k ON k.tenant_id = s.tenant_id AND k.service_id = s.id \
                LEFT JOIN quota_headroom h ON h.tenant_id = s.tenant_id AND h.service_id = s.id
                """
            }
        }
    }

    /// The reply attributes of an owner in one text: fields and records behind control characters, which none holds.
    private static func attributes(_ owner: String, of alias: String) -> String {
        """
        (SELECT string_agg(concat_ws(E'\\x1f', r.operator, coalesce(r.vendor, ''), r.name, r.value), E'\\x1e' \
        ORDER BY r.position) FROM \(owner)_reply_attributes r \
        WHERE r.tenant_id = \(alias).tenant_id AND r.\(owner)_id = \(alias).id)
        """
    }

    /// A change of a profile is one of its plans', whose versions tell (see the tables' triggers).
    private static func shaping(_ column: String) -> String {
        SpeedColumns.shaping(column, profile: "b", settings: "a")
    }

    /// The most or least that use counts in a quota, in percent: the last of the four numbers of each of its hours, or in full.
    private static func hours(_ aggregate: String, _ choice: String) -> String {
        """
        (SELECT \(choice)(100, \(aggregate)(x.number)) FROM unnest(q.hours) WITH ORDINALITY AS x (number, place) \
        WHERE x.place % 4 = 0)
        """
    }

    /// Counts and version sums as Postgres has them, in the order of `DirectoryChecksum`.
    static let checksum = """
        SELECT (SELECT count(*) FROM tenants), (SELECT coalesce(sum(row_version), 0)::bigint FROM tenants),
            (SELECT count(*) FROM nas_devices), (SELECT coalesce(sum(row_version), 0)::bigint FROM nas_devices),
            (SELECT count(*) FROM plans),
            (SELECT coalesce(sum(greatest(p.row_version, a.row_version)), 0)::bigint FROM plans p
                LEFT JOIN plan_advanced_settings a ON a.tenant_id = p.tenant_id AND a.plan_id = p.id),
            (SELECT count(*) FROM services),
            (SELECT coalesce(sum(greatest(s.row_version, c.row_version, k.row_version, h.row_version)), 0)::bigint FROM services s
                JOIN customers c ON c.tenant_id = s.tenant_id AND c.id = s.customer_id
                LEFT JOIN service_credentials k ON k.tenant_id = s.tenant_id AND k.service_id = s.id
                LEFT JOIN quota_headroom h ON h.tenant_id = s.tenant_id AND h.service_id = s.id),
            (SELECT count(*) FROM ip_pools), (SELECT coalesce(sum(row_version), 0)::bigint FROM ip_pools)
        """

    /// The services of some customers.
    static func services(ofCustomers ids: [UUID128]) -> String {
        let list = ids.map(\.description).joined(separator: ",")
        return "SELECT id FROM services WHERE customer_id = ANY ('{\(list)}'::uuid[])"
    }
}
