import Crypto
import Domain
import Events
import Ledger
import Postgres
import WireFormat

/// The statements that write a decided batch, set by set.
struct LedgerBatchWriting {
    private let batch: LedgerBatch
    private let header: BatchHeader
    private let lane: Int32
    private let changed: [LedgerAccount]

    init(_ batch: LedgerBatch, header: BatchHeader, lane: Int32) {
        self.batch = batch
        self.header = header
        self.lane = lane
        changed = batch.changedAccounts
    }

    /// Each with how many rows it must change; anything else means that the ledger is not as it was read.
    func statements(lease: Duration) -> [(statement: PGStatement, rows: Int)] {
        let made = batch.decisions.filter { $0.transfer != nil }
        var statements = [(keys, batch.decisions.count)]
        if !made.isEmpty { statements.append((transfers(made), made.count)) }
        if !batch.entries.isEmpty { statements.append((entries, batch.entries.count)) }
        if !batch.placedHolds.isEmpty { statements.append((placedHolds, batch.placedHolds.count)) }
        if !batch.usedHolds.isEmpty { statements.append((usedHolds, batch.usedHolds.count)) }
        if !changed.isEmpty { statements.append((accounts, changed.count)) }
        statements.append((headerRow, 1))
        statements.append((head(lease), 1))
        return statements
    }

    private var keys: PGStatement {
        let rows = batch.decisions
        return PGStatement(
            """
            INSERT INTO ledger_keys (lane, batch, place, tenant_id, key, fingerprint, transfer_id, outcome)
            SELECT $1, $2, q.place, q.tenant_id, q.key, q.fingerprint, q.transfer_id, q.outcome
            FROM unnest($3::integer[], $4::uuid[], $5::text[], $6::bytea[], $7::uuid[], $8::text[])
                AS q (place, tenant_id, key, fingerprint, transfer_id, outcome)
            """,
            [
                .int4(lane), .int8(batch.number), .int4Array(rows.map(\.decision.at.place)),
                .uuids(rows.map(\.tenantID.value)), .textArray(rows.map(\.key.text)),
                .byteaArray(rows.map(\.fingerprint)), .uuids(rows.map(\.decision.transferID.value)),
                .textArray(rows.map(\.decision.verdict.rawValue)),
            ]
        )
    }

    private func transfers(_ rows: [DecisionRow]) -> PGStatement {
        let transfers = rows.compactMap(\.transfer)
        let exchanges = transfers.map(\.exchange)
        return PGStatement(
            """
            INSERT INTO ledger_transfers (lane, batch, currency, recorded_at, place, tenant_id, id, kind, effective_at, purpose,
                reference, description, metadata, target_id, rate, sold_currency, sold, bought_currency, bought, sale_id)
            SELECT $1, $2, $3, $4, q.place, q.tenant_id, q.id, q.kind, q.effective_at, q.purpose, q.reference, q.description,
                q.metadata::jsonb, q.target_id, q.rate, q.sold_currency, q.sold, q.bought_currency, q.bought, q.sale_id
            FROM unnest($5::integer[], $6::uuid[], $7::uuid[], $8::text[], $9::timestamptz[], $10::text[], $11::text[],
                $12::text[], $13::text[], $14::uuid[], $15::bigint[], $16::text[], $17::bigint[], $18::text[], $19::bigint[],
                $20::uuid[])
                AS q (place, tenant_id, id, kind, effective_at, purpose, reference, description, metadata, target_id, rate,
                    sold_currency, sold, bought_currency, bought, sale_id)
            """,
            [
                .int4(lane), .int8(batch.number), .text(header.lane.currency.code),
                .timestamptz(batch.recordedAt.microseconds), .int4Array(rows.map(\.decision.at.place)),
                .uuids(rows.map(\.tenantID.value)), .uuids(rows.map(\.decision.transferID.value)),
                .textArray(transfers.map(\.kind.rawValue)),
                .timestamptzArray(transfers.map(\.effectiveAt.microseconds)),
                .textArray(transfers.map(\.details.purpose.name)), .textArray(transfers.map(\.details.reference)),
                .textArray(transfers.map(\.details.description)),
                .textArray(transfers.map { LedgerColumns.metadataText($0.details.metadata) }),
                .uuids(transfers.map(\.target?.value)), .int8Array(exchanges.map { $0?.rate.tenBillionths }),
                .textArray(exchanges.map { $0?.sold.currency.code }),
                .int8Array(exchanges.map { $0?.sold.tenThousandths }),
                .textArray(exchanges.map { $0?.bought.currency.code }),
                .int8Array(exchanges.map { $0?.bought.tenThousandths }), .uuids(exchanges.map { $0?.sale?.value }),
            ]
        )
    }

