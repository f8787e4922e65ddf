package import Domain
package import WireFormat

/// A NAS reported on a session (or on itself) and the report is durable: nexora.accounting.v1.AccountingRecorded on
/// `accounting.sessions.<tenant>.<nas>`. Its event id is the record's id.
package struct AccountingRecorded: EventPayload, Hashable {
    package static let type = "nexora.accounting.v1.AccountingRecorded"
    package static let subject = "accounting.sessions"

    package var record: AccountingRecord

    package init(_ record: AccountingRecord) {
        self.record = record
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", record.id)
        writer.member("tenantId", record.tenantID)
        writer.member("nasId", record.nasID)
        writer.member("nasName", present: record.nasName)
        writer.member("statusType", record.statusType)
        writer.member("receivedAt", record.receivedAt)
        writer.member("delaySeconds", record.delaySeconds)
        writer.member("sessionSeconds", record.sessionSeconds)
        writer.member("acctSessionId", record.acctSessionID)
        writer.member("username", record.username)
        writer.member("serviceId", present: record.serviceID)
        writer.member("customerId", present: record.customerID)
        writer.member("admissionId", present: record.admissionID)
        encodeNetwork(into: &writer)
        writer.member("inputOctets", record.inputOctets)
        writer.member("outputOctets", record.outputOctets)
        writer.member("hasGigawords", record.hasGigawords)
        writer.member("inputPackets", record.inputPackets)
        writer.member("outputPackets", record.outputPackets)
        writer.member("terminateCause", present: record.terminateCause)
        writer.member("eventTimestamp", present: record.eventTimestamp)
        writer.member("decisionVersion", present: record.decisionVersion)
        writer.endObject()
    }

    private func encodeNetwork(into writer: inout JSONWriter) {
        writer.member("callingStationId", record.callingStationID)
        writer.member("calledStationId", record.calledStationID)
        writer.member("nasPort", present: record.nasPort)
        writer.member("nasPortId", present: record.nasPortID)
        writer.member("nasIdentifier", present: record.nasIdentifier)
        writer.member("nasIpAddress", present: record.nasIPAddress)
        writer.member("framedIpv4", present: record.framedIPv4)
        writer.member("framedIpv6Prefix", present: record.framedIPv6Prefix)
        writer.member("framedIpv6Address", present: record.framedIPv6Address)
        writer.member("delegatedIpv6Prefix", present: record.delegatedIPv6Prefix)
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        // Placeholders for what must come; `required` below refuses the record when one did not.
        var id: EventID?
        var tenant: TenantID?
        var nas: NASID?
        var status: AccountingStatus?
        var received: Timestamp?
        var record = AccountingRecord(
            id: EventID(.zero),
            tenantID: TenantID(.zero),
            nasID: NASID(.zero),
            statusType: .start,
            receivedAt: .epoch
        )
        try reader.readObject { reader, key throws(JSONError) in
            switch key {
            case "id": id = try reader.identifier(key)
            case "tenantId": tenant = try reader.identifier(key)
            case "nasId": nas = try reader.identifier(key)
            case "statusType": status = try reader.choice(key)
            case "receivedAt": received = try reader.timestamp(key)
            default: try Self.read(key, from: &reader, into: &record)
            }
        }
        record.id = try required(id, "id")
        record.tenantID = try required(tenant, "tenantId")
        record.nasID = try required(nas, "nasId")
        record.statusType = try required(status, "statusType")
        record.receivedAt = try required(received, "receivedAt")
        self.record = record
    }

    private static func read(
        _ key: String,
        from reader: inout JSONReader,
        into record: inout AccountingRecord
    ) throws(JSONError) {
        switch key {
        case "nasName": record.nasName = try reader.text()
        case "delaySeconds": record.delaySeconds = try reader.unsigned32(key) ?? 0
        case "sessionSeconds": record.sessionSeconds = try reader.unsigned32(key) ?? 0
        case "acctSessionId": record.acctSessionID = try reader.text() ?? ""
        case "username": record.username = try reader.text() ?? ""
        case "serviceId": record.serviceID = try reader.identifier(key)
        case "customerId": record.customerID = try reader.identifier(key)
        case "admissionId": record.admissionID = try reader.identifier(key)
        case "inputOctets": record.inputOctets = try reader.count(key) ?? 0
        case "outputOctets": record.outputOctets = try reader.count(key) ?? 0
        case "hasGigawords": record.hasGigawords = try reader.flag() ?? false
        case "inputPackets": record.inputPackets = try reader.count(key) ?? 0
        case "outputPackets": record.outputPackets = try reader.count(key) ?? 0
        case "terminateCause": record.terminateCause = try reader.unsigned32(key)
        case "eventTimestamp": record.eventTimestamp = try reader.timestamp(key)
        case "decisionVersion": record.decisionVersion = try reader.unsigned32(key)
        default: try readNetwork(key, from: &reader, into: &record)
        }
    }

    private static func readNetwork(
        _ key: String,
        from reader: inout JSONReader,
        into record: inout AccountingRecord
    ) throws(JSONError) {
        switch key {
        case "callingStationId": record.callingStationID = try reader.text() ?? ""
        case "calledStationId": record.calledStationID = try reader.text() ?? ""
        case "nasPort": record.nasPort = try reader.unsigned32(key)
        case "nasPortId": record.nasPortID = try reader.text()
        case "nasIdentifier": record.nasIdentifier = try reader.text()
        case "nasIpAddress": record.nasIPAddress = try reader.text()
        case "framedIpv4": record.framedIPv4 = try reader.text()
        case "framedIpv6Prefix": record.framedIPv6Prefix = try reader.text()
        case "framedIpv6Address": record.framedIPv6Address = try reader.text()
        case "delegatedIpv6Prefix": record.delegatedIPv6Prefix = try reader.text()
        default: try reader.skipValue()
        }
    }
}

extension AccountingStatus: ProtoEnum {
    var protoName: String {
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
