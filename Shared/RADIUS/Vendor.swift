/// Private enterprise numbers of the vendors whose attributes are read or written.
package enum Vendor {
    package static let cisco: UInt32 = 9
    package static let microsoft: UInt32 = 311
    package static let huawei: UInt32 = 2011
    package static let juniper: UInt32 = 2636
    package static let juniperERX: UInt32 = 4874
    package static let nokia: UInt32 = 6527
    package static let wispr: UInt32 = 14122
    package static let chilliSpot: UInt32 = 14559
    package static let mikrotik: UInt32 = 14988
    package static let ubiquiti: UInt32 = 41112
}

/// MikroTik's attributes.
package enum MikroTikAttribute {
    package static let receiveLimit: UInt8 = 1
    package static let transmitLimit: UInt8 = 2
    package static let group: UInt8 = 3
    package static let rateLimit: UInt8 = 8
    package static let realm: UInt8 = 9
    package static let receiveLimitGigawords: UInt8 = 14
    package static let transmitLimitGigawords: UInt8 = 15
    package static let totalLimit: UInt8 = 17
    package static let totalLimitGigawords: UInt8 = 18
    package static let addressList: UInt8 = 19
    package static let delegatedIPv6Pool: UInt8 = 22
}

/// Microsoft's attributes (RFC 2548).
package enum MicrosoftAttribute {
    package static let chapResponse: UInt8 = 1
    package static let chapError: UInt8 = 2
    package static let mppeEncryptionPolicy: UInt8 = 7
    package static let mppeEncryptionTypes: UInt8 = 8
    package static let chapChallenge: UInt8 = 11
    package static let chapMPPEKeys: UInt8 = 12
    package static let mppeSendKey: UInt8 = 16
    package static let mppeReceiveKey: UInt8 = 17
    package static let chap2Response: UInt8 = 25
    package static let chap2Success: UInt8 = 26
}
