import Crypto
import Domain
import Glibc
import RADIUS
import SharedTesting
import Testing
import WireFormat

@testable import RadiusServer

/// Real packets over a real socket. The vectors are those of RFC 2759, RFC 2433 and RFC 5997 with derived ones whose
/// secret is `SampleDirectory.secret`.
@Suite struct AccessTests {
    private let folder: TemporaryDirectory
    private let secret = SharedSecret(Array(SampleDirectory.secret.utf8))

    init() throws { folder = try TemporaryDirectory() }

    private func server(_ directory: Directory = SampleDirectory.make(), rejectDelay: UInt64 = 0) throws
        -> LoopbackServer
    {
        try LoopbackServer(directory, journalPath: folder.path + "/journal", rejectDelay: rejectDelay)
    }

    private func octets(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }

    /// The answer to `request`, proven by its authenticators, with its Message-Authenticator first.
    private func answer(_ request: [UInt8], _ server: LoopbackServer) throws -> Packet {
        let reply = try #require(try SampleRequests.answer(request, server))
        #expect(reply[20] == AttributeType.messageAuthenticator, "Message-Authenticator stands first")
        return try Packet(parsing: reply)
    }

    private func request(
        _ attributes: [Attribute],
        code: PacketCode = .accessRequest,
        identifier: UInt8 = 1
    ) throws -> [UInt8] {
        let packet = Packet(
            code,
            identifier: identifier,
            authenticator: Randomness.bytes(16),
            attributes: [.messageAuthenticator] + attributes
        )
        return try #require(packet.encodedRequest(secret: secret))
    }

    private func papRequest(_ user: String, _ password: String, extra: [Attribute] = []) throws -> [UInt8] {
        try SampleRequests.pap(user, password, extra: extra)
    }

    private func reason(_ packet: Packet) -> String? {
        packet.first(AttributeType.replyMessage).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "PAP and CHAP vectors are accepted, wherever the Message-Authenticator stands",
        .proves("RAD-04", "RAD-09"),
        arguments: [
            "0101005c101112131415161718191a1b1c1d1e1f5012e0724af72da8843b293bc0555c0cc6010105626f6202122d3b6b1ee3e284d52953a04bc8c1eda604060a0000010506000000051f1330322d30302d30302d30302d30302d3241",
            "0101005c101112131415161718191a1b1c1d1e1f0105626f6202122d3b6b1ee3e284d52953a04bc8c1eda604060a0000010506000000051f1330322d30302d30302d30302d30302d324150123278ef3973364c922c88f25fc71b73e5",
            "0102004a101112131415161718191a1b1c1d1e1f5012c780c9506d72fe373179e30de71e90230105626f62031316bceac270ddbcbb324b82f0ff5aa7bdbc04060a000001050600000005",
            "0103005c101112131415161718191a1b1c1d1e1f5012b36dc2c994be7fd607a9100ed778e2b80105626f6203131790144508488e823f2bd0eac16e3c4c193c12a0a1a2a3a4a5a6a7a8a9aaabacadaeaf04060a000001050600000005",
        ]
    )
    func acceptsVectors(hex: String) throws {
        let server = try server()
        defer { server.stop() }
        let reply = try answer(try octets(hex), server)
        #expect(reply.code == PacketCode.accessAccept.rawValue)
        #expect(reply.first(AttributeType.acctInterimInterval) == [0, 0, 1, 0x2c])
        let rate = try #require(reply.firstVendor(Vendor.mikrotik, 8))
        #expect(String(decoding: rate, as: UTF8.self) == "10M/50M")
        #expect(reply.firstVendor(Vendor.microsoft, 28) == [8, 8, 8, 8])
        let echoed = try #require(reply.first(AttributeType.class))
        let admission = unsafe try #require(echoed.withUnsafeBytes { unsafe AdmissionClass($0) })
        #expect(admission.serviceID == UUID128(high: 4, low: 1))
    }

    @Test("MS-CHAPv2 proves the server too and hands out both MPPE keys", .proves("RAD-09"))
    func mschapv2() throws {
        let server = try server()
        defer { server.stop() }
        let request = try octets(
            "0105008a101112131415161718191a1b1c1d1e1f5012ac16c0b42aba755d009094fc0ae70c350106557365721a18000001370b125b5d7c7d7b3f2f3e3c2c6021322626281a3a000001371934050021402324255e262a28295f2b3a337c7e000000000000000082309ecd8d708b5ea08faa3981cd83544233114a3d85d6df04060a000001050600000005"
        )
        let reply = try answer(request, server)
        #expect(reply.code == PacketCode.accessAccept.rawValue)
        let success = try #require(reply.firstVendor(Vendor.microsoft, 26))
        #expect(success == [5] + Array("S=407A5589115FD0D6209F510FE9C04566932CDA56".utf8))
        let authenticator = Array(request[4..<20])
        for (type, key) in [(UInt8(16), "8b7cdc149b993a1ba118cb153f56dccb"), (17, "d5f0e9521e3ea9589645e86051c82226")] {
            let hidden = try #require(reply.firstVendor(Vendor.microsoft, type))
            let clear = SaltEncryption.decrypt(hidden, requestAuthenticator: authenticator, secret: secret.context)
            #expect(clear.map(Hex.encode) == key)
        }
    }

