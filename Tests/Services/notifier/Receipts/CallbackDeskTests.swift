import Carriers
import Crypto
import Domain
import HTTPClient
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing
import WireFormat

@testable import Notifier

/// How providers' requests are believed, and what they mean.
@Suite(.proves("NTF-02")) struct CallbackDeskTests {
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let at = Timestamp(secondsSince1970: 1_795_348_800)

    private func desk(
        _ secrets: [String: String]?,
        _ fetch: @escaping @Sendable (String) async -> String? = { _ in nil }
    ) -> CallbackDesk {
        let logger = Logger(service: "test", sink: MemoryLogSink())
        return CallbackDesk(
            open: { _ in
                guard let secrets else { throw CryptoError.operationFailed("sealed") }
                return secrets
            },
            certificates: CertificateBook(logger: logger, fetch: fetch),
            metrics: ReceiptMetrics(MetricsRegistry()),
            logger: logger
        )
    }

    private func waiting(
        _ kind: String,
        _ settings: [String: String],
        _ target: String = "/api/v1/notices/callbacks/1",
        headers: [String: String] = [:],
        body: String = "",
        channel: String = "sms"
    ) -> WaitingCallback {
        WaitingCallback(
            id: UUID128(high: 2, low: 2),
            provider: NoticeProviderRow(
                tenantID: Self.tenant,
                id: NoticeProviderID(UUID128(high: 3, low: 3)),
                channel: channel,
                kind: kind,
                settings: settings,
                sealedSecrets: [1],
                version: 1
            ),
            callback: NoticeCallback(host: "isp.example", target: target, headers: headers, body: Array(body.utf8)),
            receivedAt: Self.at,
            attempts: 0
        )
    }

    private static let kannel = ["url": "http://10.0.0.1/send", "username": "isp", "from": "ISP"]
    private static let kannelSecrets = ["password": "p", "receipts_token": "t0"]

    private func word(_ reading: CallbackReading) -> String {
        switch reading {
        case .read(let receipts, let replies):
            (["read"] + receipts.map { $0.state.rawValue } + replies.map { $0.wish == .stop ? "stop" : "start" })
                .joined(separator: " ")
        case .waits: "waits"
        case .refused: "refused"
        }
    }

    @Test func `Kannel is believed by its token alone`() {
        let settings = Self.kannel.merging(["receipts_url": "https://isp.example/api/v1/notices/callbacks/1"]) { $1 }
        let id = String(repeating: "07", count: 16)
        let path = "/api/v1/notices/callbacks/1"
        let desk = desk(Self.kannelSecrets)
        func read(_ query: String) -> String { word(desk.read(waiting("kannel", settings, path + query))) }
        #expect(read("?token=t0&id=\(id)&status=1") == "read delivered")
        #expect(read("?token=t0&id=\(id)&status=16") == "read bounced")
        #expect(read("?token=t0&from=%2B4915112345678&to=ISP&text=Stop!") == "read stop")
        #expect(read("?token=t0&from=%2B4915112345678&to=ISP&text=START") == "read start")
        #expect(read("?token=t0&from=%2B4915112345678&to=ISP&text=yes") == "read")
        #expect(read("?token=t1&id=\(id)&status=1") == "refused")
        #expect(read("?id=\(id)&status=1") == "refused" && read("") == "refused")
        // Without a token nothing is set up by which it could be believed.
        #expect(
            word(self.desk(["password": "p"]).read(waiting("kannel", Self.kannel, "?token=&id=\(id)&status=1")))
                == "refused"
        )
    }

    @Test(arguments: ["https", "http"]) func `Twilio signs the address that it asked for, whatever a proxy made of it`(
        scheme: String
    ) {
        let target = "/api/v1/notices/callbacks/1?a=%20b"
        let items = [
            ("MessageSid", "SM1"), ("MessageStatus", "undelivered"), ("ErrorCode", "30005"), ("To", "+15550001"),
        ]
        let text = "\(scheme)://isp.example\(target)" + items.sorted { $0.0 < $1.0 }.map { $0.0 + $0.1 }.joined()
        let signature = Base64.encode(HMAC.sha1(Array(text.utf8), key: Array("token".utf8)))
        let settings = ["account_sid": "AC1", "from": "+15550009"]
        func read(_ settings: [String: String], _ signature: String) -> CallbackReading {
            desk(["auth_token": "token"]).read(
                waiting(
                    "twilio",
                    settings,
                    target,
                    headers: ["content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature],
                    body: items.map { "\($0.0)=\($0.1.replacing("+", with: "%2B"))" }.joined(separator: "&")
                )
            )
        }
        guard case .read(let receipts, _) = read(settings, signature), let receipt = receipts.first else {
            Issue.record("it is Twilio's")
            return
        }
        #expect(receipt.messageID == "SM1" && receipt.state == .bounced && receipt.reason == "number_unknown")
        #expect(receipt.suppression == .bounced && receipt.at == Self.at)
        #expect(word(read(settings, Base64.encode([1, 2, 3]))) == "refused")
        // Where it was told another place, that is the one.
        let elsewhere = settings.merging(["receipts_url": "\(scheme)://other.example/api/v1/notices/callbacks/1"]) {
            $1
        }
        #expect(word(read(elsewhere, signature)) == "refused")
    }

    @Test func `what the keyring does not open waits, and what nobody knows does not`() {
        #expect(word(desk(nil).read(waiting("kannel", Self.kannel))) == "waits")
        #expect(word(desk(Self.kannelSecrets).read(waiting("pigeon", Self.kannel))) == "refused")
        #expect(word(desk(Self.kannelSecrets).read(waiting("kannel", [:]))) == "refused")
        let push = waiting("fcm", [:], channel: "push")
        #expect(word(desk([:]).read(push)) == "refused")
    }

    @Test func `Amazon's certificate is fetched between two looks, and nobody else's`() async {
        let asked = Mutex<[String]>([])
        let settings = ["from": "isp@example.net", "region": "eu-west-1", "topic_arn": "arn:aws:sns:eu-west-1:1:isp"]
        let desk = desk(["access_key": "a", "secret_key": "s"]) { url in
            asked.withLock { $0.append(url) }
            return "no certificate"
        }
        func read(_ url: String) -> String {
            word(desk.read(waiting("ses", settings, body: "{\"SigningCertURL\":\"\(url)\"}", channel: "email")))
        }
        let genuine = "https://sns.eu-west-1.amazonaws.com/key.pem"
        #expect(read("https://sns.eu-west-1.amazonaws.com.evil.example/key.pem") == "refused")
        #expect(read(genuine) == "waits" && read(genuine) == "waits")
        await desk.certificates.work()
        #expect(asked.withLock { $0 } == [genuine])
        // What came is no certificate of anybody's.
        #expect(read(genuine) == "refused")
    }
}
