package import Domain
package import WireFormat

/// A live session shall have what it should have now: nexora.session.v1.ReconcileRequested on
/// `session.reconcile_requested.<tenant>`. An intent: the provisioner compares, does what is needed, and tells what became of it.
package struct ReconcileRequested: EventPayload, Hashable {
    package static let type = "nexora.session.v1.ReconcileRequested"
    package static let subject = "session.reconcile_requested"

    package var sessionID: SessionID
    package var nasID: NASID
    /// Nil for a session of nobody that is known.
    package var serviceID: ServiceID?
    /// What whoever asked follows.
    package var operationID: UUID128?

    package init(sessionID: SessionID, nasID: NASID, serviceID: ServiceID? = nil, operationID: UUID128? = nil) {
        self.sessionID = sessionID
        self.nasID = nasID
        self.serviceID = serviceID
        self.operationID = operationID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("sessionId", sessionID)
        writer.member("nasId", nasID)
        writer.member("serviceId", present: serviceID)
        writer.member("operationId", present: operationID.map { ID<IDTag.Event>($0) })
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var sessionID: SessionID?
        var nasID: NASID?
        var serviceID: ServiceID?
        var operationID: UUID128?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "sessionId": sessionID = try reader.identifier(key)
            case "nasId": nasID = try reader.identifier(key)
            case "serviceId": serviceID = try reader.identifier(key)
            case "operationId": operationID = try reader.uuid(key)
            default: try reader.skipValue()
            }
        }
        self.init(
            sessionID: try required(sessionID, "sessionId"),
            nasID: try required(nasID, "nasId"),
            serviceID: serviceID,
            operationID: operationID
        )
    }
}
