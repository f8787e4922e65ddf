import Domain
import WireFormat

extension AccountingRecord {
    /// Writes what is the record's own, as nexora.accounting.v1.AccountingRecorded.Record.
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", id)
        writer.member("statusType", statusType)
        writer.member("receivedAt", receivedAt)
        writer.member("delaySeconds", delaySeconds)
        writer.member("sessionSeconds", sessionSeconds)
        writer.member("acctSessionId", acctSessionID)
        writer.member("username", username)
        writer.member("serviceId", present: serviceID)
        writer.member("customerId", present: customerID)
        writer.member("admissionId", present: admissionID)
        writer.member("callingStationId", callingStationID)
        writer.member("calledStationId", calledStationID)
        writer.member("nasPort", present: nasPort)
        writer.member("nasPortId", present: nasPortID)
        writer.member("framedIpv4", present: framedIPv4)
        writer.member("framedIpv6Prefix", present: framedIPv6Prefix)
        writer.member("framedIpv6Address", present: framedIPv6Address)
        writer.member("delegatedIpv6Prefix", present: delegatedIPv6Prefix)
        writer.member("inputOctets", inputOctets)
        writer.member("outputOctets", outputOctets)
        writer.member("hasGigawords", hasGigawords)
        writer.member("inputPackets", inputPackets)
        writer.member("outputPackets", outputPackets)
        writer.member("terminateCause", present: terminateCause)
        writer.member("eventTimestamp", present: eventTimestamp)
        writer.member("decisionVersion", present: decisionVersion)
        writer.member("termsDigest", present: termsDigest)
        writer.member("grantedUntil", present: grantedUntil)
        writer.member("sourceAddress", present: sourceAddress)
        writer.endObject()
    }

    /// Nothing yet: what every record begins as while it is read.
    static let blank = AccountingRecord(
        id: EventID(.zero),
        tenantID: TenantID(.zero),
        nasID: NASID(.zero),
        statusType: .start,
        receivedAt: .epoch
    )

    /// Reads what is the record's own; the tenant and the NAS stay as in ``blank``.
    init(from reader: inout JSONReader) throws(JSONError) {
        var id: EventID?
        var status: AccountingStatus?
        var received: Timestamp?
        self = .blank
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "id": id = try reader.identifier(key)
            case "statusType": status = try reader.choice(key)
            case "receivedAt": received = try reader.timestamp(key)
            default: try self.read(key, from: &reader)
            }
        }
        self.id = try required(id, "id")
        statusType = try required(status, "statusType")
        receivedAt = try required(received, "receivedAt")
    }

    private mutating func read(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) {
        switch key {
        case "delaySeconds": delaySeconds = try reader.unsigned32(key) ?? 0
        case "sessionSeconds": sessionSeconds = try reader.unsigned32(key) ?? 0
        case "acctSessionId": acctSessionID = try reader.text() ?? ""
        case "username": username = try reader.text() ?? ""
        case "serviceId": serviceID = try reader.identifier(key)
        case "customerId": customerID = try reader.identifier(key)
        case "admissionId": admissionID = try reader.identifier(key)
        case "inputOctets": inputOctets = try reader.count(key) ?? 0
        case "outputOctets": outputOctets = try reader.count(key) ?? 0
        case "hasGigawords": hasGigawords = try reader.flag() ?? false
        case "inputPackets": inputPackets = try reader.count(key) ?? 0
        case "outputPackets": outputPackets = try reader.count(key) ?? 0
        case "terminateCause": terminateCause = try reader.unsigned32(key)
        case "eventTimestamp": eventTimestamp = try reader.timestamp(key)
        case "decisionVersion": decisionVersion = try reader.unsigned32(key)
        case "termsDigest": termsDigest = try reader.unsigned64()
        case "grantedUntil": grantedUntil = try reader.timestamp(key)
        default: try readNetwork(key, from: &reader)
        }
    }

    private mutating func readNetwork(_ key: JSONKey, from reader: inout JSONReader) throws(JSONError) {
        switch key {
        case "callingStationId": callingStationID = try reader.text() ?? ""
        case "calledStationId": calledStationID = try reader.text() ?? ""
        case "nasPort": nasPort = try reader.unsigned32(key)
        case "nasPortId": nasPortID = try reader.text()
        case "framedIpv4": framedIPv4 = try reader.text()
        case "framedIpv6Prefix": framedIPv6Prefix = try reader.text()
        case "framedIpv6Address": framedIPv6Address = try reader.text()
        case "delegatedIpv6Prefix": delegatedIPv6Prefix = try reader.text()
        case "sourceAddress": sourceAddress = try reader.text()
        default: try reader.skipValue()
        }
    }
}

extension AccountingStatus: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .start: "STATUS_TYPE_START"
        case .stop: "STATUS_TYPE_STOP"
        case .interimUpdate: "STATUS_TYPE_INTERIM_UPDATE"
        case .accountingOn: "STATUS_TYPE_ACCOUNTING_ON"
        case .accountingOff: "STATUS_TYPE_ACCOUNTING_OFF"
        }
    }

    var protoNumber: UInt64 { UInt64(rawValue) }
}
