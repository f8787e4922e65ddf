import Carriers
import Concurrency
import Crypto
import Domain
import HTTPClient
import HTTPServer
import NoticeProvidersSimulator
import Notices
import Observability
import SharedTesting
import Testing
import WireFormat

struct SilentSink: LogSink {
    func write(_ line: [UInt8]) {}
}

/// Runs the vendors and a client for the length of `body`.
private func withVendors(
    body: @escaping @Sendable (NoticeProviders, HTTPClient, String) async throws -> Void
) async throws {
    let vendors = try NoticeProviders()
    var served = HTTPServerConfiguration()
    served.limits.body = 64 << 20
    let server = try HTTPServer(
        served,
        metrics: HTTPServerMetrics(MetricsRegistry()),
        logger: Logger(service: "test", level: .fatal, sink: SilentSink()),
        respond: { await vendors.respond(to: $0) }
    )
    try await withThrowingTaskGroup { group in
        group.addTask { try await server.run() }
        group.addTask {
            try await eventually { server.port != nil }
            defer { server.drain(within: .seconds(10)) }
            let client = try HTTPClient()
            defer { vendors.release() }
            try await body(vendors, client, "http://127.0.0.1:\(server.port ?? 0)")
            await client.shutdown()
        }
        while try await group.next() != nil {}
    }
}

private func provider(
    _ kind: CarrierKind,
    _ vendors: NoticeProviders,
    _ client: HTTPClient,
    _ base: String,
    _ change: (inout [String: String], inout [String: String]) -> Void = { _, _ in }
) throws -> CarrierProvider {
    var (settings, secrets) = vendors.settings(kind.rawValue, base: base)
    change(&settings, &secrets)
    return try CarrierProvider(kind, settings: settings, secrets: secrets, client: client) {
        Timestamp(microseconds: SystemClock.microsecondsSince1970())
    }
}

private func anyMessage(_ kind: CarrierKind, to address: String? = nil) -> OutgoingMessage {
    let usual =
        switch kind.channel {
        case .email: "ada@example.org"
        case .sms: "+15551234567"
        case .push: "device-token:1"
        case .slack, .inApp: ""
        }
    let now = Timestamp(microseconds: SystemClock.microsecondsSince1970())
    var message = OutgoingMessage(
        id: UUID128(high: 7, low: 1),
        address: address ?? usual,
        text: "Your bill <A> & more",
        language: "en",
        expiresAt: now + .seconds(3_600)
    )
    message.recipientName = "Ada \"L\" Ödlund"
    message.subject = "A bill"
    return message
}

/// A port that was free a moment ago: its socket is closed with this function's end.
private func closedPort() throws -> UInt16 {
    let socket = try ListeningSocket(address: "127.0.0.1", port: 0)
    return socket.port
}

private func word(_ outcome: SendOutcome) -> String {
    switch outcome {
    case .accepted: "accepted"
    case .refused(let reason, _): "refused \(reason)"
    case .failed(let reason, _, _): "failed \(reason)"
    case .outage(let reason, _, _): "outage \(reason)"
    case .unknown(let reason, _): "unknown \(reason)"
    }
}

private func detail(_ outcome: SendOutcome) -> String {
    switch outcome {
    case .accepted: ""
    case .refused(_, let detail), .failed(_, let detail, _), .outage(_, let detail, _), .unknown(_, let detail):
        detail ?? ""
    }
}

