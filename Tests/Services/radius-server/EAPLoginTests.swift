import Crypto
import Domain
import Observability
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// Whole logins over a real socket.
@Suite struct EAPLoginTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func server(
        _ directory: Directory = SampleDirectory.make(),
        rejectDelay: UInt64 = 0,
        _ eap: LoopbackServer.EAP = .init()
    ) throws -> LoopbackServer {
        try LoopbackServer(directory, journalPath: folder.path + "/journal", rejectDelay: rejectDelay, eap: eap)
    }

    private func figure(_ server: LoopbackServer, _ line: String) -> Bool {
        String(decoding: server.registry.render(), as: UTF8.self).contains(line)
    }

    /// A whole MSCHAPv2 login up to its last answer.
    private func login(_ client: EAPClient, inner: String? = nil) throws -> Packet {
        let challenge = try client.begin()
        #expect(challenge.type == EAPType.mschapv2)
        let told = try client.goOn(try client.ask(try client.mschapv2(challenge, inner: inner)))
        return try client.ask(client.word(told, told.data[0]))
    }

    @Test("MSCHAPv2 logs on with the service's attributes, Class and keys", .proves("RAD-09", "RAD-12"))
    func mschapv2() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        let reply = try login(client)
        #expect(reply.code == PacketCode.accessAccept.rawValue)
        #expect(reply.attributes[1] == Attribute(AttributeType.eapMessage, [3, 3, 0, 4]))
        let rate = try #require(reply.firstVendor(Vendor.mikrotik, 8))
        #expect(String(decoding: rate, as: UTF8.self) == "10M/50M")
        #expect(reply.first(AttributeType.class)?.count == AdmissionClass.length)
        #expect(client.key(reply, 16)?.count == 16 && client.key(reply, 17)?.count == 16)
        #expect(client.key(reply, 16) != client.key(reply, 17))
        #expect(reply.first(AttributeType.userName) == nil, "the NAS knows it")
        #expect(reply.first(AttributeType.state) == nil)
        #expect(figure(server, "radius_eap_results_total{method=\"eap_mschapv2\",result=\"accept\"} 1"))
        #expect(figure(server, "radius_eap_challenges_total 2"))
        #expect(figure(server, "result=\"accept\",reason=\"ok\"} 1"))
    }

    @Test("MD5 logs on after a Nak, without keys", .proves("RAD-09"))
    func md5() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "bob", "hello123")
        let proposed = try client.begin()
        let challenge = try client.goOn(try client.ask(client.nak(proposed, 4)))
        #expect(challenge.type == EAPType.md5Challenge)
        let reply = try client.ask(client.md5(challenge))
        #expect(reply.code == PacketCode.accessAccept.rawValue)
        #expect(try client.eap(of: reply).code == .success)
        #expect(reply.firstVendor(Vendor.microsoft, 16) == nil)
    }

    @Test("Wrong passwords and unknown names read alike and are refused", .proves("RAD-09", "RAD-13"))
    func wrongPassword() throws {
        let server = try server()
        defer { server.stop() }
        var told: [String] = []
        for (user, password) in [("User", "wrong"), ("nobody", "clientPass")] {
            let client = EAPClient(server, user, password)
            let failure = try client.goOn(try client.ask(try client.mschapv2(try client.begin())))
            #expect(failure.data[0] == 4)
            let text = String(decoding: failure.data[4...], as: UTF8.self)
            #expect(text.hasPrefix("E=691 R=0 C="))
            told.append(String(text.drop { $0 != "V" }))
            let reply = try client.ask(client.word(failure, 4))
            #expect(reply.code == PacketCode.accessReject.rawValue)
            #expect(try client.eap(of: reply) == EAPPacket(.failure, identifier: failure.identifier))
        }
        #expect(told[0] == told[1])
        #expect(figure(server, "reason=\"wrong_password\"} 1") && figure(server, "reason=\"unknown_user\"} 1"))
        let weak = EAPClient(server, "bob", "wrong")
        let challenge = try weak.goOn(try weak.ask(weak.nak(try weak.begin(), 4)))
        #expect(try weak.ask(weak.md5(challenge)).code == PacketCode.accessReject.rawValue)
    }

    @Test("A right password does not help a suspended service, and its peer is told so", .proves("RAD-17"))
    func suspended() throws {
        let directory = SampleDirectory.make()
        var row = SampleDirectory.service(10, "sue", "pw")
        row.serviceStatus = .suspended
        directory.apply(row)
        let server = try server(directory)
        defer { server.stop() }
        let client = EAPClient(server, "sue", "pw")
        let failure = try client.goOn(try client.ask(try client.mschapv2(try client.begin())))
        let text = String(decoding: failure.data[4...], as: UTF8.self)
        #expect(text.hasPrefix("E=647 R=0") && text.hasSuffix("M=Service suspended"))
        #expect(try client.ask(client.word(failure, 4)).code == PacketCode.accessReject.rawValue)
        #expect(figure(server, "reason=\"service_suspended\"} 1"))
    }

    @Test("A service that is suspended while its peer answers is not admitted", .proves("RAD-17"))
    func suspendedMeanwhile() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        let proof = try client.goOn(try client.ask(try client.mschapv2(try client.begin())))
        #expect(proof.data[0] == 3)
        server.store.write { directory in
            var row = SampleDirectory.service(2, "User", "clientPass")
            row.serviceStatus = .suspended
            row.version = 500
            directory.apply(row)
        }
        let reply = try client.ask(client.word(proof, 3))
        #expect(reply.code == PacketCode.accessReject.rawValue)
        #expect(try client.eap(of: reply).code == .failure)
    }

    @Test("EAP-Start is answered with a question for the identity, and the Accept names the account", .proves("RAD-09"))
    func start() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        client.userName = nil
        let asked = try client.ask([])
        #expect(asked.first(AttributeType.sessionTimeout) == [0, 0, 0, 30])
        let question = try client.goOn(asked)
        #expect(question.type == EAPType.identity && question.code == .request)
        let identity = EAPPacket(.response, identifier: question.identifier, type: 1, data: Array("User".utf8))
        let challenge = try client.goOn(try client.ask(identity.encoded))
        #expect(challenge.identifier == question.identifier &+ 1)
        let proof = try client.goOn(try client.ask(try client.mschapv2(challenge)))
        let reply = try client.ask(client.word(proof, 3))
        #expect(reply.code == PacketCode.accessAccept.rawValue)
        #expect(reply.first(AttributeType.userName) == Array("User".utf8))
    }

    @Test("The account is the one whose password was proven, and the NAS is told its name", .proves("RAD-09"))
    func innerName() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "anonymous", "clientPass")
        let reply = try login(client, inner: "User")
        #expect(reply.code == PacketCode.accessAccept.rawValue)
        #expect(reply.first(AttributeType.userName) == Array("User".utf8))
        let echoed = try #require(reply.first(AttributeType.class))
        let admission = unsafe try #require(echoed.withUnsafeBytes { unsafe AdmissionClass($0) })
        #expect(admission.serviceID == UUID128(high: 4, low: 2))
    }

    @Test("User-Name must be the identity, at the beginning and later", .proves("RAD-09"))
    func mismatch() throws {
        let server = try server()
        defer { server.stop() }
        let client = EAPClient(server, "User", "clientPass")
        client.userName = "bob"
        #expect(try client.ask(client.identityResponse).code == PacketCode.accessReject.rawValue)
        client.userName = "User"
        let challenge = try client.begin()
        client.userName = "bob"
        #expect(try client.ask(try client.mschapv2(challenge)).code == PacketCode.accessReject.rawValue)
        client.userName = "User"
        #expect(try client.ask(try client.mschapv2(challenge)).code == PacketCode.accessReject.rawValue, "it is over")
        #expect(figure(server, "reason=\"identity_mismatch\"} 2"))
    }

    @Test("A device proves itself by its address, and only from itself", .proves("RAD-08", "RAD-09"))
    func mac() throws {
        let server = try server(SampleDirectory.make(), .init(methods: [.md5]))
        defer { server.stop() }
        let client = EAPClient(server, "02-00-00-00-00-2A", "02-00-00-00-00-2A")
        #expect(try client.ask(client.md5(try client.begin())).code == PacketCode.accessAccept.rawValue)
        client.state = nil
        let challenge = try client.begin()
        let stranger = Attribute(AttributeType.callingStationID, text: "02-00-00-00-00-2B")
        #expect(try client.ask(client.md5(challenge), extra: [stranger]).code == PacketCode.accessReject.rawValue)
        #expect(figure(server, "reason=\"device_mismatch\"} 1"))
    }

    @Test("Interleaved logins do not meet", .proves("RAD-09"))
    func interleaved() throws {
        let server = try server()
        defer { server.stop() }
        let clients = (0..<40).map { number in
            number % 4 == 3 ? EAPClient(server, "User", "wrong") : EAPClient(server, "User", "clientPass")
        }
        let challenges = try clients.map { try $0.begin() }
        #expect(Set(clients.compactMap(\.state)).count == clients.count)
        var told: [EAPPacket] = []
        for (client, challenge) in zip(clients, challenges).reversed() {
            told.append(try client.goOn(try client.ask(try client.mschapv2(challenge))))
        }
        for (number, (client, packet)) in zip(clients, told.reversed()).enumerated() {
            let code: PacketCode = number % 4 == 3 ? .accessReject : .accessAccept
            #expect(try client.ask(client.word(packet, packet.data[0])).code == code.rawValue)
        }
    }

    @Test("The challenge that refuses and the reject both wait the reject's delay", .proves("RAD-13"))
    func delayed() throws {
        let server = try server(rejectDelay: 150_000_000)
        defer { server.stop() }
        let client = EAPClient(server, "User", "wrong")
        let challenge = try client.begin()
        let clock = ContinuousClock()
        var failure: EAPPacket?
        let first = try clock.measure { failure = try client.goOn(try client.ask(try client.mschapv2(challenge))) }
        let word = client.word(try #require(failure), 4)
        let second = try clock.measure { _ = try client.ask(word) }
        #expect(first > .milliseconds(120) && second > .milliseconds(120))
    }
}
