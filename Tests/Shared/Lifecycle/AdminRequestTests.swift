import SharedTesting
import Testing

@testable import Lifecycle

@Suite struct AdminRequestTests {
    private func parse(_ text: String) -> AdminRequest.Outcome { AdminRequest.parse(Array(text.utf8)) }

    @Test func `A request is read, the query dropped, the rest left for the next`() {
        let text = "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
        let expected = AdminRequest(path: "/metrics", keepsAlive: true)
        #expect(parse(text + "GET /") == .request(expected, consumed: text.utf8.count))
        let closing = "GET / HTTP/1.1\r\nhost:a\r\nConnection: foo , Close\r\n\r\n"
        let last = AdminRequest(path: "/", keepsAlive: false)
        #expect(parse(closing) == .request(last, consumed: closing.utf8.count))
    }

    @Test func `Every beginning of a request is incomplete`() {
        let text = Array("GET /health HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        for length in 0..<text.count { #expect(AdminRequest.parse(Array(text[..<length])) == .incomplete) }
        #expect(AdminRequest.parse(text, searched: text.count - 1) == AdminRequest.parse(text))
    }

    @Test(
        arguments: [
            ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", 405), ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", 505),
            ("GET / HTTP/2\r\nHost: a\r\n\r\n", 505), ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400), ("GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: é\r\n\r\n", 400),
            ("\r\n\r\n", 400), ("nonsense\r\n\r\n", 400),
        ])
    func `What is not strict is refused`(text: String, status: Int) {
        #expect(parse(text) == .refused(status: status))
    }

    @Test func `A head beyond 8 KiB is refused, complete or not`() {
        let long = "GET /" + String(repeating: "a", count: 9_000)
        #expect(parse(long) == .refused(status: 431))
        #expect(parse(long + " HTTP/1.1\r\nHost: a\r\n\r\n") == .refused(status: 431))
    }

    @Test func `Random octets never trap`() {
        var random = SeededRandom()
        let pieces = ["GET ", "/", " HTTP/1.1", "\r\n", "\r", "\n", ":", "Host: a", "\r\n\r\n", " ", "é", "\0"]
        for _ in 0..<2_000 {
            let count = Int.random(in: 0..<12, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            if case .request(_, let consumed) = parse(text) { #expect(consumed <= text.utf8.count) }
        }
    }
}
