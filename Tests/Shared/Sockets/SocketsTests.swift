import CPlatform
import SharedTesting
import Sockets
import Testing

@Suite struct SourceAddressTests {
    @Test("Addresses read as an engineer writes them")
    func text() {
        #expect(SourceAddress(high: 0, low: 0xffff_c000_0201, port: 1).addressText == "192.0.2.1")
        #expect(SourceAddress(high: 0x2001_0db8_0000_0000, low: 1, port: 1).addressText == "2001:db8:0:0:0:0:0:1")
    }
}

@Suite struct UDPSocketTests {
    @Test(
        "Datagrams arrive whole, with their source, and an answer leaves from the address that was asked",
        .proves("RAD-06")
    )
    func roundTrip() async throws {
        let server = try UDPSocket(address: "0.0.0.0", port: 0, receiveBuffer: 1 << 20)
        let client = try UDPSocket(address: "127.0.0.1", port: 0, receiveBuffer: 1 << 20)
        var target = cp_endpoint()
        target.length = 16
        unsafe withUnsafeMutableBytes(of: &target.bytes) { bytes in
            unsafe bytes.storeBytes(of: 2, as: UInt16.self)
            unsafe bytes.storeBytes(of: server.port.bigEndian, toByteOffset: 2, as: UInt16.self)
            // 127.0.0.9: the answer must come from there, not from the interface's first address.
            unsafe bytes.storeBytes(of: UInt32(0x7f00_0009).bigEndian, toByteOffset: 4, as: UInt32.self)
        }
        send([1, 2, 3], through: client, to: target, from: cp_local())
        let asked = try await receive(from: server)
        #expect(asked.octets == [1, 2, 3])
        #expect(asked.source.addressText == "127.0.0.1" && asked.source.port == client.port)
        send([4, 5], through: server, to: asked.endpoint, from: asked.local)
        let answer = try await receive(from: client)
        #expect(answer.octets == [4, 5])
        #expect(answer.source.addressText == "127.0.0.9")
    }

    @Test("A port that the kernel chooses is nobody else's, and can be shared from then on", .proves("TST-02"))
    func chosenPort() throws {
        // Sockets that offer to share would meet among so many in all but one of five hundred runs.
        let sockets = try (0..<600).map { _ in try UDPSocket(address: "127.0.0.1", port: 0, receiveBuffer: 4_096) }
        #expect(Set(sockets.map(\.port)).count == sockets.count)
        let shared = try UDPSocket(address: "127.0.0.1", port: sockets[0].port, receiveBuffer: 4_096)
        #expect(shared.port == sockets[0].port)
    }

    @Test("A port that is taken without sharing is refused with the system's reason")
    func refused() {
        #expect(throws: SocketError.self) {
            _ = try UDPSocket(address: "192.0.2.1", port: 0, receiveBuffer: 1 << 16)
        }
    }

    private struct Received {
        var octets: [UInt8]
        var source: SourceAddress
        var endpoint: cp_endpoint
        var local: cp_local
    }

    private func send(_ octets: [UInt8], through socket: UDPSocket, to target: cp_endpoint, from local: cp_local) {
        unsafe octets.withUnsafeBufferPointer { octets in
            guard let bytes = octets.baseAddress else { return }
            let items = unsafe [
                cp_outgoing(bytes: bytes, length: UInt32(octets.count), destination: target, local: local)
            ]
            _ = unsafe items.withUnsafeBufferPointer { unsafe socket.send($0) }
        }
    }

    private func receive(from socket: UDPSocket) async throws -> Received {
        var found: Received?
        try await eventually {
            guard let batch = DatagramBatch(slots: 4, capacity: 64) else { return false }
            guard batch.receive(from: socket) > 0 else { return false }
            let endpoint = unsafe batch.source(0)
            found = unsafe Received(
                octets: Array(batch.bytes(0, capacity: 64)),
                source: SourceAddress(endpoint),
                endpoint: endpoint.pointee,
                local: batch.local(0).pointee
            )
            return true
        }
        return try #require(found)
    }
}
