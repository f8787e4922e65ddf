import Concurrency
import HTTPServer
import SharedTesting
import Synchronization
import Testing

@Suite struct LimitTests {
    private static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test func `a head that trickles is cut off`() async throws {
        try await withServer({ $0.limits.headTime = .milliseconds(300) }) { _ in
            .text("handled")
        } body: { server in
            let client = try await server.client()
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\nA: ")
            #expect(try await client.readToEnd().isEmpty)
            let silent = try await server.client()
            #expect(try await silent.readToEnd().isEmpty)
            #expect(server.metric(#"http_refused_total{reason="head_time"}"#).first?.hasSuffix(" 2") == true)
        }
    }

    @Test func `a body that trickles is cut off`() async throws {
        let seen = Mutex<RequestBodyError?>(nil)
        try await withServer({ $0.limits.bodyTime = .milliseconds(300) }) { request in
            do throws(RequestBodyError) {
                _ = try await request.body.collect()
            } catch {
                seen.withLock { $0 = error }
            }
            return .text("late")
        } body: { server in
            let client = try await server.client()
            try await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
            let answer = try RawResponse(try await client.readToEnd())
            #expect(answer.status == 408)
            #expect(answer.body.contains("request_timeout"))
            try await eventually { seen.withLock { $0 } == .tooSlow }
        }
    }

    @Test func `an idle connection is closed`() async throws {
        try await withServer({ $0.limits.idleTime = .milliseconds(300) }) { _ in
            .text("once")
        } body: { server in
            let client = try await server.client()
            try await client.send(Self.get)
            #expect(try RawResponse(try await client.readToEnd()).body == "once")
        }
    }

    @Test func `a handler that takes too long is cancelled and its client answered`() async throws {
        let wasCancelled = Mutex(false)
        try await withServer({ $0.limits.handlerTime = .milliseconds(300) }) { _ in
            try? await pause(for: .seconds(60))
            wasCancelled.withLock { $0 = Task.isCancelled }
            return .text("late")
        } body: { server in
            let client = try await server.client()
            try await client.send(Self.get)
            let text = try await client.read { $0.contains("deadline_exceeded") && $0.hasSuffix("}") }
            #expect(text.hasPrefix("HTTP/1.1 503"))
            try await eventually { wasCancelled.withLock { $0 } }
        }
    }

    @Test func `a route may have its own time`() async throws {
        try await withRouter(
            { $0.limits.handlerTime = .milliseconds(100) },
            [
                Route(.get, "/", operationID: "slow", handlerTime: .seconds(60)) { _ in
                    try await pause(for: .milliseconds(900))
                    return .text("done")
                }
            ]
        ) { server in
            let answer = try await server.exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(answer.body == "done")
        }
    }

    @Test func `one address has only so many connections`() async throws {
        try await withServer({ $0.limits.connectionsPerAddress = 3 }) { _ in
            .text("yes")
        } body: { server in
            var clients: [RawClient] = []
            for _ in 0..<3 {
                let client = try await server.client()
                try await client.send(Self.get)
                _ = try await client.read { $0.hasSuffix("yes") }
                clients.append(client)
            }
            #expect(try await server.client().readToEnd().isEmpty)
            clients.removeLast()
            try await eventually {
                let client = try await server.client()
                try await client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                return try await !client.readToEnd().isEmpty
            }
            #expect(server.metric(#"http_refused_total{reason="address"}"#).first?.hasSuffix(" 0") == false)
            #expect(clients.count == 2)
        }
    }

    @Test func `only so many handlers work at once, and streams are none of them`() async throws {
        let goOn = Mutex(false)
        let working = Atomic<Int>(0)
        try await withServer({ $0.limits.requests = 2 }) { request in
            if request.target.segments == ["stream"] { return .events { _ in try? await pause(for: .seconds(60)) } }
            working.wrappingAdd(1, ordering: .relaxed)
            try? await eventually { goOn.withLock { $0 } }
            return .text("done")
        } body: { server in
            var streams: [RawClient] = []
            for _ in 0..<3 {
                let client = try await server.client()
                try await client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n")
                _ = try await client.read { $0.contains("text/event-stream") }
                streams.append(client)
            }
            let busy = [try await server.client(), try await server.client()]
            for client in busy { try await client.send(Self.get) }
            try await eventually { working.load(ordering: .relaxed) == 2 }
            let refused = try await server.exchange(Self.get)
            #expect(refused.status == 503)
            #expect(refused.header("retry-after") == "1")
            goOn.withLock { $0 = true }
            for client in busy { _ = try await client.read { $0.hasSuffix("done") } }
            try await eventually {
                let again = try await server.exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                return again.body == "done"
            }
            for client in streams { client.vanish() }
        }
    }

    @Test func `a trusted proxy may have more, and names the client`() async throws {
        try await withServer({ configuration in
            configuration.limits.connectionsPerAddress = 1
            configuration.proxies = TrustedProxies(["127.0.0.0/8"].compactMap { NetworkPrefix($0) })
        }) { request in
            .text("\(request.client) \(request.isSecure)")
        } body: { server in
            let first = try await server.client()
            try await first.send(Self.get)
            _ = try await first.read { $0.contains("127.0.0.1") }
            let answer = try await server.exchange(
                "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
                    + "Connection: close\r\n\r\n"
            )
            #expect(answer.body == "203.0.113.9 true")
        }
    }

    @Test func `requests are counted by route, method and status`() async throws {
        try await withRouter([
            Route(.get, "/a/{id}", operationID: "item") { _ in .text("x") }
        ]) { server in
            let rest = "HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            for path in ["/a/1", "/a/2", "/b"] { _ = try await server.exchange("GET \(path) \(rest)") }
            _ = try await server.exchange("BREW /a/1 \(rest)")
            // What is counted is counted behind the answer.
            for (labels, count) in [
                (#"route="/a/{id}",method="GET",status="200""#, 2), (#"route="none",method="GET",status="404""#, 1),
                (#"route="none",method="other",status="405""#, 1),
            ] {
                try await eventually {
                    server.metric("http_requests_total{\(labels)}").first?.hasSuffix(" \(count)") == true
                }
            }
            try await eventually {
                server.metric(#"http_request_duration_seconds_count{route="/a/{id}"}"#).first?.hasSuffix(" 2") == true
            }
            try await eventually { server.metric("http_connections") == ["http_connections 0"] }
        }
    }
}
