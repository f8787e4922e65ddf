import Crypto
package import Domain
package import Postgres

/// The audit trail of one scope: adds entries within the caller's transaction, and searches.
package struct AuditLog {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// How entries are hashed everywhere.
    package static let chain = AuditChain(sha256: Digest.sha256)

    /// Adds one entry; see the other form.
    package func append(_ entry: AuditEntry) async throws {
        try await append([entry])
    }

    /// Adds entries to their tenants' chains in one round trip; they stay if the transaction commits. Each tenant's chain is
    /// locked until then: let it be the transaction's last statement. Throws `notFound` for a tenant outside the scope.
    package func append(_ entries: [AuditEntry]) async throws {
        guard !entries.isEmpty else { return }
        _ = try await transaction.pipeline([Self.statement(entries, as: .gateway)])
    }

    /// The same as the transaction's very last statement, which travels with COMMIT: what it throws may come out of the transaction.
    package func finish(with entries: [AuditEntry]) async throws {
        guard !entries.isEmpty else { return }
        try await transaction.finish(with: Self.statement(entries, as: .gateway))
    }

    /// Whose right adds an entry.
    package enum Writer: Sendable {
        /// nexora_gateway, for tenants that the transaction sees.
        case gateway
        /// nexora_pipeline, for every tenant.
        case pipeline
    }

    /// The statement that adds entries, for a group of one's own. Not for an empty list.
    package static func statement(_ entries: [AuditEntry], as writer: Writer) -> PGStatement {
        let door = writer == .gateway ? "append_audit" : "append_pipeline_audit"
        return PGStatement(
            "SELECT \(door)(\((1...18).map { "$\($0)" }.joined(separator: ", ")))",
            [
                .uuids(entries.map(\.tenantID.value)), .uuids(entries.map(\.id.value)),
                .timestamptzArray(entries.map(\.time.microseconds)), .int4Array(entries.map { Int32($0.nanosecond) }),
                .textArray(entries.map(\.origin.actor.kind.rawValue)), .uuids(entries.map(\.origin.actor.id)),
                .uuids(entries.map(\.origin.impersonator)), .textArray(entries.map(\.origin.address.description)),
                .textArray(entries.map(\.origin.userAgent)), .textArray(entries.map(\.origin.requestID)),
                .textArray(entries.map(\.action.name)), .textArray(entries.map(\.resource.type)),
                .textArray(entries.map(\.resource.id)), .textArray(entries.map(\.outcome.rawValue)),
                .textArray(entries.map(\.reason)), .textArray(entries.map { $0.old.map(Self.text) }),
                .textArray(entries.map { $0.new.map(Self.text) }), .byteaArray(entries.map(chain.content(of:))),
            ]
        )
    }

    private static func text(_ value: AuditValue) -> String {
        String(decoding: value.canonicalJSON, as: UTF8.self)
    }

    // MARK: - Search

    /// Up to `limit` entries that fit, the newest first, after the cursor. Each tenant of the scope is looked up by its own
    /// index: naming one in the filter is cheaper in a large tree.
    package func page(_ filter: AuditFilter, after cursor: AuditCursor?, limit: Int) async throws -> [AuditRecord] {
        let statement = AuditSQL.page(filter, after: cursor, limit: limit)
        return try await transaction.query(statement.sql, statement.parameters).map(AuditSQL.record)
    }

    /// The entry of that id, nil when the scope has none.
    package func find(_ id: AuditEntryID) async throws -> AuditRecord? {
        try await transaction.query("SELECT \(AuditSQL.columns) FROM audit_logs WHERE id = $1", [.id(id)])
            .first.map(AuditSQL.record)
    }
}

/// Which entries a search shows; every condition that is set must hold.
package struct AuditFilter: Sendable, Equatable {
    /// One tenant of the scope; nil all of it.
    package var tenantID: TenantID?
    /// A user with the API keys of his that the scope sees, or anyone else by his own id.
    package var actorID: UUID128?
    package var action: AuditAction?
    package var resourceType: String?
    package var resourceID: String?
    package var outcome: AuditOutcome?
    package var requestID: String?
    /// Recorded at or after this time.
    package var since: Timestamp?
    /// Recorded before this time.
    package var until: Timestamp?

    /// Everything.
    package init() {}
}

/// Where a page of entries ended.
package struct AuditCursor: Sendable, Equatable, CustomStringConvertible {
    let recordedAt: Timestamp
    let tenantID: TenantID
    let number: Int64

    /// The place behind that entry.
    package init(after record: AuditRecord) {
        recordedAt = record.recordedAt
        tenantID = record.entry.tenantID
        number = record.number
    }

    /// Reads a cursor that was printed.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, let microseconds = Int64(parts[0]), let tenant = TenantID(String(parts[1])),
            let number = Int64(parts[2])
        else { return nil }
        recordedAt = Timestamp(microseconds: microseconds)
        tenantID = tenant
        self.number = number
    }

    /// The cursor as text; opaque to everyone else.
    package var description: String { "\(recordedAt.microseconds)_\(tenantID)_\(number)" }
}
