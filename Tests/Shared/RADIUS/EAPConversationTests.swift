import Crypto
import RADIUS
import SharedTesting
import Testing

@Suite struct EAPConversationTests {
    private let peer = EAPPeer()
    private let right = judge(password: "clientPass", name: "User")
    private let wrong = judge(password: "other")

    private func begun(_ offer: EAPOffer) throws -> EAPConversation {
        try #require(EAPConversation(identityResponse: peer.identity(), offer: offer))
    }

    private func request(_ step: EAPConversation.Step) throws -> [UInt8] {
        guard case .request(let octets) = step else {
            Issue.record("no request: \(step)")
            return []
        }
        return octets
    }

    // MARK: - MSCHAPv2

    @Test(.proves("RAD-09")) func `MSCHAPv2 gives RFC 2759's proof and RFC 3079's keys`() throws {
        let offer = offer(.mschapv2, octets: octets("5b5d7c7d7b3f2f3e3c2c602132262628"))
        var conversation = try begun(offer)
        let challenge = try EAPPacket(parsing: conversation.request)
        let value = octets("5b5d7c7d7b3f2f3e3c2c602132262628")
        #expect(challenge.data == [1, 2, 0, 27, 16] + value + Array("nexora".utf8))
        let response = try peer.mschapv2(conversation.request)
        #expect(Array(response.data[29..<53]) == octets("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"))
        let proof = try EAPPacket(
            parsing: request(conversation.answer(response, offer: offer, judge: right))
        )
        #expect(proof.identifier == 3 && proof.type == EAPType.mschapv2)
        let text = "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=OK"
        #expect(proof.data == [3, 2, 0, UInt8(4 + text.utf8.count)] + Array(text.utf8))
        let last = conversation.answer(
            try peer.acknowledge(proof.encoded, 3),
            offer: offer,
            judge: right
        )
        guard case .success(let packet, let name, let keys) = last else {
            Issue.record("\(last)")
            return
        }
        #expect(packet == [3, 3, 0, 4])
        #expect(name == Array("User".utf8))
        #expect(keys?.send == octets("8b7cdc149b993a1ba118cb153f56dccb"))
        #expect(keys?.receive == octets("d5f0e9521e3ea9589645e86051c82226"))
    }

    @Test(.proves("RAD-09")) func `a domain before the name does not count`() throws {
        var peer = peer
        peer.name = Array("NET\\User".utf8)
        let offer = offer(.mschapv2)
        var conversation = try begun(offer)
        let step = conversation.answer(
            try peer.mschapv2(conversation.request),
            offer: offer,
            judge: judge(password: "clientPass", name: "NET\\User")
        )
        #expect(try EAPPacket(parsing: request(step)).data[0] == 3)
    }

    @Test(.proves("RAD-09", "RAD-13")) func `a wrong password is told, acknowledged and refused`() throws {
        let offer = offer(.mschapv2)
        var conversation = try begun(offer)
        let step = conversation.answer(try peer.mschapv2(conversation.request), offer: offer, judge: wrong)
        let told = try EAPPacket(parsing: request(step))
        #expect(told.data[0] == 4)
        let text = String(decoding: told.data[4...], as: UTF8.self)
        #expect(text == "E=691 R=0 C=\(String(repeating: "5A", count: 16)) V=3 M=Authentication failed")
        let last = conversation.answer(try peer.acknowledge(told.encoded, 4), offer: offer, judge: right)
        #expect(last == .failure([4, 3, 0, 4], .refused))
    }

