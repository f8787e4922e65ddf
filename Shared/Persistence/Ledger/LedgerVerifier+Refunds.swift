import Domain
import Ledger
import Postgres

/// Refunds against what they take back.
extension LedgerVerifier {
    /// The first transfer of a lane whose refunds are not what it can give back.
    func compareRefunds(_ head: LaneHead) async throws -> LedgerDiscrepancy? {
        var after = TransferRef(tenantID: TenantID(.zero), id: TransferID(.zero))
        while true {
            let targets = try await transaction.query(
                """
                SELECT DISTINCT tenant_id, target_id FROM ledger_transfers
                WHERE lane = $1 AND kind = 'refund' AND (tenant_id, target_id) > ($2, $3)
                ORDER BY tenant_id, target_id LIMIT $4
                """,
                [.int4(head.number), .id(after.tenantID), .id(after.id), .int8(stretch)]
            ).map(Self.target)
            if let found = try await compareRefunds(of: targets, head) { return found }
            guard let last = targets.last, targets.count == Int(stretch) else { return nil }
            after = last
        }
    }

    /// The first of some transfers that were refunded whose refunds are not what it can give back.
    func compareRefunds(of targets: [TransferRef], _ head: LaneHead) async throws -> LedgerDiscrepancy? {
        guard !targets.isEmpty else { return nil }
        let names: [PGValue] = [.uuids(targets.map(\.tenantID.value)), .uuids(targets.map(\.id.value))]
        let results = try await transaction.pipeline([
            PGStatement(LedgerColumns.knownTransfers, names), PGStatement(Self.refunds, names),
        ])
        var known: [TransferRef: KnownTransfer] = [:]
        for row in results[0] where row["lane"].int32 == head.number {
            let transfer = try LedgerColumns.knownTransfer(row)
            known[transfer.ref] = transfer
        }
        var refunds: [TransferRef: [[Leg]]] = [:]
        for row in results[1] { refunds[try Self.target(row), default: []].append(try LedgerColumns.legs(row)) }
        for target in targets {
            guard let made = refunds[target] else { continue }
            guard let transfer = known[target], transfer.kind == .post || transfer.kind == .capture,
                !transfer.isReversed, RefundableTransfer(legs: transfer.legs)?.allows(made) == true
            else { return .refundDiffers(target.id) }
        }
        return nil
    }

    private static func target(_ row: PGRow) throws -> TransferRef {
        TransferRef(tenantID: try row.need("tenant_id") { $0.id() }, id: try row.need("target_id") { $0.id() })
    }

    /// The refunds of transfers, in the order in which they were made.
    private static let refunds = """
        SELECT t.tenant_id, t.target_id, t.currency, l.leg_tenants, l.leg_accounts, l.leg_amounts
        FROM unnest($1::uuid[], $2::uuid[]) AS q (tenant_id, id)
        JOIN ledger_transfers t ON t.tenant_id = q.tenant_id AND t.target_id = q.id AND t.kind = 'refund'
        \(LedgerColumns.legs)
        ORDER BY t.tenant_id, t.target_id, t.batch, t.place
        """
}
