package import Billing
package import Domain
import Ledger
import Postgres

/// A conversion as it is kept (table conversions).
package struct StoredConversion: Hashable, Sendable {
    package let conversion: Conversion
    package let customerID: CustomerID
    package var state: ConversionState
    /// What tells the request that made it; the same request finds it again.
    package let requestKey: String
    package let description: String
    package let createdBy: UserID
    package let createdAt: Timestamp
    /// When it ended, whichever way.
    package private(set) var endedAt: Timestamp?
    /// 0 until stored.
    package private(set) var version: Int64 = 0

    package init(
        _ conversion: Conversion,
        of customer: CustomerID,
        requestKey: String,
        description: String,
        createdBy: UserID,
        createdAt: Timestamp
    ) {
        self.conversion = conversion
        customerID = customer
        state = ConversionState()
        self.requestKey = requestKey
        self.description = description
        self.createdBy = createdBy
        self.createdAt = createdAt
    }

    package var tenantID: TenantID { conversion.tenantID }
    package var id: ConversionID { conversion.id }

    static let columns = """
        r.tenant_id, r.id, r.customer_id, r.sold, r.sold_currency, r.bought_currency, r.rate, r.sale_id, r.purchase_id, r.status, \
        r.failure, r.request_key, r.description, r.created_by, r.created_at, r.ended_at, r.row_version
        """

    init(_ row: PGRow) throws {
        let customer: CustomerID = try row.need("customer_id") { $0.id() }
        let conversion = Conversion(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            owner: .customer(customer),
            sold: try LedgerColumns.money(row, "sold", LedgerColumns.currency(row, "sold_currency")),
            into: try LedgerColumns.currency(row, "bought_currency"),
            at: try row.need("rate") { $0.int64.flatMap { ExchangeRate(tenBillionths: $0) } },
            saleID: try row.need("sale_id") { $0.id() },
            purchaseID: try row.need("purchase_id") { $0.id() }
        )
        self.init(
            try conversion.found(),
            of: customer,
            requestKey: try row.need("request_key", \.text),
            description: try row.need("description", \.text),
            createdBy: try row.need("created_by") { $0.id() },
            createdAt: try row.need("created_at", \.time)
        )
        state = ConversionState(status: try row.choice("status"), failure: row["failure"].text)
        endedAt = row["ended_at"].time
        version = try row.need("row_version", \.int64)
    }
}

extension ListSource where Row == StoredConversion {
    /// Conversions, the newest first.
    package static let conversions = ListSource(
        name: "conversions",
        tables: ["conversions"],
        selection: StoredConversion.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("customer_id", .id, isSelective: true),
            ListField("status", .choice(ConversionStatus.allCases.map(\.rawValue))),
            ListField("sold_currency", .text), ListField("bought_currency", .text),
            ListField("created_by", .id), ListField("created_at", .time),
            ListField("ended_at", .time, isNullable: true),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("customer_id") { .id($0.customerID) },
            OutputColumn("sold") { .text($0.conversion.sold.decimal) },
            OutputColumn("sold_currency") { .text($0.conversion.sold.currency.code) },
            OutputColumn("bought") { .text($0.conversion.bought.decimal) },
            OutputColumn("bought_currency") { .text($0.conversion.bought.currency.code) },
            OutputColumn("rate") { .text($0.conversion.rate.description) },
            OutputColumn("status") { .text($0.state.status.rawValue) },
            OutputColumn("sale_id") { .id($0.conversion.saleID) },
            OutputColumn("purchase_id") { .id($0.conversion.purchaseID) },
            OutputColumn("failure") { .text($0.state.failure) },
            OutputColumn("description") { .text($0.description) }, OutputColumn("created_by") { .id($0.createdBy) },
            OutputColumn("version") { .integer($0.version) }, OutputColumn("created_at") { .time($0.createdAt) },
            OutputColumn("ended_at") { .time($0.endedAt) },
        ],
        decode: { try StoredConversion($0) }
    )
}

/// The conversions of one scope.
package struct ConversionStore {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The conversion of that id, locked against other writers when asked for.
    package func find(_ id: ConversionID, forUpdate: Bool = false) async throws -> StoredConversion? {
        try await transaction.query(
            """
            SELECT \(StoredConversion.columns) FROM conversions r
            WHERE r.tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND r.id = $1\(forUpdate ? " FOR UPDATE" : "")
            """,
            [.id(id)]
        ).first.map { try StoredConversion($0) }
    }

    /// Stores a conversion. Where the same request stored one before that one is returned, and `isNew` is false.
    package func insert(_ stored: StoredConversion) async throws -> (conversion: StoredConversion, isNew: Bool) {
        let conversion = stored.conversion
        let made = try await transaction.query(
            """
            INSERT INTO conversions AS r (tenant_id, id, customer_id, sold, sold_currency, bought, bought_currency, rate, sale_id,
                purchase_id, request_key, description, created_by, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT ON CONSTRAINT conversions_request DO NOTHING RETURNING \(StoredConversion.columns)
            """,
            [
                .id(conversion.tenantID), .id(conversion.id), .id(stored.customerID),
                .int8(conversion.sold.tenThousandths), .text(conversion.sold.currency.code),
                .int8(conversion.bought.tenThousandths), .text(conversion.bought.currency.code),
                .int8(conversion.rate.tenBillionths), .id(conversion.saleID), .id(conversion.purchaseID),
                .text(stored.requestKey), .text(stored.description), .id(stored.createdBy), .time(stored.createdAt),
            ]
        ).first
        if let made { return (try StoredConversion(made), true) }
        let earlier = try await transaction.query(
            "SELECT \(StoredConversion.columns) FROM conversions r WHERE r.tenant_id = $1 AND r.request_key = $2",
            [.id(conversion.tenantID), .text(stored.requestKey)]
        ).first.found()
        return (try StoredConversion(earlier), false)
    }

    /// Keeps what the ledger said of the step that was asked for; where somebody kept it meanwhile, or more, that stands. Throws
    /// `notFound`.
    package func hear(
        _ refusal: String?,
        of id: ConversionID,
        asked step: ConversionStatus,
        at now: Timestamp
    ) async throws -> Change<StoredConversion> {
        let before = try await find(id, forUpdate: true).found()
        var state = before.state
        guard state.status == step, state.hear(refusal) else { return Change(before: before, after: before) }
        let rows = try await transaction.query(
            """
            UPDATE conversions r SET status = $3, failure = $4, ended_at = $5 WHERE r.tenant_id = $1 AND r.id = $2
            RETURNING \(StoredConversion.columns)
            """,
            [
                .id(before.tenantID), .id(before.id), .text(state.status.rawValue), .text(state.failure),
                .time(state.status.isFinal ? now : nil),
            ]
        )
        return Change(before: before, after: try StoredConversion(try rows.first.found()))
    }

    /// Up to `limit` that have not ended and began before that time, the oldest first.
    package func open(before: Timestamp, limit: Int) async throws -> [StoredConversion] {
        try await transaction.query(
            """
            SELECT \(StoredConversion.columns) FROM conversions r
            WHERE r.status IN ('selling', 'buying', 'undoing') AND r.created_at < $1 ORDER BY r.tenant_id, r.id LIMIT $2
            """,
            [.time(before), .int4(Int32(limit))]
        ).map { try StoredConversion($0) }
    }
}
