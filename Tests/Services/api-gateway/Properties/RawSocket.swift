import Concurrency
import Glibc
import SharedTesting
import Testing

@testable import APIGateway

/// A connection that says what it is told, and ends as it is told.
final class RawSocket: Sendable {
    private static let threads = WorkerPool(name: "test-sockets", threads: 8)
    private let descriptor: Int32

    /// How a client goes away.
    enum Farewell: CaseIterable {
        /// It closes its side.
        case orderly
        /// It is gone: a reset.
        case reset
        /// It says so in a close frame and waits for the answer.
        case closeFrame
        /// In the middle of a frame.
        case halfAFrame
    }

    init(port: UInt16) throws {
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(made, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // Whoever waits for what never comes fails instead.
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        _ = unsafe setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        descriptor = made
        guard made >= 0, connected == 0 else { throw HTTPClient.Failure(reason: "not connected") }
    }

    func send(_ octets: [UInt8]) throws {
        let count = unsafe octets.withUnsafeBytes { bytes in
            unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        guard count == octets.count else { throw HTTPClient.Failure(reason: "not sent") }
    }

    /// Exactly so many octets.
    func read(_ count: Int) async throws -> [UInt8] {
        let descriptor = descriptor
        return try await Self.threads.run {
            var octets = [UInt8](repeating: 0, count: count)
            var found = 0
            while found < count {
                let got = unsafe octets.withUnsafeMutableBytes { bytes in
                    // SAFETY: found is below the count.
                    unsafe recv(descriptor, bytes.baseAddress.map { unsafe $0 + found }, count - found, 0)
                }
                guard got > 0 else { throw HTTPClient.Failure(reason: "no more octets") }
                found += got
            }
            return octets
        }
    }

    /// The head of an answer.
    func head() async throws -> String {
        var text = ""
        while !text.hasSuffix("\r\n\r\n") { text += String(decoding: try await read(1), as: UTF8.self) }
        return text
    }

    /// Opens a WebSocket of the live events; returns the status.
    func open(as person: GatewayWorld.Person, _ path: String = "/ws/realtime") async throws -> Int {
        let fields = [
            "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: nexora.v1",
            "Authorization: Bearer \(person.token)",
        ]
        try send(Array("GET \(path) HTTP/1.1\r\n\(fields.joined(separator: "\r\n"))\r\n\r\n".utf8))
        let line = try await head().split(separator: " ")
        return line.count > 1 ? Int(line[1]) ?? 0 : 0
    }

    /// Sends a text as one frame (RFC 6455 §5.2).
    func say(_ text: String) throws { try send(Self.frame(1, Array(text.utf8))) }

    /// The next text of the server.
    func hear() async throws -> String {
        while true {
            let start = try await read(2)
            var length = Int(start[1] & 0x7F)
            if length >= 126 {
                length = try await read(length == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
            }
            let payload = length == 0 ? [] : try await read(length)
            if start[0] & 15 == 1 { return String(decoding: payload, as: UTF8.self) }
        }
    }

    func leave(_ farewell: Farewell) async throws {
        switch farewell {
        case .orderly: break
        case .reset:
            var option = Glibc.linger(l_onoff: 1, l_linger: 0)
            _ = unsafe setsockopt(
                descriptor,
                SOL_SOCKET,
                SO_LINGER,
                &option,
                socklen_t(MemoryLayout<Glibc.linger>.size)
            )
        case .closeFrame:
            try send(Self.frame(8, [0x03, 0xE8]))
            _ = try? await read(2)
        case .halfAFrame: try send(Array(Self.frame(1, Array("{\"type\":\"subscribe\"".utf8)).dropLast(7)))
        }
        close(descriptor)
    }

    private static func frame(_ opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        let head: [UInt8] =
            payload.count < 126
            ? [0x80 | opcode, 0x80 | UInt8(payload.count)]
            : [0x80 | opcode, 0xFE, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        return head + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }
}
