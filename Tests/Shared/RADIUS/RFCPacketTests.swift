import Crypto
import RADIUS
import SharedTesting
import Testing
import WireFormat

@Suite struct RFCPacketTests {
    // MARK: - RFC 2865 §7

    @Test(.proves("RAD-09"))
    func `A1: nemo's password is arctangent, and the Access-Accept is written octet by octet`() throws {
        #expect(try clearPassword(RFCPackets.papRequest, Vectors.rfcSecret) == Array("arctangent".utf8))
        // RFC 2865 knew no Message-Authenticator, so the reply is written without one.
        let accept = try reply(
            to: RFCPackets.papRequest,
            .accessAccept,
            secret: Vectors.rfcSecret,
            messageAuthenticator: false
        ) { writer, _ in
            writer.append(type: AttributeType.serviceType, 1)
            writer.append(type: AttributeType.loginService, 0)
            writer.append(type: AttributeType.loginIPHost, 0xC0A8_0103)
        }
        #expect(accept == RFCPackets.papAccept)
    }

    @Test(.proves("RAD-09"))
    func `A2: flopsy's CHAP password is arctangent, and Framed-Routing is 2 as the octets say`() throws {
        #expect(try chapMatches(RFCPackets.chapRequest, "arctangent"))
        #expect(try !chapMatches(RFCPackets.chapRequest, "challenge"))
        let accept = try reply(
            to: RFCPackets.chapRequest,
            .accessAccept,
            secret: Vectors.rfcSecret,
            messageAuthenticator: false
        ) { writer, _ in
            writer.append(type: AttributeType.serviceType, 2)
            writer.append(type: AttributeType.framedProtocol, 1)
            writer.append(type: AttributeType.framedIPAddress, 0xFFFF_FFFE)
            writer.append(type: AttributeType.framedRouting, 2)
            writer.append(type: AttributeType.framedCompression, 1)
            writer.append(type: AttributeType.framedMTU, 1500)
        }
        #expect(accept == RFCPackets.chapAccept)
    }

    @Test(.proves("RAD-09"))
    func `A3: mopsy is challenged, answers and is rejected`() throws {
        #expect(try clearPassword(RFCPackets.challengeRequest, Vectors.rfcSecret) == Array("challenge".utf8))
        let challenge = try reply(
            to: RFCPackets.challengeRequest,
            .accessChallenge,
            secret: Vectors.rfcSecret,
            messageAuthenticator: false
        ) { writer, _ in
            writer.append(
                type: AttributeType.replyMessage,
                text: "Challenge 32769430.  Enter response at prompt."
            )
            writer.append(type: AttributeType.state, text: "32769430")
        }
        #expect(challenge == RFCPackets.challenge)
        #expect(try clearPassword(RFCPackets.answerRequest, Vectors.rfcSecret) == Array("99101462".utf8))
        let reject = try reply(
            to: RFCPackets.answerRequest,
            .accessReject,
            secret: Vectors.rfcSecret,
            messageAuthenticator: false
        )
        #expect(reject == RFCPackets.answerReject)
    }

    @Test func `A3: the second request as printed overruns its length and is dropped`() {
        #expect(throws: PacketError.malformedAttribute) { try Packet(parsing: RFCPackets.answerMalformed) }
    }

    // MARK: - RFC 5997 §6

    @Test(
        .proves("RAD-04", "G-02"),
        arguments: [RFCPackets.statusAuthRequest, RFCPackets.statusAcctRequest, RFCPackets.statusAddressRequest]
    )
    func `A4: Status-Server requests are authentic`(packet: [UInt8]) throws {
        #expect(try isMessageAuthentic(packet, Vectors.rfcSecret))
        #expect(try !isMessageAuthentic(packet, Vectors.secret))
    }

