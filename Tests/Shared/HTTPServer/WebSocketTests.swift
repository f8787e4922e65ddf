import Concurrency
import HTTPServer
import SharedTesting
import Synchronization
import Testing

@Suite struct WebSocketTests {
    /// A server that sends every message back.
    private func withEcho(
        _ configure: (inout HTTPServerConfiguration) -> Void = { _ in },
        body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await withServer(configure) { request in
            .webSocket(request, protocols: ["b", "a"], allowsOrigin: { $0 == nil || $0 == "https://ours" }) { socket in
                while let message = await socket.receive() { _ = socket.send(message) }
            }
        } body: {
            try await body($0)
        }
    }

    @Test func `messages go both ways in all sizes`() async throws {
        try await withEcho { server in
            let client = try await WebSocketClient(server)
            for size in [0, 1, 125, 126, 127, 4_095, 4_096, 4_097, 65_535, 65_536] {
                let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                try await client.send(WebSocketClient.frame(2, payload))
                let answer = try await client.receive()
                #expect(answer.opcode == 2)
                #expect(answer.payload == payload, "\(size)")
            }
            try await client.sendText("grüß")
            #expect(try await client.receiveText() == "grüß")
            try await client.send(WebSocketClient.frame(8, [0x03, 0xE8]))
            #expect(try await client.receiveClose() == 1000)
            #expect(try await client.raw.read().isEmpty)
        }
    }

    @Test func `fragments are one message, and pings between them are answered`() async throws {
        try await withEcho { server in
            let client = try await WebSocketClient(server)
            let letter = Array("é".utf8)
            try await client.send(WebSocketClient.frame(1, [letter[0]], final: false))
            try await client.send(WebSocketClient.frame(9, [1, 2, 3]))
            try await client.send(WebSocketClient.frame(0, [], final: false))
            try await client.send(WebSocketClient.frame(0, [letter[1]]))
            let pong = try await client.receive()
            #expect(pong.opcode == 10)
            #expect(pong.payload == [1, 2, 3])
            #expect(try await client.receiveText() == "é")
        }
    }

    @Test func `octet by octet and all at once are the same`() async throws {
        try await withEcho { server in
            let frames = WebSocketClient.frame(1, Array("one".utf8)) + WebSocketClient.frame(1, Array("two".utf8))
            let early = try await WebSocketClient(server, early: frames)
            #expect(try await early.receiveText() == "one")
            #expect(try await early.receiveText() == "two")
            let slow = try await WebSocketClient(server)
            for octet in frames { try await slow.send([octet]) }
            #expect(try await slow.receiveText() == "one")
            #expect(try await slow.receiveText() == "two")
        }
    }

