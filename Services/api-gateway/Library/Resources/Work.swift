package import Domain
import Events
package import HTTPServer
import Identity
package import Persistence

/// What one request does in one transaction, with the entries of the audit trail that commit with it.
package final class Work {
    package let transaction: ScopedTransaction
    package let caller: Caller
    package let parts: Parts
    private(set) var entries: [AuditEntry] = []
    private(set) var events: [OutboxRow] = []
    private(set) var afterwards: [@Sendable () -> Void] = []

    init(_ transaction: ScopedTransaction, _ caller: Caller, _ parts: Parts) {
        self.transaction = transaction
        self.caller = caller
        self.parts = parts
    }

    /// Puts something on record; it is written behind everything else.
    package func record(
        _ action: AuditAction,
        _ resource: AuditResource,
        of tenant: TenantID,
        _ change: AuditChange = .none,
        reason: String? = nil
    ) {
        entries.append(parts.entry(caller, action, resource, of: tenant, change, reason: reason))
    }

    /// The same for a row that was made, changed or removed.
    func record<Row>(_ action: AuditAction, _ change: Change<Row>, _ resource: Resource<Row>) {
        guard let row = change.after ?? change.before else { return }
        record(
            action,
            AuditResource(resource.auditType, resource.id(row)),
            of: resource.owner(row).tenantID,
            AuditChange(change, by: resource.source)
        )
    }

    /// Tells others of something once it is committed. Call it behind the change: then its aggregate is locked, and later events of it
    /// have greater ids.
    func tell<Payload: EventPayload>(_ payload: Payload, of tenant: TenantID, about aggregate: UUID128) {
        var row = OutboxRow(
            id: parts.ids.next(),
            tenantID: tenant,
            aggregateID: aggregate,
            payload: payload,
            createdAt: parts.time.now()
        )
        row.correlationID = caller.origin.correlationID
        row.traceparent = caller.origin.traceparent
        events.append(row)
    }

    /// Has something done once the transaction is committed, and not if it is not.
    func afterwards(_ body: @escaping @Sendable () -> Void) { afterwards.append(body) }
}

extension Parts {
    /// Carries a change out: the change, its entries and, under an Idempotency-Key, its answer commit together.
    /// `joining` are tenants that it brings into being.
    package func change(
        _ request: Request,
        joining: [TenantID] = [],
        _ body: (Work) async throws -> Response
    ) async throws -> Response {
        let caller = try request.caller
        let claim = request[IdempotencyClaim.self]
        let response = try await commit([caller], in: caller.principal.tenantID, joining: joining) { works in
            let response = try await body(works[0])
            if let claim { try await claim.keep(response, in: works[0].transaction) }
            return response
        }
        claim?.markKept()
        return response
    }

    /// Does what must be there before something else is asked, in a transaction of its own that keeps no answer.
    func prepare<Success: Sendable>(
        _ request: Request,
        _ body: (Work) async throws -> Success
    ) async throws -> Success {
        let caller = try request.caller
        return try await commit([caller], in: caller.principal.tenantID) { try await body($0[0]) }
    }

    /// The one way in which something is changed: in a transaction in a tenant's scope, with the entries of each caller's work behind
    /// everything else; then what was to be done afterwards is done, and what is kept in memory of it is forgotten.
    func commit<Success: Sendable>(
        _ callers: [Caller],
        in root: TenantID,
        joining: [TenantID] = [],
        _ body: ([Work]) async throws -> Success
    ) async throws -> Success {
        let scope = database.scope(root, joining: joining)
        let (success, entries, afterwards) = try await scope.transaction { transaction in
            let works = callers.map { Work(transaction, $0, self) }
            let success = try await body(works)
            let entries = works.flatMap(\.entries)
            // Both travel with COMMIT.
            try await transaction.finish(telling: works.flatMap(\.events))
            // Last: the chain of the tenant is locked until the end.
            try await AuditLog(transaction).finish(with: entries)
            return (success, entries, works.flatMap(\.afterwards))
        }
        for body in afterwards { body() }
        rows.forget(entries.map(\.resource))
        counts.forget(entries, in: root)
        return success
    }

    /// Reads in the caller's scope.
    package func read<Success: Sendable>(
        _ request: Request,
        _ body: (ScopedTransaction, Caller) async throws -> Success
    ) async throws -> Success {
        let caller = try request.caller
        let scope = database.scope(caller.principal.tenantID)
        return try await scope.transaction(isReading: true) { try await body($0, caller) }
    }

    /// The same for a body that sends its statements in one go: one round trip less, and no connection of its own.
    func readOnce<Success: Sendable>(
        _ request: Request,
        _ body: (ScopedTransaction, Caller) async throws -> Success
    ) async throws -> Success {
        let caller = try request.caller
        return try await database.scope(caller.principal.tenantID).reading { try await body($0, caller) }
    }

    /// Puts a read on record before it happens.
    package func recordRead(
        _ caller: Caller,
        _ action: AuditAction,
        _ resource: AuditResource,
        of tenant: TenantID? = nil,
        detail: AuditValue? = nil
    ) async throws {
        let change = detail.map { AuditChange.created($0) } ?? .none
        try await audit.record(entry(caller, action, resource, of: tenant ?? caller.principal.tenantID, change))
    }

    func entry(
        _ caller: Caller,
        _ action: AuditAction,
        _ resource: AuditResource,
        of tenant: TenantID,
        _ change: AuditChange,
        reason: String? = nil
    ) -> AuditEntry {
        AuditEntry(
            id: ids.next(),
            tenantID: tenant,
            origin: caller.audit,
            action: action,
            resource: resource,
            reason: reason,
            change: change,
            time: time.now()
        )
    }
}

extension AuditChange {
    /// What a change of a row was, by the columns that go out.
    init<Row>(_ change: Change<Row>, by source: ListSource<Row>) {
        func value(_ row: Row) -> AuditValue {
            .object(Dictionary(source.columns.map { ($0.name, AuditValue($0.value(row))) }, uniquingKeysWith: { $1 }))
        }
        switch (change.before, change.after) {
        case (let before?, let after?): self = .updated(value(before), value(after))
        case (nil, let after?): self = .created(value(after))
        case (let before?, nil): self = .deleted(value(before))
        case (nil, nil): self = .none
        }
    }
}

extension AuditValue {
    init(_ value: FieldValue) {
        switch value {
        case .null: self = .null
        case .text(let text): self = .text(text)
        case .integer(let number): self = .integer(number)
        case .real(let number): self = .text(number.description)
        case .boolean(let flag): self = .bool(flag)
        case .time(let time): self = .text(time.description)
        case .list(let values): self = .list(values.map { AuditValue($0) })
        case .json(let json): self = AuditValue(json: Array(json.utf8)) ?? .text(json)
        }
    }
}
