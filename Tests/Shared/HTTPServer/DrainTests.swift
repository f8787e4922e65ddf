import Concurrency
import Glibc
import HTTPServer
import SharedTesting
import Synchronization
import Testing

@Suite struct DrainTests {
    private static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test func `a drain finishes what runs and closes what idles`() async throws {
        let goOn = Mutex(false)
        let running = Mutex(false)
        try await withServer { request in
            guard request.target.segments == ["slow"] else { return .text("quick") }
            running.withLock { $0 = true }
            try? await eventually { goOn.withLock { $0 } }
            return .text("finished")
        } body: { server in
            let idle = try await server.client()
            try await idle.send(Self.get)
            _ = try await idle.read { $0.hasSuffix("quick") }
            let fresh = try await server.client()
            let busy = try await server.client()
            try await busy.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
            try await eventually { running.withLock { $0 } }
            server.server.drain(within: .seconds(30))
            #expect(try await idle.readToEnd().isEmpty)
            #expect(try await fresh.readToEnd().isEmpty)
            goOn.withLock { $0 = true }
            let answer = try RawResponse(try await busy.readToEnd())
            #expect(answer.body == "finished")
            #expect(answer.header("connection")?.lowercased() == "close")
            await #expect(throws: ClientError.self) { _ = try await server.client() }
        }
    }

    @Test func `a drain ends event streams and closes WebSockets with 1001`() async throws {
        let ended = Atomic<Int>(0)
        try await withServer { request in
            if request.headers["upgrade"] != nil {
                return .webSocket(request, allowsOrigin: { _ in true }) { socket in
                    while await socket.receive() != nil {}
                    ended.wrappingAdd(1, ordering: .relaxed)
                }
            }
            return .events { stream in
                _ = stream.offer(ServerSentEvent(data: "first"))
                try? await pause(for: .seconds(60))
                ended.wrappingAdd(1, ordering: .relaxed)
            }
        } body: { server in
            let listener = try await server.client()
            try await listener.send(Self.get)
            _ = try await listener.read { $0.contains("data: first\n\n") }
            let socket = try await WebSocketClient(server)
            try await eventually { server.metric("http_websockets") == ["http_websockets 1"] }
            server.server.drain(within: .seconds(30))
            #expect(try await socket.receiveClose() == 1001)
            try await socket.send(WebSocketClient.frame(8, [0x03, 0xE9]))
            #expect(String(decoding: try await listener.readToEnd(), as: UTF8.self).hasSuffix("0\r\n\r\n"))
            try await eventually { ended.load(ordering: .relaxed) == 2 }
        }
    }

    @Test func `what does not finish in time is cut off`() async throws {
        let cancelled = Atomic<Int>(0)
        try await withServer({ $0.limits.webSocket.closeWithin = .seconds(60) }) { request in
            switch request.target.segments[0] {
            case "stream":
                return .stream(contentType: "text/plain") { writer in
                    try await writer.write([65])
                    try? await pause(for: .seconds(60))
                    cancelled.wrappingAdd(1, ordering: .relaxed)
                }
            case "socket":
                return .webSocket(request, allowsOrigin: { _ in true }) { socket in
                    while await socket.receive() != nil {}
                    cancelled.wrappingAdd(1, ordering: .relaxed)
                }
            case "body": _ = try? await request.body.collect()
            default: try? await pause(for: .seconds(60))
            }
            cancelled.wrappingAdd(1, ordering: .relaxed)
            return .text("never")
        } body: { server in
            var clients: [RawClient] = []
            for text in [
                "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n", "GET /handler HTTP/1.1\r\nHost: h\r\n\r\n",
                "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", "GET /he",
                "POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\nabc",
                WebSocketClient.handshake().replacing("GET /", with: "GET /socket"),
            ] {
                let client = try await server.client()
                try await client.send(text)
                clients.append(client)
            }
            _ = try await clients[0].read { $0.contains("1\r\nA\r\n") }
            _ = try await clients[5].read { $0.contains("\r\n\r\n") }
            server.server.drain(within: .milliseconds(200))
            for client in clients { _ = try await client.readToEnd() }
            try await eventually { cancelled.load(ordering: .relaxed) == 5 }
        }
    }

    @Test func `an address that is taken is an error`() async throws {
        try await withServer { _ in
            .text("first")
        } body: { server in
            await #expect(throws: HTTPServerError.self) {
                try await withServer({ $0.port = server.port }) { _ in
                    .text("")
                } body: { _ in
                }
            }
        }
    }

    @Test func `servers come and go under load without a trace`() async throws {
        for _ in 0..<10 {
            try await withServer { request in
                _ = try? await request.body.collect()
                return .text("yes")
            } body: { server in
                try await withThrowingTaskGroup { group in
                    for _ in 0..<8 {
                        group.addTask {
                            guard let client = try? await server.client() else { return }
                            for _ in 0..<20 {
                                try await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
                                if try await client.read().isEmpty { return }
                            }
                        }
                    }
                    group.addTask { server.server.drain(within: .milliseconds(20)) }
                    try await group.waitForAll()
                }
            }
        }
    }
}
