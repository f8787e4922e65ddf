import Concurrency
import HTTPServer
import SharedTesting
import Synchronization
import Testing

@Suite struct StreamTests {
    private static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test func `a stream goes out piece by piece in chunks`() async throws {
        let step = Mutex(0)
        try await withServer { _ in
            .stream(contentType: "text/plain") { writer in
                try await writer.write(Array("one".utf8))
                try await eventually { step.withLock { $0 } == 1 }
                try await writer.write(Array("two".utf8))
            }
        } body: { server in
            let client = try await server.client()
            try await client.send(Self.get)
            #expect(try await client.read { $0.hasSuffix("3\r\none\r\n") }.lowercased().contains("chunked"))
            step.withLock { $0 = 1 }
            #expect(try await client.read { $0.hasSuffix("0\r\n\r\n") } == "3\r\ntwo\r\n0\r\n\r\n")
        }
    }

    @Test func `a stream in HTTP 1.0 ends with the connection`() async throws {
        try await withServer { _ in
            .stream(contentType: "text/plain") { try await $0.write(Array("all".utf8)) }
        } body: { server in
            let answer = try await server.exchange("GET / HTTP/1.0\r\n\r\n")
            #expect(answer.body == "all")
        }
    }

    @Test func `HEAD of a stream writes nothing`() async throws {
        let wrote = Mutex(false)
        try await withServer { _ in
            .stream(contentType: "text/plain") { _ in wrote.withLock { $0 = true } }
        } body: { server in
            let answer = try await server.exchange("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(answer.status == 200)
            #expect(answer.octets.isEmpty)
        }
        #expect(!wrote.withLock { $0 })
    }

    @Test func `a stream that breaks off is not taken for the whole`() async throws {
        struct Odd: Error {}
        try await withServer { _ in
            .stream(contentType: "text/plain") { writer in
                try await writer.write(Array("part".utf8))
                throw Odd()
            }
        } body: { server in
            let answer = try await server.exchange(Self.get)
            #expect(!answer.body.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func `a writer waits for a slow client, and hears when it is gone`() async throws {
        let written = Atomic<Int>(0)
        let ended = Mutex(false)
        try await withServer({ $0.limits.streamBuffer = 65_536 }) { _ in
            .stream(contentType: "text/plain") { writer in
                defer { ended.withLock { $0 = true } }
                for _ in 0..<1_000 {
                    try await writer.write([UInt8](repeating: 1, count: 100_000))
                    written.wrappingAdd(1, ordering: .relaxed)
                }
            }
        } body: { server in
            let client = try await RawClient(port: server.port, receiveBuffer: 4_096)
            try await client.send(Self.get)
            _ = try await client.read(count: 1_000)
            try await pause(for: .milliseconds(300))
            #expect(written.load(ordering: .relaxed) < 200)
            #expect(!ended.withLock { $0 })
            client.vanish()
            try await eventually { ended.withLock { $0 } }
        }
        #expect(written.load(ordering: .relaxed) < 900)
    }

    @Test func `a writer that waits for something else hears as well that its client is gone`() async throws {
        let ended = Mutex(false)
        try await withServer { _ in
            .stream(contentType: "text/plain") { _ in
                try? await pause(for: .seconds(60))
                ended.withLock { $0 = true }
            }
        } body: { server in
            let client = try await server.client()
            try await client.send(Self.get)
            _ = try await client.read { $0.contains("\r\n\r\n") }
            client.vanish()
            try await eventually { ended.withLock { $0 } }
        }
    }

    @Test func `each event goes out at once`() async throws {
        let step = Mutex(0)
        try await withServer { _ in
            .events { stream in
                for index in 0..<5 {
                    try? await eventually { step.withLock { $0 } == index }
                    #expect(stream.offer(ServerSentEvent(id: "\(index)", data: "event \(index)")) == .accepted)
                }
            }
        } body: { server in
            let client = try await server.client()
            try await client.send(Self.get)
            for index in 0..<5 {
                step.withLock { $0 = index }
                #expect(try await client.read { $0.contains("data: event \(index)\n\n") }.contains("id: \(index)\n"))
            }
        }
    }

    @Test func `a slow listener is told how many events it missed`() async throws {
        let skipped = Mutex(0)
        let goOn = Mutex(false)
        try await withServer({ $0.limits.streamBuffer = 20_000 }) { _ in
            .events { stream in
                let large = ServerSentEvent(data: String(repeating: "x", count: 9_000))
                // The kernel's buffers fill first, then ours.
                while !Task.isCancelled, skipped.withLock({ $0 }) < 7 {
                    if case .skipped(let count) = stream.offer(large) { skipped.withLock { $0 = count } }
                }
                try? await eventually {
                    goOn.withLock { $0 } && stream.offer(ServerSentEvent(data: "end")) == .accepted
                }
            }
        } body: { server in
            let client = try await RawClient(port: server.port, receiveBuffer: 4_096)
            try await client.send(Self.get)
            try await eventually { skipped.withLock { $0 } == 7 }
            goOn.withLock { $0 = true }
            let text = try await client.read { $0.contains("data: end\n\n") }
            let marks = text.ranges(of: "event: skipped\ndata: {\"skipped\":").map { mark in
                Int(text[mark.upperBound...].prefix { $0.isNumber }) ?? 0
            }
            #expect(marks.max() ?? 0 >= 7)
            #expect(server.metric("http_skipped_messages_total") != ["http_skipped_messages_total 0"])
        }
    }

    @Test func `a silent stream shows that it lives`() async throws {
        try await withServer({ $0.limits.heartbeat = .milliseconds(1) }) { _ in
            .events { _ in try? await pause(for: .seconds(60)) }
        } body: { server in
            let client = try await server.client()
            try await client.send(Self.get)
            _ = try await client.read { $0.contains("3\r\n:\n\n\r\n") }
        }
    }

    @Test func `a listener that goes ends its stream, though nothing is written`() async throws {
        let ended = Mutex(false)
        try await withServer { _ in
            .events { stream in
                try? await pause(for: .seconds(60))
                ended.withLock { $0 = stream.isClosed }
            }
        } body: { server in
            let client = try await server.client()
            try await client.send(Self.get)
            _ = try await client.read { $0.contains("\r\n\r\n") }
            try await eventually { server.metric("http_event_streams") == ["http_event_streams 1"] }
            client.vanish()
            try await eventually { ended.withLock { $0 } }
            try await eventually { server.metric("http_event_streams") == ["http_event_streams 0"] }
        }
    }
}
