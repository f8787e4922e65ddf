import SharedTesting
import Testing

@testable import HTTPServer

@Suite struct MessageTests {
    @Test func `percent-encoding comes back as it went`() {
        var random = SeededRandom()
        for _ in 0..<300 {
            let scalars = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                Unicode.Scalar(UInt32.random(in: 1...0x2FFF, using: &random)) ?? "x"
            }
            let text = String(String.UnicodeScalarView(scalars))
            let encoded = PercentEncoding.encode(text)
            #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            #expect(PercentEncoding.decode(encoded.utf8) == text)
        }
    }

    @Test func `decoding takes all or nothing`() {
        var random = SeededRandom()
        let alphabet = Array("%0aAfFgG+~/é\0".utf8)
        for _ in 0..<2_000 {
            let octets = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            guard let text = PercentEncoding.decode(octets) else { continue }
            #expect(!text.utf8.contains(0))
            // Whatever was decoded can be said again, and means the same.
            #expect(PercentEncoding.decode(PercentEncoding.encode(text).utf8) == text)
        }
        for bad in ["%", "%4", "%g0", "%0g", "%00", "%ff", "%C3%28", "a%"] {
            #expect(PercentEncoding.decode(bad.utf8) == nil, "\(bad)")
        }
    }

    @Test func `a name is a token in lower case, and a value loses its control characters alone`() {
        var random = SeededRandom()
        let alphabet = Array("abzAMZ019-_~!:( \u{e9}\t\n\u{7f}\0".unicodeScalars)
        for _ in 0..<1_000 {
            let scalars = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            let text = String(String.UnicodeScalarView(scalars))
            let isToken = !scalars.isEmpty && scalars.allSatisfy { "abzAMZ019-_~!".unicodeScalars.contains($0) }
            #expect(HeaderName(text)?.text == (isToken ? text.lowercased() : nil), "\(scalars)")
            let kept = scalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
            #expect(HeaderValue(withoutControls: text).text == String(String.UnicodeScalarView(kept)), "\(scalars)")
        }
    }

    @Test func `a request carries one value of each type`() throws {
        struct One: RequestValue { let text: String }
        struct Two: RequestValue { let number: Int }
        var request = try Request(.get, "/")
        #expect(request[One.self] == nil && request[Two.self] == nil)
        request[One.self] = One(text: "first")
        let before = request
        request[Two.self] = Two(number: 2)
        request[One.self] = One(text: "second")
        #expect(request[One.self]?.text == "second" && request[Two.self]?.number == 2)
        #expect(before[One.self]?.text == "first" && before[Two.self] == nil)
        request[One.self] = nil
        #expect(request[One.self] == nil && request[Two.self]?.number == 2)
    }

    @Test func `setting a response's field replaces all of its values`() {
        var headers = ResponseHeaders()
        headers.add("set-cookie", "a=1")
        headers["etag"] = "x"
        headers.add("set-cookie", "b=2")
        headers["set-cookie"] = "c=3"
        #expect(headers.fields.map(\.value.text) == ["x", "c=3"])
        headers["etag"] = nil
        #expect(headers.fields.map(\.name.text) == ["set-cookie"])
    }

    @Test func `a query keeps the order and the repetitions`() throws {
        let query = try #require(Query("a=1&b&a=2&=x&c=%3D%26&d=a+b".utf8))
        #expect(query.items.map(\.name) == ["a", "b", "a", "", "c", "d"])
        #expect(query.all("a") == ["1", "2"])
        #expect(query["c"] == "=&")
        #expect(query["d"] == "a b")
        #expect(Query("a=%".utf8) == nil)
        #expect(Query(String(repeating: "a&", count: 257).utf8) == nil)
    }

    @Test func `a value with a control character cannot be made`() {
        for octet in UInt8(0)...0x1F {
            let text = "a\(Unicode.Scalar(octet))b"
            #expect(HeaderValue(text) == nil)
        }
        let delete = "a\u{7F}"
        #expect(HeaderValue(delete) == nil)
        #expect(HeaderValue(withoutControls: "a\r\nSet-Cookie: x").text == "aSet-Cookie: x")
        for name in ["a b", ""] { #expect(HeaderName(name) == nil) }
    }

    @Test(arguments: [
        ("gzip", true), ("gzip;q=0", false), ("gzip;q=0.001", true), ("*", true), ("*;q=0", false),
        ("identity", false), ("br, gzip;q=0.5", true), ("gzip;q=0, *", false), ("gzip;q=x", false), ("", false),
        ("GZIP", true), ("deflate, *;q=0.1", true), ("gzip;q=1.5", false),
        ("identity, gzip;q=0.5", false), ("identity;q=0.5, gzip;q=0.501", true), ("gzip, identity", true),
        ("identity;q=0, gzip;q=0.001", true), ("gzip;q=0.0001", false), ("gzip;q=", false), ("gzip;q=1.", true),
    ]) func `gzip is sent to who accepts it`(field: String, accepts: Bool) {
        #expect(ContentCoding.acceptsGzip(RequestHeaders([("accept-encoding", field)])) == accepts)
    }

    @Test func `a cookie is found by its name`() {
        let headers = RequestHeaders([("cookie", "a=1; session=x=y ;b"), ("cookie", "c=; session=z")])
        #expect(headers.cookie("session") == "x=y")
        #expect(headers.cookie("a") == "1")
        #expect(headers.cookie("c")?.isEmpty == true)
        #expect(headers.cookie("b") == nil)
        #expect(headers.cookie("sessio") == nil)
    }

    @Test func `a problem has the members of RFC 9457 and ours`() {
        var problem = Problem(
            .badRequest,
            code: "invalid",
            detail: "No \"good\".",
            details: [.init(field: "/name", code: "empty", message: "Say it.")]
        )
        problem.instance = "/x"
        problem.traceID = "abc"
        let expected =
            #"{"type":"/problems/invalid","title":"Bad Request","status":400,"detail":"No \"good\".","instance":"/x","#
            + #""trace_id":"abc","error":{"code":"INVALID","message":"No \"good\".","#
            + #""details":[{"field":"/name","code":"empty","message":"Say it."}]}}"#
        #expect(String(decoding: problem.encoded(), as: UTF8.self) == expected)
    }

    @Test func `an event is one event, whatever its text holds`() {
        let event = ServerSentEvent(id: "1\n2", event: "a\r\nb", data: "x\ny\r\rz", retry: .seconds(2))
        #expect(
            String(decoding: event.encoded(), as: UTF8.self)
                == "id: 12\nevent: ab\nretry: 2000\ndata: x\ndata: y\ndata: \ndata: z\n\n"
        )
    }
}

