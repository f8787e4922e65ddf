import WireFormat

/// One attribute with its own storage.
package struct Attribute: Equatable, Sendable {
    /// See `AttributeType`.
    package var type: UInt8
    /// The contents, at most 253 octets.
    package var value: [UInt8]

    /// An attribute of any octets.
    package init(_ type: UInt8, _ value: [UInt8]) {
        self.type = type
        self.value = value
    }

    /// A text attribute in UTF-8.
    package init(_ type: UInt8, text: String) {
        self.init(type, [UInt8](text.utf8))
    }

    /// An integer, address or time attribute.
    package init(_ type: UInt8, _ value: UInt32) {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(value)
        self.init(type, bytes)
    }

    /// A Vendor-Specific attribute with one value (RFC 2865 §5.26).
    package static func vendor(_ vendor: UInt32, _ type: UInt8, _ value: [UInt8]) -> Attribute {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(vendor)
        bytes.append(type)
        bytes.append(UInt8(truncatingIfNeeded: value.count + 2))
        return Attribute(AttributeType.vendorSpecific, bytes + value)
    }

    /// A Vendor-Specific text attribute.
    package static func vendor(_ vendor: UInt32, _ type: UInt8, text: String) -> Attribute {
        .vendor(vendor, type, [UInt8](text.utf8))
    }

    /// A Vendor-Specific integer attribute.
    package static func vendor(_ vendor: UInt32, _ type: UInt8, _ value: UInt32) -> Attribute {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(value)
        return .vendor(vendor, type, bytes)
    }

    /// A Message-Authenticator that `Packet` computes when it encodes.
    package static var messageAuthenticator: Attribute {
        Attribute(AttributeType.messageAuthenticator, [UInt8](repeating: 0, count: 16))
    }

    /// The attributes of octets that hold whole encoded ones; what follows the first broken one is left out.
    package static func parsing(_ octets: [UInt8]) -> [Attribute] {
        var attributes: [Attribute] = []
        var at = 0
        while at + 1 < octets.count, octets[at + 1] >= 2, at + Int(octets[at + 1]) <= octets.count {
            let end = at + Int(octets[at + 1])
            attributes.append(Attribute(octets[at], Array(octets[at + 2..<end])))
            at = end
        }
        return attributes
    }

    /// The attribute as it stands in a packet; nil when its value is longer than 253 octets.
    package var encoded: [UInt8]? {
        value.count <= 253 ? [type, UInt8(value.count + 2)] + value : nil
    }
}
