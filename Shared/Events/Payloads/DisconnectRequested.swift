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
    }

    /// What the session travels under, as in its Class.
    package var admissionID: AdmissionID
    package var nasID: NASID
    package var serviceID: ServiceID
    package var reason: Reason
    /// The admission that takes its place.
    package var replacedBy: AdmissionID?

    package init(
        admissionID: AdmissionID,
        nasID: NASID,
        serviceID: ServiceID,
        reason: Reason,
        replacedBy: AdmissionID? = nil
    ) {
        self.admissionID = admissionID
        self.nasID = nasID
        self.serviceID = serviceID
        self.reason = reason
        self.replacedBy = replacedBy
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("admissionId", admissionID)
        writer.member("nasId", nasID)
        writer.member("serviceId", serviceID)
        writer.member("reason", reason)
        writer.member("replacedBy", present: replacedBy)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var (admissionID, replacedBy): (AdmissionID?, AdmissionID?)
        var nasID: NASID?
        var serviceID: ServiceID?
        var reason: Reason?
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "admissionId": admissionID = try reader.identifier(key)
            case "nasId": nasID = try reader.identifier(key)
            case "serviceId": serviceID = try reader.identifier(key)
            case "reason": reason = try reader.choice(key)
            case "replacedBy": replacedBy = try reader.identifier(key)
            default: try reader.skipValue()
            }
        }
        self.init(
            admissionID: try required(admissionID, "admissionId"),
            nasID: try required(nasID, "nasId"),
            serviceID: try required(serviceID, "serviceId"),
            reason: try required(reason, "reason"),
            replacedBy: replacedBy
        )
    }
}

extension DisconnectRequested.Reason: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .sessionLimit: "DISCONNECT_REASON_SESSION_LIMIT"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .sessionLimit: 1
        }
    }
}
