package import Domain
package import Events
import Postgres

/// When, by whom and within what something about accounts is changed: what every event of it says.
package struct IdentityChange: Sendable {
    package var now: Timestamp
    package var ids: IDGenerator
    /// Nil where nobody has signed in, as at a login itself, or a tool of the operator's works.
    package var actorID: UserID?
    package var sourceAddress: String
    package var correlationID: String?
    package var traceparent: String?

    package init(
        now: Timestamp,
        ids: IDGenerator,
        actorID: UserID? = nil,
        sourceAddress: String = "",
        correlationID: String? = nil,
        traceparent: String? = nil
    ) {
        self.now = now
        self.ids = ids
        self.actorID = actorID
        self.sourceAddress = sourceAddress
        self.correlationID = correlationID
        self.traceparent = traceparent
    }
}

extension ScopedTransaction {
    /// Tells of a change, in the transaction that makes it and after its row is locked: later events of one account then have
    /// greater ids.
    package func announce<Payload: EventPayload>(
        _ payload: Payload,
        tenant: TenantID,
        about aggregate: UUID128?,
        _ change: IdentityChange
    ) async throws {
        let row = OutboxRow(
            id: change.ids.next(),
            tenantID: tenant,
            type: Payload.type,
            subject: Payload.subject,
            aggregateID: aggregate,
            data: payload.json,
            correlationID: change.correlationID,
            traceparent: change.traceparent,
            createdAt: change.now
        )
        let statement = OutboxRow.insert([row])
        _ = try await query(statement.sql, statement.parameters)
    }

    /// The tenant that a host name's first label means, nil when none has it. Needs no tenant in the scope.
    package func tenant(ofSubdomain label: String) async throws -> TenantID? {
        try await query("SELECT tenant_of_subdomain($1) AS id", [.text(label)]).first?["id"].id()
    }

    /// Whether people of a tenant may sign in at all: it and everyone above it is active (TEN-16).
    package func isOpen(_ tenant: TenantID) async throws -> Bool {
        try await query("SELECT tenant_is_open($1) AS open", [.id(tenant)]).first?["open"].bool ?? false
    }

    /// As much of the tree as tells whether a tenant stands at or below another; asked of the tree itself, not of the scope.
    package func path(from tenant: TenantID, to root: TenantID) async throws -> TenantTree {
        let row = try await query("SELECT $1::uuid = ANY (tenant_subtree($2)) AS below", [.id(tenant), .id(root)]).first
        guard tenant != root, row?["below"].bool == true else { return TenantTree([TenantID: TenantID?]()) }
        return TenantTree([tenant: root])
    }
}
