package import Domain
import Events
package import Postgres

/// What is to be done on routers, as the pipelines' role, over all tenants. One process at a time does it: see ``lead()``.
///
/// Operations are asked for by the database itself, in the commit of the change that they follow from. An operation's end is stored
/// once, together with its event (`provisioning.router_completed`).
package final class RouterOperationStore: Sendable {
    private let session: PostgresSession
    private let ids: IDGenerator

    /// `session` serves this store alone: the leader's lock belongs to its connection.
    package init(_ session: PostgresSession, ids: IDGenerator) {
        self.session = session
        self.ids = ids
    }

    /// Whether this connection leads now: the lock is had at once or another process has it.
    package func lead() async throws(StorageFault) -> Bool {
        try await guarded { try await self.session.leads(RouterOperationSQL.lockClass) }
    }

    /// What another process was at is to be done again. For who has just begun to lead.
    package func recover() async throws(StorageFault) {
        try await guarded { _ = try await self.session.query(RouterOperationSQL.recover) }
    }

    /// Routers that have something to do now, those that wait longest first.
    package func routers(at now: Timestamp, limit: Int) async throws(StorageFault) -> [RouterRef] {
        try await guardedRows {
            try await self.session.query(RouterOperationSQL.routers, [.time(now), .int8(Int64(limit))]).map { row in
                RouterRef(
                    tenantID: try row.need("tenant_id") { $0.id() },
                    deviceID: try row.need("device_id") { $0.id() }
                )
            }
        }
    }

    /// The first of a router's operations that have not ended, in their order: also those that are not due.
    package func open(of router: RouterRef, limit: Int) async throws(StorageFault) -> [RouterOperation] {
        try await guardedRows {
            try await self.session.query(
                RouterOperationSQL.open,
                [.id(router.tenantID), .id(router.deviceID), .int8(Int64(limit))]
            ).map(RouterOperationSQL.operation)
        }
    }

    /// How a router is reached; nil for one that is gone.
    package func target(_ router: RouterRef) async throws(StorageFault) -> RouterTarget? {
        try await guardedRows {
            try await self.session.query(RouterOperationSQL.target, [.id(router.tenantID), .id(router.deviceID)]).first
                .map { try RouterTarget($0) }
        }
    }

    /// What those operations of one router need to know, as it is now. To be asked for after they began: what is changed later asks
    /// for another operation.
    package func facts(
        for operations: [RouterOperation],
        on router: RouterRef,
        at now: Timestamp
    ) async throws(StorageFault) -> RouterFacts {
        try await guardedRows {
            var facts = RouterFacts()
            let names = operations.compactMap { $0.kind == .removeService ? $0.username : nil }
            let found = try await self.session.pipeline([
                PGStatement(
                    RouterOperationSQL.services,
                    [.id(router.tenantID), .uuids(operations.compactMap { $0.serviceID?.value }), .time(now)]
                ),
                PGStatement(
                    RouterOperationSQL.held,
                    [.id(router.tenantID), .id(router.deviceID), .textArray(names)]
                ),
            ])
            facts.heldNames = Set(found[1].compactMap { $0[0].text })
            var wanted = Set(operations.compactMap(\.planID))
            for row in found[0] { wanted.insert(try row.need("plan_id") { $0.id() }) }
            facts.plans = try await self.plans(Array(wanted), of: router.tenantID)
            for row in found[0] {
                guard let entry = try Self.entry(row, facts.plans) else { continue }
                facts.services[entry.service.id] = entry
            }
            return facts
        }
    }

    /// Stores what operations have become, with the events of those that ended, in one transaction. One that had ended before stays
    /// as it is. Returns those that ended now.
    @discardableResult
    package func write(_ operations: [RouterOperation], at now: Timestamp) async throws(StorageFault)
        -> [RouterOperation]
    {
        guard !operations.isEmpty else { return [] }
        return try await guarded {
            try await self.session.transaction { transaction in
                let written = try await transaction.query(RouterOperationSQL.write, Self.values(operations))
                let ids = Set(written.compactMap { row -> RouterOperationID? in row[1].id() })
                let ended = operations.filter { $0.state.isFinal && ids.contains($0.id) }
                if !ended.isEmpty {
                    try await transaction.pipeline([OutboxRow.insert(ended.compactMap { self.event($0, now) })])
                }
                return ended
            }
        }
    }

    /// A router is not reached: everything that waits for it says so.
    package func away(_ router: RouterRef, because reason: String) async throws(StorageFault) {
        try await guarded {
            _ = try await self.session.query(
                RouterOperationSQL.away,
                [.id(router.tenantID), .id(router.deviceID), .text(reason)]
            )
        }
    }

    /// Asks for services whose end, or whose boost's or block's end, came. Returns how many.
    @discardableResult
    package func expire(at now: Timestamp) async throws(StorageFault) -> Int {
        try await guarded { try await self.session.query(RouterOperationSQL.expire, [.time(now)]).affectedRows }
    }

    /// How many operations have not ended, and since when the oldest waits.
    package func figures() async throws(StorageFault) -> (waiting: Int, oldest: Timestamp?) {
        try await guarded {
            let row = try await self.session.query(RouterOperationSQL.figures).first
            return (row?["waiting"].int ?? 0, row?["oldest"].time)
        }
    }

    /// Removes operations that ended before that time, at most `limit`. Returns how many.
    @discardableResult
    package func forget(before time: Timestamp, limit: Int) async throws(StorageFault) -> Int {
        try await guarded {
            try await self.session.query(RouterOperationSQL.forget, [.time(time), .int8(Int64(limit))]).affectedRows
        }
    }

    // MARK: - Private

    private func plans(_ ids: [PlanID], of tenant: TenantID) async throws -> [PlanID: RouterPlan] {
        guard !ids.isEmpty else { return [:] }
        let values: [PGValue] = [.id(tenant), .uuids(ids.map(\.value))]
        let found = try await session.pipeline([
            PGStatement(RouterOperationSQL.plans, values), PGStatement(RouterOperationSQL.settings, values),
            PGStatement(RouterOperationSQL.profiles, values),
        ])
        let settings = Dictionary(
            try found[1].map { row in try PlanRepository.settings(row) }.map { ($0.planID, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let profiles = Dictionary(
            try found[2].map { row in try BandwidthProfileRepository.profile(row) }.map { ($0.id, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let plans = try found[0].map { row in try PlanRepository.plan(row) }
        return Dictionary(
            plans.map { ($0.id, RouterPlan($0, settings[$0.id], $0.bandwidthProfileID.flatMap { profiles[$0] })) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Nil where its plan went between the two looks: that asks for another operation.
    private static func entry(_ row: PGRow, _ plans: [PlanID: RouterPlan]) throws -> RouterFacts.Entry? {
        let planID: PlanID = try row.need("plan_id") { $0.id() }
        guard let plan = plans[planID] else { return nil }
        let password = row["password"].bytes
        let service = RouterService(
            id: try row.need("id") { $0.id() },
            username: try row.need("username", \.text),
            status: try row.choice("status"),
            customerStatus: try row.choice("customer_status"),
            isTenantActive: try row.need("is_active", \.bool),
            hasPassword: password != nil,
            staticIPv4: row["static_ipv4"].text.flatMap { IPAddress($0) },
            expiresAt: row["expires_at"].time,
            blockedUntil: row["blocked_until"].time,
            plan: plan
        )
        return RouterFacts.Entry(service: service, routerID: row["router_id"].id(), sealedPassword: password)
    }

    private static func values(_ operations: [RouterOperation]) -> [PGValue] {
        [
            .uuids(operations.map(\.tenantID.value)), .uuids(operations.map(\.id.value)),
            .textArray(operations.map(\.state.rawValue)), .int8Array(operations.map { Int64($0.attempts) }),
            .textArray(operations.map(\.reason)), .textArray(operations.map(\.detail)),
            .timestamptzArray(operations.map { $0.startedAt?.microseconds }),
            .timestamptzArray(operations.map { $0.endedAt?.microseconds }),
            .timestamptzArray(operations.map { $0.nextAt?.microseconds }),
        ]
    }

    private func event(_ operation: RouterOperation, _ now: Timestamp) -> OutboxRow? {
        guard let payload = RouterOperationEnded(operation) else { return nil }
        var row = OutboxRow(
            id: ids.next(),
            tenantID: operation.tenantID,
            aggregateID: operation.serviceID?.value ?? operation.id.value,
            payload: payload,
            createdAt: now
        )
        row.correlationID = operation.correlationID
        return row
    }
}
