/// EAP-Message (RFC 3579 §3.1): an EAP packet in as many attributes as it takes, in order and next to each other.
extension PacketView {
    /// The octets of all EAP-Message attributes, joined; empty for an EAP-Start, nil where there is none. That they stand
    /// together was checked when the packet was validated.
    package var eapMessage: [UInt8]? {
        guard hasEAP else { return nil }
        var joined: [UInt8] = []
        unsafe forEach { type, value in
            if type == AttributeType.eapMessage { unsafe joined.append(contentsOf: value) }
        }
        return joined
    }
}

extension ReplyWriter {
    /// The most octets of an EAP packet that one attribute holds.
    package static let eapOctetsPerAttribute = 253

    /// Appends an EAP packet in consecutive attributes of 253 octets and a last one with what is left.
    package mutating func append(eapMessage packet: [UInt8]) {
        var start = 0
        repeat {
            let end = min(packet.count, start + Self.eapOctetsPerAttribute)
            append(type: AttributeType.eapMessage, Array(packet[start..<end]))
            start = end
        } while start < packet.count
    }
}
