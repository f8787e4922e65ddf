package import Domain
import WireFormat

/// Whose session and where: the members that SessionStarted and SessionStopped have in common.
package struct SessionIdentity: Hashable, Sendable {
    package var sessionID: SessionID
    package var nasID: NASID
    package var serviceID: ServiceID?
    package var customerID: CustomerID?
    package var admissionID: AdmissionID?
    package var username: String
    package var acctSessionID: String
    package var callingStationID: String
    package var nasPortID: String?
    package var framedIPv4: String?
    package var framedIPv6Prefix: String?
    package var framedIPv6Address: String?
    package var delegatedIPv6Prefix: String?

    package init(
        sessionID: SessionID,
        nasID: NASID,
        serviceID: ServiceID? = nil,
        customerID: CustomerID? = nil,
        admissionID: AdmissionID? = nil,
        username: String,
        acctSessionID: String,
        callingStationID: String,
        nasPortID: String? = nil,
        framedIPv4: String? = nil,
        framedIPv6Prefix: String? = nil,
        framedIPv6Address: String? = nil,
        delegatedIPv6Prefix: String? = nil
    ) {
        self.sessionID = sessionID
        self.nasID = nasID
        self.serviceID = serviceID
        self.customerID = customerID
        self.admissionID = admissionID
        self.username = username
        self.acctSessionID = acctSessionID
        self.callingStationID = callingStationID
        self.nasPortID = nasPortID
        self.framedIPv4 = framedIPv4
        self.framedIPv6Prefix = framedIPv6Prefix
        self.framedIPv6Address = framedIPv6Address
        self.delegatedIPv6Prefix = delegatedIPv6Prefix
    }

    package init(_ row: SessionState) {
        self.init(
            sessionID: row.id,
            nasID: row.nasID,
            serviceID: row.serviceID,
            customerID: row.customerID,
            admissionID: row.admissionID,
            username: row.username,
            acctSessionID: row.acctSessionID,
            callingStationID: row.callingStationID,
            nasPortID: row.nasPortID,
            framedIPv4: row.framedIPv4,
            framedIPv6Prefix: row.framedIPv6Prefix,
            framedIPv6Address: row.framedIPv6Address,
            delegatedIPv6Prefix: row.delegatedIPv6Prefix
        )
    }

    /// Writes the members into an object that is open already.
    func encode(into writer: inout JSONWriter) {
        writer.member("sessionId", sessionID)
        writer.member("nasId", nasID)
        writer.member("serviceId", present: serviceID)
        writer.member("customerId", present: customerID)
        writer.member("admissionId", present: admissionID)
        writer.member("username", username)
        writer.member("acctSessionId", acctSessionID)
        writer.member("callingStationId", callingStationID)
        writer.member("nasPortId", present: nasPortID)
        writer.member("framedIpv4", present: framedIPv4)
        writer.member("framedIpv6Prefix", present: framedIPv6Prefix)
        writer.member("framedIpv6Address", present: framedIPv6Address)
        writer.member("delegatedIpv6Prefix", present: delegatedIPv6Prefix)
    }

    /// What has been read of them so far.
    struct Partial {
        private var sessionID: SessionID?
        private var nasID: NASID?
        private var rest = SessionIdentity(
            sessionID: SessionID(.zero),
            nasID: NASID(.zero),
            username: "",
            acctSessionID: "",
            callingStationID: ""
        )

        init() {}

        /// Consumes the value of the member `key`, which is passed over when unknown.
        mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) {
            switch key {
            case "sessionId": sessionID = try reader.identifier(key)
            case "nasId": nasID = try reader.identifier(key)
            case "serviceId": rest.serviceID = try reader.identifier(key)
            case "customerId": rest.customerID = try reader.identifier(key)
            case "admissionId": rest.admissionID = try reader.identifier(key)
            case "username": rest.username = try reader.text() ?? ""
            case "acctSessionId": rest.acctSessionID = try reader.text() ?? ""
            case "callingStationId": rest.callingStationID = try reader.text() ?? ""
            case "nasPortId": rest.nasPortID = try reader.text()
            case "framedIpv4": rest.framedIPv4 = try reader.text()
            case "framedIpv6Prefix": rest.framedIPv6Prefix = try reader.text()
            case "framedIpv6Address": rest.framedIPv6Address = try reader.text()
            case "delegatedIpv6Prefix": rest.delegatedIPv6Prefix = try reader.text()
            default: try reader.skipValue()
            }
        }

        func complete() throws(JSONError) -> SessionIdentity {
            var identity = rest
            identity.sessionID = try required(sessionID, "sessionId")
            identity.nasID = try required(nasID, "nasId")
            return identity
        }
    }
}