    static let faults: [(name: String, octets: [UInt8], code: Int)] = [
        ("an unmasked frame", WebSocketClient.frame(1, [65], masked: false), 1002),
        ("an empty unmasked frame", WebSocketClient.frame(1, [], masked: false), 1002),
        ("an unmasked close", WebSocketClient.frame(8, [3, 232], masked: false), 1002),
        ("a reserved bit", WebSocketClient.frame(1, [65], reserved: 4), 1002),
        ("a reserved bit on a ping", WebSocketClient.frame(9, [], reserved: 1), 1002),
        ("opcode 3", WebSocketClient.frame(3, [65]), 1002),
        ("opcode 11", WebSocketClient.frame(11, []), 1002),
        ("a continuation of nothing", WebSocketClient.frame(0, [65]), 1002),
        (
            "a text within a fragmented text",
            WebSocketClient.frame(1, [65], final: false) + WebSocketClient.frame(1, [66]), 1002
        ),
        ("a fragmented ping", WebSocketClient.frame(9, [65], final: false), 1002),
        ("a long ping", WebSocketClient.frame(9, [UInt8](repeating: 1, count: 126)), 1002),
        ("text that is no UTF-8", WebSocketClient.frame(1, [0xC3, 0x28]), 1007),
        ("text with a surrogate", WebSocketClient.frame(1, [0xED, 0xA0, 0x80]), 1007),
        ("text that ends within a letter", WebSocketClient.frame(1, [0xC3]), 1007),
        ("a message over the limit", WebSocketClient.frame(2, [UInt8](repeating: 1, count: 65_537)), 1009),
        ("a length of 2^62", WebSocketClient.frame(2, [1], length: 1 << 62), 1009),
        ("a length with the top bit", WebSocketClient.frame(2, [], length: 1 << 63), 1002),
        ("a length that is too long for itself", [0x82, 0xFE, 0, 5, 1, 2, 3, 4, 0, 0, 0, 0, 0], 1002),
        (
            "fragments over the limit",
            WebSocketClient.frame(2, [UInt8](repeating: 1, count: 60_000), final: false)
                + WebSocketClient.frame(0, [UInt8](repeating: 1, count: 6_000)), 1009
        ),
        ("a close of one octet", WebSocketClient.frame(8, [3]), 1002),
        ("close code 999", WebSocketClient.frame(8, [0x03, 0xE7]), 1002),
        ("close code 1005", WebSocketClient.frame(8, [0x03, 0xED]), 1002),
        ("close code 1006", WebSocketClient.frame(8, [0x03, 0xEE]), 1002),
        ("close code 2000", WebSocketClient.frame(8, [0x07, 0xD0]), 1002),
        ("a close reason that is no UTF-8", WebSocketClient.frame(8, [0x03, 0xE8, 0xFF]), 1007),
        ("a proper close", WebSocketClient.frame(8, [0x0F, 0xA0, 65]), 4000),
    ]

    @Test func `what breaks the protocol closes the socket with its code`() async throws {
        try await withEcho { server in
            for (name, octets, code) in Self.faults {
                let client = try await WebSocketClient(server)
                try await client.send(octets)
                #expect(try await client.receiveClose() == code, "\(name)")
            }
            let empty = try await WebSocketClient(server)
            try await empty.send(WebSocketClient.frame(8))
            #expect(try await empty.receiveClose() == nil)
            try await eventually { server.metric("http_websockets") == ["http_websockets 0"] }
        }
    }

    static let handshakes: [(name: String, text: String, status: Int)] = [
        ("no handshake at all", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 426),
        (
            "another version",
            WebSocketClient.handshake().replacing("Version: 13", with: "Version: 8"), 426
        ),
        ("POST", WebSocketClient.handshake().replacing("GET", with: "POST"), 426),
        ("HTTP/1.0", WebSocketClient.handshake().replacing("HTTP/1.1", with: "HTTP/1.0"), 426),
        ("a short key", WebSocketClient.handshake(key: "dGhlIHNhbXBsZQ=="), 400),
        ("a key that is no base 64", WebSocketClient.handshake(key: "!!!!IHNhbXBsZSBub25jZQ=="), 400),
        ("two keys", WebSocketClient.handshake("Sec-WebSocket-Key: \(WebSocketClient.key)\r\n"), 400),
        ("a body", WebSocketClient.handshake("Content-Length: 1\r\n") + "x", 400),
        ("a foreign origin", WebSocketClient.handshake("Origin: https://theirs\r\n"), 403),
        ("two origins", WebSocketClient.handshake("Origin: https://ours\r\nOrigin: https://ours\r\n"), 403),
        ("the null origin", WebSocketClient.handshake("Origin: null\r\n"), 403),
    ]

    @Test func `a false handshake is refused`() async throws {
        try await withEcho { server in
            for (name, text, status) in Self.handshakes {
                let client = try await server.client()
                try await client.send(text)
                let answer = try await client.read { $0.contains("\r\n\r\n") && $0.hasSuffix("}") }
                #expect(try RawResponse(Array(answer.utf8)).status == status, "\(name)")
            }
        }
    }

