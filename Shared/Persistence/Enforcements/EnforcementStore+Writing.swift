import Domain
import Events
import Postgres
import WireFormat

/// What follows from what orders have become.
extension EnforcementStore {
    /// Stores them within that transaction; returns those that ended now.
    func write(
        _ outcomes: [EnforcementOutcome],
        at now: Timestamp,
        _ transaction: PostgresSessionTransaction
    ) async throws -> [EnforcementOrder] {
        var statements: [PGStatement] = []
        if outcomes.allSatisfy({ $0.order.state == .sent }) {
            // That it was about to be sent need not survive a crash of the server: then it is sent again.
            statements.append(PGStatement("SELECT set_config('synchronous_commit', 'off', true)"))
        }
        let place = statements.count
        statements.append(PGStatement(EnforcementSQL.write, Self.values(outcomes)))
        let begun = outcomes.map(\.order).filter { $0.state == .sent && $0.operationID != nil }
        if !begun.isEmpty {
            statements.append(
                PGStatement(
                    EnforcementSQL.begin,
                    [.uuids(begun.map(\.tenantID.value)), .uuids(begun.map(\.operationID))]
                )
            )
        }
        let written = try await transaction.pipeline(statements)[place]
        let changed = Set(written.compactMap { Self.ref($0) })
        var ended = outcomes.map(\.order).filter { $0.state.isFinal && changed.contains(EnforcementRef($0)) }
        ended += try await follow(ended, transaction)
        let more =
            Self.lessons(outcomes) + Self.terms(outcomes.filter { changed.contains(EnforcementRef($0.order)) }, at: now)
            + conclusions(ended, at: now)
        if !more.isEmpty { try await transaction.pipeline(more) }
        return ended
    }

