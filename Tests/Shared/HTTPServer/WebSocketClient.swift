import HTTPServer
import Testing

/// A WebSocket's client that writes frames as it is told, well formed or not.
struct WebSocketClient {
    let raw: RawClient

    static let key = "dGhlIHNhbXBsZSBub25jZQ=="

    static func handshake(_ fields: String = "", key: String = key) -> String {
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: \(key)\r\n\(fields)\r\n"
    }

    /// Connects and shakes hands; what `early` holds is sent in the same piece.
    init(_ server: TestServer, early: [UInt8] = [], fields: String = "", receiveBuffer: Int32 = 0) async throws {
        raw = try await RawClient(port: server.port, receiveBuffer: receiveBuffer)
        try await raw.send(Array(Self.handshake(fields).utf8) + early)
        // Octet by octet, as frames may follow at once.
        var head = ""
        while !head.hasSuffix("\r\n\r\n") { head += String(decoding: try await raw.read(count: 1), as: UTF8.self) }
        try #require(head.hasPrefix("HTTP/1.1 101"))
        // RFC 6455 §1.3.
        #expect(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    }

    static func frame(
        _ opcode: UInt8,
        _ payload: [UInt8] = [],
        final: Bool = true,
        reserved: UInt8 = 0,
        masked: Bool = true,
        length: UInt64? = nil
    ) -> [UInt8] {
        var frame: [UInt8] = [(final ? 0x80 : 0) | reserved << 4 | opcode]
        let length = length ?? UInt64(payload.count)
        let mark: UInt8 = masked ? 0x80 : 0
        if length < 126 {
            frame.append(mark | UInt8(length))
        } else if length < 65_536 {
            frame += [mark | 126, UInt8(length >> 8), UInt8(length & 255)]
        } else {
            frame.append(mark | 127)
            for shift in stride(from: 56, through: 0, by: -8) {
                frame.append(UInt8(truncatingIfNeeded: length >> UInt64(shift)))
            }
        }
        guard masked else { return frame + payload }
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        return frame + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }

    func send(_ octets: [UInt8]) async throws { try await raw.send(octets) }

    func sendText(_ text: String) async throws { try await send(Self.frame(1, Array(text.utf8))) }

    /// The next frame of the server, which is whole and unmasked.
    func receive() async throws -> (opcode: UInt8, payload: [UInt8]) {
        let start = try await raw.read(count: 2)
        #expect(start[0] & 0xF0 == 0x80)
        #expect(start[1] & 0x80 == 0)
        var length = Int(start[1])
        if length == 126 {
            length = try await raw.read(count: 2).reduce(0) { $0 << 8 | Int($1) }
        } else if length == 127 {
            length = try await raw.read(count: 8).reduce(0) { $0 << 8 | Int($1) }
        }
        return (start[0] & 15, length == 0 ? [] : try await raw.read(count: length))
    }

    func receiveText() async throws -> String {
        let frame = try await receive()
        #expect(frame.opcode == 1)
        return String(decoding: frame.payload, as: UTF8.self)
    }

    /// The code of the close frame that comes next, before which pongs and messages are passed over.
    func receiveClose() async throws -> Int? {
        while true {
            let frame = try await receive()
            guard frame.opcode == 8 else { continue }
            return frame.payload.count >= 2 ? Int(frame.payload[0]) << 8 | Int(frame.payload[1]) : nil
        }
    }
}
