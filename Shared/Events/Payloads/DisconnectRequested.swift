package import Domain
package import WireFormat

/// A session must leave: nexora.session.v1.DisconnectRequested on `session.disconnect_requested.<tenant>`. An intent: the
/// provisioner carries it out and tells what became of it.
package struct DisconnectRequested: EventPayload, Hashable {
    package static let type = "nexora.session.v1.DisconnectRequested"
    package static let subject = "session.disconnect_requested"

    package enum Reason: Sendable, CaseIterable {
        /// The service has as many sessions as it may, and a newer one was admitted (SES-06).
        case sessionLimit
        /// Somebody asked for it.
        case requested
    }

    /// What the session travels under, as in its Class; nil where it never had one.
    package var admissionID: AdmissionID?
    package var nasID: NASID
    /// Nil for a session of nobody that is known.
    package var serviceID: ServiceID?
    package var reason: Reason
    /// The admission that takes its place.
    package var replacedBy: AdmissionID?
    /// Where the session is known by more than its admission.
    package var sessionID: SessionID?
    /// What whoever asked follows.
    package var operationID: UUID128?

    package init(
        admissionID: AdmissionID?,
        nasID: NASID,
        serviceID: ServiceID?,
        reason: Reason,
        replacedBy: AdmissionID? = nil,
        sessionID: SessionID? = nil,
        operationID: UUID128? = nil
    ) {
        self.admissionID = admissionID
        self.nasID = nasID
        self.serviceID = serviceID
        self.reason = reason
        self.replacedBy = replacedBy
        self.sessionID = sessionID
        self.operationID = operationID
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("admissionId", present: admissionID)
        writer.member("nasId", nasID)
        writer.member("serviceId", present: serviceID)
        writer.member("reason", reason)
        writer.member("replacedBy", present: replacedBy)
        writer.member("sessionId", present: sessionID)
        writer.member("operationId", present: operationID.map { ID<IDTag.Event>($0) })
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var (admissionID, replacedBy): (AdmissionID?, AdmissionID?)
        var nasID: NASID?
        var serviceID: ServiceID?
        var reason: Reason?
        var sessionID: SessionID?
        var operationID: UUID128?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "admissionId": admissionID = try reader.identifier(key)
            case "nasId": nasID = try reader.identifier(key)
            case "serviceId": serviceID = try reader.identifier(key)
            case "reason": reason = try reader.choice(key)
            case "replacedBy": replacedBy = try reader.identifier(key)
            case "sessionId": sessionID = try reader.identifier(key)
            case "operationId": operationID = try reader.uuid(key)
            default: try reader.skipValue()
            }
        }
        self.init(
            admissionID: admissionID,
            nasID: try required(nasID, "nasId"),
            serviceID: serviceID,
            reason: try required(reason, "reason"),
            replacedBy: replacedBy,
            sessionID: sessionID,
            operationID: operationID
        )
    }
}

extension DisconnectRequested.Reason: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .sessionLimit: "DISCONNECT_REASON_SESSION_LIMIT"
        case .requested: "DISCONNECT_REASON_REQUESTED"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .sessionLimit: 1
        case .requested: 2
        }
    }
}
