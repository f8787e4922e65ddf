import Crypto
import SharedTesting
import Testing
import WireFormat

@Suite(.proves("IAM-03", "IAM-04", "SEC-11")) struct JWTTests {
    /// Made once: making keys is slow.
    private static let keys = Result { (try RSAPrivateKey.generate(), try RSAPrivateKey.generate()) }
    private static let now: Int64 = 1_790_000_000
    private let key: RSAPrivateKey
    private let other: RSAPrivateKey
    private let verifier: JWTVerifier

    init() throws {
        (key, other) = try Self.keys.get()
        verifier = JWTVerifier(
            keys: [JSONWebKey(keyID: "one", key: key.publicKey)],
            issuer: "nexora",
            audience: "nexora-api",
            leeway: 30
        )
    }

    private var claims: JWTClaims {
        JWTClaims(
            issuer: "nexora",
            audience: "nexora-api",
            subject: "user-1",
            tokenID: "token-1",
            issuedAt: Self.now,
            expiresAt: Self.now + 900,
            tenantID: "tenant-1",
            sessionID: "session-1",
            role: "viewer",
            permissions: ["users.read", "a \"quoted\" ü"],
            customerID: nil
        )
    }

    private func refusal(_ token: String, at time: Int64 = now) -> JWTError? {
        do throws(JWTError) {
            _ = try verifier.verify(token, at: time)
            return nil
        } catch {
            return error
        }
    }

    /// A token of any header and payload, signed properly.
    private func token(header: String, payload: [UInt8]? = nil, by signer: RSAPrivateKey? = nil) throws -> String {
        let good = try JWT.sign(claims, keyID: "one", key: key).split(separator: ".")
        let message = Base64URL.encode(header.utf8) + "." + (payload.map { Base64URL.encode($0) } ?? String(good[1]))
        return message + "." + Base64URL.encode(try (signer ?? key).sign(Array(message.utf8)))
    }

    private static let header = #"{"alg":"RS256","typ":"JWT","kid":"one"}"#

    @Test func `what was signed is read back in every claim`() throws {
        var full = claims
        full.customerID = "customer-1"
        for claims in [claims, full] {
            #expect(try verifier.verify(try JWT.sign(claims, keyID: "one", key: key), at: Self.now) == claims)
        }
        let text = String(
            decoding: Base64URL.decode(String(try JWT.sign(claims, keyID: "one", key: key).split(separator: ".")[1]))
                ?? [],
            as: UTF8.self
        )
        for name in ["user_id", "tenant_id", "role", "permissions", "jti", "iat", "exp", "iss", "aud"] {
            #expect(text.contains("\"\(name)\":"), "\(name)")
        }
    }

    @Test func `no other algorithm is taken, least of all none`() throws {
        for algorithm in ["none", "None", "NONE", "nOnE", "HS256", "RS384", "RS512", "PS256", "ES256", "rs256", ""] {
            let header = #"{"alg":"\#(algorithm)","typ":"JWT","kid":"one"}"#
            #expect(refusal(try token(header: header)) == .algorithm, "\(algorithm)")
            let unsigned = Base64URL.encode(header.utf8) + "." + Base64URL.encode("{}".utf8) + "."
            #expect(refusal(unsigned) == .algorithm)
        }
        for header in [
            #"{"typ":"JWT","kid":"one"}"#, #"{"alg":null,"typ":"JWT","kid":"one"}"#,
            #"{"alg":["RS256"],"typ":"JWT","kid":"one"}"#,
            #"{"alg":"RS256","kid":"one"}"#, #"{"alg":"RS256","typ":"at+jwt","kid":"one"}"#,
        ] { #expect(refusal(try token(header: header)) == .algorithm, "\(header)") }
    }

    @Test func `the public key is no secret that signs`() throws {
        // RS256 turned into HS256 with what everybody knows of the key, in each of its forms.
        var writer = JSONWriter()
        JSONWebKey(keyID: "one", key: key.publicKey).encode(into: &writer)
        for secret in [key.publicKey.modulus, writer.bytes, Array(try key.pem().utf8), []] {
            for algorithm in ["HS256", "RS256"] {
                let header = #"{"alg":"\#(algorithm)","typ":"JWT","kid":"one"}"#
                let good = try JWT.sign(claims, keyID: "one", key: key).split(separator: ".")
                let message = Base64URL.encode(header.utf8) + "." + good[1]
                let code = HMAC.sha256(Array(message.utf8), key: secret)
                let found = refusal(message + "." + Base64URL.encode(code))
                #expect(found == (algorithm == "HS256" ? .algorithm : .badSignature))
            }
        }
    }

    @Test func `a key is found by its published id and by nothing else`() throws {
        for kid in [
            "two", "One", "one ", "", "../one", "../../dev/null", "/dev/null", "one' OR '1'='1",
            "one; DROP TABLE users",
            "http://example.net/jwks", "one\\u0000", "%6fne",
        ] {
            let header = #"{"alg":"RS256","typ":"JWT","kid":"\#(kid)"}"#
            #expect(refusal(try token(header: header)) == .unknownKey, "\(kid)")
        }
        for header in [
            #"{"alg":"RS256","typ":"JWT"}"#, #"{"alg":"RS256","typ":"JWT","kid":1}"#,
            #"{"alg":"RS256","typ":"JWT","kid":["one"]}"#,
        ] { #expect(refusal(try token(header: header)) == .unknownKey, "\(header)") }
        // A header that brings its own key, or says where to fetch one, changes nothing.
        var writer = JSONWriter()
        JSONWebKey(keyID: "one", key: other.publicKey).encode(into: &writer)
        let own = String(decoding: writer.bytes, as: UTF8.self)
        for extra in [
            #""jwk":\#(own)"#, #""jku":"http://example.net""#, #""x5u":"http://example.net""#, #""x5c":["x"]"#,
        ] {
            let header = #"{"alg":"RS256","typ":"JWT","kid":"one",\#(extra)}"#
            #expect(refusal(try token(header: header, by: other)) == .badSignature)
        }
    }

    @Test func `a name that comes twice, a critical extension and sloppy JSON are refused`() throws {
        for header in [
            #"{"alg":"RS256","alg":"none","typ":"JWT","kid":"one"}"#,
            #"{"alg":"none","\u0061lg":"RS256","typ":"JWT","kid":"one"}"#,
            #"{"alg":"RS256","typ":"JWT","kid":"two","kid":"one"}"#,
            #"{"alg":"RS256","typ":"JWT","kid":"one","crit":["exp"]}"#,
            Self.header + " x", "[" + Self.header + "]", "", "null", Self.header + Self.header,
            #"{"alg":"RS256","typ":"JWT","kid":"one",}"#,
        ] { #expect(refusal(try token(header: header)) == .malformed, "\(header)") }
        let good = try #require(
            Base64URL.decode(String(try JWT.sign(claims, keyID: "one", key: key).split(separator: ".")[1]))
        )
        let text = String(decoding: good, as: UTF8.self)
        let payloads = [
            text.replacing("{", with: #"{"role":"super_admin","#, maxReplacements: 1),
            text.replacing(#""exp":"#, with: #""\u0065xp":9999999999,"exp":"#),
            text.replacing(#""exp":1790000900"#, with: #""exp":"1790000900""#),
            text.replacing(#""exp":1790000900"#, with: #""exp":1790000900.5"#),
            text.replacing(#""exp":1790000900"#, with: #""exp":1e99"#),
            text.replacing(#""exp":1790000900"#, with: #""exp":null"#),
            text.replacing(#""aud":"nexora-api""#, with: #""aud":["nexora-api"]"#),
            text.replacing(#""user_id":"user-1""#, with: #""user_id":"user-2""#),
            text + text, text + " 1", "[]", "",
        ]
        for payload in payloads {
            #expect(refusal(try token(header: Self.header, payload: Array(payload.utf8))) == .malformed, "\(payload)")
        }
        for name in ["iss", "aud", "sub", "jti", "iat", "nbf", "exp", "tenant_id", "session_id", "role", "permissions"]
        {
            let without = text.replacing("\"\(name)\":", with: "\"x\(name)\":")
            #expect(refusal(try token(header: Self.header, payload: Array(without.utf8))) == .malformed, "\(name)")
        }
        #expect(refusal(try token(header: Self.header, payload: good)) == nil)
    }

    @Test(.proves("IAM-07")) func `time, issuer and audience are held to`() throws {
        let token = try JWT.sign(claims, keyID: "one", key: key)
        #expect(refusal(token, at: Self.now + 929) == nil)
        #expect(refusal(token, at: Self.now + 930) == .expired)
        #expect(refusal(token, at: Self.now - 30) == nil)
        #expect(refusal(token, at: Self.now - 31) == .notYetValid)
        func changed(_ change: (inout JWTClaims) -> Void) throws -> JWTError? {
            var claims = claims
            change(&claims)
            return refusal(try JWT.sign(claims, keyID: "one", key: key))
        }
        #expect(try changed { $0.issuer = "nexora.example.net" } == .wrongIssuer)
        #expect(try changed { $0.audience = "nexora-api2" } == .wrongAudience)
        #expect(try changed { $0.expiresAt = Self.now + 3601 } == .implausibleTime)
        #expect(try changed { $0.issuedAt = Self.now + 31 } == .implausibleTime)
        #expect(try changed { $0.expiresAt = .max } == .implausibleTime)
        #expect(try changed { $0.notBefore = .min } == .implausibleTime)
        #expect(try changed { $0.notBefore = Self.now + 31 } == .notYetValid)
    }

    @Test func `truncated, longer and foreign tokens are refused`() throws {
        let token = try JWT.sign(claims, keyID: "one", key: key)
        for end in stride(from: 0, to: token.utf8.count, by: 7) { #expect(refusal(String(token.prefix(end))) != nil) }
        for bad in [
            token + ".", token + ".x", "." + token, token + "=", token + " ", token.replacing(".", with: ".."),
            " " + token,
        ] {
            #expect(refusal(bad) == .malformed)
        }
        #expect(refusal(String(repeating: "a", count: 8193)) == .tooLong)
        #expect(refusal(try JWT.sign(claims, keyID: "one", key: other)) == .badSignature)
        let parts = token.split(separator: ".")
        #expect(refusal("\(parts[0]).\(parts[1]).") == .badSignature)
    }

    @Test func `no token with one octet changed is believed`() throws {
        let token = Array(try JWT.sign(claims, keyID: "one", key: key).utf8)
        var random = SeededRandom()
        for _ in 0..<500 {
            var changed = token
            let place = Int.random(in: 0..<token.count, using: &random)
            changed[place] = UInt8.random(in: 32...126, using: &random)
            guard changed != token else { continue }
            #expect(refusal(String(decoding: changed, as: UTF8.self)) != nil, "seed \(random.seed), octet \(place)")
        }
    }

    @Test(.proves("IAM-12")) func `keys go out and come back as JWK and PEM, and signatures still fit`() throws {
        let published = JSONWebKey.set([
            JSONWebKey(keyID: "one", key: key.publicKey), JSONWebKey(keyID: "two", key: other.publicKey),
        ])
        let text = String(decoding: published, as: UTF8.self)
        #expect(text.hasPrefix(#"{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"one","n":""#))
        #expect(!text.contains("\"d\"") && text.contains(#""e":"AQAB""#))
        var writer = JSONWriter()
        JSONWebKey(keyID: "one", key: key.publicKey).encode(into: &writer)
        let read = try JSONWebKey(json: writer.bytes)
        let message = Array("message".utf8)
        let restored = try RSAPrivateKey(pem: try key.pem())
        #expect(read.key.verifies(try restored.sign(message), of: message))
        #expect(!read.key.verifies(try other.sign(message), of: message))
        #expect("\(key)" == "<RSA private key>")
        #expect(JSONWebKey.thumbprint(of: key.publicKey) != JSONWebKey.thumbprint(of: other.publicKey))
        #expect(throws: CryptoError.self) {
            try RSAPrivateKey(pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        }
        #expect(throws: CryptoError.self) { try RSAPrivateKey.generate(bits: 1024) }
        #expect(throws: CryptoError.self) {
            try RSAPublicKey(modulus: [UInt8](repeating: 0xFF, count: 128), exponent: [3])
        }
        for bad in [
            #"{"kty":"EC"}"#, #"{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}"#, #"{"kty":"RSA","alg":"HS256"}"#, "[]",
            #"{"kty":"RSA","kty":"RSA"}"#,
        ] { #expect(throws: JSONError.self) { try JSONWebKey(json: Array(bad.utf8)) } }
    }

    @Test(.proves("IAM-12")) func `the thumbprint is that of RFC 7638, section 3.1`() throws {
        let modulus = try #require(
            Base64URL.decode(
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
                    + "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5h"
                    + "ajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
            )
        )
        let key = try RSAPublicKey(modulus: modulus, exponent: [1, 0, 1])
        #expect(JSONWebKey.thumbprint(of: key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    }
}
