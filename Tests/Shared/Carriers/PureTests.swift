import Crypto
import Domain
import HTTPClient
import NoticeProvidersSimulator
import Notices
import SharedTesting
import Testing
import WireFormat

@testable import Carriers

private func message(to address: String) -> OutgoingMessage {
    OutgoingMessage(id: UUID128(high: 7, low: 1), address: address, text: "x", language: "en", expiresAt: .epoch)
}

@Suite(.proves("NTF-01")) struct PureTests {
    @Test func `a service account asks as Google's documentation says`() throws {
        let secrets = try NoticeProviders().settings("fcm", base: "http://127.0.0.1:1").secrets
        let account = try #require(ServiceAccount(json: secrets["service_account"] ?? ""))
        let token = try account.assertion(to: "https://oauth2.googleapis.com/token", at: 1_795_348_800)
        let parts = token.split(separator: ".").map(String.init)
        try #require(parts.count == 3)
        // What another program wrote of the same header and claims.
        let header =
            ""
            + "eyJhbGciOiJSUzI1NiIsImtpZCI6IjAxMjM0NTY3ODlhYmNkZWYiLCJ0eXAiOiJKV1QifQ"
        let claims =
            ""
            + "eyJhdWQiOiJodHRwczovL29hdXRoMi5nb29nbGVhcGlzLmNvbS90b2tlbiIsImV4cCI6MTc5NTM1MjQw"
            + "MCwiaWF0IjoxNzk1MzQ4ODAwLCJpc3MiOiJub3RpZmllckBuZXhvcmEtdGVzdC5pYW0uZ3NlcnZpY2Vh"
            + "Y2NvdW50LmNvbSIsInNjb3BlIjoiaHR0cHM6Ly93d3cuZ29vZ2xlYXBpcy5jb20vYXV0aC9maXJlYmFz"
            + "ZS5tZXNzYWdpbmcifQ"
        #expect(parts[0] == header && parts[1] == claims)
        let signature = try #require(Base64URL.decode(parts[2]))
        #expect(account.key.publicKey.verifies(signature, of: Array("\(header).\(claims)".utf8)))
    }

    @Test func `an access token is good until shortly before its end`() throws {
        let body = #"{"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer"}"#
        let answer = ClientResponse(status: 200, headers: [], body: Array(body.utf8))
        let token = try #require(AccessToken(answer, at: 1_000))
        #expect(token.isGood(at: 4_298) && !token.isGood(at: 4_299))
        #expect(AccessToken(ClientResponse(status: 400, headers: [], body: Array(body.utf8)), at: 0) == nil)
        let broken = Array(#"{"access_token":"a\r\nb","expires_in":3599}"#.utf8)
        #expect(AccessToken(ClientResponse(status: 200, headers: [], body: broken), at: 0) == nil)
    }

    @Test(arguments: [
        (String(repeating: "a", count: 160), 1), (String(repeating: "a", count: 161), 2),
        (String(repeating: "a", count: 306), 2), (String(repeating: "a", count: 307), 3),
        (String(repeating: "€", count: 80), 1), (String(repeating: "€", count: 81), 2),
        // 76 of two septets in each: 153 is odd, and none is split.
        (String(repeating: "€", count: 153), 3), (String(repeating: "ж", count: 70), 1),
        (String(repeating: "ж", count: 71), 2), (String(repeating: "😀", count: 35), 1),
        (String(repeating: "😀", count: 67), 3), ("", 1), ("Ça\r\n{ok}", 1),
    ]) func `segments are counted as phones count them`(text: String, count: Int) {
        #expect(CarrierSMS.segments(text) == count)
    }

    @Test func `what a vendor says is kept without whom it is about`() {
        var random = SeededRandom()
        let words = [
            "no", "such", "user", "(550", "5.1.1)", "at", "https://x.example/?k=1", "12345678", "\r\n\t", "\u{0}",
        ]
        for _ in 0..<200 {
            let address = ["ada@example.org", "+15551234567", "device:token-1"][Int(random.next() % 3)]
            let bare = String(address.drop { $0 == "+" })
            var said: [String] = []
            for _ in 0..<(random.next() % 120) {
                let forms = words + [address, bare, "<\(address)>:", "'\(bare)'", "{\"to\":\"\(address)\"}"]
                said.append(forms[Int(random.next() % UInt64(forms.count))])
            }
            let detail = CarrierOutcome.detail(said.joined(separator: " "), message(to: address)) ?? ""
            #expect(!detail.contains(bare) && !detail.contains("://") && !detail.contains("12345678"))
            #expect(detail.unicodeScalars.count <= 300)
            #expect(!detail.unicodeScalars.contains { $0.properties.generalCategory == .control })
        }
    }

    @Test func `forms are read as they were written`() throws {
        var random = SeededRandom()
        for _ in 0..<200 {
            let items = (0..<(random.next() % 6)).map { _ in
                (
                    "n" + String(decoding: random.bytes(4), as: UTF8.self),
                    String(decoding: random.bytes(Int(random.next() % 12)), as: UTF8.self)
                )
            }
            let read = try #require(FormText.decode(FormText.encode(items).utf8))
            #expect(read.map(\.name) == items.map { $0.0 } && read.map(\.value) == items.map { $0.1 })
        }
        #expect(FormText.decode("a=%4".utf8) == nil)
        #expect(FormText.decode("a=%ff".utf8) == nil)
        #expect(FormText.decode("a=b+c".utf8)?.first?.value == "b c")
    }

    @Test func `whether something may have left decides between an outage and nobody knowing`() {
        for code in HTTPClientError.Code.allCases {
            for hasLeft in [false, true] {
                let outcome = CarrierOutcome.of(HTTPClientError(code, "words", mayHaveArrived: hasLeft))
                switch outcome {
                case .unknown: #expect(hasLeft)
                case .outage: #expect(!hasLeft)
                default: Issue.record("\(outcome)")
                }
            }
        }
    }

    @Test(arguments: [
        ("Ada", "\"Ada\" <a@isp.example>"), ("A \"b\" \\", "\"A \\\"b\\\" \\\\\" <a@isp.example>"),
        ("Ödlund", "=?UTF-8?B?w5ZkbHVuZA==?= <a@isp.example>"), ("a\r\nBcc: x", "\"a  Bcc: x\" <a@isp.example>"),
        ("", "a@isp.example"),
    ]) func `a name stays in its place`(name: String, expected: String) {
        #expect(MailText.mailbox("a@isp.example", name: name) == expected)
    }
}
