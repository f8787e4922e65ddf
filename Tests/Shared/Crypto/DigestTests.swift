import Crypto
import SharedTesting
import Testing

@Suite struct DigestTests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a"
        ),
    ])
    func `MD5 agrees with RFC 1321 appendix A 5`(text: String, digest: String) {
        #expect(hex(Digest.md5(Array(text.utf8))) == digest)
    }

    @Test(arguments: [("", "31d6cfe0d16ae931b73c59d7e0c089c0"), ("abc", "a448017aaf21d8525fc10ae87aa6729d")])
    func `MD4 agrees with RFC 1320 appendix A 5`(text: String, digest: String) throws {
        #expect(try hex(Digest.md4(Array(text.utf8))) == digest)
    }

    @Test func `SHA-1 and SHA-256 agree with FIPS 180`() {
        #expect(hex(Digest.sha1(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            hex(Digest.sha256(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }

    @Test func `the legacy algorithms are there, and the others still are`() throws {
        try LegacyAlgorithms.check()
        #expect(hex(Digest.sha256([])).hasPrefix("e3b0c44298fc1c14"))
        #expect(try DES.encrypt(block: [0, 0, 0, 0, 0, 0, 0, 0], keys: [[0, 0, 0, 0, 0, 0, 0]]).count == 8)
        #expect(throws: CryptoError.self) { try DES.encrypt(block: [0], keys: [[0, 0, 0, 0, 0, 0, 0]]) }
        #expect(throws: CryptoError.self) { try DES.encrypt(block: [UInt8](0..<8), keys: [[0]]) }
    }

    @Test func `equality in constant time is equality`() {
        var random = SeededRandom()
        for count in 0..<100 {
            let left = random.bytes(count)
            #expect(constantTimeEquals(left, left))
            #expect(!constantTimeEquals(left, left + [0]))
            guard count > 0 else { continue }
            var right = left
            right[Int.random(in: 0..<count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            #expect(!constantTimeEquals(left, right))
        }
    }

    @Test func `random octets come in the number asked for and do not repeat`() {
        #expect(Randomness.bytes(0).isEmpty)
        #expect(Randomness.bytes(-1).isEmpty)
        let drawn = Set((0..<100).map { _ in Randomness.bytes(16) })
        #expect(drawn.count == 100)
        #expect(drawn.allSatisfy { $0.count == 16 })
    }
}
