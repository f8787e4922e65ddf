package import Domain
package import WireFormat

/// What became of something that was to be done on a router: nexora.provisioning.v1.RouterOperationEnded on
/// `provisioning.router_completed.<tenant>`, once for each operation.
package struct RouterOperationEnded: EventPayload, Hashable {
    package static let type = "nexora.provisioning.v1.RouterOperationEnded"
    package static let subject = "provisioning.router_completed"

    package var routerOperationID: RouterOperationID
    package var deviceID: DeviceID
    /// `sync_service`, `remove_service`, `disconnect_service` or `sync_profile`.
    package var kind: String
    /// `done`, `failed` or `superseded`.
    package var outcome: String
    /// Why it failed, or was not needed: a stable word.
    package var reason: String
    package var serviceID: ServiceID?
    package var planID: PlanID?
    /// What whoever asked follows.
    package var operationID: UUID128?
    /// How often the router refused it.
    package var attempts: UInt32
    /// From the request to the end, in milliseconds.
    package var endedAfter: Int64

    package init(
        routerOperationID: RouterOperationID,
        deviceID: DeviceID,
        kind: String,
        outcome: String,
        reason: String = "",
        serviceID: ServiceID? = nil,
        planID: PlanID? = nil,
        operationID: UUID128? = nil,
        attempts: UInt32 = 0,
        endedAfter: Int64 = 0
    ) {
        self.routerOperationID = routerOperationID
        self.deviceID = deviceID
        self.kind = kind
        self.outcome = outcome
        self.reason = reason
        self.serviceID = serviceID
        self.planID = planID
        self.operationID = operationID
        self.attempts = attempts
        self.endedAfter = endedAfter
    }

    /// Nil for an operation that is under way. Where clocks disagree, no time is negative.
    package init?(_ operation: RouterOperation) {
        guard operation.state.isFinal, let endedAt = operation.endedAt else { return nil }
        self.init(
            routerOperationID: operation.id,
            deviceID: operation.deviceID,
            kind: operation.kind.rawValue,
            outcome: operation.state.rawValue,
            reason: operation.reason ?? "",
            serviceID: operation.serviceID,
            planID: operation.planID,
            operationID: operation.operationID,
            attempts: UInt32(clamping: operation.attempts),
            endedAfter: max(0, endedAt.microseconds(since: operation.requestedAt)) / 1_000
        )
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("routerOperationId", routerOperationID)
        writer.member("deviceId", deviceID)
        writer.member("kind", kind)
        writer.member("outcome", outcome)
        writer.member("reason", reason)
        writer.member("serviceId", present: serviceID)
        writer.member("planId", present: planID)
        writer.member("operationId", present: operationID.map { ID<IDTag.Event>($0) })
        writer.member("attempts", attempts)
        writer.member("endedAfter", endedAfter)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var id: RouterOperationID?
        var deviceID: DeviceID?
        var read = RouterOperationEnded(
            routerOperationID: RouterOperationID(.zero),
            deviceID: DeviceID(.zero),
            kind: "",
            outcome: ""
        )
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "routerOperationId": id = try reader.identifier(key)
            case "deviceId": deviceID = try reader.identifier(key)
            case "kind": read.kind = try reader.text() ?? ""
            case "outcome": read.outcome = try reader.text() ?? ""
            case "reason": read.reason = try reader.text() ?? ""
            case "serviceId": read.serviceID = try reader.identifier(key)
            case "planId": read.planID = try reader.identifier(key)
            case "operationId": read.operationID = try reader.uuid(key)
            case "attempts": read.attempts = try reader.unsigned32(key) ?? 0
            case "endedAfter": read.endedAfter = try reader.count(key) ?? 0
            default: try reader.skipValue()
            }
        }
        read.routerOperationID = try required(id, "routerOperationId")
        read.deviceID = try required(deviceID, "deviceId")
        self = read
    }
}
