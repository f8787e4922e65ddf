package import Postgres

/// Folds what commits of accounting left in `usage_pending` into `usage_daily`. Until then a day lacks it: a day is at most
/// one fold's interval behind the sessions it is made of.
package struct PendingUsage: Sendable {
    private let session: PostgresSession

    package init(_ session: PostgresSession) {
        self.session = session
    }

    /// Folds the oldest `limit` commits in, all or nothing; returns how many there were. None when another process folds.
    package func fold(limit: Int) async throws(StorageFault) -> Int {
        do {
            return try await session.transaction(settings: [("work_mem", "64MB")]) { transaction in
                let lock = try await transaction.query(
                    "SELECT pg_try_advisory_xact_lock($1, 0)",
                    [.int4(Self.lockClass)]
                )
                guard lock.first?[0].bool == true else { return 0 }
                return try await transaction.query(Self.fold, [.int8(Int64(limit))]).first?[0].int ?? 0
            }
        } catch {
            throw StorageFault(error)
        }
    }

    /// The first half of the two-number lock of folding.
    private static let lockClass: Int32 = 0x5546

    /// A tenant that is gone takes its usage along.
    private static let fold = """
        WITH taken AS (
            DELETE FROM usage_pending p
            USING (SELECT tenant_id, id FROM usage_pending ORDER BY tenant_id, id LIMIT $1) AS o
            WHERE p.tenant_id = o.tenant_id AND p.id = o.id
            RETURNING p.tenant_id, p.day, p.service_ids, p.input_octets, p.output_octets, p.sessions
        ), folded AS (
            INSERT INTO usage_daily AS d (tenant_id, service_id, day, input_octets, output_octets, sessions)
            SELECT t.tenant_id, k.service_id, t.day, sum(k.input_octets)::bigint, sum(k.output_octets)::bigint,
                sum(k.sessions)::integer
            FROM taken t JOIN tenants o ON o.id = t.tenant_id
            CROSS JOIN LATERAL unnest(t.service_ids, t.input_octets, t.output_octets, t.sessions)
                AS k (service_id, input_octets, output_octets, sessions)
            GROUP BY 1, 2, 3
            ON CONFLICT (tenant_id, service_id, day) DO UPDATE SET input_octets = d.input_octets + EXCLUDED.input_octets,
                output_octets = d.output_octets + EXCLUDED.output_octets, sessions = d.sessions + EXCLUDED.sessions
        )
        SELECT count(*) FROM taken
        """
}
