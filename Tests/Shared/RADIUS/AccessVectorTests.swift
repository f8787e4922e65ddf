import Crypto
import RADIUS
import SharedTesting
import Testing

@Suite struct AccessVectorTests {
    @Test(.proves("RAD-04", "RAD-09"))
    func `D1 and D1b are authentic wherever the Message-Authenticator stands, and their password reads hello123`()
        throws
    {
        for packet in [AccessVectors.d1, AccessVectors.d1b] {
            #expect(try isMessageAuthentic(packet, Vectors.secret))
            #expect(try clearPassword(packet, Vectors.secret) == Array("hello123".utf8))
        }
    }

    @Test(.proves("RAD-04"))
    func `D1c carries no Message-Authenticator and so is not verified, though its password reads`() throws {
        #expect(try withView(AccessVectors.d1c) { $0.messageAuthenticatorOffset } == nil)
        #expect(try !isMessageAuthentic(AccessVectors.d1c, Vectors.secret))
        #expect(try clearPassword(AccessVectors.d1c, Vectors.secret) == Array("hello123".utf8))
    }

    @Test(.proves("RAD-04"))
    func `D1d with one bit of its Message-Authenticator flipped is refused`() throws {
        #expect(try !isMessageAuthentic(AccessVectors.d1d, Vectors.secret))
    }

    @Test(.proves("RAD-04"))
    func `D1 is refused under another secret and with any other octet changed`() throws {
        #expect(try !isMessageAuthentic(AccessVectors.d1, Vectors.rfcSecret))
        for index in 4..<AccessVectors.d1.count {
            var packet = AccessVectors.d1
            packet[index] ^= 0x01
            let accepted = (try? isMessageAuthentic(packet, Vectors.secret)) ?? false
            #expect(!accepted, "octet \(index)")
        }
    }

    @Test(.proves("RAD-04"))
    func `D2 is written octet by octet, its Message-Authenticator first`() throws {
        let written = try reply(to: AccessVectors.d1, .accessAccept, secret: Vectors.secret) { writer, _ in
            writer.append(type: AttributeType.sessionTimeout, 86400)
            writer.append(type: AttributeType.framedIPAddress, 0x0A14_1E28)
            writer.append(type: AttributeType.acctInterimInterval, 300)
            writer.appendVendor(
                vendor: Vendor.mikrotik,
                type: MikroTikAttribute.rateLimit,
                Array("10M/50M".utf8)
            )
            writer.append(type: AttributeType.class, text: "t1:s42")
        }
        #expect(written == AccessVectors.d2)
        #expect(written[20] == AttributeType.messageAuthenticator)
        #expect(try answers(written, AccessVectors.d1, Vectors.secret, requireMessageAuthenticator: true))
    }

    @Test(.proves("RAD-04"))
    func `D3 and D4 are written octet by octet`() throws {
        let reject = try reply(to: AccessVectors.d1, .accessReject, secret: Vectors.secret) { writer, _ in
            writer.append(type: AttributeType.replyMessage, text: "Account expired")
        }
        #expect(reject == AccessVectors.d3)
        let challenge = try reply(to: AccessVectors.d1, .accessChallenge, secret: Vectors.secret) { writer, _ in
            writer.append(type: AttributeType.state, [1, 2, 3, 4, 5, 6, 7, 8])
            writer.append(type: AttributeType.replyMessage, text: "OTP")
        }
        #expect(challenge == AccessVectors.d4)
    }

    @Test(.proves("RAD-04"))
    func `replies D2, D3 and D4 verify against D1 and against nothing else`() throws {
        for reply in [AccessVectors.d2, AccessVectors.d3, AccessVectors.d4] {
            #expect(try answers(reply, AccessVectors.d1, Vectors.secret, requireMessageAuthenticator: true))
            #expect(try !answers(reply, AccessVectors.d1, Vectors.rfcSecret, requireMessageAuthenticator: true))
            #expect(try !answers(reply, RFCPackets.papRequest, Vectors.secret, requireMessageAuthenticator: true))
        }
    }

    @Test(
        .proves("RAD-09"),
        arguments: [
            ("", "455e07728cd3b6e62953a04bc8c1eda6"),
            ("a", "245e07728cd3b6e62953a04bc8c1eda6"),
            ("123456789012345", "746c3446b9e581de10639179fbf5d8a6"),
            ("1234567890123456", "746c3446b9e581de10639179fbf5d890"),
            ("12345678901234567", "746c3446b9e581de10639179fbf5d890b68d7018c6482e30dd0b2087fd9ac218"),
            (
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "041f4633cd92f7a76812e10a8980ace7cd8f029c9e9668796794b8ad4bbaf31f"
            ),
            ("пароль", "95e1d7c25d536658f9e871c7c8c1eda6"),
            (
                String(repeating: "x", count: 128),
                """
                3d267f0af4abce9e512bd833b0b995de1dac96bf92a983b1f62da3c82741a25e85529226b1a67e1862ef054ffb13c170\
                7b01326aab5640d9554ba5bdef449363530229bc65a6c5a58b203aee857428cb2cbe47d641bf774a67a731a0ace72ee4\
                0d4f1b8897a5c62ef356fb825e38bd006817c6cbd62f8674b1b610905e1a710d
                """
            ),
        ]
    )
    func `D5 passwords are hidden and uncovered octet by octet`(clear: String, hidden: String) throws {
        let encrypted = UserPassword.encrypt(
            password: Array(clear.utf8),
            requestAuthenticator: Vectors.requestAuthenticator,
            secret: Vectors.secret.context
        )
        #expect(encrypted == octets(hidden))
        let packet = Packet(
            .accessRequest,
            identifier: 0,
            authenticator: Vectors.requestAuthenticator,
            attributes: [Attribute(AttributeType.userPassword, octets(hidden))]
        )
        let bytes = try #require(packet.encodedRequest(secret: Vectors.secret))
        #expect(try clearPassword(bytes, Vectors.secret) == Array(clear.utf8))
    }

    @Test(.proves("RAD-09"), arguments: [0, 1, 15, 17, 31, 127, 129, 144, 160, 253])
    func `a hidden password of a length that cannot be is malformed`(length: Int) throws {
        let packet = Packet(
            .accessRequest,
            identifier: 0,
            attributes: [Attribute(AttributeType.userPassword, [UInt8](repeating: 7, count: length))]
        )
        let bytes = try #require(packet.encodedRequest(secret: Vectors.secret))
        #expect(try clearPassword(bytes, Vectors.secret) == nil)
    }

    @Test(.proves("RAD-09"))
    func `D6a and D6b are CHAP by hello123 over the authenticator and over the challenge`() throws {
        for packet in [AccessVectors.d6a, AccessVectors.d6b] {
            #expect(try isMessageAuthentic(packet, Vectors.secret))
            #expect(try chapMatches(packet, "hello123"))
            #expect(try !chapMatches(packet, "hello124"))
            #expect(try !chapMatches(packet, ""))
        }
    }
}