    /// Ends those that joined orders which ended, and those that joined these.
    private func follow(
        _ leaders: [EnforcementOrder],
        _ transaction: PostgresSessionTransaction
    ) async throws -> [EnforcementOrder] {
        var ended: [EnforcementOrder] = []
        var leaders = leaders
        while !leaders.isEmpty {
            let rows = try await transaction.query(
                EnforcementSQL.followers,
                [.uuids(leaders.map(\.tenantID.value)), .uuids(leaders.map(\.id.value))]
            )
            guard !rows.isEmpty else { break }
            let byID = Dictionary(leaders.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            leaders = try rows.map { row in
                var order = try EnforcementSQL.order(row)
                if let leader: EnforcementID = row["joined_id"].id(), let leader = byID[leader] {
                    order.follow(leader)
                    order.sessionID = order.sessionID ?? leader.sessionID
                    order.serviceID = order.serviceID ?? leader.serviceID
                }
                return order
            }
            try await transaction.query(EnforcementSQL.write, Self.values(leaders.map { EnforcementOutcome($0) }))
            ended += leaders
        }
        return ended
    }

    private static func values(_ outcomes: [EnforcementOutcome]) -> [PGValue] {
        let orders = outcomes.map(\.order)
        return [
            .uuids(orders.map(\.tenantID.value)), .uuids(orders.map(\.id.value)),
            .textArray(orders.map(\.state.rawValue)), .textArray(orders.map { $0.reason?.rawValue }),
            .int8Array(orders.map { $0.errorCause.map(Int64.init) }), .int8Array(orders.map { Int64($0.attempts) }),
            .uuids(orders.map { $0.sessionID?.value }), .uuids(orders.map { $0.serviceID?.value }),
            .timestamptzArray(orders.map { $0.sentAt?.microseconds }),
            .timestamptzArray(orders.map { $0.answeredAt?.microseconds }),
            .timestamptzArray(orders.map { $0.endedAt?.microseconds }),
            .timestamptzArray(orders.map { $0.nextAt?.microseconds }), .textArray(outcomes.map { json($0.trials) }),
            .int8Array(orders.map { $0.goal.map { Int64(bitPattern: $0.terms.digest.rawValue) } }),
            .textArray(orders.map { $0.goal?.terms.source?.rawValue }),
            .textArray(orders.map { $0.goal?.terms.speeds.map { literal($0.numbers) } }),
            .textArray(orders.map { $0.goal?.before.map { literal([$0.download, $0.upload]) } }),
            .textArray(orders.map { $0.way?.rawValue }),
            .timestamptzArray(orders.map { $0.base?.at.microseconds }),
            .textArray(orders.map { $0.base.map { literal([$0.octets.input, $0.octets.output]) } }),
            .int8Array(orders.map { $0.base?.seconds }),
            .timestamptzArray(orders.map { $0.goal?.end?.at.microseconds }),
            .timestamptzArray(orders.map { $0.goal?.end?.before.microseconds }),
        ]
    }

    /// An array within an array of texts.
    private static func literal(_ numbers: [Int64]) -> String { "{\(numbers.map(String.init).joined(separator: ","))}" }

    private static func json(_ trials: [EnforcementTrial]) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for trial in trials {
            writer.beginObject()
            writer.key("kind")
            writer.value(trial.kind.rawValue)
            writer.key("set")
            writer.value(trial.set)
            writer.key("outcome")
            writer.value(trial.outcome)
            writer.endObject()
        }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    // MARK: - What else is stored

    private static func lessons(_ outcomes: [EnforcementOutcome]) -> [PGStatement] {
        let learned = outcomes.flatMap { outcome in outcome.learned.map { (outcome.order, $0.key, $0.value) } }
        let unlearned = outcomes.flatMap { outcome in outcome.unlearned.map { (outcome.order, $0) } }
        var statements: [PGStatement] = []
        if !unlearned.isEmpty {
            statements.append(
                PGStatement(
                    EnforcementSQL.unlearn,
                    [
                        .uuids(unlearned.map(\.0.tenantID.value)), .uuids(unlearned.map(\.0.nasID.value)),
                        .textArray(unlearned.map(\.1)),
                    ]
                )
            )
        }
        if !learned.isEmpty {
            statements.append(
                PGStatement(
                    EnforcementSQL.learn,
                    [
                        .uuids(learned.map(\.0.tenantID.value)), .uuids(learned.map(\.0.nasID.value)),
                        .textArray(learned.map(\.1)),
                        .timestamptzArray(learned.map { Timestamp(secondsSince1970: $0.2).microseconds }),
                    ]
                )
            )
        }
        return statements
    }

    /// Events, operations and the audit trail; that last, since it locks the tenants' chains until the commit.
    private func conclusions(_ ended: [EnforcementOrder], at now: Timestamp) -> [PGStatement] {
        guard !ended.isEmpty else { return [] }
        var statements = [OutboxRow.insert(ended.compactMap { event($0, now) })]
        let followed = ended.filter { $0.operationID != nil }
        if !followed.isEmpty {
            statements.append(
                PGStatement(
                    EnforcementSQL.conclude,
                    [
                        .uuids(followed.map(\.tenantID.value)), .uuids(followed.map(\.operationID)),
                        .textArray(followed.map { Self.operationState($0).rawValue }),
                        .textArray(followed.map(\.summary)),
                    ]
                )
            )
        }
        statements.append(AuditLog.statement(ended.map { entry($0, now) }, as: .pipeline))
        return statements
    }

    private func event(_ order: EnforcementOrder, _ now: Timestamp) -> OutboxRow? {
        guard let payload = EnforcementEnded(order) else { return nil }
        var row = OutboxRow(
            id: ids.next(),
            tenantID: order.tenantID,
            aggregateID: order.sessionID?.value ?? order.id.value,
            payload: payload,
            createdAt: now
        )
        row.correlationID = order.correlationID
        row.traceparent = order.traceparent
        return row
    }

    /// One that was not needed is not one that failed.
    private static func operationState(_ order: EnforcementOrder) -> StoredOperation.State {
        order.state == .failed ? .failed : .succeeded
    }

    private func entry(_ order: EnforcementOrder, _ now: Timestamp) -> AuditEntry {
        let hasFailed = order.state == .failed
        return AuditEntry(
            id: ids.next(),
            tenantID: order.tenantID,
            origin: .system(requestID: order.correlationID),
            action: order.kind == .disconnect ? .disconnect : .update,
            resource: AuditResource("session", order.sessionID?.value ?? order.admissionID?.value),
            outcome: hasFailed ? .failed : .success,
            reason: hasFailed ? order.reason?.rawValue : nil,
            change: .created([
                "enforcement_id": .described(order.id), "kind": .text(order.kind.rawValue),
                "cause": .text(order.cause.rawValue), "outcome": .text(order.state.rawValue),
                "reason": .optional(order.reason?.rawValue), "error_cause": .optional(order.errorCause),
                "nas_id": .described(order.nasID), "service_id": .described(order.serviceID),
                "operation_id": .described(order.operationID), "attempts": .integer(Int64(order.attempts)),
            ]),
            time: now
        )
    }
}
