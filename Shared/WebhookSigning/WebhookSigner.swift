package import Crypto
internal import WireFormat

/// Signs what is sent, as Standard Webhooks 1.0 says: over `id.timestamp.body`, by HMAC-SHA256 (`v1`) under each secret that holds, and
/// by Ed25519 (`v1a`) where the endpoint has a key. Several signatures stand in one field with blanks between, so that a receiver finds
/// the one that it can check while a secret is rotated.
package struct WebhookSigner: Sendable {
    /// The names of the fields that go with a body.
    package enum Field {
        package static let id = "webhook-id"
        package static let timestamp = "webhook-timestamp"
        package static let signature = "webhook-signature"
    }

    private let secrets: [WebhookSecret]
    private let keyPair: WebhookKeyPair?

    /// `secrets` in the order in which they are tried: the one that holds first.
    package init(secrets: [WebhookSecret], keyPair: WebhookKeyPair? = nil) {
        self.secrets = secrets
        self.keyPair = keyPair
    }

    /// The value of `webhook-signature`. `id` holds no full stop: it would blur where the id ends.
    package func signature(id: String, timestamp: Int64, body: [UInt8]) throws(CryptoError) -> String {
        precondition(!id.utf8.contains(UInt8(ascii: ".")), "an id with a full stop")
        let content = Self.content(id, timestamp, body)
        var signatures = secrets.map { "v1," + Base64.encode(HMACSHA256(key: $0.octets).tag(content)) }
        if let keyPair {
            signatures.append("v1a," + Base64.encode(try Ed25519.sign(content, privateKey: keyPair.privateKey)))
        }
        return signatures.joined(separator: " ")
    }

    static func content(_ id: String, _ timestamp: Int64, _ body: [UInt8]) -> [UInt8] {
        Array("\(id).\(timestamp).".utf8) + body
    }
}

/// What a receiver does: for tests, and as an example of how it is done.
package struct WebhookVerifier: Sendable {
    package enum Refusal: Error, Hashable, Sendable {
        /// Too old, or from the future: somebody may be sending again what he overheard.
        case stale
        /// No signature is that secret's or that key's.
        case wrongSignature
    }

    private let secret: WebhookSecret?
    private let publicKey: [UInt8]?
    /// Seconds that sender's and receiver's clocks may differ.
    private let tolerance: Int64

    /// Believes the secret, and the public key, of which one is enough.
    package init(secret: WebhookSecret? = nil, publicKey: [UInt8]? = nil, tolerance: Int64 = 300) {
        self.secret = secret
        self.publicKey = publicKey
        self.tolerance = tolerance
    }

    /// Throws unless one of the signatures holds and the timestamp is near `now`, both in seconds since 1970.
    package func check(id: String, timestamp: Int64, signature: String, body: [UInt8], now: Int64) throws(Refusal) {
        guard (now - tolerance...now + tolerance).contains(timestamp) else { throw .stale }
        let content = WebhookSigner.content(id, timestamp, body)
        let expected = secret.map { HMACSHA256(key: $0.octets).tag(content) }
        for one in signature.split(separator: " ") {
            let parts = one.split(separator: ",", maxSplits: 1)
            guard parts.count == 2, let octets = Base64.decode(String(parts[1])) else { continue }
            switch parts[0] {
            case "v1": if let expected, constantTimeEquals(octets, expected) { return }
            case "v1a":
                if let publicKey, (try? Ed25519.verify(octets, of: content, publicKey: publicKey)) == true { return }
            default: continue
            }
        }
        throw .wrongSignature
    }
}