    @Test("MS-CHAPv1 is accepted", .proves("RAD-09"))
    func mschapv1() throws {
        let server = try server()
        defer { server.stop() }
        let reply = try answer(
            try octets(
                "01040083101112131415161718191a1b1c1d1e1f50123f72c117399689b007d5a84673c12e230107616c6963651a10000001370b0a102db5df085d30411a3a0000013701342a010000000000000000000000000000000000000000000000004e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d6104060a000001050600000005"
            ),
            server
        )
        #expect(reply.code == PacketCode.accessAccept.rawValue)
        #expect(reply.firstVendor(Vendor.microsoft, 12) != nil)
    }

    @Test(
        "A flipped bit in the Message-Authenticator gets silence and leaves the cache alone",
        .proves("RAD-04", "G-02")
    )
    func forged() throws {
        let server = try server()
        defer { server.stop() }
        let client = LoopbackClient()
        client.send(
            try octets(
                "0101005c101112131415161718191a1b1c1d1e1f5012e1724af72da8843b293bc0555c0cc6010105626f6202122d3b6b1ee3e284d52953a04bc8c1eda604060a0000010506000000051f1330322d30302d30302d30302d30302d3241"
            ),
            to: server.authPort
        )
        let genuine = try octets(
            "0101005c101112131415161718191a1b1c1d1e1f5012e0724af72da8843b293bc0555c0cc6010105626f6202122d3b6b1ee3e284d52953a04bc8c1eda604060a0000010506000000051f1330322d30302d30302d30302d30302d3241"
        )
        let first = try #require(client.ask(genuine, server.authPort))
        #expect(first[0] == PacketCode.accessAccept.rawValue)
        #expect(client.receive(waiting: false) == nil)
        #expect(server.refused() == [.badAuthenticator])
        let again = try #require(client.ask(genuine, server.authPort))
        #expect(again == first, "a retransmission gets the same octets")
    }

