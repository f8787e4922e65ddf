import Domain
import Ledger
import Postgres

/// Rows of the ledger's tables as values. All throw `UnexpectedRow` for what the schema does not promise.
enum LedgerColumns {
    /// Of ledger_accounts `a`.
    static let account = """
        a.tenant_id, a.id, a.root_id, a.owner_kind, a.owner_id, a.kind, a.gateway, a.currency, a.balance, a.held, a.floor,
        a.sequence, a.closed_at IS NOT NULL AS is_closed
        """

    static func account(_ row: PGRow) throws -> LedgerAccount {
        LedgerAccount(
            ref: AccountRef(tenantID: try row.need("tenant_id") { $0.id() }, id: try row.need("id") { $0.id() }),
            rootID: try row.need("root_id") { $0.id() },
            owner: try owner(row),
            kind: try accountKind(row, "kind"),
            currency: try currency(row, "currency"),
            balance: try row.need("balance", \.int64),
            held: try row.need("held", \.int64),
            floor: row["floor"].int64,
            sequence: try row.need("sequence", \.int64),
            isClosed: try row.need("is_closed", \.bool)
        )
    }

    static func owner(_ row: PGRow) throws -> AccountOwner {
        AccountOwner(kind: try row.choice("owner_kind"), id: try row.need("owner_id", uuid))
    }

    static func accountKind(_ row: PGRow, _ column: String) throws -> AccountKind {
        let gateway = try row.need("gateway", \.text)
        return try row.need(column) { cell in cell.text.flatMap { AccountKind(name: $0, gateway: gateway) } }
    }

    static func currency(_ row: PGRow, _ column: String) throws -> Currency {
        try row.need(column) { cell in cell.text.flatMap { try? Currency($0) } }
    }

    static func money(_ row: PGRow, _ column: String, _ currency: Currency) throws -> Money {
        try row.need(column) { cell in cell.int64.flatMap { try? Money(tenThousandths: $0, currency: currency) } }
    }

    static func uuid(_ cell: PGCell) -> UUID128? {
        cell.uuid.map { UUID128(high: $0.high, low: $0.low) }
    }

    static func place(_ row: PGRow) throws -> LanePlace {
        LanePlace(batch: try row.need("batch", \.int64), place: try row.need("place", \.int32))
    }

    static func key(_ row: PGRow) throws -> IdempotencyKey {
        try row.need("key") { cell in cell.text.flatMap { IdempotencyKey($0) } }
    }

    static func decision(_ row: PGRow) throws -> TransferDecision {
        TransferDecision(
            transferID: try row.need("transfer_id") { $0.id() },
            verdict: try row.choice("outcome"),
            at: try place(row)
        )
    }

    /// Of ledger_holds `h`.
    static let hold = "h.tenant_id, h.id, h.account_id, h.currency, h.amount, h.expires_at, h.captured, h.released"

    static func hold(_ row: PGRow) throws -> Hold {
        Hold(
            ref: TransferRef(tenantID: try row.need("tenant_id") { $0.id() }, id: try row.need("id") { $0.id() }),
            terms: HoldTerms(
                accountID: try row.need("account_id") { $0.id() },
                amount: try money(row, "amount", currency(row, "currency")),
                expiresAt: row["expires_at"].time
            ),
            captured: try row.need("captured", \.int64),
            released: try row.need("released", \.int64)
        )
    }

    /// Of ledger_transfers `t`.
    static let details = "t.purpose, t.reference, t.description, t.metadata::text AS metadata"

    static func details(_ row: PGRow) throws -> TransferDetails {
        let metadata = try row.need("metadata") { cell in cell.text.flatMap { metadataValue($0) } }
        let purpose = try row.need("purpose") { cell in cell.text.flatMap { try? TransferPurpose($0) } }
        let (reference, description) = (row["reference"].text, try row.need("description", \.text))
        guard
            let details = try? TransferDetails(
                purpose,
                reference: reference,
                description: description,
                metadata: metadata
            )
        else { throw UnexpectedRow(column: "description") }
        return details
    }

    static func metadataText(_ metadata: [String: String]) -> String {
        String(decoding: AuditValue.object(metadata.mapValues { .text($0) }).canonicalJSON, as: UTF8.self)
    }

    private static func metadataValue(_ text: String) -> [String: String]? {
        guard case .object(let members) = AuditValue(json: Array(text.utf8)) else { return nil }
        var metadata: [String: String] = [:]
        for (name, value) in members {
            guard case .text(let text) = value else { return nil }
            metadata[name] = text
        }
        return metadata
    }

    /// Of ledger_transfers `t`.
    static let exchange = "t.rate, t.sold_currency, t.sold, t.bought_currency, t.bought, t.sale_id"

    static func exchange(_ row: PGRow) throws -> ExchangeRecord? {
        guard let units = row["rate"].int64 else { return nil }
        guard let rate = ExchangeRate(tenBillionths: units) else { throw UnexpectedRow(column: "rate") }
        return ExchangeRecord(
            rate: rate,
            sold: try money(row, "sold", currency(row, "sold_currency")),
            bought: try money(row, "bought", currency(row, "bought_currency")),
            sale: row["sale_id"].id()
        )
    }

    /// Of ledger_entries `e` with its account `a`.
    static let entry = """
        e.tenant_id, e.account_id, e.sequence, e.batch, e.place, e.recorded_at, e.leg, e.transfer_tenant_id, e.transfer_id, e.amount,
        e.balance_after, a.owner_kind, a.owner_id, a.kind, a.gateway, a.currency
        """

    static func entry(_ row: PGRow) throws -> EntryRow {
        let currency = try currency(row, "currency")
        return EntryRow(
            account: AccountRef(
                tenantID: try row.need("tenant_id") { $0.id() },
                id: try row.need("account_id") { $0.id() }
            ),
            owner: try owner(row),
            kind: try accountKind(row, "kind"),
            transfer: TransferRef(
                tenantID: try row.need("transfer_tenant_id") { $0.id() },
                id: try row.need("transfer_id") { $0.id() }
            ),
            at: try place(row),
            recordedAt: try row.need("recorded_at", \.time),
            leg: try row.need("leg") { cell in cell.int32.map { Int16(truncatingIfNeeded: $0) } },
            amount: try money(row, "amount", currency),
            sequence: try row.need("sequence", \.int64),
            balanceAfter: try money(row, "balance_after", currency)
        )
    }
}