@Suite(.proves("NTF-01", "NTF-05", "NTF-09")) struct CarrierProviderTests {
    @Test(arguments: CarrierKind.allCases)
    func `a message arrives as its vendor's API wants it`(kind: CarrierKind) async throws {
        try await withVendors { vendors, client, base in
            let sender = try provider(kind, vendors, client, base)
            let outcome = await sender.send(anyMessage(kind), within: .seconds(20))
            guard case .accepted(let id, let segments) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            let taken = try #require(vendors.taken.first)
            #expect(vendors.taken.count == 1 && taken.vendor == kind.rawValue)
            #expect(kind == .kannel || id == taken.id)
            #expect((segments == 1) == (kind.channel == .sms))
            let fields = taken.fields.values
            #expect(fields.contains { $0.contains("Your bill") })
            // What receipts name the notice by.
            let name = Hex.encode(UUID128(high: 7, low: 1).bytes)
            #expect([.twilio, .webhook].contains(kind) || fields.contains { $0.contains(name) })
        }
    }

    @Test(arguments: CarrierKind.allCases) func `what goes wrong is told by what it is`(kind: CarrierKind) async throws
    {
        try await withVendors { vendors, client, base in
            let sender = try provider(kind, vendors, client, base)
            let message = anyMessage(kind)
            for (status, headers, expected) in [
                (401, [:], "outage not_authorised"), (403, [:], "outage not_authorised"),
                (429, ["Retry-After": "17"], "outage throttled"), (500, [:], "unknown provider_fault"),
                (502, [:], "unknown provider_fault"), (504, [:], "unknown provider_fault"),
                (503, ["Retry-After": "17"], "outage provider_down"), (302, ["Location": "/"], "outage settings"),
            ] as [(Int, [String: String], String)] {
                vendors.fail(kind.rawValue, .answer(status, headers: headers, body: "{}"))
                let outcome = await sender.send(message, within: .seconds(20))
                #expect(word(outcome) == expected)
                if case .outage(_, _, let after) = outcome, !headers.isEmpty, status != 302 {
                    #expect(after == .seconds(17))
                }
            }
            #expect(vendors.taken.isEmpty)
            vendors.fail(kind.rawValue, .garbled)
            let garbled = word(await sender.send(message, within: .seconds(20)))
            // SendGrid's answer has no body: its status is all it says.
            #expect(garbled == (kind == .sendgrid ? "accepted" : "unknown unintelligible"))
            vendors.fail(kind.rawValue, .silent)
            #expect(word(await sender.send(message, within: .seconds(1))) == "unknown timeout")
            // It was taken all the same: that is why nobody knows.
            try await eventually { vendors.timesAsked(kind.rawValue) == 10 }
            vendors.release()
        }
    }

    @Test(arguments: CarrierKind.allCases) func `where nobody listens nothing was sent`(kind: CarrierKind) async throws
    {
        let vendors = try NoticeProviders()
        let client = try HTTPClient()
        let port = try closedPort()
        let sender = try provider(kind, vendors, client, "http://127.0.0.1:\(port)")
        let outcome = word(await sender.send(anyMessage(kind), within: .seconds(20)))
        #expect(["outage unreachable", "outage token_unreachable"].contains(outcome))
        await client.shutdown()
    }

    @Test(arguments: [
        (CarrierKind.sendgrid, "bad@isp.example", "refused invalid_address"),
        (.mailgun, "bad@isp.example", "refused invalid_address"),
        (.postal, "bad@isp.example", "refused invalid_address"),
        (.ses, "bad@isp.example", "refused rejected"), (.twilio, "+15005550001", "refused invalid_address"),
        (.twilio, "+15005550004", "refused opted_out"), (.twilio, "+15005550009", "refused not_mobile"),
        (.twilio, "+15005550003", "refused unreachable_region"), (.vonage, "+15005550007", "refused barred"),
        (.kannel, "+15005550007", "refused barred"), (.fcm, "bad-token", "refused token_invalid"),
        (.fcm, "foreign-token", "refused token_foreign"),
    ]) func `what is the recipient's is refused, without his address`(
        kind: CarrierKind,
        address: String,
        expected: String
    ) async throws {
        try await withVendors { vendors, client, base in
            let sender = try provider(kind, vendors, client, base)
            let outcome = await sender.send(anyMessage(kind, to: address), within: .seconds(20))
            #expect(word(outcome) == expected)
            #expect(!detail(outcome).contains(address) && !detail(outcome).contains("5005550"))
            #expect(vendors.taken.isEmpty)
        }
    }

    @Test(arguments: ["ada@example.org>\r\nBcc: eve@evil.example", "ada", "+1", "", "a@b@c.example"])
    func `an address that is none goes nowhere`(address: String) async throws {
        try await withVendors { vendors, client, base in
            for kind in CarrierKind.allCases where kind.channel == .email || kind.channel == .sms {
                let sender = try provider(kind, vendors, client, base)
                let outcome = await sender.send(anyMessage(kind, to: address), within: .seconds(20))
                #expect(word(outcome) == "refused invalid_address")
                #expect(vendors.timesAsked(kind.rawValue) == 0)
            }
        }
    }

    @Test(arguments: CarrierKind.allCases.filter { $0 != .webhook && $0 != .fcm })
    func `a wrong secret is an outage and is not repeated`(kind: CarrierKind) async throws {
        try await withVendors { vendors, client, base in
            let sender = try provider(kind, vendors, client, base) { _, secrets in
                for name in secrets.keys where name != "access_key" && name != "api_key" || kind.channel == .email {
                    secrets[name] = "a-wrong-secret"
                }
            }
            let outcome = await sender.send(anyMessage(kind), within: .seconds(20))
            #expect(word(outcome) == "outage not_authorised")
            #expect(!detail(outcome).contains("a-wrong-secret"))
        }
    }

    @Test(arguments: [CarrierKind.sendgrid, .mailgun, .postal, .ses])
    func `files and the way out go with an e-mail`(kind: CarrierKind) async throws {
        try await withVendors { vendors, client, base in
            let sender = try provider(kind, vendors, client, base)
            var message = anyMessage(kind)
            let octets = (0...255).map { UInt8($0) } + Array("\r\n--nexora".utf8)
            message.attachments = [.init(name: "bill/7\".pdf", type: "application/pdf", octets: octets)]
            message.unsubscribeURL = "https://isp.example/u/1"
            message.html = "<p>Your bill</p>"
            #expect(word(await sender.send(message, within: .seconds(20))) == "accepted")
            let fields = try #require(vendors.taken.first?.fields)
            #expect(fields.values.contains(Base64.encode(octets)))
            #expect(fields.values.contains("bill7.pdf") && fields.values.contains("<p>Your bill</p>"))
            #expect(fields.values.contains("<https://isp.example/u/1>"))
            #expect(fields.values.contains("List-Unsubscribe=One-Click"))
        }
    }

    @Test func `a text beyond GSM 7 bit is sent as UCS-2 and counted so`() async throws {
        try await withVendors { vendors, client, base in
            var message = anyMessage(.vonage)
            message.text = String(repeating: "ж", count: 71)
            let vonage = try provider(.vonage, vendors, client, base)
            #expect(word(await vonage.send(message, within: .seconds(20))) == "accepted")
            #expect(vendors.taken.last?.fields["type"] == "unicode")
            let kannel = try provider(.kannel, vendors, client, base)
            guard case .accepted(_, 2) = await kannel.send(message, within: .seconds(20)) else {
                Issue.record("not two segments")
                return
            }
            #expect(vendors.taken.last?.fields["coding"] == "2")
            #expect(vendors.taken.last?.fields["text"] == message.text)
            let dlr = vendors.taken.last?.fields["dlr-url"]
            #expect(dlr?.hasSuffix("&token=a-token&status=%d&answer=%A") == true)
        }
    }
}