    @Test(.proves("G-02"))
    func `A4: the answers are written octet by octet`() throws {
        let secret = Vectors.rfcSecret
        let auth = try reply(
            to: RFCPackets.statusAuthRequest,
            .accessAccept,
            secret: secret,
            messageAuthenticator: false
        )
        #expect(auth == RFCPackets.statusAuthResponse)
        let acct = try reply(to: RFCPackets.statusAcctRequest, .accountingResponse, secret: secret)
        #expect(acct == RFCPackets.statusAcctResponse)
        let text = try reply(
            to: RFCPackets.statusAddressRequest,
            .accessAccept,
            secret: secret,
            messageAuthenticator: false
        ) { writer, _ in
            writer.append(type: AttributeType.replyMessage, text: "RADIUS Server up 2 days, 18:40")
        }
        #expect(text == RFCPackets.statusAddressResponse)
    }

    @Test func `A4: the accounting answer verifies with code 5 only, not with the 2 that is printed`() throws {
        let request = RFCPackets.statusAcctRequest
        var printed = RFCPackets.statusAcctResponse
        #expect(try answers(printed, request, Vectors.rfcSecret, requireMessageAuthenticator: false))
        printed[0] = PacketCode.accessAccept.rawValue
        #expect(try !answers(printed, request, Vectors.rfcSecret, requireMessageAuthenticator: false))
    }

    // MARK: - RFC 5090 §6

    @Test(
        .proves("RAD-04"),
        arguments: [
            (RFCPackets.digestInvite, RFCPackets.digestInviteChallenge),
            (RFCPackets.digestInviteAnswer, RFCPackets.digestInviteAccept),
            (RFCPackets.digestGet, RFCPackets.digestGetChallenge),
            (RFCPackets.digestGetAnswer, RFCPackets.digestGetAccept),
        ]
    )
    func `A5: Digest requests and replies verify and are built again octet by octet`(
        request: [UInt8],
        reply: [UInt8]
    ) throws {
        #expect(try isMessageAuthentic(request, Vectors.digestSecret))
        #expect(try answers(reply, request, Vectors.digestSecret, requireMessageAuthenticator: true))
        let parsedRequest = try Packet(parsing: request)
        #expect(parsedRequest.encodedRequest(secret: Vectors.digestSecret) == request)
        let parsedReply = try Packet(parsing: reply)
        let rebuilt = parsedReply.encodedReply(
            requestAuthenticator: parsedRequest.authenticator,
            secret: Vectors.digestSecret
        )
        #expect(rebuilt == reply)
    }

    @Test(arguments: [
        (RFCPackets.digestInviteAnswer, RFCPackets.digestInviteAccept),
        (RFCPackets.digestGetAnswer, RFCPackets.digestGetAccept),
    ])
    func `A5: the digest responses follow from user, realm and password`(request: [UInt8], accept: [UInt8]) throws {
        func md5(_ text: String) -> String { Hex.encode(Digest.md5(Array(text.utf8))) }
        let packet = try Packet(parsing: request)
        func text(_ type: UInt8) -> String { String(decoding: packet.first(type) ?? [], as: UTF8.self) }
        let (realm, nonce, method, uri, quality) = (text(104), text(105), text(108), text(109), text(110))
        let (cnonce, count) = (text(113), text(114))
        let common = "\(md5("12345678:\(realm):secret")):\(nonce):\(count):\(cnonce):\(quality):"
        #expect(text(103) == md5(common + md5("\(method):\(uri)")))
        let responseAuth = try Packet(parsing: accept).first(106)
        #expect(responseAuth == Array(md5(common + md5(":\(uri)")).utf8))
    }

    // MARK: - RFC 5176 §7

    @Test func `A6: Disconnect-Requests are read`() throws {
        let user = try Packet(parsing: RFCPackets.disconnectByUser)
        #expect(user.code == PacketCode.disconnectRequest.rawValue)
        #expect(user.first(AttributeType.userName) == Array("mchiba".utf8))
        let session = try Packet(parsing: RFCPackets.disconnectBySession)
        #expect(session.first(AttributeType.acctSessionID) == Array("90234567".utf8))
        let address = try Packet(parsing: RFCPackets.disconnectByAddress)
        #expect(address.first(AttributeType.framedIPAddress) == [10, 0, 2, 3])
    }
}