    @Test func `a refused peer that claims success is refused, and one may refuse the server`() throws {
        let offer = offer(.mschapv2)
        var refused = try begun(offer)
        let told = try request(refused.answer(try peer.mschapv2(refused.request), offer: offer, judge: wrong))
        #expect(
            refused.answer(try peer.acknowledge(told, 3), offer: offer, judge: right)
                == .failure([4, 3, 0, 4], .refused)
        )
        var doubted = try begun(offer)
        let proof = try request(doubted.answer(try peer.mschapv2(doubted.request), offer: offer, judge: right))
        #expect(
            doubted.answer(try peer.acknowledge(proof, 4), offer: offer, judge: right)
                == .failure([4, 3, 0, 4], .serverNotBelieved)
        )
    }

    @Test func `success cannot be claimed before the challenge is answered`() throws {
        let offer = offer(.mschapv2)
        var conversation = try begun(offer)
        let challenge = conversation.request
        for opCode in [UInt8(1), 3, 4, 7] {
            let step = conversation.answer(try peer.acknowledge(challenge, opCode), offer: offer, judge: right)
            #expect(step == .invalid(challenge))
        }
        #expect(!conversation.isOver)
    }

    // MARK: - Negotiation

    @Test(.proves("RAD-09")) func `a peer that wants MD5 gets it by Nak`() throws {
        let offer = offer(.mschapv2, .md5)
        var conversation = try begun(offer)
        let other = try request(
            conversation.answer(try peer.nak(conversation.request, 13, 4), offer: offer, judge: right)
        )
        #expect(try EAPPacket(parsing: other).type == EAPType.md5Challenge)
        #expect(try EAPPacket(parsing: other).identifier == 3)
        let judged = judge(password: "clientPass")
        let last = conversation.answer(try peer.md5(other), offer: offer, judge: judged)
        #expect(last == .success([3, 3, 0, 4], name: nil, nil))
    }

    @Test(arguments: [[UInt8(0)], [13, 25], [26], []])
    func `a Nak that leaves nothing is the end`(wanted: [UInt8]) throws {
        let offer = offer(.mschapv2, .md5)
        var conversation = try begun(offer)
        let nak = try peer.respond(conversation.request, type: EAPType.nak, wanted)
        #expect(
            conversation.answer(nak, offer: offer, judge: right) == .failure([4, 2, 0, 4], .noCommonMethod)
        )
    }

    @Test func `each method is proposed once, and none after the peer went along`() throws {
        let offer = offer(.mschapv2, .md5)
        var conversation = try begun(offer)
        let other = try request(conversation.answer(try peer.nak(conversation.request, 4), offer: offer, judge: right))
        #expect(
            conversation.answer(try peer.nak(other, 26, 4), offer: offer, judge: right)
                == .failure([4, 3, 0, 4], .noCommonMethod)
        )
        var begun = try begun(offer)
        let proof = try request(begun.answer(try peer.mschapv2(begun.request), offer: offer, judge: right))
        #expect(begun.answer(try peer.nak(proof, 4), offer: offer, judge: right) == .invalid(proof))
    }

    @Test(.proves("RAD-09")) func `a server that begins asks for the identity first`() throws {
        let offer = offer(.md5, octets: [0xFF])
        var conversation = EAPConversation(askingIdentity: offer)
        #expect(conversation.request == [1, 0xFF, 0, 5, 1])
        let nak = try peer.nak(conversation.request, 4)
        #expect(conversation.answer(nak, offer: offer, judge: right) == .invalid(conversation.request))
        let asked = try request(
            conversation.answer(peer.identity(0xFF), offer: offer, judge: right)
        )
        #expect(try EAPPacket(parsing: asked).identifier == 0, "identifiers go round")
        #expect(conversation.identity == peer.name)
    }

    // MARK: - Repeats and what does not fit

    @Test(.proves("RAD-09", "G-02")) func `the same response gets the same answer, whatever came out of it`() throws {
        let offer = offer(.mschapv2)
        var conversation = try begun(offer)
        #expect(conversation.isRepeated(peer.identity()))
        let challenge = conversation.request
        #expect(conversation.answer(peer.identity(), offer: offer, judge: wrong) == .request(challenge))
        let response = try peer.mschapv2(challenge)
        let proof = try request(conversation.answer(response, offer: offer, judge: right))
        #expect(conversation.answer(response, offer: offer, judge: wrong) == .request(proof))
        let word = try peer.acknowledge(proof, 3)
        let last = conversation.answer(word, offer: offer, judge: right)
        #expect(conversation.answer(word, offer: offer, judge: wrong) == last)
        #expect(
            conversation.answer(response, offer: offer, judge: right) == .failure([4, 2, 0, 4], .over)
        )
    }

    @Test func `a response of another id, type or round changes nothing`() throws {
        let offer = offer(.md5)
        var conversation = try begun(offer)
        let challenge = conversation.request
        var stray = try peer.md5(challenge)
        for identifier in [UInt8(0), 1, 3, 255] {
            stray.identifier = identifier
            #expect(conversation.answer(stray, offer: offer, judge: right) == .invalid(challenge))
        }
        for type in [UInt8(1), 2, 13, 26, 254] {
            let other = try peer.respond(challenge, type: type, [1, 2, 3])
            #expect(conversation.answer(other, offer: offer, judge: right) == .invalid(challenge))
        }
        let short = try peer.respond(challenge, [16, 1, 2])
        #expect(conversation.answer(short, offer: offer, judge: right) == .invalid(challenge))
        let last = conversation.answer(try peer.md5(challenge), offer: offer, judge: judge(password: "clientPass"))
        #expect(last == .success([3, 2, 0, 4], name: nil, nil))
    }

    @Test func `a conversation takes a bounded number of responses`() throws {
        let offer = offer(.md5)
        var conversation = try begun(offer)
        let stray = EAPPacket(.response, identifier: 99, type: 4)
        // The identity was the first.
        for _ in 1..<EAPConversation.maximumResponses {
            #expect(conversation.answer(stray, offer: offer, judge: right) == .invalid(conversation.request))
        }
        #expect(!conversation.isExhausted)
        #expect(conversation.answer(stray, offer: offer, judge: right) == .failure([4, 99, 0, 4], .tooManyRounds))
        #expect(conversation.isOver && conversation.isExhausted)
        let repeated = conversation.answer(peer.identity(), offer: offer, judge: right)
        #expect(repeated == .failure([4, 1, 0, 4], .over))
    }

    @Test func `nothing but an identity begins a conversation`() {
        let offer = offer(.md5)
        for packet in [
            EAPPacket(.response, identifier: 1, type: EAPType.nak, data: [4]),
            EAPPacket(.response, identifier: 1, type: EAPType.md5Challenge, data: [16]),
            EAPPacket(.request, identifier: 1, type: EAPType.identity), EAPPacket(.success, identifier: 1),
        ] {
            #expect(EAPConversation(identityResponse: packet, offer: offer) == nil)
        }
    }

    // MARK: - Packets

    @Test func `octets that are no EAP packet are a typed error`() {
        for (bytes, error) in [
            ([], EAPError.truncated), ([1, 2, 0], .truncated), ([2, 1, 0, 3], .lengthOutOfRange),
            ([2, 1, 0, 9, 1], .truncated), ([2, 1, 0, 4], .typeMissing), ([0, 1, 0, 4], .unknownCode),
            ([5, 1, 0, 4], .unknownCode),
        ] as [([UInt8], EAPError)] {
            #expect(throws: error) { try EAPPacket(parsing: bytes) }
        }
    }

    @Test func `padding behind a packet is dropped, and a success has no type`() throws {
        #expect(try EAPPacket(parsing: [2, 7, 0, 5, 1, 9, 9]).encoded == [2, 7, 0, 5, 1])
        #expect(try EAPPacket(parsing: [3, 7, 0, 6, 1, 9]) == EAPPacket(.success, identifier: 7))
    }

    @Test func `a NAS that plays the peer is told that there is no method for that`() throws {
        #expect(try EAPPacket(parsing: [1, 7, 0, 5, 1]).roleRefusal?.encoded == [2, 7, 0, 6, 3, 0])
        #expect(try EAPPacket(parsing: [2, 7, 0, 5, 1]).roleRefusal == nil)
    }
}
