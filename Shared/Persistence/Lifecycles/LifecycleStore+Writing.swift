import Domain
import Events
import Postgres

extension LifecycleStore {
    /// Stores what a locked run has become, and what follows from that: its event, the operation that somebody follows, and a line of
    /// the audit trail when it has ended. The transaction's last statements.
    func write(_ after: LockedRun, was before: LifecycleRun, ids: IDGenerator, at now: Timestamp) async throws {
        let run = after.run
        guard run != before else { return }
        var statements = [Self.steps(after), Self.update(run)]
        let begins = before.startedAt == nil && run.startedAt != nil
        if begins || run.state != before.state { statements.append(OutboxRow.insert([Self.event(run, ids, now)])) }
        if begins && !run.state.isFinal { statements.append(Self.operation(run, state: .running, outcome: nil)) }
        if run.state.isFinal {
            let state: StoredOperation.State = run.state == .completed ? .succeeded : .failed
            statements.append(Self.operation(run, state: state, outcome: run.summary))
            statements.append(AuditLog.statement([Self.entry(run, ids, now)], as: .gateway))
        }
        _ = try await transaction.pipeline(statements)
    }

    /// Ahead of the run's own: the steps of one that has ended stay as they are.
    private static func steps(_ locked: LockedRun) -> PGStatement {
        let steps = locked.run.steps
        return PGStatement(
            """
            UPDATE lifecycle_steps s SET state = k.state, attempts = k.attempts, reason = k.reason, started_at = k.started_at,
                ended_at = k.ended_at, detail = jsonb_strip_nulls(jsonb_build_object('before', k.before, 'after', k.after, 'version', k.version))
            FROM unnest($3::text[], $4::bigint[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[],
                    $10::bigint[]) WITH ORDINALITY
                AS k (state, attempts, reason, started_at, ended_at, before, after, version, number)
            WHERE s.tenant_id = $1 AND s.run_id = $2 AND s.position = k.number - 1
                AND (s.state, s.attempts, s.reason, s.detail->>'before', s.detail->>'after', (s.detail->>'version')::bigint)
                    IS DISTINCT FROM (k.state, k.attempts::integer, k.reason, k.before, k.after, k.version)
            """,
            [
                .id(locked.run.tenantID), .id(locked.run.id), .textArray(steps.map(\.state.rawValue)),
                .int8Array(steps.map { Int64($0.attempts) }), .textArray(steps.map { $0.reason?.rawValue }),
                .timestamptzArray(steps.map { $0.startedAt?.microseconds }),
                .timestamptzArray(steps.map { $0.endedAt?.microseconds }), .textArray(locked.notes.map(\.before)),
                .textArray(locked.notes.map(\.after)), .int8Array(locked.notes.map(\.version)),
            ]
        )
    }

    private static func update(_ run: LifecycleRun) -> PGStatement {
        PGStatement(
            """
            UPDATE lifecycle_runs SET state = $3, reason = $4, started_at = $5, deadline = $6, ended_at = $7, next_at = $8
            WHERE tenant_id = $1 AND id = $2
            """,
            [
                .id(run.tenantID), .id(run.id), .text(run.state.rawValue), .text(run.reason?.rawValue),
                .time(run.startedAt), .time(run.deadline), .time(run.endedAt), .time(run.nextAt),
            ]
        )
    }

    private static func operation(
        _ run: LifecycleRun,
        state: StoredOperation.State,
        outcome: String?
    ) -> PGStatement {
        PGStatement(
            """
            UPDATE operations SET state = $3, outcome = $4
            WHERE tenant_id = $1 AND id = $2 AND state IN ('pending', 'running')
            """,
            [
                .id(run.tenantID), .uuid(high: run.operationID.high, low: run.operationID.low), .text(state.rawValue),
                .text(outcome),
            ]
        )
    }

    private static func event(_ run: LifecycleRun, _ ids: IDGenerator, _ now: Timestamp) -> OutboxRow {
        var row = OutboxRow(
            id: ids.next(),
            tenantID: run.tenantID,
            aggregateID: run.id.value,
            payload: LifecycleChanged(run),
            createdAt: now
        )
        row.correlationID = run.correlationID
        return row
    }

    private static func entry(_ run: LifecycleRun, _ ids: IDGenerator, _ now: Timestamp) -> AuditEntry {
        AuditEntry(
            id: ids.next(),
            tenantID: run.tenantID,
            origin: .system(requestID: run.correlationID),
            action: .update,
            resource: AuditResource("service", run.serviceID.value),
            outcome: run.state == .completed ? .success : .failed,
            reason: run.reason?.rawValue,
            change: .created([
                "lifecycle_run_id": .described(run.id), "kind": .text(run.kind.rawValue),
                "state": .text(run.state.rawValue), "operation_id": .described(run.operationID),
                "requested_by": .described(run.requestedBy),
            ]),
            time: now
        )
    }
}

extension LifecycleRun {
    /// What the operation says at its end.
    var summary: String {
        switch state {
        case .running, .rollingBack: "Under way."
        case .completed where left(.sessions):
            "Done; that nobody is online with it any more is not proven."
        case .completed where left(.router): "Done; its router has not confirmed it."
        case .completed where steps.contains { $0.name == .service && $0.reason == "awaits_payment" }:
            "Done; the service becomes active when it is paid."
        case .completed: "Done."
        case .rolledBack: "Not done (\(reason?.rawValue ?? "")); everything is as it was before."
        case .failed: "Not done to its end (\(reason?.rawValue ?? "")); what stays is told by the run's steps."
        }
    }

    /// Whether that step left something open.
    private func left(_ name: LifecycleStepName) -> Bool {
        steps.contains { $0.name == name && $0.state == .done && $0.reason != nil }
    }
}
