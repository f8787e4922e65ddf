import Crypto
import SharedTesting
import Testing
import WebhookSigning

/// Signatures as Standard Webhooks 1.0 and its libraries make them.
@Suite(.proves("PLT-25")) struct WebhookSigningTests {
    private static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private static let time: Int64 = 1_614_265_330
    private static let body = Array("{\"test\": 2432232314}".utf8)

    @Test func `an HMAC is the libraries' own`() throws {
        let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let signature = try WebhookSigner(secrets: [secret]).signature(
            id: Self.id,
            timestamp: Self.time,
            body: Self.body
        )
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(secret.text == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    }

    @Test func `an Ed25519 signature is the libraries' own`() throws {
        let pair = try WebhookKeyPair(privateKey: Array("TESTSIGNINGKEYDONOTUSETHISFORANY".utf8))
        let signature = try WebhookSigner(secrets: [], keyPair: pair)
            .signature(id: Self.id, timestamp: Self.time, body: Self.body)
        #expect(
            signature
                == "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
        )
        #expect(WebhookKeyPair.text(publicKey: pair.publicKey).hasPrefix("whpk_"))
    }

    @Test func `while a secret is rotated either of the two is enough`() throws {
        let (new, old) = (WebhookSecret(), WebhookSecret())
        let pair = try WebhookKeyPair()
        let signature = try WebhookSigner(secrets: [new, old], keyPair: pair)
            .signature(id: Self.id, timestamp: Self.time, body: Self.body)
        #expect(signature.split(separator: " ").count == 3)
        for verifier in [
            WebhookVerifier(secret: new), WebhookVerifier(secret: old), WebhookVerifier(publicKey: pair.publicKey),
        ] {
            try verifier.check(
                id: Self.id,
                timestamp: Self.time,
                signature: signature,
                body: Self.body,
                now: Self.time + 299
            )
        }
        #expect(throws: WebhookVerifier.Refusal.wrongSignature) {
            try WebhookVerifier(secret: WebhookSecret()).check(
                id: Self.id,
                timestamp: Self.time,
                signature: signature,
                body: Self.body,
                now: Self.time
            )
        }
    }

    /// Any octet of what is signed, changed, is noticed.
    @Test func `nothing that is signed can be changed`() throws {
        var random = SeededRandom("webhook signatures")
        for _ in 0..<200 {
            let secret = WebhookSecret()
            var body = (0..<Int.random(in: 1...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let time = Int64.random(in: 1...4_000_000_000, using: &random)
            let signature = try WebhookSigner(secrets: [secret]).signature(id: "a1", timestamp: time, body: body)
            let verifier = WebhookVerifier(secret: secret)
            try verifier.check(id: "a1", timestamp: time, signature: signature, body: body, now: time)
            #expect(throws: WebhookVerifier.Refusal.wrongSignature) {
                try verifier.check(id: "a2", timestamp: time, signature: signature, body: body, now: time)
            }
            #expect(throws: WebhookVerifier.Refusal.wrongSignature) {
                try verifier.check(id: "a1", timestamp: time + 1, signature: signature, body: body, now: time)
            }
            #expect(throws: WebhookVerifier.Refusal.stale) {
                try verifier.check(id: "a1", timestamp: time, signature: signature, body: body, now: time + 301)
            }
            body[Int.random(in: 0..<body.count, using: &random)] ^= 1
            #expect(throws: WebhookVerifier.Refusal.wrongSignature) {
                try verifier.check(id: "a1", timestamp: time, signature: signature, body: body, now: time)
            }
        }
    }

    @Test func `secrets that are too short or too long are none`() {
        #expect(
            WebhookSecret("whsec_") == nil && WebhookSecret("whsec_AAAA") == nil && WebhookSecret("not base64!") == nil
        )
        #expect(WebhookSecret(octets: [UInt8](repeating: 1, count: 65)) == nil)
        #expect("\(WebhookSecret())" == "<secret>")
    }
}
