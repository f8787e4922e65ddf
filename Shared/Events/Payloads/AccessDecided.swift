package import Domain
package import WireFormat

/// A login was decided: nexora.radius.v1.AccessDecided on `radius.access.<tenant>`. A sample for those who watch, never the
/// basis of anything; ``DecisionsSkipped`` tells what it leaves out.
package struct AccessDecided: EventPayload, Hashable {
    package static let type = "nexora.radius.v1.AccessDecided"
    package static let subject = "radius.access"

    package enum Outcome: Hashable, Sendable, CaseIterable {
        case accept, reject, challenge
    }

    package var username: String
    package var nasID: NASID
    package var nasName: String?
    package var outcome: Outcome
    /// A stable word such as `wrong_password`; of an accept, what it is confined to the walled garden for, else empty.
    package var reason: String
    /// A stable word such as `mschapv2`.
    package var method: String
    package var serviceID: ServiceID?
    package var customerID: CustomerID?
    package var admissionID: AdmissionID?
    package var callingStationID: String
    /// The version of the rules that decided.
    package var decisionVersion: UInt32?
    /// NAS-Port, which tells devices apart where the NAS names no caller.
    package var nasPort: UInt32?

    package init(
        username: String,
        nasID: NASID,
        nasName: String? = nil,
        outcome: Outcome,
        reason: String = "",
        method: String = "",
        serviceID: ServiceID? = nil,
        customerID: CustomerID? = nil,
        admissionID: AdmissionID? = nil,
        callingStationID: String = "",
        decisionVersion: UInt32? = nil,
        nasPort: UInt32? = nil
    ) {
        self.username = username
        self.nasID = nasID
        self.nasName = nasName
        self.outcome = outcome
        self.reason = reason
        self.method = method
        self.serviceID = serviceID
        self.customerID = customerID
        self.admissionID = admissionID
        self.callingStationID = callingStationID
        self.decisionVersion = decisionVersion
        self.nasPort = nasPort
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("username", username)
        writer.member("nasId", nasID)
        writer.member("nasName", present: nasName)
        writer.member("outcome", outcome)
        writer.member("reason", reason)
        writer.member("method", method)
        writer.member("serviceId", present: serviceID)
        writer.member("customerId", present: customerID)
        writer.member("admissionId", present: admissionID)
        writer.member("callingStationId", callingStationID)
        writer.member("decisionVersion", present: decisionVersion)
        writer.member("nasPort", present: nasPort)
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var nas: NASID?
        var outcome: Outcome?
        var read = AccessDecided(username: "", nasID: NASID(.zero), outcome: .reject)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "username": read.username = try reader.text() ?? ""
            case "nasId": nas = try reader.identifier(key)
            case "nasName": read.nasName = try reader.text()
            case "outcome": outcome = try reader.choice(key)
            case "reason": read.reason = try reader.text() ?? ""
            case "method": read.method = try reader.text() ?? ""
            case "serviceId": read.serviceID = try reader.identifier(key)
            case "customerId": read.customerID = try reader.identifier(key)
            case "admissionId": read.admissionID = try reader.identifier(key)
            case "callingStationId": read.callingStationID = try reader.text() ?? ""
            case "decisionVersion": read.decisionVersion = try reader.unsigned32(key)
            case "nasPort": read.nasPort = try reader.unsigned32(key)
            default: try reader.skipValue()
            }
        }
        read.nasID = try required(nas, "nasId")
        read.outcome = try required(outcome, "outcome")
        self = read
    }
}

extension AccessDecided.Outcome: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .accept: "OUTCOME_ACCEPT"
        case .reject: "OUTCOME_REJECT"
        case .challenge: "OUTCOME_CHALLENGE"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .accept: 1
        case .reject: 2
        case .challenge: 3
        }
    }
}
