/// Attribute types under the names of their RFCs.
package enum AttributeType {
    // RFC 2865 §5
    package static let userName: UInt8 = 1
    package static let userPassword: UInt8 = 2
    package static let chapPassword: UInt8 = 3
    package static let nasIPAddress: UInt8 = 4
    package static let nasPort: UInt8 = 5
    package static let serviceType: UInt8 = 6
    package static let framedProtocol: UInt8 = 7
    package static let framedIPAddress: UInt8 = 8
    package static let framedIPNetmask: UInt8 = 9
    package static let framedRouting: UInt8 = 10
    package static let filterID: UInt8 = 11
    package static let framedMTU: UInt8 = 12
    package static let framedCompression: UInt8 = 13
    package static let loginIPHost: UInt8 = 14
    package static let loginService: UInt8 = 15
    package static let replyMessage: UInt8 = 18
    package static let callbackNumber: UInt8 = 19
    package static let framedRoute: UInt8 = 22
    package static let state: UInt8 = 24
    package static let `class`: UInt8 = 25
    package static let vendorSpecific: UInt8 = 26
    package static let sessionTimeout: UInt8 = 27
    package static let idleTimeout: UInt8 = 28
    package static let terminationAction: UInt8 = 29
    package static let calledStationID: UInt8 = 30
    package static let callingStationID: UInt8 = 31
    package static let nasIdentifier: UInt8 = 32
    package static let proxyState: UInt8 = 33
    package static let chapChallenge: UInt8 = 60
    package static let nasPortType: UInt8 = 61
    package static let portLimit: UInt8 = 62

    // RFC 2866 §5 and RFC 2869 §5
    package static let acctStatusType: UInt8 = 40
    package static let acctDelayTime: UInt8 = 41
    package static let acctInputOctets: UInt8 = 42
    package static let acctOutputOctets: UInt8 = 43
    package static let acctSessionID: UInt8 = 44
    package static let acctAuthentic: UInt8 = 45
    package static let acctSessionTime: UInt8 = 46
    package static let acctInputPackets: UInt8 = 47
    package static let acctOutputPackets: UInt8 = 48
    package static let acctTerminateCause: UInt8 = 49
    package static let acctMultiSessionID: UInt8 = 50
    package static let acctLinkCount: UInt8 = 51
    package static let acctInputGigawords: UInt8 = 52
    package static let acctOutputGigawords: UInt8 = 53
    package static let eventTimestamp: UInt8 = 55
    package static let connectInfo: UInt8 = 77
    package static let eapMessage: UInt8 = 79
    package static let messageAuthenticator: UInt8 = 80
    package static let acctInterimInterval: UInt8 = 85
    package static let nasPortID: UInt8 = 87
    package static let framedPool: UInt8 = 88

    // RFC 2868 §3
    package static let tunnelType: UInt8 = 64
    package static let tunnelMediumType: UInt8 = 65
    package static let tunnelPassword: UInt8 = 69
    package static let tunnelPrivateGroupID: UInt8 = 81

    // RFC 4372, RFC 3162, RFC 4818, RFC 5176 and RFC 6911
    package static let chargeableUserIdentity: UInt8 = 89
    package static let nasIPv6Address: UInt8 = 95
    package static let framedInterfaceID: UInt8 = 96
    package static let framedIPv6Prefix: UInt8 = 97
    package static let framedIPv6Route: UInt8 = 99
    package static let framedIPv6Pool: UInt8 = 100
    package static let errorCause: UInt8 = 101
    package static let delegatedIPv6Prefix: UInt8 = 123
    package static let framedIPv6Address: UInt8 = 168
    package static let dnsServerIPv6Address: UInt8 = 169
    package static let delegatedIPv6PrefixPool: UInt8 = 171
    package static let statefulIPv6AddressPool: UInt8 = 172
}

/// Values of Acct-Status-Type (RFC 2866 §5.1).
package enum AcctStatusType: UInt32, Sendable {
    case start = 1
    case stop = 2
    case interimUpdate = 3
    case accountingOn = 7
    case accountingOff = 8
}
