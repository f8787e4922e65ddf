import Domain
import Events

/// The outbox rows of a batch. A session's events keep their order; usage has none to keep.
extension OutboxRow {
    static func started(
        _ state: SessionState,
        reopened: Bool,
        termsDigest: UInt64?,
        grantedUntil: Timestamp?,
        id: (id: EventID, time: Timestamp)
    ) -> OutboxRow {
        OutboxRow(
            id: id.id,
            tenantID: state.tenantID,
            aggregateID: state.id.value,
            payload: SessionStarted(
                state,
                reopened: reopened,
                termsDigest: termsDigest,
                grantedUntil: grantedUntil
            ),
            createdAt: id.time
        )
    }

    /// Nil for a session that is open.
    static func stopped(_ state: SessionState, amended: Bool, id: (id: EventID, time: Timestamp)) -> OutboxRow? {
        guard let payload = SessionStopped(state, amended: amended) else { return nil }
        return OutboxRow(
            id: id.id,
            tenantID: state.tenantID,
            aggregateID: state.id.value,
            payload: payload,
            createdAt: id.time
        )
    }

    static func advanced(_ event: UsageAdvanced, tenant: TenantID, id: (id: EventID, time: Timestamp)) -> OutboxRow {
        OutboxRow(id: id.id, tenantID: tenant, aggregateID: nil, payload: event, createdAt: id.time)
    }
}