@Suite struct AddressTests {
    @Test func `addresses and prefixes are read as they are written`() throws {
        #expect(IPAddress("192.0.2.1")?.description == "192.0.2.1")
        #expect(IPAddress("::ffff:192.0.2.1") == IPAddress("192.0.2.1"))
        #expect(IPAddress("2001:db8::1")?.description == "2001:db8::1")
        for bad in ["", "1.2.3", "1.2.3.4.5", "x", "1.2.3.256", ":::"] { #expect(IPAddress(bad) == nil) }
        for bad in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/", "::/129"] {
            #expect(NetworkPrefix(bad) == nil, "\(bad)")
        }
        let ten = try #require(NetworkPrefix("10.0.0.0/8"))
        #expect(ten.contains(try #require(IPAddress("10.255.0.1"))))
        #expect(!ten.contains(try #require(IPAddress("11.0.0.0"))))
        #expect(try #require(NetworkPrefix("::/0")).contains(try #require(IPAddress("2001:db8::1"))))
    }

    static let forwarded: [(String, String, String)] = [
        ("203.0.113.9", "x-forwarded-for", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", "x-forwarded-for", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.2", "x-forwarded-for", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9, 10.0.0.2, 10.0.0.3", "x-forwarded-for", "203.0.113.9"),
        ("203.0.113.9, rubbish", "x-forwarded-for", "10.0.0.1"),
        ("rubbish, 10.0.0.2", "x-forwarded-for", "10.0.0.2"),
        ("[2001:db8::5]:443", "x-forwarded-for", "2001:db8::5"),
        ("203.0.113.9:1234", "x-forwarded-for", "203.0.113.9"),
        ("203.0.113.9", "forwarded", "10.0.0.1"),
    ]

    @Test(arguments: forwarded) func `the client is the first that no proxy of ours is`(
        value: String,
        field: String,
        client: String
    ) throws {
        let proxies = TrustedProxies([try #require(NetworkPrefix("10.0.0.0/8"))])
        let peer = try #require(IPAddress("10.0.0.1"))
        let headers = RequestHeaders([(try #require(HeaderName(field)), value)])
        #expect(proxies.origin(peer: peer, isTLS: false, headers: headers).client.description == client)
    }

    @Test func `nobody else is believed`() throws {
        let proxies = TrustedProxies([try #require(NetworkPrefix("10.0.0.0/8"))])
        let peer = try #require(IPAddress("192.0.2.7"))
        let headers = RequestHeaders([("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")])
        let origin = proxies.origin(peer: peer, isTLS: false, headers: headers)
        #expect(origin.client == peer)
        #expect(!origin.isTLS)
    }

    @Test func `Forwarded is read where it is the one believed`() throws {
        let proxies = TrustedProxies([try #require(NetworkPrefix("10.0.0.0/8"))], field: .forwarded)
        let peer = try #require(IPAddress("10.0.0.1"))
        let headers = RequestHeaders([
            ("forwarded", #"for=1.1.1.1;proto=http, for="[2001:db8::1]:47";proto=https;by=10.0.0.9"#),
            ("x-forwarded-for", "8.8.8.8"),
        ])
        let origin = proxies.origin(peer: peer, isTLS: false, headers: headers)
        #expect(origin.client.description == "2001:db8::1")
        #expect(origin.isTLS)
    }
}
