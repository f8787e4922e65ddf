import Domain
import RADIUS

/// Reads the attributes of an Accounting-Request (RFC 2866 §5, RFC 2869 §5.1, RFC 3162, RFC 4818, RFC 6911).
enum AccountingAttributes {
    /// What a packet reports, before anything else is looked at; nil for a status that is not accounting of a session.
    static func status(_ view: PacketView) -> AccountingStatus? {
        view.uint32(AttributeType.acctStatusType).flatMap { AccountingStatus(rawValue: UInt8(clamping: $0)) }
    }

    static func read(_ view: PacketView, into record: inout AccountingRecord) {
        if let status = status(view) { record.statusType = status }
        readIdentity(view, into: &record)
        readCounters(view, into: &record)
        readAddresses(view, into: &record)
        if let value = unsafe view.first(AttributeType.class), let admission = unsafe AdmissionClass(value) {
            record.admissionID = AdmissionID(admission.admissionID)
            record.serviceID = ServiceID(admission.serviceID)
            record.decisionVersion = UInt32(admission.decisionVersion)
            record.termsDigest = admission.terms?.rawValue
            if admission.endsAt != 0 {
                record.grantedUntil = Timestamp(secondsSince1970: Int64(admission.endsAt))
            }
        }
    }

    private static func readIdentity(_ view: PacketView, into record: inout AccountingRecord) {
        record.acctSessionID = text(view, AttributeType.acctSessionID) ?? ""
        record.username = text(view, AttributeType.userName) ?? ""
        record.callingStationID = text(view, AttributeType.callingStationID) ?? ""
        record.calledStationID = text(view, AttributeType.calledStationID) ?? ""
        record.nasPort = view.uint32(AttributeType.nasPort)
        record.nasPortID = text(view, AttributeType.nasPortID)
        record.nasIdentifier = text(view, AttributeType.nasIdentifier)
        record.nasIPAddress = view.uint32(AttributeType.nasIPAddress).map(AddressText.ipv4)
        record.eventTimestamp = view.uint32(AttributeType.eventTimestamp).map {
            Timestamp(secondsSince1970: Int64($0))
        }
    }

    private static func readCounters(_ view: PacketView, into record: inout AccountingRecord) {
        record.delaySeconds = delay(view.uint32(AttributeType.acctDelayTime))
        record.sessionSeconds = view.uint32(AttributeType.acctSessionTime) ?? 0
        let inputHigh = view.uint32(AttributeType.acctInputGigawords)
        let outputHigh = view.uint32(AttributeType.acctOutputGigawords)
        record.hasGigawords = inputHigh != nil || outputHigh != nil
        record.inputOctets = octets(view.uint32(AttributeType.acctInputOctets), inputHigh)
        record.outputOctets = octets(view.uint32(AttributeType.acctOutputOctets), outputHigh)
        record.inputPackets = Int64(view.uint32(AttributeType.acctInputPackets) ?? 0)
        record.outputPackets = Int64(view.uint32(AttributeType.acctOutputPackets) ?? 0)
        record.terminateCause = view.uint32(AttributeType.acctTerminateCause)
    }

    private static func readAddresses(_ view: PacketView, into record: inout AccountingRecord) {
        record.framedIPv4 = view.uint32(AttributeType.framedIPAddress).map(AddressText.ipv4)
        record.framedIPv6Prefix = unsafe view.first(AttributeType.framedIPv6Prefix).flatMap {
            unsafe AddressText.prefix($0)
        }
        record.delegatedIPv6Prefix = unsafe view.first(AttributeType.delegatedIPv6Prefix).flatMap {
            unsafe AddressText.prefix($0)
        }
        record.framedIPv6Address = unsafe view.first(AttributeType.framedIPv6Address).flatMap {
            unsafe AddressText.ipv6($0)
        }
    }

    /// Longer than closed sessions stay where late records amend them, no record was held back: the NAS is mistaken,
    /// and believing it would move the session decades away and out of the retention.
    private static let longestDelay: UInt32 = 7 * 86_400
    /// 8 PiB, a week at 100 Gbit/s. A few counters beyond it would exceed what a day's usage can hold, and with that all
    /// true records of the service.
    private static let mostOctets: UInt64 = 1 << 53

    private static func delay(_ seconds: UInt32?) -> UInt32 {
        guard let seconds, seconds <= longestDelay else { return 0 }
        return seconds
    }

    /// Octets with their gigawords; of an impossible number the lower part is kept, as from a NAS without gigawords.
    private static func octets(_ low: UInt32?, _ high: UInt32?) -> Int64 {
        let wide = UInt64(high ?? 0) << 32 | UInt64(low ?? 0)
        return wide <= mostOctets ? Int64(wide) : Int64(low ?? 0)
    }

    private static func text(_ view: PacketView, _ type: UInt8) -> String? { AttributeText.read(view, type) }
}
