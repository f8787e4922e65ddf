package import Domain
package import RADIUS

/// One thing that tells which session is meant (RFC 5176 §3). The raw values are stored: see `Lesson`.
package enum IdentityPart: String, Hashable, Sendable, CaseIterable {
    case userName = "user-name"
    case acctSessionID = "acct-session-id"
    case acctMultiSessionID = "acct-multi-session-id"
    case framedIPAddress = "framed-ip-address"
    case callingStationID = "calling-station-id"
    case nasPort = "nas-port"
    case nasPortID = "nas-port-id"
    case chargeableUserIdentity = "chargeable-user-identity"
}

/// What is known of a session and of its NAS, as the NAS itself told it in accounting: a NAS compares octet by octet.
package struct LiveIdentity: Hashable, Sendable {
    package var userName: [UInt8]?
    package var acctSessionID: [UInt8]?
    package var acctMultiSessionID: [UInt8]?
    package var framedIPAddress: IPAddress?
    package var callingStationID: [UInt8]?
    package var nasPort: UInt32?
    package var nasPortID: [UInt8]?
    package var chargeableUserIdentity: [UInt8]?
    /// NAS-IP-Address as the NAS sent it, which need not be where its packets come from.
    package var nasAddress: IPAddress?
    package var nasIdentifier: [UInt8]?

    package init(
        userName: [UInt8]? = nil,
        acctSessionID: [UInt8]? = nil,
        acctMultiSessionID: [UInt8]? = nil,
        framedIPAddress: IPAddress? = nil,
        callingStationID: [UInt8]? = nil,
        nasPort: UInt32? = nil,
        nasPortID: [UInt8]? = nil,
        chargeableUserIdentity: [UInt8]? = nil,
        nasAddress: IPAddress? = nil,
        nasIdentifier: [UInt8]? = nil
    ) {
        self.userName = userName
        self.acctSessionID = acctSessionID
        self.acctMultiSessionID = acctMultiSessionID
        self.framedIPAddress = framedIPAddress
        self.callingStationID = callingStationID
        self.nasPort = nasPort
        self.nasPortID = nasPortID
        self.chargeableUserIdentity = chargeableUserIdentity
        self.nasAddress = nasAddress
        self.nasIdentifier = nasIdentifier
    }

    /// The attribute of one part; nil where it is not known or would not fit into an attribute. Framed-IP-Address is IPv4's.
    package func attribute(_ part: IdentityPart) -> Attribute? {
        switch part {
        case .userName: Self.attribute(AttributeType.userName, userName)
        case .acctSessionID: Self.attribute(AttributeType.acctSessionID, acctSessionID)
        case .acctMultiSessionID: Self.attribute(AttributeType.acctMultiSessionID, acctMultiSessionID)
        case .framedIPAddress:
            framedIPAddress.flatMap(\.ipv4).map { Attribute(AttributeType.framedIPAddress, $0) }
        case .callingStationID: Self.attribute(AttributeType.callingStationID, callingStationID)
        case .nasPort: nasPort.map { Attribute(AttributeType.nasPort, $0) }
        case .nasPortID: Self.attribute(AttributeType.nasPortID, nasPortID)
        case .chargeableUserIdentity:
            Self.attribute(AttributeType.chargeableUserIdentity, chargeableUserIdentity)
        }
    }

    /// The attributes that tell which NAS is meant: its address, else its name. One is enough, and a second can only be wrong.
    package var nasAttributes: [Attribute] {
        if let nasAddress {
            let type = nasAddress.family == .ipv4 ? AttributeType.nasIPAddress : AttributeType.nasIPv6Address
            return [Attribute(type, nasAddress.octets)]
        }
        return Self.attribute(AttributeType.nasIdentifier, nasIdentifier).map { [$0] } ?? []
    }

    private static func attribute(_ type: UInt8, _ value: [UInt8]?) -> Attribute? {
        guard let value, !value.isEmpty, value.count <= 253 else { return nil }
        return Attribute(type, value)
    }
}
