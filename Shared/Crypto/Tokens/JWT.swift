import WireFormat

/// Why a token is not believed. Whoever shows it is told no more than that it is not valid.
package enum JWTError: Error, Hashable, Sendable {
    /// Longer than any token of ours.
    case tooLong
    /// Not three parts in canonical base64url, each strict JSON of the expected members.
    case malformed
    /// Another algorithm than RS256, `none` above all, or another type than a JWT.
    case algorithm
    /// No published key has that id.
    case unknownKey
    case badSignature
    case wrongIssuer, wrongAudience
    case expired, notYetValid
    /// Issued in the future, or valid for longer than tokens are.
    case implausibleTime
}

/// Signed tokens in compact form (RFC 7515 §7.1), RS256 and nothing else (RFC 8725 §3.1: the algorithm is the verifier's
/// choice, never the token's).
package enum JWT {
    /// Longer tokens are refused before they are looked at.
    package static let maximumLength = 8192

    /// The token of those claims.
    package static func sign(_ claims: JWTClaims, keyID: String, key: RSAPrivateKey) throws(CryptoError) -> String {
        var header = JSONWriter()
        header.beginObject()
        for (name, value) in [("alg", "RS256"), ("typ", "JWT"), ("kid", keyID)] {
            header.key(string: name)
            header.value(value)
        }
        header.endObject()
        let message = Base64URL.encode(header.finish()) + "." + Base64URL.encode(claims.json)
        return message + "." + Base64URL.encode(try key.sign(Array(message.utf8)))
    }
}

/// Checks tokens of one issuer for one audience. Immutable: any number of threads may use it at once.
package struct JWTVerifier: Sendable {
    private let keys: [String: RSAPublicKey]
    private let issuer: String
    private let audience: String
    private let leeway: Int64
    private let longestLife: Int64

    /// `keys` are found by the id that a header names, and by nothing else: no address or certificate that a header holds is
    /// ever looked at. Clocks may differ by `leeway` seconds; no token is valid for longer than `longestLife` seconds.
    package init(
        keys: [JSONWebKey],
        issuer: String,
        audience: String,
        leeway: Int64 = 30,
        longestLife: Int64 = 3600
    ) {
        self.keys = Dictionary(keys.map { ($0.keyID, $0.key) }, uniquingKeysWith: { first, _ in first })
        self.issuer = issuer
        self.audience = audience
        self.leeway = leeway
        self.longestLife = longestLife
    }

    /// The claims of a token that holds in every respect at `now`, in seconds since 1970.
    package func verify(_ token: String, at now: Int64) throws(JWTError) -> JWTClaims {
        let octets = Array(token.utf8)
        guard octets.count <= JWT.maximumLength else { throw .tooLong }
        let parts = octets.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw .malformed }
        guard let key = keys[try keyID(header)] else { throw .unknownKey }
        let message = octets[..<(parts[0].count + 1 + parts[1].count)]
        guard key.verifies(signature, of: Array(message)) else { throw .badSignature }
        let claims: JWTClaims
        do throws(JSONError) { claims = try JWTClaims(json: payload) } catch { throw .malformed }
        try check(claims, at: now)
        return claims
    }

    private func check(_ claims: JWTClaims, at now: Int64) throws(JWTError) {
        guard claims.issuer == issuer else { throw .wrongIssuer }
        guard claims.audience == audience else { throw .wrongAudience }
        // Beyond any time that is meant, so that no sum below can overflow.
        let sane = 0...Int64(1) << 40
        guard sane.contains(claims.issuedAt), sane.contains(claims.notBefore), sane.contains(claims.expiresAt) else {
            throw .implausibleTime
        }
        guard now < claims.expiresAt + leeway else { throw .expired }
        guard now >= claims.notBefore - leeway else { throw .notYetValid }
        guard claims.issuedAt <= now + leeway, claims.expiresAt > claims.issuedAt,
            claims.expiresAt - claims.issuedAt <= longestLife
        else { throw .implausibleTime }
    }

    /// The header's key id, from a header that says RS256, JWT, and nothing that would change how it is read.
    private func keyID(_ header: [UInt8]) throws(JWTError) -> String {
        var members: [String: String] = [:]
        var isCritical = false
        do throws(JSONError) {
            var reader = JSONReader(header)
            try reader.readObject { reader, key throws(JSONError) in
                guard members[key] == nil else { throw .invalidMember("twice") }
                if key == "crit" { isCritical = true }
                if try reader.peek() == .string {
                    members[key] = try reader.readString()
                } else {
                    try reader.skipValue()
                    members[key] = ""
                }
            }
            try reader.expectEnd()
        } catch {
            throw .malformed
        }
        // RFC 7515 §4.1.11: extensions that must be understood; we understand none.
        guard !isCritical else { throw .malformed }
        guard members["alg"] == "RS256", members["typ"] == "JWT" else { throw .algorithm }
        guard let keyID = members["kid"], !keyID.isEmpty else { throw .unknownKey }
        return keyID
    }
}