    @Test func `our preferred subprotocol of those offered is chosen`() async throws {
        try await withEcho { server in
            let client = try await server.client()
            try await client.send(
                WebSocketClient.handshake("Origin: https://ours\r\nSec-WebSocket-Protocol: x, a, b\r\n")
            )
            let head = try await client.read { $0.hasSuffix("\r\n\r\n") }
            #expect(head.lowercased().contains("sec-websocket-protocol: b\r\n"))
        }
    }

    @Test func `a handler learns that its peer is gone`() async throws {
        let ended = Mutex<WebSocketCloseCode?>(nil)
        try await withServer { request in
            .webSocket(request, allowsOrigin: { _ in true }) { socket in
                // It waits for something else than messages.
                try? await pause(for: .seconds(60))
                ended.withLock { $0 = socket.closeCode }
            }
        } body: { server in
            let client = try await WebSocketClient(server)
            client.raw.vanish()
            try await eventually { ended.withLock { $0 } == .abnormal }
        }
    }

    @Test func `a silent peer is pinged and given up`() async throws {
        try await withEcho({ configuration in
            configuration.limits.webSocket.pingAfter = .milliseconds(100)
            configuration.limits.webSocket.pongWithin = .seconds(4)
        }) { server in
            let client = try await WebSocketClient(server)
            #expect(try await client.receive().opcode == 9)
            try await client.send(WebSocketClient.frame(10))
            #expect(try await client.receive().opcode == 9)
            #expect(try await client.raw.read().isEmpty)
        }
    }

    @Test func `a slow reader is told how many messages it missed`() async throws {
        let skipped = Mutex(0)
        let goOn = Mutex(false)
        try await withServer({ $0.limits.webSocket.outbox = 50_000 }) { request in
            .webSocket(request, allowsOrigin: { _ in true }) { socket in
                let large = EncodedFrame(.binary([UInt8](repeating: 1, count: 20_000)))
                while !Task.isCancelled, skipped.withLock({ $0 }) < 9 {
                    if case .skipped(let count) = socket.send(frame: large) { skipped.withLock { $0 = count } }
                }
                try? await eventually { goOn.withLock { $0 } && socket.send(.text("end")) == .accepted }
            }
        } body: { server in
            let client = try await WebSocketClient(server, receiveBuffer: 4_096)
            try await eventually { skipped.withLock { $0 } == 9 }
            goOn.withLock { $0 = true }
            var texts: [String] = []
            while texts.last != "end" {
                let frame = try await client.receive()
                if frame.opcode == 1 { texts.append(String(decoding: frame.payload, as: UTF8.self)) }
            }
            #expect(texts.count >= 2)
            #expect(texts[texts.count - 2].hasPrefix(#"{"type":"skipped","skipped":"#))
            #expect(try await client.receiveClose() == 1000)
        }
    }

    @Test func `a handler that does not read stops its peer, and loses nothing`() async throws {
        let goOn = Mutex(false)
        let got = Mutex<[String]>([])
        try await withServer { request in
            .webSocket(request, allowsOrigin: { _ in true }) { socket in
                try? await eventually { goOn.withLock { $0 } }
                while case .text(let text) = await socket.receive() { got.withLock { $0.append(text) } }
            }
        } body: { server in
            let client = try await WebSocketClient(server)
            for index in 0..<200 { try await client.sendText("\(index)") }
            goOn.withLock { $0 = true }
            try await eventually { got.withLock { $0.count } == 200 }
            #expect(got.withLock { $0 } == (0..<200).map(String.init))
        }
    }

    @Test func `random octets never stop the server`() async throws {
        try await withEcho { server in
            var random = SeededRandom()
            for _ in 0..<100 {
                let client = try await WebSocketClient(server)
                try await client.send(random.bytes(Int.random(in: 1...300, using: &random)))
                client.raw.finish()
                _ = try await client.raw.readToEnd()
            }
            let client = try await WebSocketClient(server)
            try await client.sendText("still here")
            #expect(try await client.receiveText() == "still here")
        }
    }
}
