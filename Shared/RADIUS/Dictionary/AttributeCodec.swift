package import Crypto

/// Attributes between the wire and text, as a dictionary defines them.
///
/// Encoding splits what is longer than one attribute where its format has a way to (concatenated attributes of RFC 3579
/// §3.1, long extended types of RFC 6929 §2.2, WiMAX' continuation octet) and puts neighbours of one TLV into one
/// attribute. Decoding undoes both. It takes any octets: what fits no definition becomes `Attr-26.9.1 = 0x…`, which
/// encodes to the same octets again. Both are pure and cost time in proportion to the octets.
package struct AttributeCodec: Sendable {
    /// Which attributes there are.
    package let dictionary: AttributeDictionary
    /// What hidden values are hidden under; without it they cannot be encoded, and are decoded as octets.
    package let keys: HidingKeys?
    /// Whether IPv6 prefixes are written with all 16 octets of address instead of as few as they need.
    package let fullIPv6Prefixes: Bool

    /// A codec of that dictionary.
    package init(_ dictionary: AttributeDictionary, keys: HidingKeys? = nil, fullIPv6Prefixes: Bool = false) {
        self.dictionary = dictionary
        self.keys = keys
        self.fullIPv6Prefixes = fullIPv6Prefixes
    }

    /// The attributes that hold the pairs, in their order. Salts count up from `firstSalt`, or from a random one.
    package func encode(
        _ pairs: [AttributePair],
        firstSalt: UInt16? = nil
    ) throws(AttributeEncodingError) -> [Attribute] {
        var encoder = AttributeEncoder(codec: self, salt: firstSalt ?? SaltEncryption.randomSalt())
        return try encoder.encode(pairs)
    }

    /// The attributes that hold one value; more than one where it is too long for one. A tag may stand behind the name:
    /// `Tunnel-Type:1`.
    package func encode(
        _ name: String,
        _ text: String,
        firstSalt: UInt16? = nil
    ) throws(AttributeEncodingError) -> [Attribute] {
        try encode([AttributePair(name, text)], firstSalt: firstSalt)
    }

    /// What the attributes of a packet say, in their order. Hidden values are shown in the clear where the codec has
    /// keys.
    package func decode(_ attributes: [Attribute]) -> [AttributePair] {
        var decoder = AttributeDecoder(codec: self)
        decoder.decode(attributes)
        return decoder.pairs
    }
}

/// What values are hidden under.
package struct HidingKeys: Sendable {
    /// Shared with the NAS.
    package let secret: SharedSecret
    /// The request's 16 octets, in a reply too.
    package let requestAuthenticator: [UInt8]

    /// Nil unless the authenticator has 16 octets.
    package init?(secret: SharedSecret, requestAuthenticator: [UInt8]) {
        guard requestAuthenticator.count == 16 else { return nil }
        self.secret = secret
        self.requestAuthenticator = requestAuthenticator
    }
}
