package import Billing
package import Domain
package import Ledger
import Postgres

/// A correction by hand as it is kept (table adjustment_requests).
package struct StoredAdjustment: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: AdjustmentID
    package let owner: AccountOwner
    /// More or less than zero.
    package let amount: Money
    package let reason: String
    package var state: AdjustmentState
    /// What tells the request that made it.
    package let requestKey: String?
    package let createdAt: Timestamp
    package var decidedAt: Timestamp?
    /// When it was known that the ledger moved the money.
    package var postedAt: Timestamp?
    /// 0 until stored.
    package private(set) var version: Int64 = 0

    package init(
        tenantID: TenantID,
        id: AdjustmentID,
        owner: AccountOwner,
        amount: Money,
        reason: String,
        requestedBy: UserID,
        requestKey: String?,
        createdAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.id = id
        self.owner = owner
        self.amount = amount
        self.reason = reason
        state = AdjustmentState(requestedBy: requestedBy)
        self.requestKey = requestKey
        self.createdAt = createdAt
    }

    /// The customer whose wallet it is about; nil for a tenant's.
    package var customerID: CustomerID? { owner.kind == .customer ? CustomerID(owner.id) : nil }
    /// What the ledger knows it by.
    package static func ledgerKey(_ id: AdjustmentID) -> String { ledgerKeyPrefix + id.description }
    static let ledgerKeyPrefix = "adjustment:"

    static let columns = """
        r.tenant_id, r.id, r.owner_kind, r.owner_id, r.amount, r.currency, r.reason, r.status, r.requested_by, r.decided_by, \
        r.decided_at, r.transfer_id, r.posted_at, r.failure, r.request_key, r.created_at, r.row_version
        """

    init(_ row: PGRow) throws {
        self.init(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            owner: try LedgerColumns.owner(row),
            amount: try LedgerColumns.money(row, "amount", LedgerColumns.currency(row, "currency")),
            reason: try row.need("reason", \.text),
            requestedBy: try row.need("requested_by") { $0.id() },
            requestKey: row["request_key"].text,
            createdAt: try row.need("created_at", \.time)
        )
        decidedAt = row["decided_at"].time
        postedAt = row["posted_at"].time
        state = AdjustmentState(
            requestedBy: state.requestedBy,
            status: try row.choice("status"),
            decidedBy: row["decided_by"].id(),
            transferID: row["transfer_id"].id(),
            isPosted: postedAt != nil,
            failure: row["failure"].text
        )
        version = try row.need("row_version", \.int64)
    }
}

extension ListSource where Row == StoredAdjustment {
    /// Corrections by hand, the newest first.
    package static let adjustments = ListSource(
        name: "adjustments",
        tables: ["adjustment_requests"],
        selection: StoredAdjustment.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("owner_kind", .choice(AccountOwner.Kind.allCases.map(\.rawValue))),
            ListField("owner_id", .id, isSelective: true), ListField("currency", .text),
            ListField("amount", .decimal, condition: "(r.amount::numeric / 10000) %"),
            ListField("status", .choice(AdjustmentStatus.allCases.map(\.rawValue))),
            ListField("requested_by", .id), ListField("decided_by", .id, isNullable: true),
            ListField("created_at", .time), ListField("decided_at", .time, isNullable: true),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("owner_kind") { .text($0.owner.kind.rawValue) },
            OutputColumn("owner_id") { .text($0.owner.id.description) },
            OutputColumn("amount") { .text($0.amount.decimal) },
            OutputColumn("currency") { .text($0.amount.currency.code) }, OutputColumn("reason") { .text($0.reason) },
            OutputColumn("status") { .text($0.state.status.rawValue) },
            OutputColumn("requested_by") { .id($0.state.requestedBy) },
            OutputColumn("decided_by") { .id($0.state.decidedBy) },
            OutputColumn("transaction_id") { .id($0.state.transferID) },
            OutputColumn("failure") { .text($0.state.failure) }, OutputColumn("version") { .integer($0.version) },
            OutputColumn("created_at") { .time($0.createdAt) }, OutputColumn("decided_at") { .time($0.decidedAt) },
            OutputColumn("posted_at") { .time($0.postedAt) },
        ],
        decode: { try StoredAdjustment($0) }
    )
}

/// The corrections of one scope.
package struct AdjustmentStore {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The correction of that id, locked against other writers when asked for.
    package func find(_ id: AdjustmentID, forUpdate: Bool = false) async throws -> StoredAdjustment? {
        try await transaction.query(
            """
            SELECT \(StoredAdjustment.columns) FROM adjustment_requests r
            WHERE r.tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND r.id = $1\(forUpdate ? " FOR UPDATE" : "")
            """,
            [.id(id)]
        ).first.map { try StoredAdjustment($0) }
    }

    /// Stores a correction that somebody asks for.
    package func insert(_ adjustment: StoredAdjustment) async throws -> StoredAdjustment {
        let rows = try await transaction.query(
            """
            INSERT INTO adjustment_requests AS r (tenant_id, id, owner_kind, owner_id, amount, currency, reason, requested_by,
                request_key, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING \(StoredAdjustment.columns)
            """,
            [
                .id(adjustment.tenantID), .id(adjustment.id), .text(adjustment.owner.kind.rawValue),
                .uuid(high: adjustment.owner.id.high, low: adjustment.owner.id.low),
                .int8(adjustment.amount.tenThousandths), .text(adjustment.amount.currency.code),
                .text(adjustment.reason), .id(adjustment.state.requestedBy), .text(adjustment.requestKey),
                .time(adjustment.createdAt),
            ]
        )
        return try StoredAdjustment(try rows.first.found())
    }

    /// Changes the state of a correction; whoever comes at the same time waits. Throws `notFound`, and what `edit` throws.
    package func update(
        _ id: AdjustmentID,
        at now: Timestamp,
        _ edit: (inout AdjustmentState) throws -> Void
    ) async throws -> Change<StoredAdjustment> {
        let before = try await find(id, forUpdate: true).found()
        var adjustment = before
        try edit(&adjustment.state)
        if adjustment == before { return Change(before: before, after: before) }
        if adjustment.state.status.isDecided, before.decidedAt == nil { adjustment.decidedAt = now }
        if adjustment.state.isPosted { adjustment.postedAt = now }
        return Change(before: before, after: try await store(adjustment))
    }

    private func store(_ adjustment: StoredAdjustment) async throws -> StoredAdjustment {
        let state = adjustment.state
        let rows = try await transaction.query(
            """
            UPDATE adjustment_requests r SET status = $3, decided_by = $4, decided_at = $5, transfer_id = $6, posted_at = $7,
                failure = $8
            WHERE r.tenant_id = $1 AND r.id = $2 RETURNING \(StoredAdjustment.columns)
            """,
            [
                .id(adjustment.tenantID), .id(adjustment.id), .text(state.status.rawValue), .id(state.decidedBy),
                .time(adjustment.decidedAt), .id(state.transferID), .time(adjustment.postedAt), .text(state.failure),
            ]
        )
        return try StoredAdjustment(try rows.first.found())
    }
}
