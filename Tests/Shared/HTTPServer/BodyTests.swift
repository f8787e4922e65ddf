import Compression
import Concurrency
import HTTPServer
import SharedTesting
import Synchronization
import Testing

@Suite struct BodyTests {
    @Test func `a body is read no faster than the handler takes it`() async throws {
        let gate = Mutex(false)
        try await withRouter(
            { $0.limits.body = 100_000_000 },
            [
                Route(.post, "/", operationID: "upload") { request in
                    var count = 0
                    for try await piece in request.body {
                        try await eventually { gate.withLock { $0 } }
                        count += piece.count
                    }
                    return .text("\(count)")
                }
            ]
        ) { server in
            let client = try await server.client()
            try await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 32000000\r\nConnection: close\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1_000_000)
            let sent = Count()
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for _ in 0..<32 {
                        try await client.send(piece)
                        sent.value.wrappingAdd(1, ordering: .relaxed)
                    }
                }
                // What the kernel's two buffers and our window hold is far less than the body.
                try await pause(for: .milliseconds(300))
                #expect(sent.value.load(ordering: .relaxed) < 24)
                gate.withLock { $0 = true }
                try await group.waitForAll()
            }
            #expect(try RawResponse(try await client.readToEnd()).body == "32000000")
        }
    }

    @Test func `a body over its route's limit is refused, declared or not`() async throws {
        try await withRouter([
            Route(.post, "/", operationID: "capped", bodyLimit: 10) {
                .text("\(try await $0.body.collect().count)")
            }
        ]) { server in
            let end = "Connection: close\r\n"
            let fits = "POST / HTTP/1.1\r\nHost: h\r\n\(end)Content-Length: 10\r\n\r\n0123456789"
            let fitting = try await server.exchange(fits)
            #expect(fitting.body == "10")
            let declared = "POST / HTTP/1.1\r\nHost: h\r\n\(end)Content-Length: 11\r\n\r\n0123456789a"
            #expect(try await server.exchange(declared).status == 413)
            let far = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n"
            #expect(try await server.exchange(far).status == 413)
            let chunked =
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n"
            #expect(try await server.exchange(chunked).status == 413)
            let large = String(repeating: "x", count: 300_000)
            let drained = "POST / HTTP/1.1\r\nHost: h\r\n\(end)Content-Length: 300000\r\n\r\n\(large)"
            #expect(try await server.exchange(drained).status == 413)
        }
    }

    @Test func `the connection goes on behind a body that nobody read`() async throws {
        try await withServer { request in
            .text("<\(request.method)>")
        } body: { server in
            let client = try await server.client()
            let large = String(repeating: "x", count: 200_000)
            try await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n\(large)")
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            let text = String(decoding: try await client.readToEnd(), as: UTF8.self)
            #expect(text.contains("<POST>") && text.contains("<GET>"))
        }
    }

    @Test func `a handler learns that its client is gone in the middle of a body`() async throws {
        let seen = Mutex<RequestBodyError?>(nil)
        let hasBegun = Atomic(false)
        try await withServer { request in
            hasBegun.store(true, ordering: .relaxed)
            do throws(RequestBodyError) {
                _ = try await request.body.collect()
            } catch {
                seen.withLock { $0 = error }
            }
            return .text("late")
        } body: { server in
            let client = try await server.client()
            try await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
            // One that is gone before its head was read was never there.
            try await eventually { hasBegun.load(ordering: .relaxed) }
            client.vanish()
            try await eventually { seen.withLock { $0 } == .disconnected }
        }
    }

    @Test func `text of some size is sent compressed to who accepts it`() async throws {
        let text = String(repeating: "compressible ", count: 500)
        try await withServer { request in
            var response = Response.text(request.target.segments == ["small"] ? "small" : text)
            if request.target.segments == ["tagged"] { response.headers["etag"] = "\"1\"" }
            if request.target.segments == ["binary"] { response.headers["content-type"] = "image/png" }
            return response
        } body: { server in
            let rest = "HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
            let packed = try await server.exchange("GET / \(rest)Accept-Encoding: br, gzip;q=0.8\r\n\r\n")
            #expect(packed.header("content-encoding") == "gzip")
            #expect(packed.header("vary") == "Accept-Encoding")
            #expect(packed.header("content-length") == "\(packed.octets.count)")
            #expect(try Gzip.expand(packed.octets, limit: 100_000) == Array(text.utf8))
            let plain = try await server.exchange("GET / \(rest)Accept-Encoding: gzip;q=0\r\n\r\n")
            #expect(plain.header("content-encoding") == nil)
            #expect(plain.header("vary") == "Accept-Encoding")
            #expect(plain.body == text)
            for path in ["small", "tagged", "binary"] {
                let answer = try await server.exchange("GET /\(path) \(rest)Accept-Encoding: gzip\r\n\r\n")
                #expect(answer.header("content-encoding") == nil, "\(path)")
            }
        }
    }

    @Test func `an asset is sent from memory, and not at all to who has it`() async throws {
        let octets = Array(String(repeating: "body { color: red }\n", count: 2_000).utf8)
        let asset = try Asset(octets, contentType: "text/css")
        try await withServer { request in
            asset.response(to: request)
        } body: { server in
            let rest = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
            let plain = try await server.exchange("\(rest)\r\n")
            #expect(plain.octets == octets)
            let tag = try #require(plain.header("etag"))
            let packed = try await server.exchange("\(rest)Accept-Encoding: gzip\r\n\r\n")
            #expect(packed.header("etag") != tag)
            #expect(try Gzip.expand(packed.octets, limit: 100_000) == octets)
            let known = try await server.exchange("\(rest)If-None-Match: \"x\", W/\(tag)\r\n\r\n")
            #expect(known.status == 304)
            #expect(known.octets.isEmpty)
            #expect(known.header("etag") == tag)
        }
    }
}

/// A number that several tasks change.
private final class Count: Sendable {
    let value = Atomic<Int>(0)
}
