import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

extension Resource where Row == RouterOperation {
    static let routerOperations = Resource(
        .routerOperations,
        path: "/api/v1/devices/{id:uuid}/operations",
        noun: ("DeviceOperation", "DeviceOperations"),
        tag: "devices",
        auditType: "device_operation",
        read: .devicesRead,
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        schemas: [
            "device_id": .uuid, "service_id": .nullable(.uuid), "plan_id": .nullable(.uuid),
            "kind": .choice(RouterOperationKind.allCases.map(\.rawValue)),
            "state": .choice(RouterOperationState.allCases.map(\.rawValue)), "attempts": .integer(0...20),
            "requested_at": .time,
        ],
        isExported: false
    ) { _, _, _ in nil }
}

/// What is to be done on routers, and what became of it (MTK-04, MTK-06).
struct RouterRoutes {
    private let parts: Parts
    private let devices = Resource<Device>.devices
    private let operations = Resource<RouterOperation>.routerOperations

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { get throws { [try list(), sync, retry] } }

    private func list() throws -> GatewayRoute {
        try GatewayRoute(
            .get,
            PathPattern(operations.path),
            operationID: "list\(operations.noun.many)",
            metadata: Access(
                .permission(operations.read),
                operation: Operation(
                    operations.tag,
                    "A page of what was to be done on a router; filter=service_id:eq: shows one service's.",
                    parameters: ListDescription.parameters(operations.source),
                    .page(operations.schema)
                )
            )
        ) { request in
            let id = DeviceID(try request.pathID())
            let filter = try ListFilter.equal("device_id", id, of: operations.source)
            let query = try operations.query(request, try request.caller, adding: [filter])
            let page = try await parts.read(request) { transaction, caller in
                _ = try await devices.found(id.value, transaction, caller)
                return try await Listing(transaction, scope: caller.principal.tenantID, cursors: parts.cursors)
                    .page(of: operations.source, query)
            }
            return try operations.answer(page, query, to: request)
        }
    }

    private var retry: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/device-operations/{id:uuid}/retry",
            operationID: "retryDeviceOperation",
            metadata: Access(
                .permission(.devicesUpdate),
                repetition: .keyed,
                operation: Operation(
                    "devices",
                    "Asks a router once more for an operation that failed: a new one behind those that wait; once for each.",
                    status: 202,
                    .data(.object([.init("id", .uuid), .init("device_id", .uuid), .init("repeats", .uuid)]))
                )
            )
        ) { request in
            let id = RouterOperationID(try request.pathID())
            return try await parts.change(request) { work in
                let store = RouterOperationRepository(work.transaction)
                guard let failed = try await store.find(id) else { throw Problem.notFound }
                guard let made = try await store.retry(failed, correlationID: work.caller.origin.correlationID) else {
                    throw Problem.conflict(
                        "not_failed",
                        "The operation has not failed, or was asked for again already."
                    )
                }
                work.record(
                    .update,
                    AuditResource("device", failed.deviceID),
                    of: failed.tenantID,
                    .created(["retried": .described(failed.id), "device_operation_id": .described(made)])
                )
                return Response.data(status: .accepted) { json in
                    json.beginObject()
                    json.key("id")
                    json.value(made.description)
                    json.key("device_id")
                    json.value(failed.deviceID.description)
                    json.key("repeats")
                    json.value(failed.id.description)
                    json.endObject()
                }
            }
        }
    }

    private var sync: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/devices/{id:uuid}/sync",
            operationID: "syncDevice",
            metadata: Access(
                .permission(.devicesUpdate),
                repetition: .keyed,
                operation: Operation(
                    "devices",
                    "Makes a router have what its services and their plans say once more, as after it was reset.",
                    status: 202,
                    .data(.object([.init("device_id", .uuid), .init("queued", .integer(0...Int64.max))]))
                )
            )
        ) { request in
            let id = try request.pathID()
            return try await parts.change(request) { work in
                let device = try await devices.found(id, work.transaction, work.caller)
                guard device.isRouterOS else {
                    throw Problem.conflict("no_router", "The device is no router of MikroTik.")
                }
                let queued = try await RouterOperationRepository(work.transaction).sync(
                    device,
                    correlationID: work.caller.origin.correlationID
                )
                work.record(
                    .update,
                    AuditResource("device", device.id),
                    of: device.tenantID,
                    .created(["synced": .integer(Int64(queued))])
                )
                return Response.data(status: .accepted) { json in
                    json.beginObject()
                    json.key("device_id")
                    json.value(device.id.description)
                    json.key("queued")
                    json.value(Int64(queued))
                    json.endObject()
                }
            }
        }
    }
}