@Suite(.proves("NTF-01")) struct PushTests {
    @Test func `one token serves many messages, and a revoked one is asked for again`() async throws {
        try await withVendors { vendors, client, base in
            let sender = try provider(.fcm, vendors, client, base)
            for _ in 1...3 { #expect(word(await sender.send(anyMessage(.fcm), within: .seconds(20))) == "accepted") }
            #expect(vendors.timesAsked("google") == 1)
            vendors.revokeTokens()
            #expect(word(await sender.send(anyMessage(.fcm), within: .seconds(20))) == "outage not_authorised")
            #expect(word(await sender.send(anyMessage(.fcm), within: .seconds(20))) == "accepted")
            #expect(vendors.timesAsked("google") == 2)
        }
    }

    @Test func `a removed application's token is gone`() async throws {
        try await withVendors { vendors, client, base in
            let sender = try provider(.fcm, vendors, client, base)
            vendors.unregister("device-token:1")
            #expect(word(await sender.send(anyMessage(.fcm), within: .seconds(20))) == "refused token_gone")
        }
    }

    @Test func `without an access token nothing was sent`() async throws {
        try await withVendors { vendors, client, base in
            let sender = try provider(.fcm, vendors, client, base)
            vendors.fail("google", .stalled)
            #expect(word(await sender.send(anyMessage(.fcm), within: .seconds(1))) == "outage token_timeout")
            vendors.fail("google", .answer(400, headers: [:], body: #"{"error":"invalid_grant"}"#))
            #expect(word(await sender.send(anyMessage(.fcm), within: .seconds(20))) == "outage not_authorised")
            #expect(vendors.timesAsked("fcm") == 0)
        }
    }
}
