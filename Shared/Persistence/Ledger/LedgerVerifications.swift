package import Domain
package import Ledger
package import Postgres
import WireFormat

/// What verifying found of each lane, kept where everybody who may see the lane can read it (table ledger_verifications).
package struct LedgerVerifications {
    private let transaction: ScopedTransaction

    /// Works through that executor as nexora_billing.
    package init(_ executor: any PGExecutor) {
        transaction = ScopedTransaction(executor)
    }

    /// Reads in that transaction: its tenants' lanes.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    // MARK: - Writing

    /// What following a lane found. A discrepancy stays until a run over everything finds none: see ``record(run:since:at:)``.
    package func record(stretch verdict: StretchVerdict, of lane: Lane, at now: Timestamp) async throws {
        let isWhole = verdict.discrepancy == nil
        _ = try await transaction.query(
            """
            INSERT INTO ledger_verifications AS v (tenant_id, currency, verified_through, is_at_end, checked_at, batches, rows,
                discrepancy, found_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (tenant_id, currency) DO UPDATE SET verified_through = EXCLUDED.verified_through,
                is_at_end = EXCLUDED.is_at_end, checked_at = EXCLUDED.checked_at, batches = v.batches + EXCLUDED.batches,
                rows = v.rows + EXCLUDED.rows, discrepancy = coalesce(v.discrepancy, EXCLUDED.discrepancy),
                found_at = coalesce(v.found_at, EXCLUDED.found_at)
            """,
            [
                .id(lane.rootID), .text(lane.currency.code), .int8(verdict.head.number),
                .bool(isWhole && verdict.isAtEnd), .timestamptz(now.microseconds), .int8(isWhole ? verdict.batches : 0),
                .int8(isWhole ? verdict.rows : 0), .text(Self.words(verdict.discrepancy)),
                .time(isWhole ? nil : now),
            ]
        )
    }

    /// What a stretch from anywhere in a lane found.
    package func record(sample verdict: StretchVerdict, of lane: Lane, at now: Timestamp) async throws {
        let isWhole = verdict.discrepancy == nil
        _ = try await transaction.query(
            """
            INSERT INTO ledger_verifications AS v (tenant_id, currency, batches, rows, sampled_at, discrepancy, found_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (tenant_id, currency) DO UPDATE SET batches = v.batches + EXCLUDED.batches,
                rows = v.rows + EXCLUDED.rows, sampled_at = coalesce(EXCLUDED.sampled_at, v.sampled_at),
                discrepancy = coalesce(v.discrepancy, EXCLUDED.discrepancy),
                found_at = coalesce(v.found_at, EXCLUDED.found_at)
            """,
            [
                .id(lane.rootID), .text(lane.currency.code), .int8(isWhole ? verdict.batches : 0),
                .int8(isWhole ? verdict.rows : 0), .time(isWhole ? now : nil), .text(Self.words(verdict.discrepancy)),
                .time(isWhole ? nil : now),
            ]
        )
    }

    /// What a run over all of a lane found that began at `since`. Where it found nothing, what was found before it began is no longer
    /// said.
    package func record(run verdict: LaneVerdict, since: Timestamp, at now: Timestamp) async throws {
        let isWhole = verdict.discrepancy == nil
        _ = try await transaction.query(
            """
            INSERT INTO ledger_verifications AS v (tenant_id, currency, proven_at, discrepancy, found_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (tenant_id, currency) DO UPDATE SET proven_at = coalesce(EXCLUDED.proven_at, v.proven_at),
                discrepancy = CASE WHEN EXCLUDED.discrepancy IS NULL AND v.found_at < $6 THEN NULL
                    ELSE coalesce(v.discrepancy, EXCLUDED.discrepancy) END,
                found_at = CASE WHEN EXCLUDED.discrepancy IS NULL AND v.found_at < $6 THEN NULL
                    ELSE coalesce(v.found_at, EXCLUDED.found_at) END
            """,
            [
                .id(verdict.lane.rootID), .text(verdict.lane.currency.code), .time(isWhole ? now : nil),
                .text(Self.words(verdict.discrepancy)), .time(isWhole ? nil : now), .timestamptz(since.microseconds),
            ]
        )
    }

    /// The figures of lanes, in their order: two who write them at once do not wait for one another in a circle.
    package func record(_ figures: [LaneFigures], at now: Timestamp) async throws {
        guard !figures.isEmpty else { return }
        _ = try await transaction.query(
            """
            INSERT INTO ledger_verifications (tenant_id, currency, accounts, balance_sum, held, clearing, figured_at)
            SELECT k.tenant_id, k.currency, k.accounts, k.balance_sum::numeric, k.held::numeric, k.clearing::jsonb, $7
            FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])
                AS k (tenant_id, currency, accounts, balance_sum, held, clearing)
            ON CONFLICT (tenant_id, currency) DO UPDATE SET accounts = EXCLUDED.accounts, balance_sum = EXCLUDED.balance_sum,
                held = EXCLUDED.held, clearing = EXCLUDED.clearing, figured_at = EXCLUDED.figured_at
            """,
            [
                .uuids(figures.map(\.lane.rootID.value)), .textArray(figures.map(\.lane.currency.code)),
                .int8Array(figures.map(\.accounts)), .textArray(figures.map { String($0.sum) }),
                .textArray(figures.map { String($0.held) }), .textArray(figures.map { Self.json($0) }),
                .timestamptz(now.microseconds),
            ]
        )
    }

    private static func words(_ discrepancy: LedgerDiscrepancy?) -> String? {
        discrepancy.map { String("\($0)".prefix(120)) }
    }

    private static func json(_ figures: LaneFigures) -> String {
        var json = JSONWriter(capacity: 256)
        json.beginArray()
        for account in figures.clearing {
            json.beginObject()
            json.key("gateway")
            json.value(account.gateway)
            json.key("balance")
            FieldValue.tenThousandths(Int128(account.balance)).write(to: &json)
            json.key("unsettled_since")
            FieldValue.time(account.unsettledSince).write(to: &json)
            json.endObject()
        }
        json.endArray()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    // MARK: - Reading

    /// The lanes that the scope sees, by operator and currency; of one operator where one is named.
    package func lanes(of operatorID: TenantID? = nil) async throws -> [LaneVerification] {
        try await transaction.query(
            """
            SELECT l.tenant_id, l.currency, l.last_batch, l.last_recorded_at, c.number AS checkpoint, c.signed_at,
                b.recorded_at AS unsigned_since, v.verified_through, v.is_at_end, v.checked_at, v.batches, v.rows, v.sampled_at,
                v.proven_at, v.discrepancy, v.found_at, v.accounts, v.balance_sum::text AS balance_sum, v.held::text AS held,
                v.clearing::text AS clearing, v.figured_at
            FROM ledger_lanes l
            LEFT JOIN ledger_verifications v ON v.tenant_id = l.tenant_id AND v.currency = l.currency
            LEFT JOIN LATERAL (
                SELECT n.number, n.signed_at FROM ledger_checkpoints n WHERE n.tenant_id = l.tenant_id AND n.lane = l.lane
                ORDER BY n.number DESC, n.signed_at DESC LIMIT 1
            ) AS c ON true
            LEFT JOIN ledger_batches b ON b.tenant_id = l.tenant_id AND b.lane = l.lane AND b.number = coalesce(c.number, 0) + 1
            WHERE $1::uuid IS NULL OR l.tenant_id = $1
            ORDER BY l.tenant_id, l.currency
            """,
            [.id(operatorID)]
        ).map { try LaneVerification($0) }
    }
}

extension FieldValue {
    /// An amount of any size with its four decimals.
    package static func tenThousandths(_ amount: Int128) -> FieldValue {
        let fraction = String(10_000 + amount.magnitude % 10_000).dropFirst()
        return .text("\(amount < 0 ? "-" : "")\(amount.magnitude / 10_000).\(fraction)")
    }
}
