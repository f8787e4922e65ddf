package import Domain
import Postgres

/// A request under its `Idempotency-Key`.
package struct KeyedRequest: Hashable, Sendable {
    /// The caller's own tenant.
    package let tenantID: TenantID
    /// The user or the API key that asks.
    package let actor: UUID128
    package let key: String
    /// 32 octets that another request would not have.
    package let fingerprint: [UInt8]

    package init(tenantID: TenantID, actor: UUID128, key: String, fingerprint: [UInt8]) {
        self.tenantID = tenantID
        self.actor = actor
        self.key = key
        self.fingerprint = fingerprint
    }
}

/// An answer that is given again.
package struct KeptAnswer: Hashable, Sendable {
    package let status: Int
    /// In their order.
    package let headers: [String: String]
    /// Nil: it held a secret and was not kept.
    package let body: [UInt8]?

    package init(status: Int, headers: [String: String], body: [UInt8]?) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Remembers requests under their keys, so that a repetition changes nothing (table idempotency_keys).
package struct IdempotencyStore {
    /// What a claim found.
    package enum Finding: Hashable, Sendable {
        /// It is the first; carry it out.
        case claimed
        case answered(KeptAnswer)
        /// The first is still under way.
        case underWay
        /// The key was another request's.
        case mismatch
    }

    private let transaction: ScopedTransaction

    /// Works in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Claims the key. A claim older than `abandonedBefore` whose request never ended is taken over: what it did did not commit,
    /// for it would have been answered in the same transaction.
    package func claim(
        _ request: KeyedRequest,
        at now: Timestamp,
        abandonedBefore: Timestamp
    ) async throws -> Finding {
        let claimed = try await transaction.query(
            """
            INSERT INTO idempotency_keys AS k (tenant_id, actor_id, key, fingerprint, claimed_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (tenant_id, actor_id, key) DO UPDATE SET claimed_at = excluded.claimed_at
            WHERE k.status IS NULL AND k.claimed_at < $6 AND k.fingerprint = excluded.fingerprint
            """,
            key(request) + [.bytea(request.fingerprint), .time(now), .time(abandonedBefore)]
        )
        if claimed.affectedRows == 1 { return .claimed }
        let row = try await transaction.query(
            """
            SELECT fingerprint, status, body,
                (SELECT array_agg(h.key ORDER BY h.key) FROM jsonb_each_text(headers) h) AS names,
                (SELECT array_agg(h.value ORDER BY h.key) FROM jsonb_each_text(headers) h) AS texts
            FROM idempotency_keys WHERE tenant_id = $1 AND actor_id = $2 AND key = $3
            """,
            key(request)
        ).first
        guard let row else { return .underWay }
        guard row["fingerprint"].bytes == request.fingerprint else { return .mismatch }
        guard let status = row["status"].int else { return .underWay }
        let (names, texts) = (row["names"].textArray ?? [], row["texts"].textArray ?? [])
        let headers = zip(names, texts).compactMap { name, text in name.flatMap { name in text.map { (name, $0) } } }
        return .answered(
            KeptAnswer(
                status: status,
                headers: Dictionary(headers, uniquingKeysWith: { first, _ in first }),
                body: row["body"].bytes
            )
        )
    }

    /// Keeps the answer, in the transaction that made the change where there is one.
    package func keep(_ answer: KeptAnswer, for request: KeyedRequest) async throws {
        let headers = answer.headers.sorted { $0.key < $1.key }
        _ = try await transaction.query(
            """
            UPDATE idempotency_keys SET status = $4, body = $5,
                headers = coalesce((SELECT jsonb_object_agg(n, t) FROM unnest($6::text[], $7::text[]) AS h (n, t)), '{}')
            WHERE tenant_id = $1 AND actor_id = $2 AND key = $3
            """,
            key(request) + [
                .int4(Int32(clamping: answer.status)), answer.body.map { .bytea($0) } ?? .null,
                .textArray(headers.map(\.key)), .textArray(headers.map(\.value)),
            ]
        )
    }

    /// Forgets a claim whose request came to nothing, so that it may be made again.
    package func release(_ request: KeyedRequest) async throws {
        _ = try await transaction.query(
            "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND actor_id = $2 AND key = $3 AND status IS NULL",
            key(request)
        )
    }

    /// Forgets what was claimed before a time, in all of the scope.
    package func forget(before: Timestamp) async throws {
        _ = try await transaction.query("DELETE FROM idempotency_keys WHERE claimed_at < $1", [.time(before)])
    }

    private func key(_ request: KeyedRequest) -> [PGValue] {
        [.id(request.tenantID), .uuid(high: request.actor.high, low: request.actor.low), .text(request.key)]
    }
}