    @Test("A missing Message-Authenticator passes only where the NAS's row allows it", .proves("RAD-04"))
    func legacy() throws {
        let request = try octets(
            "0101004a101112131415161718191a1b1c1d1e1f0105626f6202122d3b6b1ee3e284d52953a04bc8c1eda604060a0000010506000000051f1330322d30302d30302d30302d30302d3241"
        )
        let strict = try server()
        LoopbackClient().send(request, to: strict.authPort)
        let status = try self.request([], code: .statusServer)
        _ = try answer(status, strict)
        #expect(strict.refused() == [.messageAuthenticatorMissing])
        strict.stop()
        let lenient = try server(SampleDirectory.make(requireMessageAuthenticator: false))
        defer { lenient.stop() }
        let reply = try answer(request, lenient)
        #expect(reply.code == PacketCode.accessAccept.rawValue)
        let proxied = Packet(
            PacketCode.accessRequest,
            identifier: 3,
            authenticator: Randomness.bytes(16),
            attributes: [Attribute(AttributeType.userName, text: "bob"), Attribute(AttributeType.proxyState, [1])]
        )
        LoopbackClient().send(try #require(proxied.encodedRequest(secret: secret)), to: lenient.authPort)
        _ = try answer(try self.request([], code: .statusServer, identifier: 4), lenient)
        #expect(lenient.refused() == [.proxyStateRefused])
    }

    @Test(
        "Refusals name their reason and never tell an unknown name from a wrong password",
        .proves("RAD-13", "RAD-17")
    )
    func refusals() throws {
        let directory = SampleDirectory.make()
        var suspended = SampleDirectory.service(10, "sue", "pw")
        suspended.serviceStatus = .suspended
        directory.apply(suspended)
        var expired = SampleDirectory.service(11, "eve", "pw")
        expired.expiresAt = 1_000_000
        directory.apply(expired)
        let server = try server(directory)
        defer { server.stop() }
        let cases: [(String, String, String)] = [
            ("bob", "wrong", "Authentication failed"), ("nobody", "wrong", "Authentication failed"),
            ("sue", "pw", "Service suspended"), ("sue", "wrong", "Authentication failed"),
            ("eve", "pw", "Service expired"), ("bob", "", "Authentication failed"),
        ]
        for (user, password, message) in cases {
            let reply = try answer(try papRequest(user, password), server)
            #expect(reply.code == PacketCode.accessReject.rawValue)
            #expect(reason(reply) == message, "\(user)")
        }
    }

    @Test("An inactive tenant logs nobody on", .proves("TEN-16"))
    func inactiveTenant() throws {
        let directory = SampleDirectory.make()
        directory.apply(TenantRow(id: SampleDirectory.tenant, isActive: false, version: 90))
        let server = try server(directory)
        defer { server.stop() }
        let reply = try answer(try papRequest("bob", "hello123"), server)
        #expect(reply.code == PacketCode.accessReject.rawValue)
        #expect(reason(reply) == "Service unavailable")
    }

    @Test("MAC authentication takes any spelling and refuses another device", .proves("RAD-08"))
    func macAuthentication() throws {
        let server = try server()
        defer { server.stop() }
        let callCheck = Attribute(AttributeType.serviceType, 10)
        func login(_ name: String, _ extra: [Attribute]) throws -> Packet {
            try answer(try request([Attribute(AttributeType.userName, text: name)] + extra), server)
        }
        #expect(try login("02-00-00-00-00-2A", [callCheck]).code == 2)
        #expect(try answer(try papRequest("02000000002a", "02000000002a"), server).code == 2)
        let stranger = Attribute(AttributeType.callingStationID, text: "02-00-00-00-00-2B")
        let refused = try login("02-00-00-00-00-2A", [callCheck, stranger])
        #expect(refused.code == 3 && reason(refused) == "DEVICE_MISMATCH")
        #expect(try login("02-00-00-00-00-2A", []).code == 3)
    }

    @Test("Proxy-State comes back whole and in order", .proves("G-02"))
    func proxyState() throws {
        let server = try server()
        defer { server.stop() }
        let states: [[UInt8]] = [[1, 2], [], [UInt8](repeating: 7, count: 200)]
        let reply = try answer(
            try papRequest("bob", "hello123", extra: states.map { Attribute(AttributeType.proxyState, $0) }),
            server
        )
        #expect(reply.attributes.filter { $0.type == AttributeType.proxyState }.map(\.value) == states)
    }

    @Test("A reject waits for its delay, and its retransmissions get nothing meanwhile", .proves("RAD-13"))
    func delayed() throws {
        let server = try server(rejectDelay: 200_000_000)
        defer { server.stop() }
        let client = LoopbackClient()
        let request = try papRequest("bob", "wrong")
        client.send(request, to: server.authPort)
        client.send(request, to: server.authPort)
        let reply = try #require(client.receive())
        #expect(reply[0] == PacketCode.accessReject.rawValue)
        let status = try #require(client.ask(try self.request([], code: .statusServer), server.authPort))
        #expect(status[0] == PacketCode.accessAccept.rawValue, "one reject only, then the answer to Status-Server")
    }

    @Test("What is over a NAS's rate is shed silently and counted", .proves("RAD-05"))
    func rate() throws {
        let directory = Directory(expectedServices: 1)
        directory.apply(TenantRow(id: SampleDirectory.tenant, isActive: true, version: 1))
        var nas = SampleDirectory.nas(true, 1, SampleDirectory.secret)
        nas.authBurst = 2
        directory.apply(nas, now: 0)
        let server = try server(directory)
        defer { server.stop() }
        for _ in 0..<2 { _ = try answer(try papRequest("bob", "x"), server) }
        LoopbackClient().send(try papRequest("bob", "x"), to: server.authPort)
        _ = try answer(try request([], code: .statusServer), server)
        #expect(server.refused() == [.rateExceeded])
    }

    @Test("Unknown senders, odd codes and broken packets get silence", .proves("RAD-02"))
    func silence() throws {
        let empty = try server(Directory(expectedServices: 1))
        LoopbackClient().send(try papRequest("bob", "x"), to: empty.authPort)
        try wait { empty.refused() == [.unknownNAS] }
        empty.stop()
        let server = try server()
        defer { server.stop() }
        LoopbackClient().send([1, 2, 3], to: server.authPort)
        try wait { server.refused() == [.malformed] }
        LoopbackClient().send(try request([], code: .accountingRequest), to: server.authPort)
        try wait { server.refused() == [.unexpectedCode] }
    }

    /// Polls until the condition holds, for at most 3 s.
    private func wait(_ condition: () -> Bool) throws {
        let client = LoopbackClient()
        for _ in 0..<3_000 {
            if condition() { return }
            _ = client.receive(waiting: false)
            usleep(1_000)
        }
        Issue.record("the condition never held")
    }
}
