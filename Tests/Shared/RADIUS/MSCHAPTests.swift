import Crypto
import RADIUS
import SharedTesting
import Testing

@Suite struct MSCHAPTests {
    private let userName = Array("User".utf8)
    private let authenticatorChallenge = octets("5b5d7c7d7b3f2f3e3c2c602132262628")
    private let peerChallenge = octets("21402324255e262a28295f2b3a337c7e")
    private let ntResponse = octets("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df")

    private func clientPass() throws -> [UInt8] { try MSCHAP.ntHash(password: Array("clientPass".utf8)) }

    private func microsoft(_ type: UInt8, in packet: [UInt8]) throws -> [UInt8] {
        try withView(packet) { try #require(vendorValue(Vendor.microsoft, type, in: $0)) }
    }

    // MARK: - RFC 2433

    @Test(.proves("RAD-09"))
    func `B1: the hash and the response of RFC 2433 appendix B`() throws {
        let hash = try MSCHAP.ntHash(password: Array("MyPw".utf8))
        #expect(hash == octets("fc156af7edcd6c0edde3337d427f4eac"))
        let response = try MSCHAP.challengeResponse(challenge: octets("102db5df085d3041"), passwordHash: hash)
        #expect(response == octets("4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61"))
        #expect(DES.expandedKey(hash[..<7]) == octets("fd0b5b5e7f6e34d9"))
        #expect(DES.expandedKey(hash[7..<14]) == octets("0e6e796737ea08fe"))
    }

    @Test(.proves("RAD-09", "RAD-04"))
    func `D7: an MS-CHAP version 1 login is recognised, and only with its password`() throws {
        #expect(try isMessageAuthentic(AccessVectors.d7, Vectors.secret))
        let challenge = try microsoft(MicrosoftAttribute.chapChallenge, in: AccessVectors.d7)
        var response = try microsoft(MicrosoftAttribute.chapResponse, in: AccessVectors.d7)
        let hash = try MSCHAP.ntHash(password: Array("MyPw".utf8))
        #expect(try MSCHAP.verifyVersion1(response: response, challenge: challenge, ntHash: hash))
        #expect(try !MSCHAP.verifyVersion1(response: response, challenge: challenge, ntHash: try clientPass()))
        response[1] = 0
        #expect(try !MSCHAP.verifyVersion1(response: response, challenge: challenge, ntHash: hash), "LAN Manager only")
    }

    // MARK: - RFC 2759

    @Test(.proves("RAD-09"))
    func `B2: every step of RFC 2759 section 9.2`() throws {
        let hash = try clientPass()
        #expect(hash == octets("44ebba8d5312b8d611474411f56989ae"))
        #expect(try MSCHAP.ntHashHash(hash) == octets("41c00c584bd2d91c4017a2a12fa59f3f"))
        for name in ["User", #"DOMAIN\User"#] {
            let challenge = MSCHAP.challengeHash(
                peerChallenge: peerChallenge,
                authenticatorChallenge: authenticatorChallenge,
                userName: Array(name.utf8)
            )
            #expect(challenge == octets("d02e4386bce91226"))
            #expect(try MSCHAP.challengeResponse(challenge: challenge, passwordHash: hash) == ntResponse)
        }
    }

    @Test(.proves("RAD-09", "RAD-04"))
    func `D8: an MS-CHAP version 2 login is recognised, and only with its user, challenge and password`() throws {
        #expect(try isMessageAuthentic(AccessVectors.d8, Vectors.secret))
        let challenge = try microsoft(MicrosoftAttribute.chapChallenge, in: AccessVectors.d8)
        let response = try microsoft(MicrosoftAttribute.chap2Response, in: AccessVectors.d8)
        let hash = try clientPass()
        func verify(_ response: [UInt8], _ challenge: [UInt8], _ name: [UInt8], _ hash: [UInt8]) throws -> Bool {
            try MSCHAP.verifyVersion2(response: response, challenge: challenge, userName: name, ntHash: hash)
        }
        #expect(try verify(response, challenge, userName, hash))
        #expect(try verify(response, challenge, Array(#"ISP\User"#.utf8), hash))
        #expect(try !verify(response, challenge, Array("user".utf8), hash))
        #expect(try !verify(response, challenge, userName, try MSCHAP.ntHash(password: Array("clientpass".utf8))))
        #expect(try !verify(response, [0] + challenge.dropFirst(), userName, hash))
        #expect(try !verify(response, Array(challenge.dropLast()), userName, hash))
        #expect(try !verify(Array(response.dropLast()), challenge, userName, hash))
        #expect(try !verify([], challenge, userName, hash))
    }

    @Test(.proves("RAD-04", "RAD-09"))
    func `D9: the Access-Accept with its success and both keys is written octet by octet`() throws {
        let challenge = try microsoft(MicrosoftAttribute.chapChallenge, in: AccessVectors.d8)
        let response = try microsoft(MicrosoftAttribute.chap2Response, in: AccessVectors.d8)
        let hash = try clientPass()
        let success = try #require(
            try MSCHAP.success(response: response, challenge: challenge, userName: userName, ntHash: hash)
        )
        #expect(success.dropFirst() == ArraySlice("S=407A5589115FD0D6209F510FE9C04566932CDA56".utf8))
        let master = MPPE.masterKey(ntHashHash: try MSCHAP.ntHashHash(hash), ntResponse: Array(response[26...]))
        let send = SaltEncryption.encrypt(
            MPPE.startKey(masterKey: master, .serverSend),
            salt: 0x8001,
            requestAuthenticator: Vectors.requestAuthenticator,
            secret: Vectors.secret.context
        )
        let receive = SaltEncryption.encrypt(
            MPPE.startKey(masterKey: master, .serverReceive),
            salt: 0x8002,
            requestAuthenticator: Vectors.requestAuthenticator,
            secret: Vectors.secret.context
        )
        let accept = try reply(to: AccessVectors.d8, .accessAccept, secret: Vectors.secret) { writer, _ in
            writer.appendVendor(vendor: Vendor.microsoft, type: MicrosoftAttribute.chap2Success, success)
            writer.appendVendor(vendor: Vendor.microsoft, type: MicrosoftAttribute.mppeSendKey, send ?? [])
            writer.appendVendor(vendor: Vendor.microsoft, type: MicrosoftAttribute.mppeReceiveKey, receive ?? [])
            writer.appendVendor(vendor: Vendor.microsoft, type: MicrosoftAttribute.mppeEncryptionPolicy, 1)
            writer.appendVendor(vendor: Vendor.microsoft, type: MicrosoftAttribute.mppeEncryptionTypes, 6)
        }
        #expect(accept == AccessVectors.d9)
    }

    @Test(.proves("RAD-04", "RAD-09"))
    func `D10: the Access-Reject with its error is written octet by octet`() throws {
        let error = MSCHAP.error(
            identifier: 5,
            .authenticationFailure,
            mayRetry: false,
            challenge: [UInt8](0...15),
            message: "Authentication failed"
        )
        let reject = try reply(to: AccessVectors.d8, .accessReject, secret: Vectors.secret) { writer, _ in
            writer.appendVendor(vendor: Vendor.microsoft, type: MicrosoftAttribute.chapError, error)
        }
        #expect(reject == AccessVectors.d10)
    }

    @Test func `a password outside the basic plane hashes as UTF-16 with surrogates`() throws {
        let units: [UInt8] = [0x3D, 0xD8, 0x00, 0xDE, 0x3F, 0x04]
        #expect(try MSCHAP.ntHash(password: Array("😀п".utf8)) == (try Digest.md4(units)))
    }
}
