import Crypto
import RADIUS
import SharedTesting
import Testing

/// D26 to D31 octet for octet, with the challenge and the State of the vectors.
@Suite struct EAPVectorTests {
    private let challenge = octets("303132333435363738393a3b3c3d3e3f")
    private let state = octets("0102030405060708090a0b0c0d0e0f10")

    private func packet(_ request: [UInt8]) throws -> EAPPacket {
        try withView(request) { view in try EAPPacket(parsing: try #require(view.eapMessage)) }
    }

    private func begun() throws -> (EAPConversation, EAPOffer) {
        let offer = offer(.md5, octets: challenge)
        let begun = EAPConversation(identityResponse: try packet(EAPVectors.d26), offer: offer)
        return (try #require(begun), offer)
    }

    @Test(.proves("RAD-09"), arguments: EAPVectors.all)
    func `every vector is authentic or answers its request`(vector: [UInt8]) throws {
        let request = [EAPVectors.d27: EAPVectors.d26, EAPVectors.d29: EAPVectors.d28, EAPVectors.d30: EAPVectors.d28]
        if let request = request[vector] {
            #expect(try answers(vector, request, Vectors.secret, requireMessageAuthenticator: true))
        } else {
            #expect(try isMessageAuthentic(vector, Vectors.secret))
        }
    }

    @Test(.proves("RAD-09")) func `D26 is answered with D27`() throws {
        let (conversation, _) = try begun()
        #expect(conversation.identity == Array("bob".utf8))
        let written = try reply(to: EAPVectors.d26, .accessChallenge, secret: Vectors.secret) { writer, _ in
            writer.append(eapMessage: conversation.request)
            writer.append(type: AttributeType.state, state)
        }
        #expect(written == EAPVectors.d27)
    }

    @Test(.proves("RAD-09")) func `D28 is answered with D29, under another password with D30`() throws {
        let peer = try packet(EAPVectors.d28)
        for (password, code, expected) in [
            ("hello123", PacketCode.accessAccept, EAPVectors.d29), ("hello124", .accessReject, EAPVectors.d30),
        ] {
            var (conversation, offer) = try begun()
            let step = conversation.answer(peer, offer: offer, judge: judge(password: password))
            let last: [UInt8]
            switch step {
            case .success(let packet, let name, let keys):
                #expect(name == nil && keys == nil)
                last = packet
            case .failure(let packet, .refused): last = packet
            default:
                Issue.record("\(step)")
                return
            }
            let written = try reply(to: EAPVectors.d28, code, secret: Vectors.secret) { writer, _ in
                writer.append(eapMessage: last)
            }
            #expect(written == expected)
            #expect(conversation.isOver)
        }
    }

    @Test(.proves("RAD-09")) func `D31's three attributes are one packet, and it is cut the same way again`() throws {
        let joined = try withView(EAPVectors.d31) { try #require($0.eapMessage) }
        #expect(joined.count == 600)
        let read = try EAPPacket(parsing: joined)
        #expect(read.code == .response && read.identifier == 3 && read.type == 21 && read.data.count == 595)
        #expect(read.encoded == joined)
        let written = try reply(to: EAPVectors.d31, .accessChallenge, secret: Vectors.secret) { writer, _ in
            writer.append(eapMessage: joined)
        }
        let counts = try Packet(parsing: written).attributes
            .filter { $0.type == AttributeType.eapMessage }.map(\.value.count)
        #expect(counts == [253, 253, 94])
    }

    @Test(.proves("RAD-09")) func `packets of a method that is not spoken are read and carried octet for octet`() throws
    {
        let packets = try EAPVectors.sim.map { try EAPPacket(parsing: $0) }
        for (packet, octets) in zip(packets, EAPVectors.sim) {
            #expect(packet.encoded == octets)
            let written = try reply(to: EAPVectors.d26, .accessChallenge, secret: Vectors.secret) { writer, _ in
                writer.append(eapMessage: octets)
            }
            #expect(try withView(written) { $0.eapMessage } == octets)
        }
        #expect(packets.map(\.type) == [1, 1, 18, 18, 18, 18, nil, 18, 18])
    }

    @Test(.proves("RAD-09"))
    func `who wants a method that is not spoken is refused`()
        throws
    {
        let packets = try EAPVectors.sim.map { try EAPPacket(parsing: $0) }
        let offer = offer(.md5, octets: challenge)
        let begun = EAPConversation(identityResponse: packets[1], offer: offer)
        var conversation = try #require(begun)
        #expect(conversation.identity == Array("1244070100000001@eapsim.foo".utf8))
        let nobody: (EAPClaim) -> EAPVerdict = { claim in
            Issue.record("nobody claims anything: \(claim)")
            return .refused(.authenticationFailure, message: "")
        }
        // The second identifier is that of the method's first request.
        var start = packets[3]
        start.identifier = packets[1].identifier &+ 1
        let passedOver = conversation.answer(start, offer: offer, judge: nobody)
        #expect(passedOver == .invalid(conversation.request))
        let nak = EAPPacket(.response, identifier: start.identifier, type: EAPType.nak, data: [18])
        let refused = conversation.answer(nak, offer: offer, judge: nobody)
        #expect(refused == .failure(EAPPacket(.failure, identifier: start.identifier).encoded, .noCommonMethod))
        #expect(conversation.isOver)
    }

    @Test(.proves("RAD-09", "G-02")) func `EAP-Message attributes that do not stand together are refused`() {
        let scattered = Packet(
            .accessRequest,
            identifier: 1,
            attributes: [
                .messageAuthenticator, Attribute(AttributeType.eapMessage, [2, 1]),
                Attribute(AttributeType.userName, text: "bob"), Attribute(AttributeType.eapMessage, [0, 5, 1]),
            ]
        )
        let encoded = scattered.encodedRequest(secret: Vectors.secret) ?? []
        #expect(throws: PacketError.scatteredEAPMessage) { try Packet(parsing: encoded) }
    }

    @Test(arguments: [0, 1, 252, 253, 254, 506, 507]) func `any length is split and joined`(count: Int) throws {
        let packet = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let written = try reply(to: EAPVectors.d26, .accessChallenge, secret: Vectors.secret) { writer, _ in
            writer.append(eapMessage: packet)
        }
        #expect(try withView(written) { $0.eapMessage } == packet)
    }
}
