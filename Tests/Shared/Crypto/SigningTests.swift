import SharedTesting
import Testing

@testable import Crypto

@Suite(.proves("AUD-15")) struct SigningTests {
    @Test func `Ed25519 gives what RFC 8032 says, test 2`() throws {
        let privateKey = octets("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
        #expect(
            try Ed25519.publicKey(of: privateKey)
                == octets("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        )
        let signature = octets(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        )
        #expect(try Ed25519.sign([0x72], privateKey: privateKey) == signature)
    }

    @Test func `a signature holds for its message, key and purpose alone`() throws {
        let keyring = Keyring.ephemeral()
        var random = SeededRandom()
        for length in 0..<100 {
            let message = random.bytes(length)
            let signature = try keyring.sign(message, for: .auditCheckpoint)
            #expect(try keyring.verify(signature, of: message, for: .auditCheckpoint))
            #expect(try !keyring.verify(signature, of: message + [0], for: .auditCheckpoint))
            var changed = signature.octets
            changed[Int(random.next() % 64)] ^= UInt8(1 << (random.next() % 8))
            let forged = KeyringSignature(keyID: signature.keyID, octets: changed)
            #expect(try !keyring.verify(forged, of: message, for: .auditCheckpoint))
            let short = KeyringSignature(keyID: signature.keyID, octets: Array(signature.octets.dropLast()))
            #expect(try !keyring.verify(short, of: message, for: .auditCheckpoint))
        }
        #expect(try keyring.publicKey(keyring.activeKeyID, for: .auditCheckpoint).count == 32)
    }

    @Test func `what another installation signed cannot be judged`() throws {
        let signature = try Keyring.ephemeral().sign([1], for: .auditCheckpoint)
        #expect(throws: KeyringError.unknownKey(id: signature.keyID)) {
            try Keyring.ephemeral().verify(signature, of: [1], for: .auditCheckpoint)
        }
    }

    private func octets(_ digits: String) -> [UInt8] {
        let nibbles = digits.compactMap(\.hexDigitValue)
        return stride(from: 0, to: nibbles.count, by: 2).map { UInt8(nibbles[$0] << 4 | nibbles[$0 + 1]) }
    }
}
