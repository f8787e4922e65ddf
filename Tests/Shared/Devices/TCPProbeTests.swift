import Concurrency
import Devices
import Domain
import Glibc
import SharedTesting
import Testing

/// Checks against sockets of this machine.
@Suite(.proves("DEV-03")) struct TCPProbeTests {
    /// A listening socket on loopback.
    private final class Listener: Sendable {
        private let descriptor: Int32
        let port: UInt16

        init(backlog: Int32 = 128) throws {
            let socket = try ListeningSocket(address: "127.0.0.1", port: 0, backlog: backlog)
            port = socket.port
            descriptor = socket.release()
        }

        func close() { Glibc.close(descriptor) }
    }

    private static let loopback = NetworkHost.address(IPAddress(ipv4: 0x7f00_0001))

    @Test func `who listens answers, who does not refuses, and each result stands at its target's place`() async throws
    {
        let open = try Listener()
        let shut = try Listener()
        shut.close()
        let probe = TCPProbe(limit: .seconds(10), reachesLocal: true)
        let targets = (0..<40).map { DeviceTarget(host: Self.loopback, port: $0 % 2 == 0 ? open.port : shut.port) }
        let results = await probe.check(targets)
        #expect(results == (0..<40).map { $0 % 2 == 0 ? .answered : .failed(.refused) })
        #expect(await probe.check([]).isEmpty)
        open.close()
    }

    @Test func `names are looked up, and a name that nobody has is told`() async throws {
        let open = try Listener()
        let probe = TCPProbe(limit: .seconds(10), reachesLocal: true)
        let named = try #require(NetworkHost("localhost"))
        // RFC 6761 §6.4: nobody ever has it. A machine without a name service may not know.
        let nobody = try #require(NetworkHost("tower.invalid"))
        let results = await probe.check([
            DeviceTarget(host: named, port: open.port), DeviceTarget(host: nobody, port: 1),
            DeviceTarget(host: Self.loopback, port: open.port),
        ])
        #expect(results[0] == .answered && results[2] == .answered)
        #expect([.failed(.unresolved), .unchecked(.nameService)].contains(results[1]))
        open.close()
    }

    @Test(.proves("SEC-04")) func `this machine and its links are not tried unless that is allowed`() async throws {
        let open = try Listener()
        let probe = TCPProbe(limit: .seconds(10))
        var targets = [DeviceTarget(host: try #require(NetworkHost("localhost")), port: open.port)]
        for text in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1"] {
            targets.append(DeviceTarget(host: try #require(NetworkHost(text)), port: open.port))
        }
        let results = await probe.check(targets)
        #expect(results == targets.map { _ in .unchecked(.localAddress) })
        open.close()
    }

    @Test func `a deaf port ends at the limit and keeps nobody waiting`() async throws {
        let open = try Listener()
        // Nobody accepts, and nobody may wait to be: the kernel drops what comes then.
        let deaf = try Listener(backlog: 0)
        let probe = TCPProbe(limit: .milliseconds(300), reachesLocal: true)
        let targets = [open, deaf].map { DeviceTarget(host: Self.loopback, port: $0.port) }
        for _ in 0..<3 { _ = await probe.check(targets) }
        #expect(await probe.check(targets) == [.answered, .failed(.timedOut)])
        open.close()
        deaf.close()
    }
}
