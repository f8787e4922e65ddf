import SharedTesting
import Testing

@testable import HTTPServer

@Suite struct RequestHeadTests {
    /// Cuts a head up as libmicrohttpd does, and leaves the target out of it.
    static func cut(_ text: String) throws -> RequestHead { try cut(Array(text.utf8)) }

    static func cut(_ octets: [UInt8]) throws -> RequestHead {
        var octets = octets
        let lineEnd = octets.firstIndex(of: 10) ?? octets.count
        let first = octets[..<lineEnd].firstIndex(of: 32) ?? 0
        let last = octets[..<lineEnd].lastIndex(of: 32) ?? 0
        let target = first < last ? Array(octets[(first + 1)..<last]) : []
        octets[first] = 0
        octets[last] = 0
        var sawColon = true
        for index in octets.indices where index > last {
            if octets[index] == 10 {
                octets[index] = 0
                if octets[index - 1] == 13 { octets[index - 1] = 0 }
                sawColon = false
            } else if octets[index] == UInt8(ascii: ":"), !sawColon {
                octets[index] = 0
                sawColon = true
            }
        }
        return try RequestHead(cut: octets, target: target, at: first + 1)
    }

    @Test func `a head is read`() throws {
        let head = try Self.cut(
            "POST /a%20b/c?x=1&y=%C3%A9+z HTTP/1.1\r\nHost: h.example:80\r\nContent-Length:5\r\nX-A: one \r\nx-a:\ttwo\r\n\r\n"
        )
        #expect(head.method == .post)
        #expect(head.target.segments == ["a b", "c"])
        #expect(head.target.query["y"] == "é z")
        #expect(head.contentLength == 5)
        #expect(head.headers.values("x-A") == ["one", "two"])
        #expect(head.isVersion11)
    }

    static let faults: [(String, HeadFault)] = [
        ("GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n", .name),
        ("GET / HTTP/1.1\r\nHost: h\r\nName : x\r\n\r\n", .name),
        ("GET / HTTP/1.1\r\nHost: h\r\nName\t: x\r\n\r\n", .name),
        ("GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", .lineEnding),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: a\u{1}b\r\n\r\n", .value),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: a\u{7F}b\r\n\r\n", .value),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", .value),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", .lineEnding),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: a\0\r\n\r\n", .lineEnding),
        ("GET / HTTP/1.1\r\nHost: h\nX: a\r\n\r\n", .lineEnding),
        ("GET / HTTP/1.1\r\nHost: h\r\nX:\n\r\n", .lineEnding),
        ("GET / HTTP/1.1\nHost: h\r\n\r\n", .lineEnding),
        ("GET / HTTP/1.1\r\nHost: h\r\n\n", .lineEnding),
        ("GET / HTTP/1.1\r\n X: folded\r\nHost: h\r\n\r\n", .name),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", .name),
        ("GET / HTTP/1.1\r\n\r\n", .hostMissing),
        ("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", .host),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .host),
        ("GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", .host),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", .host),
        ("GET / HTTP/1.1\r\nHost: h:80a\r\n\r\n", .host),
        ("GET http://g/ HTTP/1.1\r\nHost: h\r\n\r\n", .host),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .lengthWithEncoding),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", .lengthRepeated),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", .length),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n", .length),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\n", .length),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", .length),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999999999999\r\n\r\n", .length),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .encoding),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", .encoding),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", .encoding),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .encoding),
        ("POST / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", .expectation),
        ("GET / HTTP/1.2\r\nHost: h\r\n\r\n", .version),
        ("GET / http/1.1\r\nHost: h\r\n\r\n", .version),
        ("G(T / HTTP/1.1\r\nHost: h\r\n\r\n", .method),
        ("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", .target),
        ("GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", .target),
        ("GET /%c3%28 HTTP/1.1\r\nHost: h\r\n\r\n", .target),
        ("GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n", .target),
        ("GET /a/%2e%2e/b HTTP/1.1\r\nHost: h\r\n\r\n", .target),
        ("GET /?a=%1 HTTP/1.1\r\nHost: h\r\n\r\n", .target),
        ("GET /#f HTTP/1.1\r\nHost: h\r\n\r\n", .target),
        ("GET a HTTP/1.1\r\nHost: h\r\n\r\n", .target),
        ("GET * HTTP/1.1\r\nHost: h\r\n\r\n", .target),
        ("GET /\u{80} HTTP/1.1\r\nHost: h\r\n\r\n", .target),
    ]

    @Test(arguments: faults) func `a faulty head is refused`(text: String, fault: HeadFault) {
        #expect(throws: fault) { try Self.cut(text) }
    }

    @Test func `any one octet changed in a head never traps, and what is read stays well formed`() throws {
        var random = SeededRandom()
        let good = Array(
            "PUT /a/b?c=d HTTP/1.1\r\nHost: h.example\r\nX-One: 1\r\nContent-Length: 12\r\nAccept: */*\r\n\r\n".utf8
        )
        for _ in 0..<3_000 {
            var octets = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                octets[Int.random(in: 0..<octets.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let head = try? Self.cut(octets) else { continue }
            for (name, value) in head.headers.all {
                #expect(Token.isToken(name.utf8))
                #expect(value.utf8.allSatisfy { Token.isFieldValue($0) })
            }
            #expect(head.headers.number(of: "host") == 1)
        }
    }

    @Test func `absolute form names the host it asks`() throws {
        let head = try Self.cut("GET http://h:8080/a?b=c HTTP/1.1\r\nHost: H:8080\r\n\r\n")
        #expect(head.target.path == "/a")
        #expect(head.target.query["b"] == "c")
    }

    @Test func `HTTP 1.0 needs no host`() throws {
        #expect(try !Self.cut("GET / HTTP/1.0\r\n\r\n").isVersion11)
    }
}
