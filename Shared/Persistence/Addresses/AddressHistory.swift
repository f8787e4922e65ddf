package import Domain
import Postgres

/// "Who had this address or prefix at this time", from the allocations and from the sessions of one scope.
///
/// Each answer costs a few probes of an index for every tenant of the scope, however many rows there are.
package struct AddressHistory {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Who had the prefix, or one that holds it, at that time; without a time, who had it last. The newest first.
    package func holders(of prefix: IPPrefix, at time: Timestamp? = nil, limit: Int) async throws -> [AddressHolder] {
        var search = HolderSearch(hasTime: time != nil)
        search.addAllocations(by: "unit", "cidr")
        for column in HolderSearch.columns where column.isIPv4 == (prefix.address.family == .ipv4) {
            search.addSessions(by: column.name, column.type)
        }
        return try await rows(search, .textArray(Self.holding(prefix)), time, limit)
    }

    /// What a service had, at that time or last. The newest first.
    package func holdings(of service: ServiceID, at time: Timestamp? = nil, limit: Int) async throws -> [AddressHolder]
    {
        var search = HolderSearch(hasTime: time != nil)
        search.addAllocations(by: "service_id", "uuid")
        search.addSessionsOfService()
        return try await rows(search, .textArray([service.description]), time, limit)
    }

    /// The prefix and those that hold it, of the lengths that addresses and prefixes are given in.
    private static func holding(_ prefix: IPPrefix) -> [String] {
        guard prefix.address.family == .ipv6 else { return [prefix.description] }
        let usual = Set(32...64).union([80, 96, 104, 112, 116, 120, 124, 125, 126, 127, 128, prefix.length])
        return usual.filter { $0 <= prefix.length }.sorted().compactMap { prefix.address.network($0)?.description }
    }

    private func rows(
        _ search: HolderSearch,
        _ keys: PGValue,
        _ time: Timestamp?,
        _ limit: Int
    ) async throws -> [AddressHolder] {
        var parameters: [PGValue] = [keys, .int8(Int64(limit))]
        if let time { parameters.append(.time(time)) }
        return try await transaction.query(search.sql, parameters).map(AddressHolder.init)
    }
}

/// The statement: `$1` what is looked for as text, `$2` how many, `$3` the time where there is one.
private struct HolderSearch {
    /// The columns of a session that tell an address.
    static let columns: [(name: String, type: String, isIPv4: Bool)] = [
        ("framed_ipv4", "inet", true), ("framed_ipv6_prefix", "cidr", false), ("framed_ipv6_address", "inet", false),
        ("delegated_ipv6_prefix", "cidr", false),
    ]

    let hasTime: Bool
    private var parts: [String] = []

    init(hasTime: Bool) { self.hasTime = hasTime }

    var sql: String {
        """
        SELECT h.*, coalesce(h.session_user_name, v.username) AS username, n.name AS nas_name, p.name AS pool_name
        FROM (\(parts.map { "(\($0))" }.joined(separator: " UNION ALL "))) h
        LEFT JOIN services v ON v.tenant_id = h.tenant_id AND v.id = h.service_id
        LEFT JOIN nas_devices n ON n.tenant_id = h.tenant_id AND n.id = h.nas_id
        LEFT JOIN ip_pools p ON p.tenant_id = h.tenant_id AND p.id = h.pool_id
        ORDER BY h.began DESC, h.source, h.unit LIMIT $2
        """
    }

    mutating func addAllocations(by key: String, _ type: String) {
        // Of one unit no two are had at a time, so that the newest before the time is the one; an inactive pool may have
        // handed out the same unit.
        let newest = probe("ip_allocations", key, type, began: "allocated_at", limit: hasTime ? "8" : "$2")
        parts.append(
            """
            SELECT 'allocation' AS source, r.tenant_id, r.unit::text AS unit, r.service_id, NULL::text AS session_user_name,
                r.nas_id, r.hardware_address::text AS device, r.admission_id, NULL::text AS acct_session_id,
                r.allocated_at AS began, r.released_at AS ended, r.status, r.pool_id
            FROM \(newest) \(hasTime ? "WHERE r.released_at IS NULL OR r.released_at > $3" : "")
            """
        )
    }

    mutating func addSessions(by key: String, _ type: String) {
        for table in ["sessions", "sessions_history"] {
            parts.append(
                sessions("r.\(key)::text", probe(table, key, type, began: "started_at", also: alive(in: table)))
            )
        }
    }

    mutating func addSessionsOfService() {
        let units = Self.columns.map { "r.\($0.name)::inet" }.joined(separator: ", ")
        for table in ["sessions", "sessions_history"] {
            let newest = probe(table, "service_id", "uuid", began: "started_at", also: alive(in: table))
            parts.append(
                sessions("u.unit::text", "\(newest) CROSS JOIN LATERAL unnest(ARRAY[\(units)]) u (unit)")
                    + " WHERE u.unit IS NOT NULL"
            )
        }
    }

    /// The end's month chooses the partitions of the history.
    private func alive(in table: String) -> String {
        guard hasTime else { return "" }
        return table == "sessions" ? "AND (x.ended_at IS NULL OR x.ended_at > $3)" : "AND x.ended_at > $3"
    }

    private func sessions(_ unit: String, _ from: String) -> String {
        """
        SELECT 'session' AS source, r.tenant_id, \(unit) AS unit, r.service_id, r.username AS session_user_name, r.nas_id,
            nullif(r.calling_station_id, '') AS device, r.admission_id, r.acct_session_id, r.started_at AS began,
            r.ended_at AS ended, coalesce(r.closed_by, 'live') AS status, NULL::uuid AS pool_id
        FROM \(from)
        """
    }

    /// The newest rows of each key in each tenant of the scope: every index begins with the tenant.
    private func probe(
        _ table: String,
        _ key: String,
        _ type: String,
        began: String,
        also: String = "",
        limit: String = "$2"
    ) -> String {
        """
        unnest(visible_tenants()) t (id) CROSS JOIN unnest($1::text[]::\(type)[]) k (key)
        CROSS JOIN LATERAL (
            SELECT * FROM \(table) x WHERE x.tenant_id = t.id AND x.\(key) = k.key \(also)
            \(hasTime ? "AND x.\(began) <= $3" : "") ORDER BY x.\(began) DESC LIMIT \(limit)
        ) r
        """
    }
}
