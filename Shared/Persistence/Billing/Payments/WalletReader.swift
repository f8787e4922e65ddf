package import Domain
package import Ledger
import Postgres

/// An owner's wallet in one currency (view wallets).
package struct Wallet: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: LedgerAccountID
    package let owner: AccountOwner
    package let balance: Money
    /// What holds lock of it.
    package let held: Money
    /// What can be spent.
    package let available: Money
    /// What ``available`` may not fall below; nil when nothing limits it.
    package let floor: Money?
    /// The number of its last entry. A hold changes what is available and makes no entry.
    package let version: Int64
    package let openedAt: Timestamp
    package let isClosed: Bool

    package var currency: Currency { balance.currency }
    package var ref: AccountRef { AccountRef(tenantID: tenantID, id: id) }
    /// The customer whose it is; nil for a tenant's own.
    package var customerID: CustomerID? { owner.kind == .customer ? CustomerID(owner.id) : nil }

    static let columns = """
        r.tenant_id, r.id, r.owner_kind, r.owner_id, r.currency, r.balance, r.held, r.floor, r.sequence, r.opened_at, \
        r.closed_at
        """

    init(_ row: PGRow) throws {
        tenantID = try row.need("tenant_id") { $0.id() }
        id = try row.need("id") { $0.id() }
        owner = try LedgerColumns.owner(row)
        let currency = try LedgerColumns.currency(row, "currency")
        balance = try LedgerColumns.money(row, "balance", currency)
        held = try LedgerColumns.money(row, "held", currency)
        available = try balance.subtracting(held)
        floor = row["floor"].isNull ? nil : try LedgerColumns.money(row, "floor", currency)
        version = try row.need("sequence", \.int64)
        openedAt = try row.need("opened_at", \.time)
        isClosed = !row["closed_at"].isNull
    }
}

extension ListSource where Row == Wallet {
    /// Wallets of customers and of tenants, the newest first.
    package static let wallets = ListSource(
        name: "wallets",
        tables: ["wallets"],
        selection: Wallet.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("owner_kind", .choice(AccountOwner.Kind.allCases.map(\.rawValue))),
            ListField("owner_id", .id, isSelective: true), ListField("currency", .text),
            ListField("balance", .decimal, condition: "(r.balance::numeric / 10000) %"),
            ListField("held", .decimal, condition: "(r.held::numeric / 10000) %"),
            ListField("is_closed", .boolean, condition: "(r.closed_at IS NOT NULL) %"),
            ListField("opened_at", .time),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("owner_kind") { .text($0.owner.kind.rawValue) },
            OutputColumn("owner_id") { .text($0.owner.id.description) },
            OutputColumn("currency") { .text($0.currency.code) }, OutputColumn("balance") { .text($0.balance.decimal) },
            OutputColumn("held") { .text($0.held.decimal) }, OutputColumn("available") { .text($0.available.decimal) },
            OutputColumn("floor") { .text($0.floor?.decimal) }, OutputColumn("version") { .integer($0.version) },
            OutputColumn("is_closed") { .boolean($0.isClosed) }, OutputColumn("opened_at") { .time($0.openedAt) },
        ],
        decode: { try Wallet($0) }
    )
}

/// Reads wallets of one scope. What moved in them is ``LedgerReader``'s.
package struct WalletReader {
    private let transaction: ScopedTransaction

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The wallet of that id.
    package func find(_ id: LedgerAccountID) async throws -> Wallet? {
        try await transaction.query(
            """
            SELECT \(Wallet.columns) FROM wallets r
            WHERE r.tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND r.id = $1
            """,
            [.id(id)]
        ).first.map { try Wallet($0) }
    }

    /// All of an owner's, by currency.
    package func wallets(of owner: AccountOwner, in tenant: TenantID) async throws -> [Wallet] {
        try await transaction.query(
            """
            SELECT \(Wallet.columns) FROM wallets r
            WHERE r.tenant_id = $1 AND r.owner_id = $2 AND r.owner_kind = $3 ORDER BY r.currency
            """,
            [.id(tenant), .uuid(high: owner.id.high, low: owner.id.low), .text(owner.kind.rawValue)]
        ).map { try Wallet($0) }
    }
}
