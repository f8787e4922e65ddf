import Crypto
import Domain
import Observability
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// What binds a conversation to its server, its NAS and its time, and what happens when it does not fit.
@Suite struct EAPStateTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func server(
        _ directory: Directory = SampleDirectory.make(),
        _ eap: LoopbackServer.EAP = .init()
    ) throws -> LoopbackServer {
        try LoopbackServer(directory, journalPath: folder.path + "/journal", eap: eap)
    }

    private func figure(_ server: LoopbackServer, _ line: String) -> Bool {
        String(decoding: server.registry.render(), as: UTF8.self).contains(line)
    }

    private func isRefused(_ reply: Packet, _ client: EAPClient) throws -> Bool {
        try reply.code == PacketCode.accessReject.rawValue && client.eap(of: reply).code == .failure
    }

    @Test("A State names server, shard and session", .proves("RAD-09"))
    func coding() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        _ = try client.begin()
        let value: [UInt8] = client.state ?? []
        let read = unsafe value.withUnsafeBytes { unsafe EAPState($0) }
        let state = try #require(read)
        #expect(state.server == EAPState.server(named: "test") && state.shard == 0)
        #expect(server.sessions.count == 1)
        let cut = unsafe value[..<19].withUnsafeBytes { unsafe EAPState($0) }
        #expect(cut == nil)
        #expect(EAPState.server(named: "radius-1") != EAPState.server(named: "radius-2"))
    }

    @Test("States that are unknown, of another kind or too old are refused at once", .proves("RAD-09"))
    func unknown() throws {
        let server = try server(SampleDirectory.make(), .init(lifetime: 50_000_000))
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        let challenge = try client.begin()
        let mine = try #require(client.state)
        let otherID: [UInt8] = mine[..<19] + [mine[19] ^ 1]
        let otherShard: [UInt8] = mine[..<10] + [0, 9] + mine[12...]
        for state in [[1, 2, 3], otherID, otherShard] {
            client.state = state
            #expect(try isRefused(try client.ask(try client.mschapv2(challenge)), client))
        }
        client.state = mine
        try awaitExpiry(server)
        #expect(try isRefused(try client.ask(try client.mschapv2(challenge)), client))
        client.state = nil
        #expect(try isRefused(try client.ask(try client.mschapv2(challenge)), client), "no State, no identity")
        #expect(figure(server, "radius_eap_refused_states_total{reason=\"unknown\"} 5"))
        #expect(figure(server, "radius_eap_sessions 0"))
    }

    /// The thread forgets what is too old by itself.
    private func awaitExpiry(_ server: LoopbackServer) throws {
        let client = LoopbackClient()
        let clock = ContinuousClock()
        let end = clock.now + .seconds(3)
        while server.sessions.count > 0, clock.now < end { _ = client.receive(waiting: false) }
        #expect(server.sessions.count == 0)
    }

    @Test("Another server's State gets silence and is counted", .proves("RAD-09", "RAD-20"))
    func otherServer() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        let challenge = try client.begin()
        let mine = try #require(client.state)
        client.state = mine[..<2] + [mine[2] ^ 1] + mine[3...]
        try client.send(try client.mschapv2(challenge))
        client.state = mine
        let told = try client.goOn(try client.ask(try client.mschapv2(challenge)))
        #expect(told.data[0] == 3, "the only answer is the one to the right State")
        #expect(client.isSilent)
        #expect(server.refused() == [.eapOfOtherServer])
        #expect(figure(server, "radius_eap_refused_states_total{reason=\"other_server\"} 1"))
    }

    @Test("Another NAS cannot go on with a conversation, which lives on", .proves("RAD-09"))
    func otherNAS() throws {
        let directory = SampleDirectory.make()
        var row = SampleDirectory.nas(true, 0, SampleDirectory.secret)
        row.id = UUID128(high: 3, low: 99)
        row.name = "other"
        row.range = try #require(AddressRange(octets: [127, 0, 0, 9], length: 32))
        row.version = 99
        directory.apply(row, now: 0)
        let server = try server(directory)
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        let challenge = try client.begin()
        let thief = EAPClient(server, "User", "clientPass", host: 9)
        thief.state = client.state
        #expect(try isRefused(try thief.ask(try thief.mschapv2(challenge)), thief))
        #expect(figure(server, "radius_eap_refused_states_total{reason=\"other_nas\"} 1"))
        #expect(try client.goOn(try client.ask(try client.mschapv2(challenge))).data[0] == 3)
    }

    @Test("A response that comes again in a new packet gets the same answer, the Accept too", .proves("RAD-09", "G-02"))
    func repeats() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        let challenge = try client.begin()
        #expect(try client.goOn(try client.ask(client.identityResponse)) == challenge)
        let response = try client.mschapv2(challenge)
        let proof = try client.goOn(try client.ask(response))
        #expect(try client.goOn(try client.ask(response)) == proof)
        let replies = [try client.ask(client.word(proof, 3)), try client.ask(client.word(proof, 3))]
        #expect(replies.allSatisfy { $0.code == PacketCode.accessAccept.rawValue })
        #expect(replies[0].first(AttributeType.class) == replies[1].first(AttributeType.class), "one admission")
        #expect(client.key(replies[1], 16)?.count == 16)
        #expect(figure(server, "result=\"accept\",reason=\"ok\"} 1"))
        #expect(figure(server, "radius_eap_repeats_total 3"))
    }

    @Test("What makes no sense leaves the request standing, with Error-Cause 202", .proves("RAD-09"))
    func invalid() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        let challenge = try client.begin()
        let wrongID = EAPPacket(.response, identifier: challenge.identifier &+ 5, type: 26, data: [2]).encoded
        for octets in [wrongID, client.word(challenge, 3), [2, 2, 0, 200, 26], [9, 9]] {
            let reply = try client.ask(octets)
            #expect(reply.first(AttributeType.errorCause) == [0, 0, 0, 202])
            #expect(try client.goOn(reply) == challenge)
        }
        #expect(try client.goOn(try client.ask(try client.mschapv2(challenge))).data[0] == 3)
        #expect(figure(server, "radius_eap_invalid_total 4"))
        client.state = nil
        #expect(try isRefused(try client.ask([2, 77, 0, 200, 26]), client), "nothing to fall back on")
    }

    @Test("A NAS that sends a request, success or failure of EAP is refused with a Nak", .proves("RAD-09"))
    func roleReversal() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        for octets in [[1, 4, 0, 5, 1], [3, 4, 0, 4], [4, 4, 0, 4]] as [[UInt8]] {
            let reply = try client.ask(octets)
            #expect(reply.code == PacketCode.accessReject.rawValue)
            #expect(try client.eap(of: reply) == EAPPacket(.response, identifier: 4, type: EAPType.nak, data: [0]))
        }
    }

    @Test("A full table sheds beginnings, and one that is over gives way", .proves("RAD-09"))
    func full() throws {
        let server = try server(SampleDirectory.make(), .init(methods: [.md5], capacity: 2))
        defer { server.stop() }
        let clients = (0..<3).map { _ in EAPClient(server, "bob", "hello123") }
        let challenges = try clients[..<2].map { try $0.begin() }
        try clients[2].send(clients[2].identityResponse)
        var refused: [RefusalReason] = []
        let clock = ContinuousClock()
        let end = clock.now + .seconds(3)
        while refused.isEmpty, clock.now < end { refused = server.refused() }
        #expect(refused == [.eapSessionsFull])
        #expect(try clients[0].ask(clients[0].md5(challenges[0])).code == PacketCode.accessAccept.rawValue)
        #expect(clients[2].isSilent)
        let challenge = try clients[2].begin()
        #expect(try clients[2].ask(clients[2].md5(challenge)).code == PacketCode.accessAccept.rawValue)
        #expect(try clients[1].ask(clients[1].md5(challenges[1])).code == PacketCode.accessAccept.rawValue)
        #expect(figure(server, "radius_eap_sessions 2"))
    }

    @Test("The NAS's rate sheds beginnings, never what goes on", .proves("RAD-05", "RAD-09"))
    func rate() throws {
        let directory = SampleDirectory.make()
        var nas = SampleDirectory.nas(true, 1, SampleDirectory.secret)
        nas.authBurst = 1
        nas.version = 50
        directory.apply(nas, now: 0)
        let server = try server(directory)
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        let challenge = try client.begin()
        let late = EAPClient(server, "User", "clientPass")
        try late.send(late.identityResponse)
        let proof = try client.goOn(try client.ask(try client.mschapv2(challenge)))
        #expect(try client.ask(client.word(proof, 3)).code == PacketCode.accessAccept.rawValue)
        #expect(late.isSilent)
        #expect(server.refused() == [.rateExceeded])
    }

    @Test("EAP without Message-Authenticator gets silence, whatever the NAS's row allows", .proves("RAD-04"))
    func unsigned() throws {
        let server = try server(SampleDirectory.make(requireMessageAuthenticator: false))
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        let bare = Packet(
            .accessRequest,
            identifier: 200,
            attributes: [Attribute(AttributeType.eapMessage, client.identityResponse)]
        )
        let secret = SharedSecret(Array(SampleDirectory.secret.utf8))
        LoopbackClient().send(try #require(bare.encodedRequest(secret: secret)), to: server.authPort)
        _ = try client.begin()
        #expect(server.refused() == [.messageAuthenticatorMissing])
    }
}
