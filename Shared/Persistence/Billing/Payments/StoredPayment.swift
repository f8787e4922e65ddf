package import Billing
package import Domain
package import Ledger
import Postgres

/// A payment as it is kept (table payments, PAY-22).
package struct StoredPayment: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: PaymentID
    /// Nil where it is for the tenant's own wallet.
    package let customerID: CustomerID?
    package let amount: Money
    package let method: PaymentMethod
    /// The clearing account that it goes through.
    package let gateway: String
    /// What the gateway calls it.
    package var externalID: String?
    /// The gateway's event that changed it last: each has one effect (PAY-12).
    package var gatewayEventID: String?
    /// The payment of which this one gives something back.
    package let refundOf: PaymentID?
    package var state: PaymentState
    /// The till that the cash went into, or came out of.
    package let shiftID: CashShiftID?
    /// What tells the request that made it; the same request finds it again.
    package let requestKey: String?
    package let description: String
    package let metadata: [String: String]
    package let createdBy: UserID
    package let createdAt: Timestamp
    /// When it ended, whichever way.
    package var completedAt: Timestamp?
    /// 0 until stored.
    package private(set) var version: Int64 = 0

    package init(
        tenantID: TenantID,
        id: PaymentID,
        customerID: CustomerID?,
        amount: Money,
        method: PaymentMethod,
        gateway: String? = nil,
        externalID: String? = nil,
        refundOf: PaymentID? = nil,
        shiftID: CashShiftID? = nil,
        requestKey: String? = nil,
        description: String = "",
        metadata: [String: String] = [:],
        createdBy: UserID,
        createdAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.id = id
        self.customerID = customerID
        self.amount = amount
        self.method = method
        self.gateway = gateway ?? method.rawValue
        self.externalID = externalID
        self.refundOf = refundOf
        state = PaymentState()
        self.shiftID = shiftID
        self.requestKey = requestKey
        self.description = description
        self.metadata = metadata
        self.createdBy = createdBy
        self.createdAt = createdAt
    }

    /// Whose wallet it is for.
    package var owner: AccountOwner { customerID.map { .customer($0) } ?? .tenant(tenantID) }
    /// What the ledger knows it by: one transfer for a payment, however often it is asked.
    package static func ledgerKey(_ id: PaymentID) -> String { ledgerKeyPrefix + id.description }
    static let ledgerKeyPrefix = "payment:"

    /// The same as the ledger's decision left it.
    package func ended(_ refusal: String?, _ ending: MoneyAnswer.Ending) throws(PaymentRefusal) -> StoredPayment {
        var payment = self
        try payment.state.end(refusal)
        payment.completedAt = ending.at
        payment.version = ending.version
        return payment
    }

    static let names = [
        "tenant_id", "id", "customer_id", "amount", "currency", "method", "gateway", "external_id", "gateway_event_id",
        "refund_of", "status", "transfer_id", "shift_id", "request_key", "description", "metadata::text AS metadata",
        "failure", "created_by", "created_at", "completed_at", "row_version",
    ]
    static let columns = names.map { "r.\($0)" }.joined(separator: ", ")

    init(_ row: PGRow) throws {
        self.init(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            customerID: row["customer_id"].id(),
            amount: try LedgerColumns.money(row, "amount", LedgerColumns.currency(row, "currency")),
            method: try row.choice("method"),
            gateway: try row.need("gateway", \.text),
            externalID: row["external_id"].text,
            refundOf: row["refund_of"].id(),
            shiftID: row["shift_id"].id(),
            requestKey: row["request_key"].text,
            description: try row.need("description", \.text),
            metadata: try row.need("metadata") { $0.text.flatMap { LedgerColumns.texts($0) } },
            createdBy: try row.need("created_by") { $0.id() },
            createdAt: try row.need("created_at", \.time)
        )
        gatewayEventID = row["gateway_event_id"].text
        state = PaymentState(
            status: try row.choice("status"),
            transferID: row["transfer_id"].id(),
            failure: row["failure"].text
        )
        completedAt = row["completed_at"].time
        version = try row.need("row_version", \.int64)
    }
}

extension LedgerColumns {
    /// A JSON object of texts; nil for anything else.
    static func texts(_ json: String) -> [String: String]? {
        guard case .object(let members) = AuditValue(json: Array(json.utf8)) else { return nil }
        var texts: [String: String] = [:]
        for (name, value) in members {
            guard case .text(let text) = value else { return nil }
            texts[name] = text
        }
        return texts
    }
}

extension ListSource where Row == StoredPayment {
    /// Payments, the newest first.
    package static let payments = ListSource(
        name: "payments",
        tables: ["payments"],
        selection: StoredPayment.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("customer_id", .id, isNullable: true, isSelective: true),
            ListField("status", .choice(PaymentStatus.allCases.map(\.rawValue))),
            ListField("method", .choice(PaymentMethod.allCases.map(\.rawValue))), ListField("gateway", .text),
            ListField("currency", .text), ListField("amount", .decimal, condition: "(r.amount::numeric / 10000) %"),
            ListField("external_id", .text, isNullable: true),
            ListField("refund_of", .id, isNullable: true, isSelective: true),
            ListField("shift_id", .id, isNullable: true, isSelective: true),
            ListField("created_by", .id), ListField("created_at", .time),
            ListField("completed_at", .time, isNullable: true),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("customer_id") { .id($0.customerID) }, OutputColumn("amount") { .text($0.amount.decimal) },
            OutputColumn("currency") { .text($0.amount.currency.code) },
            OutputColumn("method") { .text($0.method.rawValue) }, OutputColumn("gateway") { .text($0.gateway) },
            OutputColumn("status") { .text($0.state.status.rawValue) },
            OutputColumn("external_id") { .text($0.externalID) }, OutputColumn("refund_of") { .id($0.refundOf) },
            OutputColumn("transaction_id") { .id($0.state.transferID) }, OutputColumn("shift_id") { .id($0.shiftID) },
            OutputColumn("description") { .text($0.description) },
            OutputColumn("metadata") { .json(LedgerColumns.metadataText($0.metadata)) },
            OutputColumn("failure") { .text($0.state.failure) }, OutputColumn("created_by") { .id($0.createdBy) },
            OutputColumn("version") { .integer($0.version) }, OutputColumn("created_at") { .time($0.createdAt) },
            OutputColumn("completed_at") { .time($0.completedAt) },
        ],
        decode: { try StoredPayment($0) }
    )
}
