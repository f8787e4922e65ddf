import Crypto
import RADIUS
import SharedTesting
import Testing

@Suite struct MPPETests {
    private let message = Array("test message".utf8)

    // MARK: - RFC 3079 §2.5

    @Test(.proves("RAD-09"))
    func `B3: 40 and 56 bit keys follow from the LAN Manager hash`() throws {
        let hash = try #require(try MSCHAP.lanManagerHash(password: Array("clientPass".utf8)))
        #expect(hash == octets("76a152936096d7830e2390227404afd2"))
        let start = Array(hash[..<8])
        func key(_ strength: MPPE.Strength) -> [UInt8] {
            MPPE.sessionKey(start: start, session: start, strength: strength)
        }
        #expect(key(.bits128) == octets("d80801538cec4a08"))
        #expect(key(.bits40) == octets("d1269e538cec4a08"))
        #expect(key(.bits56) == octets("d10801538cec4a08"))
    }

    @Test(.proves("RAD-09"))
    func `B3: the 128 bit key follows from the hash of the NT hash and the challenge`() throws {
        let hash = try MSCHAP.ntHash(password: Array("clientPass".utf8))
        let start = MPPE.version1StartKey(
            ntHashHash: try MSCHAP.ntHashHash(hash),
            challenge: octets("102db5df085d3041")
        )
        #expect(start == octets("a8947850cfc0acc1d1789fb62ddcddb0"))
        let session = MPPE.sessionKey(start: start, session: start, strength: .bits128)
        // RFC 3079 §2.5.3 prints "ac ca" in step 3; step 4 has the right "ac c1".
        #expect(session == octets("59d159bc09f76f1da2a86a28ffec0b1e"))
    }

    @Test func `LAN Manager holds 14 ASCII characters and no others`() throws {
        #expect(try MSCHAP.lanManagerHash(password: Array("fifteen letters".utf8)) == nil)
        #expect(try MSCHAP.lanManagerHash(password: Array("пароль".utf8)) == nil)
        let lower = try MSCHAP.lanManagerHash(password: Array("abc".utf8))
        #expect(try lower == MSCHAP.lanManagerHash(password: Array("ABC".utf8)))
    }

    @Test(.proves("RAD-09"))
    func `the clear value of MS-CHAP-MPPE-Keys is both keys padded to 32 octets, and is hidden like a password`() throws
    {
        let password = Array("clientPass".utf8)
        let hash = try MSCHAP.ntHash(password: password)
        let keys = try MPPE.version1Keys(lanManagerHash: try MSCHAP.lanManagerHash(password: password), ntHash: hash)
        #expect(
            keys == octets("76a152936096d783" + "41c00c584bd2d91c4017a2a12fa59f3f" + "0000000000000000")
        )
        let withoutLM = try MPPE.version1Keys(lanManagerHash: nil, ntHash: hash)
        #expect(withoutLM[..<8] == ArraySlice(repeating: 0, count: 8))
        let hidden = UserPassword.encrypt(
            password: keys,
            requestAuthenticator: Vectors.requestAuthenticator,
            secret: Vectors.secret.context
        )
        #expect(hidden?.count == 32)
    }

    // MARK: - RFC 3079 §3.5

    private func masterKey() throws -> [UInt8] {
        let hash = try MSCHAP.ntHash(password: Array("clientPass".utf8))
        return MPPE.masterKey(
            ntHashHash: try MSCHAP.ntHashHash(hash),
            ntResponse: octets("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df")
        )
    }

    @Test(.proves("RAD-09"))
    func `B4: the printed send key is the server's, and the receive key is the other`() throws {
        let master = try masterKey()
        #expect(master == octets("fdece3717a8c838cb388e527ae3cdd31"))
        #expect(MPPE.startKey(masterKey: master, .serverSend) == octets("8b7cdc149b993a1ba118cb153f56dccb"))
        #expect(MPPE.startKey(masterKey: master, .serverReceive) == octets("d5f0e9521e3ea9589645e86051c82226"))
    }

    @Test(
        .proves("RAD-09"),
        arguments: [
            (MPPE.Strength.bits128, 16, "405cb2247a7956e6e211007ae27b22d4", "81848317df68846272fb5abe"),
            // RFC 3079 §3.5.2 prints the last octet of the sample as 58; it is b8.
            (MPPE.Strength.bits56, 8, "d15c00c49fa62e3e", "3f106833fa448da842bc57b8"),
            (MPPE.Strength.bits40, 8, "d1269ec49fa62e3e", "929137917e5803d668d75898"),
        ]
    )
    func `B4: session keys and what they make of the sample message`(
        strength: MPPE.Strength,
        length: Int,
        key: String,
        sample: String
    ) throws {
        let start = MPPE.startKey(masterKey: try masterKey(), .serverSend, length: length)
        let session = MPPE.sessionKey(start: start, session: start, strength: strength)
        #expect(session == octets(key))
        #expect(rc4(session, message) == octets(sample))
    }

    // MARK: - Salted values

    private func hide(_ clear: [UInt8], salt: UInt16, _ authenticator: [UInt8]) -> [UInt8]? {
        SaltEncryption.encrypt(
            clear,
            salt: salt,
            requestAuthenticator: authenticator,
            secret: Vectors.secret.context
        )
    }

    private func open(_ hidden: [UInt8], _ authenticator: [UInt8]) -> [UInt8]? {
        SaltEncryption.decrypt(hidden, requestAuthenticator: authenticator, secret: Vectors.secret.context)
    }

    @Test func `D11: a Tunnel-Password with tag 1 and salt 8abc`() throws {
        let hidden = try #require(hide(Array("tunnel-secret".utf8), salt: 0x8ABC, Vectors.requestAuthenticator))
        #expect([1] + hidden == octets("018abcc8f5ff1e746cb8e20fa0744eebeebbb0"))
    }

    @Test func `salted values of every length go both ways`() throws {
        var random = SeededRandom()
        for length in 0...SaltEncryption.maximumLength {
            let clear = random.bytes(length)
            let authenticator = random.bytes(16)
            let hidden = try #require(hide(clear, salt: SaltEncryption.randomSalt(), authenticator))
            #expect(hidden[0] & 0x80 != 0)
            #expect(hidden.count <= 247)
            #expect(open(hidden, authenticator) == clear)
        }
    }

    @Test func `salted values that cannot be are refused`() {
        for length in [0, 1, 2, 17, 19, 33] {
            #expect(open([UInt8](repeating: 0x81, count: length), Vectors.requestAuthenticator) == nil)
        }
        #expect(hide([1], salt: 0x0001, Vectors.requestAuthenticator) == nil, "the salt's highest bit must be one")
        #expect(hide([UInt8](repeating: 0, count: 240), salt: 0x8001, Vectors.requestAuthenticator) == nil)
    }

    /// RC4, which the samples of RFC 3079 are written in; the server itself never encrypts with it.
    private func rc4(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var state = [UInt8](0...255)
        var j = 0
        for i in 0..<256 {
            j = (j + Int(state[i]) + Int(key[i % key.count])) & 255
            state.swapAt(i, j)
        }
        var (i, k) = (0, 0)
        return message.map { octet in
            i = (i + 1) & 255
            k = (k + Int(state[i])) & 255
            state.swapAt(i, k)
            return octet ^ state[(Int(state[i]) + Int(state[k])) & 255]
        }
    }
}
