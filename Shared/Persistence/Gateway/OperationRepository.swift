package import Domain
import Postgres

/// Work that was accepted and goes on elsewhere (table operations).
package struct StoredOperation: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case pending, running, succeeded, failed
    }

    package var tenantID: TenantID
    package var id: UUID128
    /// A word such as `session_disconnect`.
    package var kind: String
    package var state: State
    package var resourceType: String
    package var resourceID: UUID128
    package var customerID: CustomerID?
    package var requestedBy: UUID128
    /// What became of it, for people.
    package var outcome: String?
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(
        tenantID: TenantID,
        id: UUID128,
        kind: String,
        state: State = .pending,
        resourceType: String,
        resourceID: UUID128,
        customerID: CustomerID? = nil,
        requestedBy: UUID128,
        outcome: String? = nil,
        stamp: RowStamp? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.kind = kind
        self.state = state
        self.resourceType = resourceType
        self.resourceID = resourceID
        self.customerID = customerID
        self.requestedBy = requestedBy
        self.outcome = outcome
        self.stamp = stamp
    }
}

/// The operations of one scope.
package struct OperationRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    static let columns = """
        tenant_id, id, kind, state, resource_type, resource_id, customer_id, requested_by, outcome, row_version, created_at, \
        updated_at
        """

    /// Stores a new one, together with the intent that begins it.
    package func insert(_ operation: StoredOperation) async throws -> StoredOperation {
        let rows = try await transaction.query(
            """
            INSERT INTO operations (tenant_id, id, kind, resource_type, resource_id, customer_id, requested_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING \(Self.columns)
            """,
            [
                .id(operation.tenantID), .uuid(high: operation.id.high, low: operation.id.low), .text(operation.kind),
                .text(operation.resourceType),
                .uuid(high: operation.resourceID.high, low: operation.resourceID.low),
                operation.customerID.map { .id($0) } ?? .null,
                .uuid(high: operation.requestedBy.high, low: operation.requestedBy.low),
            ]
        )
        guard let row = rows.first else { throw PersistenceError.notFound }
        return try Self.operation(row)
    }

    /// The operation of that id; nil when there is none.
    package func find(_ id: UUID128) async throws -> StoredOperation? {
        try await transaction.query(
            "SELECT \(Self.columns) FROM operations WHERE id = $1",
            [.uuid(high: id.high, low: id.low)]
        ).first.map(Self.operation)
    }

    static func operation(_ row: PGRow) throws -> StoredOperation {
        func uuid(_ name: String) throws -> UUID128 {
            try row.need(name) { $0.uuid.map { UUID128(high: $0.high, low: $0.low) } }
        }
        return StoredOperation(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try uuid("id"),
            kind: try row.need("kind", \.text),
            state: try row.choice("state"),
            resourceType: try row.need("resource_type", \.text),
            resourceID: try uuid("resource_id"),
            customerID: row["customer_id"].id(),
            requestedBy: try uuid("requested_by"),
            outcome: row["outcome"].text,
            stamp: try row.stamp()
        )
    }
}

extension ListSource where Row == StoredOperation {
    /// Operations, the newest first.
    package static let operations = ListSource(
        name: "operations",
        tables: ["operations"],
        selection: OperationRepository.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("kind", .text), ListField("state", .choice(StoredOperation.State.allCases.map(\.rawValue))),
            ListField("resource_id", .id, isSelective: true), ListField("customer_id", .id, isNullable: true),
            ListField("requested_by", .id), ListField("created_at", .time),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .text($0.id.description) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("kind") { .text($0.kind) }, OutputColumn("state") { .text($0.state.rawValue) },
            OutputColumn("resource_type") { .text($0.resourceType) },
            OutputColumn("resource_id") { .text($0.resourceID.description) },
            OutputColumn("customer_id") { .id($0.customerID) },
            OutputColumn("requested_by") { .text($0.requestedBy.description) },
            OutputColumn("outcome") { .text($0.outcome) }, OutputColumn("version") { .integer($0.stamp?.version) },
            OutputColumn("created_at") { .time($0.stamp?.createdAt) },
            OutputColumn("updated_at") { .time($0.stamp?.updatedAt) },
        ],
        decode: { try OperationRepository.operation($0) }
    )
}
