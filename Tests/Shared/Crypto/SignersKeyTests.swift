import Crypto
import SharedTesting
import Testing

@Suite(.proves("NTF-02")) struct SignersKeyTests {
    @Test(arguments: ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "x"])
    func `what is no key is refused`(pem: String) {
        #expect(throws: CryptoError.self) { try SignersKey(pem: pem) }
        #expect(throws: CryptoError.self) { try SignersKey(certificatePEM: pem) }
        #expect(throws: CryptoError.self) { try SignersKey(der: Array(pem.utf8)) }
    }

    @Test func `a key of a kind that nobody signs by is refused`() {
        // The Ed25519 example of RFC 8410 §10.1.
        let pem = """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
            -----END PUBLIC KEY-----
            """
        #expect(throws: CryptoError.wrongLength("public key")) { try SignersKey(pem: pem) }
    }
}
