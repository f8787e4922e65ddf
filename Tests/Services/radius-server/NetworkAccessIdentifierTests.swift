import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// User names in the forms of RFC 7542 §3.4. The tenant is the NAS's, so that a realm routes nothing here: a name is looked up
/// whole, whether it is a valid network access identifier or not.
@Suite(.proves("RAD-01", "TEN-13")) struct NetworkAccessIdentifierTests {
    static let names = [
        "joe@example.com", "fred@foo-9.example.com", "jack@3rd.depts.example.com", "fred.smith@example.com",
        "fred_smith@example.com", "fred$@example.com", "fred=?#$&*+-/^smith@example.com", "nancy@eng.example.net",
        "eng.example.net!nancy@example.net", "eng%nancy@example.net", "@privatecorp.example.net",
        #"\(user\)@example.net"#, "bob@\u{03b4}\u{03bf}\u{03ba}\u{03b9}\u{03bc}\u{03ae}.com",
        // Not valid, and names all the same.
        "fred@example", "fred@example_9.com", "fred@example.net@example.net", "fred.@example.net",
        "eng:nancy@example.net", "eng;nancy@example.net", "(user)@example.net", "<nancy>@example.net",
    ]

    @Test func `each form of a name logs its own subscriber on and nobody else`() throws {
        let folder = try TemporaryDirectory()
        let directory = SampleDirectory.make()
        for (number, name) in Self.names.enumerated() {
            directory.apply(SampleDirectory.service(UInt64(100 + number), name, "secret of \(number)"))
        }
        let server = try LoopbackServer(directory, journalPath: folder.path + "/journal", rejectDelay: 0)
        defer { server.stop() }
        for (number, name) in Self.names.enumerated() {
            #expect(try login(name, "secret of \(number)", server) == PacketCode.accessAccept.rawValue, "\(name)")
            #expect(try login(name, "secret of \(number + 1)", server) == PacketCode.accessReject.rawValue, "\(name)")
        }
        // A part of a name is another name.
        for name in ["fred", "joe@", "@example.com", "example.com", "fred@example.net@example.net@example.net"] {
            #expect(try login(name, "secret of 0", server) == PacketCode.accessReject.rawValue, "\(name)")
        }
    }

    private func login(_ name: String, _ password: String, _ server: LoopbackServer) throws -> UInt8 {
        let request = try SampleRequests.pap(name, password, identifier: .random(in: .min ... .max))
        return try Packet(parsing: try #require(try SampleRequests.answer(request, server))).code
    }
}
