import Domain
import Ledger
import Postgres

/// What a batch has to read before it can be decided: the statements, and their rows as the ledger's state.
struct LedgerStateReading {
    private let commands: [TransferCommand]
    private let lane: Int32

    init(_ commands: [TransferCommand], lane: Int32) {
        self.commands = commands
        self.lane = lane
    }

    /// In the order that `state` takes their rows in.
    ///
    /// Rows are not locked one by one: the lane's lock keeps other writers away, and where somebody closes an account or changes
    /// its floor meanwhile, the update of that row is refused as not serializable and the batch begins again.
    var statements: [PGStatement] {
        let targets = refs(commands.compactMap(\.target))
        return [
            PGStatement(
                Self.keys,
                [.uuids(commands.map(\.tenantID.value)), .textArray(commands.map(\.key.text))]
            ), PGStatement(Self.accounts, refs(commands.flatMap(\.action.accounts)) + targets),
            PGStatement(Self.holds, targets + [.int4(lane)]),
            PGStatement(LedgerColumns.knownTransfers, refs(commands.map(\.ref) + commands.compactMap(\.target))),
        ]
    }

    func state(_ results: ArraySlice<PGRows>) throws -> LedgerState {
        let results = Array(results)
        return LedgerState(
            accounts: try results[1].map(LedgerColumns.account),
            keys: try results[0].map(Self.key),
            holds: try results[2].map(LedgerColumns.hold),
            transfers: try results[3].map(LedgerColumns.knownTransfer)
        )
    }

    private func refs(_ refs: [AccountRef]) -> [PGValue] {
        let refs = Set(refs)
        return [.uuids(refs.map(\.tenantID.value)), .uuids(refs.map(\.id.value))]
    }

    private func refs(_ refs: [TransferRef]) -> [PGValue] {
        let refs = Set(refs)
        return [.uuids(refs.map(\.tenantID.value)), .uuids(refs.map(\.id.value))]
    }

    private static func key(_ row: PGRow) throws -> KnownKey {
        KnownKey(
            scopedKey: ScopedKey(
                tenantID: try row.need("tenant_id") { $0.id() },
                key: try LedgerColumns.key(row)
            ),
            fingerprint: try row.need("fingerprint", \.bytes),
            decision: try LedgerColumns.decision(row)
        )
    }

    private static let keys = """
        SELECT k.tenant_id, k.key, k.fingerprint, k.transfer_id, k.outcome, k.batch, k.place
        FROM unnest($1::uuid[], $2::text[]) AS q (tenant_id, key)
        JOIN ledger_keys k ON k.tenant_id = q.tenant_id AND k.key = q.key
        """

    /// Those that commands name, those of the holds, and those of the transfers that are to be taken back.
    private static let accounts = """
        SELECT \(LedgerColumns.account) FROM (
            SELECT q.tenant_id, q.id FROM unnest($1::uuid[], $2::uuid[]) AS q (tenant_id, id)
            UNION SELECT h.tenant_id, h.account_id FROM unnest($3::uuid[], $4::uuid[]) AS q (tenant_id, id)
                JOIN ledger_holds h ON h.tenant_id = q.tenant_id AND h.id = q.id
            UNION SELECT e.tenant_id, e.account_id FROM unnest($3::uuid[], $4::uuid[]) AS q (tenant_id, id)
                JOIN ledger_transfers t ON t.tenant_id = q.tenant_id AND t.id = q.id
                JOIN ledger_entries e ON e.lane = t.lane AND e.batch = t.batch AND e.place = t.place
        ) AS n JOIN ledger_accounts a ON a.tenant_id = n.tenant_id AND a.id = n.id
        """

    private static let holds = """
        SELECT \(LedgerColumns.hold) FROM unnest($1::uuid[], $2::uuid[]) AS q (tenant_id, id)
        JOIN ledger_holds h ON h.tenant_id = q.tenant_id AND h.id = q.id WHERE h.lane = $3
        """
}
