import HTTPServer
import SharedTesting
import Synchronization
import Testing

/// Octets as they come over a socket, and what the whole of libmicrohttpd and our checks makes of them.
@Suite struct RawRequestTests {
    static let host = "Host: h\r\n"

    /// Heads and bodies that must be refused with one of these statuses, without any handler being called.
    static let refused: [(name: String, octets: String, statuses: [Int])] = [
        ("a space in a name", "GET / HTTP/1.1\r\n\(host)A b: x\r\n\r\n", [400]),
        ("a space before the colon", "GET / HTTP/1.1\r\n\(host)A : x\r\n\r\n", [400]),
        ("a tab before the colon", "GET / HTTP/1.1\r\n\(host)A\t: x\r\n\r\n", [400]),
        ("a name with a bracket", "GET / HTTP/1.1\r\n\(host)A[1]: x\r\n\r\n", [400]),
        ("an empty name", "GET / HTTP/1.1\r\n\(host): x\r\n\r\n", [400]),
        ("a line without a colon", "GET / HTTP/1.1\r\n\(host)nonsense\r\n\r\n", [400]),
        ("a NUL in a value", "GET / HTTP/1.1\r\n\(host)A: x\0y\r\n\r\n", [400]),
        ("a NUL at a value's end", "GET / HTTP/1.1\r\n\(host)A: x\0\r\n\r\n", [400]),
        ("a NUL in a name", "GET / HTTP/1.1\r\n\(host)A\0: x\r\n\r\n", [400]),
        ("a control character in a value", "GET / HTTP/1.1\r\n\(host)A: x\u{8}y\r\n\r\n", [400]),
        ("a delete in a value", "GET / HTTP/1.1\r\n\(host)A: \u{7F}\r\n\r\n", [400]),
        ("a bare CR in a value", "GET / HTTP/1.1\r\n\(host)A: x\ry\r\n\r\n", [400]),
        ("a bare CR that hides a length", "POST / HTTP/1.1\r\n\(host)A: x\rContent-Length: 5\r\n\r\nhello", [400]),
        ("a bare LF behind a field", "GET / HTTP/1.1\r\nHost: h\nA: x\r\n\r\n", [400]),
        ("a bare LF behind the request line", "GET / HTTP/1.1\n\(host)\r\n", [400]),
        ("a bare LF as the empty line", "GET / HTTP/1.1\r\n\(host)\n", [400]),
        ("bare LFs throughout", "GET / HTTP/1.1\nHost: h\n\n", [400]),
        ("a folded value", "GET / HTTP/1.1\r\n\(host)A: x\r\n y\r\nB: z\r\n\r\n", [400]),
        ("a value folded with a tab", "GET / HTTP/1.1\r\n\(host)A: x\r\n\ty\r\n\r\n", [400]),
        ("a folded last value", "GET / HTTP/1.1\r\n\(host)A: x\r\n  y\r\n\r\n", [400]),
        ("a fold that looks like a field", "GET / HTTP/1.1\r\n\(host)A: x\r\n Content-Length: 5\r\n\r\n", [400]),
        ("a folded first line", "GET / HTTP/1.1\r\n A: x\r\n\(host)\r\n", [400]),
        ("a folded length", "POST / HTTP/1.1\r\n\(host)Content-Length:\r\n 5\r\n\r\nhello", [400]),
        ("no host", "GET / HTTP/1.1\r\n\r\n", [400]),
        ("an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", [400]),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", [400]),
        ("the same host twice", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", [400]),
        ("a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", [400]),
        ("a host with a comma", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", [400]),
        ("a host that the target contradicts", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
        ("two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", [400]),
        (
            "a length and an encoding",
            "POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]
        ),
        (
            "an encoding and a length",
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", [400]
        ),
        ("two lengths", "POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", [400]),
        ("one length twice", "POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", [400]),
        ("a list of lengths", "POST / HTTP/1.1\r\n\(host)Content-Length: 5, 5\r\n\r\nhello", [400]),
        ("a signed length", "POST / HTTP/1.1\r\n\(host)Content-Length: +5\r\n\r\nhello", [400]),
        ("a negative length", "POST / HTTP/1.1\r\n\(host)Content-Length: -5\r\n\r\nhello", [400]),
        ("a hexadecimal length", "POST / HTTP/1.1\r\n\(host)Content-Length: 0x5\r\n\r\nhello", [400]),
        ("an empty length", "POST / HTTP/1.1\r\n\(host)Content-Length:\r\n\r\n", [400]),
        (
            "a length beyond 64 bits", "POST / HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\n",
            [400, 413]
        ),
        ("another encoding", "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip\r\n\r\n", [400]),
        ("two encodings", "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", [400]),
        (
            "the encoding twice over", "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            [400]
        ),
        ("identity", "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: identity\r\n\r\n", [400]),
        ("a disguised encoding", "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: \u{B}chunked\r\n\r\n0\r\n\r\n", [400]),
        (
            "two fields of encoding",
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", [400]
        ),
        ("chunks in HTTP/1.0", "POST / HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]),
        ("a method that is no token", "G@T / HTTP/1.1\r\n\(host)\r\n", [400]),
        ("a method of 40 letters", "\(String(repeating: "M", count: 40)) / HTTP/1.1\r\n\(host)\r\n", [400]),
        ("two spaces in the request line", "GET  / HTTP/1.1\r\n\(host)\r\n", [400]),
        ("a space behind the version", "GET / HTTP/1.1 \r\n\(host)\r\n", [400, 505]),
        ("a relative target", "GET x HTTP/1.1\r\n\(host)\r\n", [400]),
        ("an asterisk for GET", "GET * HTTP/1.1\r\n\(host)\r\n", [400]),
        ("a fragment", "GET /#x HTTP/1.1\r\n\(host)\r\n", [400]),
        ("a NUL in the target", "GET /a\0b HTTP/1.1\r\n\(host)\r\n", [400]),
        ("an encoded NUL", "GET /a%00b HTTP/1.1\r\n\(host)\r\n", [400]),
        ("a cut escape", "GET /a%4 HTTP/1.1\r\n\(host)\r\n", [400]),
        ("a false escape", "GET /?a=%4x HTTP/1.1\r\n\(host)\r\n", [400]),
        ("a path that is no UTF-8", "GET /%ff HTTP/1.1\r\n\(host)\r\n", [400]),
        ("dot segments", "GET /a/../b HTTP/1.1\r\n\(host)\r\n", [400]),
        ("encoded dot segments", "GET /a/%2e%2E/b HTTP/1.1\r\n\(host)\r\n", [400]),
        ("CONNECT", "CONNECT h:443 HTTP/1.1\r\n\(host)\r\n", [400]),
        ("an unknown expectation", "POST / HTTP/1.1\r\n\(host)Expect: tea\r\nContent-Length: 1\r\n\r\n", [417]),
        ("HTTP/2 by its preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]),
        ("HTTP/3.7", "GET / HTTP/3.7\r\n\(host)\r\n", [400, 505]),
        ("a false version", "GET / HTTX/1.1\r\n\(host)\r\n", [400, 505]),
        ("no version", "GET /\r\n\r\n", [400, 505]),
        ("a large head", "GET / HTTP/1.1\r\n\(host)A: \(String(repeating: "x", count: 20_000))\r\n\r\n", [431]),
        (
            "a head beyond all memory", "GET / HTTP/1.1\r\n\(host)A: \(String(repeating: "x", count: 90_000))\r\n\r\n",
            [431]
        ),
        ("many fields", "GET / HTTP/1.1\r\n\(host)\(String(repeating: "A: b\r\n", count: 4_000))\r\n", [431]),
        ("a long target", "GET /\(String(repeating: "x", count: 9_000)) HTTP/1.1\r\n\(host)\r\n", [414]),
        ("a target beyond all memory", "GET /\(String(repeating: "x", count: 90_000)) HTTP/1.1\r\n\(host)\r\n", [414]),
        (
            "a query of too many items", "GET /?\(String(repeating: "a&", count: 300)) HTTP/1.1\r\n\(host)\r\n",
            [400, 431]
        ),
    ]

    @Test func `what is malformed is answered and closed before any handler`() async throws {
        let calls = Mutex(0)
        try await withServer { request in
            calls.withLock { $0 += 1 }
            return .text("handled")
        } body: { server in
            for (name, octets, statuses) in Self.refused {
                let before = calls.withLock { $0 }
                // A second request behind it must not be read.
                let answer = try await server.exchange(octets + "GET /second HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(statuses.contains(answer.status), "\(name): \(answer.status) \(answer.body)")
                #expect(!answer.body.contains("handled"), "\(name)")
                #expect(answer.header("connection")?.lowercased() == "close", "\(name)")
                #expect(calls.withLock { $0 } == before, "\(name) reached a handler")
            }
        }
    }

    /// Bodies whose chunks are malformed: the handler may be called, but it never sees a whole body.
    static let badChunks = [
        "x\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", ";a\r\nhello\r\n0\r\n\r\n",
    ]

    @Test func `malformed chunks never make a whole body`() async throws {
        let whole = Mutex(0)
        try await withServer { request in
            if (try? await request.body.collect()) != nil { whole.withLock { $0 += 1 } }
            return .text("handled")
        } body: { server in
            for chunks in Self.badChunks {
                let head = "POST / HTTP/1.1\r\n\(Self.host)Transfer-Encoding: chunked\r\n\r\n"
                let client = try await server.client()
                try await client.send(head + chunks)
                let answer = String(decoding: try await client.readToEnd(), as: UTF8.self)
                #expect(!answer.contains("200 OK"), "\(chunks): \(answer)")
            }
        }
        #expect(whole.withLock { $0 } == 0)
    }

    @Test func `a request is the same in one piece and octet by octet`() async throws {
        try await withServer { request in
            let body = (try? await request.body.collect()) ?? []
            return .text("\(request.method) \(request.target.segments) \(String(decoding: body, as: UTF8.self))")
        } body: { server in
            let text = "POST /a%20b?c HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
            let client = try await server.client()
            for octet in text.utf8 { try await client.send([octet]) }
            let slow = try RawResponse(try await client.readToEnd())
            #expect(slow.body == #"POST ["a b"] hello"#)
            #expect(try await server.exchange(text).body == slow.body)
        }
    }

    @Test func `pipelined requests are answered in their order`() async throws {
        try await withServer { request in
            .text("<\(request.target.segments[0])>")
        } body: { server in
            let client = try await server.client()
            let requests = (0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
            try await client.send(requests + "GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            let text = String(decoding: try await client.readToEnd(), as: UTF8.self)
            let order = text.split(separator: "<").dropFirst().map { $0.prefix { $0 != ">" } }
            #expect(order.map(String.init) == (0..<50).map(String.init) + ["end"])
        }
    }

    @Test func `a pipelined request behind a body is read from its start`() async throws {
        try await withServer { request in
            let body = (try? await request.body.collect()) ?? []
            return .text("<\(request.method) \(String(decoding: body, as: UTF8.self))>")
        } body: { server in
            let client = try await server.client()
            try await client.send(
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\n"
            )
            try await client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nde")
            let text = String(decoding: try await client.readToEnd(), as: UTF8.self)
            #expect(text.contains("<POST abc>") && text.contains("<GET >") && text.contains("<PUT de>"))
        }
    }

    @Test func `HEAD has the head of GET and no body`() async throws {
        try await withServer { _ in
            .text("twelve octet")
        } body: { server in
            let client = try await server.client()
            try await client.send(
                "HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            )
            let text = String(decoding: try await client.readToEnd(), as: UTF8.self)
            let heads = text.components(separatedBy: "\r\n\r\n")
            #expect(heads[0].lowercased().contains("content-length: 12"))
            #expect(heads[1].hasPrefix("HTTP/1.1 200"))
            #expect(heads[2] == "twelve octet")
        }
    }

    @Test func `HTTP 1.0 is answered and closed`() async throws {
        try await withServer { request in
            .text("old \(request.headers["host"] ?? "none")")
        } body: { server in
            let answer = try await server.exchange("GET / HTTP/1.0\r\n\r\n")
            #expect(answer.body == "old none")
        }
    }

    @Test func `chunks with extensions and trailers are one body, and the connection ends`() async throws {
        try await withServer { request in
            let body = (try? await request.body.collect()) ?? []
            return .text("\(String(decoding: body, as: UTF8.self)) \(request.headers["x-trailer"] ?? "-")")
        } body: { server in
            let answer = try await server.exchange(
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "5;name=value\r\nhello\r\n6;x=\"y\"\r\n world\r\n0;last\r\nX-Trailer: t\r\n\r\n"
                    + "GET /second HTTP/1.1\r\nHost: h\r\n\r\n"
            )
            #expect(answer.status == 200)
            #expect(answer.body == "hello world -")
            #expect(answer.header("connection")?.lowercased() == "close")
        }
    }

    @Test func `100 Continue comes when the handler wants the body, and not otherwise`() async throws {
        try await withServer { request in
            guard request.target.segments == ["take"] else { return .text("no", status: 403) }
            let body = (try? await request.body.collect()) ?? []
            return .text(String(decoding: body, as: UTF8.self))
        } body: { server in
            let client = try await server.client()
            let rest = "HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
            try await client.send("POST /take \(rest)")
            #expect(try await client.read { $0.hasSuffix("\r\n\r\n") } == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("hello")
            #expect(try await client.read { $0.hasSuffix("hello") }.hasPrefix("HTTP/1.1 200"))
            #expect(try await server.exchange("POST /leave \(rest)").status == 403)
        }
    }

    @Test func `empty lines before a request are passed over`() async throws {
        try await withServer { _ in
            .text("yes")
        } body: { server in
            let answer = try await server.exchange("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(answer.body == "yes")
        }
    }

    @Test func `random octets never reach a handler nor stop the server`() async throws {
        let calls = Mutex(0)
        try await withServer { _ in
            calls.withLock { $0 += 1 }
            return .text("handled")
        } body: { server in
            var random = SeededRandom()
            let alphabet = Array("GET /:\r\n\0 ;5x".utf8)
            for _ in 0..<150 {
                let client = try await server.client()
                let octets = (0..<Int.random(in: 1...80, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                }
                try await client.send(octets)
                client.finish()
                _ = try await client.readToEnd()
            }
            #expect(calls.withLock { $0 } == 0)
            #expect(try await server.exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").status == 200)
        }
    }
}

extension String {
    fileprivate func components(separatedBy mark: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: mark) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
