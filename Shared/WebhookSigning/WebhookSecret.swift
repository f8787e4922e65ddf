package import Crypto
internal import WireFormat

/// A secret that sender and receiver share, as Standard Webhooks writes it: `whsec_` and base64 of 24 to 64 octets.
package struct WebhookSecret: Sendable, CustomStringConvertible {
    package static let prefix = "whsec_"
    package let octets: [UInt8]

    /// A new one of 32 random octets.
    package init() { octets = Randomness.bytes(32) }

    /// Nil for fewer than 24 octets and more than 64.
    package init?(octets: [UInt8]) {
        guard (24...64).contains(octets.count) else { return nil }
        self.octets = octets
    }

    /// Reads what ``text`` writes; the prefix may be left out, as libraries allow.
    package init?(_ text: String) {
        let digits = text.hasPrefix(Self.prefix) ? String(text.dropFirst(Self.prefix.count)) : text
        guard let octets = Base64.decode(digits) else { return nil }
        self.init(octets: octets)
    }

    /// As it is told, once.
    package var text: String { Self.prefix + Base64.encode(octets) }

    /// Never the secret.
    package var description: String { "<secret>" }
}

/// A pair of keys by which receivers need hold no secret: `whsk_` and `whpk_` before base64 of 32 octets.
package struct WebhookKeyPair: Sendable, CustomStringConvertible {
    package static let privatePrefix = "whsk_"
    package static let publicPrefix = "whpk_"
    /// The seed of RFC 8032.
    package let privateKey: [UInt8]
    package let publicKey: [UInt8]

    /// A new one.
    package init() throws(CryptoError) { try self.init(privateKey: Randomness.bytes(Ed25519.keyLength)) }

    /// The pair that belongs to a private key of 32 octets.
    package init(privateKey: [UInt8]) throws(CryptoError) {
        self.privateKey = privateKey
        publicKey = try Ed25519.publicKey(of: privateKey)
    }

    /// How a public key is told: it is no secret.
    package static func text(publicKey: [UInt8]) -> String { publicPrefix + Base64.encode(publicKey) }

    /// Never the key.
    package var description: String { "<key pair>" }
}
