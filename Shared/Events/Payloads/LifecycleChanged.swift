package import Domain
package import WireFormat

/// A change of a service's standing began, completed, turned back or failed: nexora.provisioning.v1.LifecycleChanged on
/// `provisioning.lifecycle_changed.<tenant>`, in the commit that it tells of.
package struct LifecycleChanged: EventPayload, Hashable {
    package static let type = "nexora.provisioning.v1.LifecycleChanged"
    package static let subject = "provisioning.lifecycle_changed"

    package var runID: LifecycleRunID
    package var serviceID: ServiceID
    package var customerID: CustomerID
    /// `activate`, `suspend`, `resume`, `upgrade`, `downgrade` or `terminate`.
    package var kind: String
    /// `running`, `completed`, `rolling_back`, `rolled_back` or `failed`.
    package var state: String
    /// Why it did not complete, a stable word; empty where it did or may.
    package var reason: String
    /// What whoever asked follows.
    package var operationID: UUID128?

    package init(
        runID: LifecycleRunID,
        serviceID: ServiceID,
        customerID: CustomerID,
        kind: String,
        state: String,
        reason: String = "",
        operationID: UUID128? = nil
    ) {
        self.runID = runID
        self.serviceID = serviceID
        self.customerID = customerID
        self.kind = kind
        self.state = state
        self.reason = reason
        self.operationID = operationID
    }

    package init(_ run: LifecycleRun) {
        self.init(
            runID: run.id,
            serviceID: run.serviceID,
            customerID: run.customerID,
            kind: run.kind.rawValue,
            state: run.state.rawValue,
            reason: run.reason?.rawValue ?? "",
            operationID: run.operationID
        )
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("runId", runID)
        writer.member("serviceId", serviceID)
        writer.member("customerId", customerID)
        writer.member("kind", kind)
        writer.member("state", state)
        writer.member("reason", reason)
        writer.member("operationId", present: operationID.map { ID<IDTag.Event>($0) })
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var run: LifecycleRunID?
        var service: ServiceID?
        var customer: CustomerID?
        var (kind, state, reason) = ("", "", "")
        var operationID: UUID128?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "runId": run = try reader.identifier(key)
            case "serviceId": service = try reader.identifier(key)
            case "customerId": customer = try reader.identifier(key)
            case "kind": kind = try reader.text() ?? ""
            case "state": state = try reader.text() ?? ""
            case "reason": reason = try reader.text() ?? ""
            case "operationId": operationID = try reader.uuid(key)
            default: try reader.skipValue()
            }
        }
        self.init(
            runID: try required(run, "runId"),
            serviceID: try required(service, "serviceId"),
            customerID: try required(customer, "customerId"),
            kind: kind,
            state: state,
            reason: reason,
            operationID: operationID
        )
    }
}
