package import Domain
package import Ledger
package import Postgres

/// A transfer as it is stored, with what the reader sees of its legs.
package struct StoredTransfer: Hashable, Sendable {
    package let ref: TransferRef
    package let at: LanePlace
    package let row: TransferRow
    /// In the order of the legs. Of a tenant's reader only those in accounts that he sees.
    package let entries: [EntryRow]
}

/// What is kept under a key.
package struct KeptDecision: Hashable, Sendable {
    package let decision: TransferDecision
    /// Of the command that was decided.
    package let fingerprint: [UInt8]
    /// Nil for a refusal.
    package let transfer: StoredTransfer?
}

/// Answers by key: what was decided, for whoever lost the answer on its way, within a scope: a tenant's through nexora_gateway, or
/// everything as nexora_billing.
package struct LedgerKeys {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Reads through that executor, with its rights.
    package init(_ executor: any PGExecutor) {
        transaction = ScopedTransaction(executor)
    }

    /// What was decided under a key, with the transfer where one was made. Nil where nothing is decided yet, or where the scope does
    /// not show the key: that a command is on its way can only be known by its sender.
    package func answer(_ tenant: TenantID, _ key: IdempotencyKey) async throws -> KeptDecision? {
        let row = try await transaction.query(
            """
            SELECT k.fingerprint, k.transfer_id, k.outcome, k.batch, k.place FROM ledger_keys k
            WHERE k.tenant_id = $1 AND k.key = $2
            """,
            [.id(tenant), .text(key.text)]
        ).first
        guard let row else { return nil }
        let decision = try LedgerColumns.decision(row)
        // A refusal may name the id of another command's transfer.
        let transfer =
            decision.verdict.isPosted
            ? try await self.transfer(TransferRef(tenantID: tenant, id: decision.transferID)) : nil
        return KeptDecision(
            decision: decision,
            fingerprint: try row.need("fingerprint", \.bytes),
            transfer: transfer
        )
    }

    /// What a writer would answer if the command were sent again; nil where it would decide it now.
    package func answer(to command: TransferCommand) async throws -> TransferAnswer? {
        try await answer(command.tenantID, command.key).map {
            $0.fingerprint == command.fingerprint ? .repeated($0.decision) : .keyReused
        }
    }

    /// One transfer with its legs, nil where the scope has none.
    package func transfer(_ ref: TransferRef) async throws -> StoredTransfer? {
        let parameters: [PGValue] = [.id(ref.tenantID), .id(ref.id)]
        let results = try await transaction.pipeline([
            PGStatement(Self.transfer, parameters), PGStatement(Self.entries, parameters),
        ])
        guard let row = results[0].first else { return nil }
        return StoredTransfer(
            ref: ref,
            at: try LedgerColumns.place(row),
            row: try LedgerColumns.transfer(row),
            entries: try results[1].map(LedgerColumns.entry)
        )
    }

    private static let transfer = """
        SELECT t.batch, t.place, \(LedgerColumns.transfer) FROM ledger_transfers t \(LedgerColumns.holdOfTransfer)
        WHERE t.tenant_id = $1 AND t.id = $2
        """

    private static let entries = """
        SELECT \(LedgerColumns.entry) FROM ledger_transfers t
        JOIN ledger_entries e ON e.lane = t.lane AND e.batch = t.batch AND e.place = t.place
        JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
        WHERE t.tenant_id = $1 AND t.id = $2 ORDER BY e.leg
        """
}
