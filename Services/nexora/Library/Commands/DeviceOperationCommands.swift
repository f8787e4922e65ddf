import Domain
import Persistence

/// `device operations`, `device sync`.
enum DeviceOperationCommands {
    static let all: [CommandSpec] = [operations, sync]

    private static let operations = CommandSpec(
        "device operations",
        "Lists what was to be done on routers, and what became of it, the newest first; asks for one that failed again.",
        arguments: [ArgumentSpec("DEVICE", "The router's id or name; without it, all.", required: false)],
        options: [
            .value("state", "STATE", "Only these.", choices: RouterOperationState.allCases.map(\.rawValue)),
            .value("retry", "ID", "Ask once more for this one, which failed."), SharedOptions.scope,
            SharedOptions.limit,
            SharedOptions.after,
        ],
        examples: [
            "nexora device operations tower-1 --state failed",
            "nexora device operations --retry 0197f0c2-0000-7000-8000-000000000001",
        ]
    ) { invocation, context in
        if invocation.has("retry") { return try await retry(invocation, context) }
        let limit = try SharedOptions.limit(invocation)
        let after: RouterOperationID? = try SharedOptions.after(invocation)
        let state = invocation.string("state").flatMap(RouterOperationState.init(rawValue:))
        let reference = invocation.argument("DEVICE")
        let records = try await context.inDirectory(invocation) { directory in
            var device: DeviceID?
            if let reference { device = try await directory.device(reference).id }
            let names = try await directory.tenantNames()
            return try await RouterOperationRepository(directory.transaction)
                .list(of: device, state: state, after: after, limit: limit)
                .map { OutputRecord($0, names: names) }
        }
        context.report.page(records, limit: limit, none: "nothing was to be done on a router")
    }

    private static func retry(_ invocation: Invocation, _ context: CommandContext) async throws {
        guard let id = invocation.string("retry").flatMap({ RouterOperationID($0) }) else {
            throw invocation.invalid("retry", "must be an id as device operations shows it")
        }
        let record = try await context.inDirectory(invocation) { directory in
            let store = RouterOperationRepository(directory.transaction)
            guard let failed = try await store.find(id) else { throw CommandFailure(.notFound, "no operation \(id)") }
            guard let made = try await store.retry(failed) else {
                throw CommandFailure(.conflict, "the operation has not failed, or was asked for again already")
            }
            try await AuditLog(directory.transaction).append(
                context.auditEntry(
                    failed.tenantID,
                    .update,
                    AuditResource("device", failed.deviceID),
                    .created(["retried": .text(failed.id.description), "device_operation_id": .text(made.description)])
                )
            )
            var record = OutputRecord()
            record.add("id", .text(made.description))
            record.add("deviceId", .text(failed.deviceID.description))
            record.add("repeats", .text(failed.id.description))
            return record
        }
        context.report.one(record)
    }

    private static let sync = CommandSpec(
        "device sync",
        "Asks for everything of a router once more, as after it was reset; what waits already is not asked for twice.",
        arguments: [ArgumentSpec("DEVICE", "The router's id or name.")],
        options: [SharedOptions.scope],
        examples: ["nexora device sync tower-1"]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("DEVICE")
        let record = try await context.inDirectory(invocation) { directory in
            let device = try await directory.device(reference)
            guard device.isRouterOS else { throw CommandFailure(.conflict, "the device is no router of MikroTik") }
            let queued = try await RouterOperationRepository(directory.transaction).sync(device)
            try await AuditLog(directory.transaction).append(
                context.auditEntry(
                    device.tenantID,
                    .update,
                    AuditResource("device", device.id),
                    .created(["synced": .integer(Int64(queued))])
                )
            )
            var record = OutputRecord()
            record.add("deviceId", .text(device.id.description))
            record.add("queued", .integer(Int64(queued)))
            return record
        }
        context.report.one(record)
    }
}

extension OutputRecord {
    /// What was to be done on a router. Whose secret goes is not told.
    init(_ operation: RouterOperation, names: [TenantID: String]) {
        self.init()
        add("id", .text(operation.id.description))
        add("tenant", .text(names[operation.tenantID] ?? operation.tenantID.description))
        add("deviceId", .text(operation.deviceID.description))
        add("requestedAt", .text(operation.requestedAt.description))
        add("kind", .text(operation.kind.rawValue))
        add("state", .text(operation.state.rawValue))
        add("reason", .optional(operation.reason))
        add("detail", .optional(operation.detail), detail: true)
        add("attempts", .integer(Int64(operation.attempts)), detail: true)
        add("serviceId", .optional(operation.serviceID?.description), detail: true)
        add("planId", .optional(operation.planID?.description), detail: true)
        add("startedAt", .optional(operation.startedAt?.description), detail: true)
        add("endedAt", .optional(operation.endedAt?.description), detail: true)
        add("nextAt", .optional(operation.nextAt?.description), detail: true)
    }
}