    private var entries: PGStatement {
        let rows = batch.entries
        return PGStatement(
            """
            INSERT INTO ledger_entries (lane, batch, recorded_at, place, leg, tenant_id, account_id, sequence, transfer_tenant_id,
                transfer_id, amount, balance_after)
            SELECT $1, $2, $12, q.place, q.leg::smallint, q.tenant_id, q.account_id, q.sequence, q.transfer_tenant_id, q.transfer_id,
                q.amount, q.balance_after
            FROM unnest($3::integer[], $4::integer[], $5::uuid[], $6::uuid[], $7::bigint[], $8::uuid[], $9::uuid[],
                $10::bigint[], $11::bigint[])
                AS q (place, leg, tenant_id, account_id, sequence, transfer_tenant_id, transfer_id, amount, balance_after)
            """,
            [
                .int4(lane), .int8(batch.number), .int4Array(rows.map(\.at.place)),
                .int4Array(rows.map { Int32($0.leg) }), .uuids(rows.map(\.account.tenantID.value)),
                .uuids(rows.map(\.account.id.value)), .int8Array(rows.map(\.sequence)),
                .uuids(rows.map(\.transfer.tenantID.value)), .uuids(rows.map(\.transfer.id.value)),
                .int8Array(rows.map(\.amount.tenThousandths)), .int8Array(rows.map(\.balanceAfter.tenThousandths)),
                .timestamptz(batch.recordedAt.microseconds),
            ]
        )
    }

    private var placedHolds: PGStatement {
        let holds = batch.placedHolds
        return PGStatement(
            """
            INSERT INTO ledger_holds (lane, currency, tenant_id, id, account_id, amount, expires_at, captured, released)
            SELECT $1, $2, q.* FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::timestamptz[], $8::bigint[],
                $9::bigint[]) AS q (tenant_id, id, account_id, amount, expires_at, captured, released)
            """,
            [
                .int4(lane), .text(header.lane.currency.code), .uuids(holds.map(\.ref.tenantID.value)),
                .uuids(holds.map(\.ref.id.value)), .uuids(holds.map(\.terms.accountID.value)),
                .int8Array(holds.map(\.terms.amount.tenThousandths)),
                .timestamptzArray(holds.map { $0.terms.expiresAt?.microseconds }), .int8Array(holds.map(\.captured)),
                .int8Array(holds.map(\.released)),
            ]
        )
    }

    private var usedHolds: PGStatement {
        let holds = batch.usedHolds
        return PGStatement(
            """
            UPDATE ledger_holds h SET captured = q.captured, released = q.released
            FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) AS q (tenant_id, id, captured, released)
            WHERE h.tenant_id = q.tenant_id AND h.id = q.id
            """,
            [
                .uuids(holds.map(\.ref.tenantID.value)), .uuids(holds.map(\.ref.id.value)),
                .int8Array(holds.map(\.captured)), .int8Array(holds.map(\.released)),
            ]
        )
    }

    private var accounts: PGStatement {
        PGStatement(
            """
            UPDATE ledger_accounts a SET balance = q.balance, held = q.held, sequence = q.sequence
            FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[])
                AS q (tenant_id, id, balance, held, sequence)
            WHERE a.tenant_id = q.tenant_id AND a.id = q.id
            """,
            [
                .uuids(changed.map(\.ref.tenantID.value)), .uuids(changed.map(\.ref.id.value)),
                .int8Array(changed.map(\.balance)), .int8Array(changed.map(\.held)),
                .int8Array(changed.map(\.sequence)),
            ]
        )
    }

    private var headerRow: PGStatement {
        PGStatement(
            """
            INSERT INTO ledger_batches (tenant_id, lane, number, epoch, recorded_at, leaves, root, previous, digest)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                .id(header.lane.rootID), .int4(lane), .int8(header.number), .int8(header.epoch),
                .timestamptz(header.recordedAt.microseconds), .int4(header.leaves), .bytea(header.root),
                .bytea(header.previous), .bytea(header.digest),
            ]
        )
    }

    /// Moves the lane's head, and with it the lease.
    private func head(_ lease: Duration) -> PGStatement {
        PGStatement(
            """
            UPDATE ledger_lanes SET last_batch = $4, last_digest = $5, last_recorded_at = $6,
                lease_until = clock_timestamp() + $7 * interval '1 microsecond'
            WHERE tenant_id = $1 AND currency = $2 AND epoch = $3
            """,
            [
                .id(header.lane.rootID), .text(header.lane.currency.code), .int8(header.epoch), .int8(header.number),
                .bytea(header.digest), .timestamptz(header.recordedAt.microseconds), .int8(lease.wholeMicroseconds),
            ]
        )
    }

    /// What the batch tells, which goes into its commit.
    func event(_ id: EventID) -> OutboxRow {
        let transfers = batch.decisions.count { $0.transfer != nil }
        return OutboxRow(
            id: id,
            tenantID: header.lane.rootID,
            aggregateID: Self.aggregate(header.lane),
            payload: LedgerAdvanced(
                currency: header.lane.currency,
                batch: header.number,
                recordedAt: header.recordedAt,
                digest: Hex.encode(header.digest),
                transfers: UInt32(transfers),
                refusals: UInt32(batch.decisions.count - transfers),
                accounts: changed.map {
                    LedgerAdvanced.Account(
                        tenantID: $0.ref.tenantID,
                        accountID: $0.ref.id.value,
                        balance: $0.balance,
                        held: $0.held,
                        sequence: $0.sequence
                    )
                }
            ),
            createdAt: header.recordedAt
        )
    }

    /// A lane's events keep their order, and do not wait for those of other lanes.
    private static func aggregate(_ lane: Lane) -> UUID128? {
        UUID128(bytes: Digest.sha256(Array("nexora.ledger.lane/\(lane.rootID)/\(lane.currency)".utf8)).prefix(16))
    }
}
