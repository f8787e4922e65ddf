package import Domain
import Postgres

/// Which runs are listed; nil leaves a member open.
package struct LifecycleFilter: Hashable, Sendable {
    package var tenantID: TenantID?
    package var customerID: CustomerID?
    package var serviceID: ServiceID?
    package var kind: LifecycleKind?
    package var state: LifecycleRun.State?

    package init() {}
}

/// What a step leaves for its compensation and its next look; never a secret.
struct StepNotes: Hashable, Sendable {
    var before: String?
    var after: String?
    /// The row's version by which it is `after`: each write of anybody gives it another.
    var version: Int64?

    /// Whether nobody has written the row since. Steps of before versions were noted go by the words alone.
    func names(_ version: Int64?) -> Bool { self.version == nil || self.version == version }
}

/// A run under its lock, with what its steps left.
struct LockedRun {
    var run: LifecycleRun
    var notes: [StepNotes]
}

/// The runs of one scope.
package struct LifecycleStore {
    let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) { self.transaction = transaction }

    private static let columns = """
        r.tenant_id, r.id, r.service_id, r.customer_id, r.kind, r.state, r.reason, r.parameters->>'access' AS access, \
        r.parameters->>'static_ipv4' AS static_ipv4, (r.parameters->>'plan_id')::uuid AS plan_id, \
        coalesce((r.parameters->>'later')::boolean, false) AS later, r.operation_id, r.correlation_id, r.requested_by, \
        r.requested_at, r.started_at, r.deadline, r.ended_at, r.next_at
        """

    /// Stores a run that was just asked for, with its steps and the operation by which it is followed: the provisioner carries it out.
    /// Throws `alreadyExists` (`lifecycle_runs_open`) while another one of its service is under way.
    package func request(_ run: LifecycleRun) async throws -> StoredOperation {
        let operation = try await OperationRepository(transaction).insert(
            StoredOperation(
                tenantID: run.tenantID,
                id: run.operationID,
                kind: "service_\(run.kind.rawValue)",
                resourceType: "service",
                resourceID: run.serviceID.value,
                customerID: run.customerID,
                requestedBy: run.requestedBy
            )
        )
        try await insert(run)
        return operation
    }

    private func insert(_ run: LifecycleRun) async throws {
        let parameters: [(String, String)] =
            [
                run.parameters.access.map { ("access", $0.rawValue) },
                run.parameters.staticIPv4.map { ("static_ipv4", $0.description) },
                run.parameters.planID.map { ("plan_id", $0.description) },
                run.parameters.isLater ? ("later", "true") : nil,
            ].compactMap { $0 }
        _ = try await transaction.pipeline([
            PGStatement(
                """
                INSERT INTO lifecycle_runs (tenant_id, id, service_id, customer_id, kind, parameters, operation_id, correlation_id,
                    requested_by, requested_at, next_at)
                VALUES ($1, $2, $3, $4, $5, jsonb_object($6::text[], $7::text[]), $8, $9, $10, $11, $11)
                """,
                [
                    .id(run.tenantID), .id(run.id), .id(run.serviceID), .id(run.customerID), .text(run.kind.rawValue),
                    .textArray(parameters.map(\.0)), .textArray(parameters.map(\.1)),
                    .uuid(high: run.operationID.high, low: run.operationID.low), .text(run.correlationID),
                    .uuid(high: run.requestedBy.high, low: run.requestedBy.low), .time(run.requestedAt),
                ]
            ),
            PGStatement(
                """
                INSERT INTO lifecycle_steps (tenant_id, run_id, position, name)
                SELECT $1, $2, s.position - 1, s.name FROM unnest($3::text[]) WITH ORDINALITY AS s (name, position)
                """,
                [.id(run.tenantID), .id(run.id), .textArray(run.steps.map(\.name.rawValue))]
            ),
        ])
    }

    /// Up to `limit` runs, the newest first, behind the one named.
    package func list(
        _ filter: LifecycleFilter,
        after: LifecycleRunID?,
        limit: Int
    ) async throws -> [LifecycleRun] {
        try await runs(
            """
            WHERE ($1::uuid IS NULL OR r.tenant_id = $1) AND ($2::uuid IS NULL OR r.customer_id = $2)
                AND ($3::uuid IS NULL OR r.service_id = $3) AND ($4::text IS NULL OR r.kind = $4)
                AND ($5::text IS NULL OR r.state = $5) AND ($6::uuid IS NULL OR r.id < $6)
            ORDER BY r.id DESC LIMIT $7
            """,
            [
                .id(filter.tenantID), .id(filter.customerID), .id(filter.serviceID), .text(filter.kind?.rawValue),
                .text(filter.state?.rawValue), .id(after), .int8(Int64(limit)),
            ]
        ).map(\.run)
    }

    /// The run of that id; nil where there is none in sight.
    package func find(_ id: LifecycleRunID) async throws -> LifecycleRun? {
        try await runs("WHERE r.id = $1", [.id(id)]).first?.run
    }

    /// The newest run of each of those services.
    package func newest(of services: [ServiceID]) async throws -> [LifecycleRun] {
        try await runs(
            """
            JOIN (SELECT DISTINCT ON (l.service_id) l.tenant_id, l.id FROM lifecycle_runs l
                WHERE l.service_id = ANY ($1::uuid[]) ORDER BY l.service_id, l.id DESC) n
                ON n.tenant_id = r.tenant_id AND n.id = r.id
            """,
            [.uuids(services.map(\.value))]
        ).map(\.run)
    }

    /// The run that is under way, locked. Nil where it ended, is not in sight, or somebody else has it: he goes on with it.
    func lock(_ id: LifecycleRunID) async throws -> LockedRun? {
        try await runs("WHERE r.id = $1 AND r.ended_at IS NULL FOR UPDATE OF r SKIP LOCKED", [.id(id)]).first
    }

    private func runs(_ condition: String, _ parameters: [PGValue]) async throws -> [LockedRun] {
        let rows = try await transaction.query(
            "SELECT \(Self.columns) FROM lifecycle_runs r \(condition)",
            parameters
        )
        guard !rows.isEmpty else { return [] }
        var runs = try rows.map { LockedRun(run: try Self.run($0), notes: []) }
        var places: [LifecycleRunID: Int] = [:]
        for (index, locked) in runs.enumerated() { places[locked.run.id] = index }
        let steps = try await transaction.query(
            """
            SELECT s.run_id, s.name, s.state, s.attempts, s.reason, s.started_at, s.ended_at, s.detail->>'before' AS before,
                s.detail->>'after' AS after, (s.detail->>'version')::bigint AS version
            FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, id)
            JOIN lifecycle_steps s ON s.tenant_id = k.tenant_id AND s.run_id = k.id ORDER BY s.run_id, s.position
            """,
            [.uuids(runs.map(\.run.tenantID.value)), .uuids(runs.map(\.run.id.value))]
        )
        for row in steps {
            guard let index = places[try row.need("run_id") { $0.id() }] else { continue }
            runs[index].run.steps.append(try Self.step(row))
            runs[index].notes.append(
                StepNotes(before: row["before"].text, after: row["after"].text, version: row["version"].int64)
            )
        }
        return runs
    }

    // MARK: - Rows

    private static func run(_ row: PGRow) throws -> LifecycleRun {
        var parameters = LifecycleParameters()
        parameters.access = row["access"].text.flatMap(LifecycleParameters.Access.init(rawValue:))
        parameters.staticIPv4 = row["static_ipv4"].text.flatMap { IPAddress($0) }
        parameters.planID = row["plan_id"].id()
        parameters.isLater = row["later"].bool == true
        func uuid(_ name: String) throws -> UUID128 {
            try row.need(name) { $0.uuid.map { UUID128(high: $0.high, low: $0.low) } }
        }
        var run = LifecycleRun(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            serviceID: try row.need("service_id") { $0.id() },
            customerID: try row.need("customer_id") { $0.id() },
            kind: try row.choice("kind"),
            parameters: parameters,
            operationID: try uuid("operation_id"),
            correlationID: row["correlation_id"].text,
            requestedBy: try uuid("requested_by"),
            requestedAt: try row.need("requested_at", \.time)
        )
        run.state = try row.choice("state")
        run.reason = row["reason"].text.map(LifecycleReason.init(rawValue:))
        run.startedAt = row["started_at"].time
        run.deadline = row["deadline"].time
        run.endedAt = row["ended_at"].time
        run.nextAt = row["next_at"].time
        run.steps = []
        return run
    }

    private static func step(_ row: PGRow) throws -> LifecycleStep {
        var step = LifecycleStep(try row.choice("name"))
        step.state = try row.choice("state")
        step.attempts = try row.need("attempts", \.int)
        step.reason = row["reason"].text.map(LifecycleReason.init(rawValue:))
        step.startedAt = row["started_at"].time
        step.endedAt = row["ended_at"].time
        return step
    }
}
