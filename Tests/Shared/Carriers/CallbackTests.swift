import Carriers
import Crypto
import Domain
import HTTPClient
import SharedTesting
import Testing
import WireFormat

/// 2026-11-22T12:00:00Z.
private let noon = Timestamp(secondsSince1970: 1_795_348_800)
private let notice = UUID128(high: 7, low: 1)

private func form(_ url: String, _ body: String, _ headers: [ClientHeader] = []) -> CarrierCallback {
    let type = ClientHeader("Content-Type", "application/x-www-form-urlencoded")
    return CarrierCallback(url: url, headers: [type] + headers, body: Array(body.utf8))
}

private func json(_ body: String, _ headers: [ClientHeader] = []) -> CarrierCallback {
    let type = ClientHeader("Content-Type", "application/json")
    return CarrierCallback(url: "https://isp.example/receipts", headers: [type] + headers, body: Array(body.utf8))
}

@Suite(.proves("NTF-02")) struct TwilioCallbackTests {
    // The example of Twilio's "Validating requests" and of its libraries' tests.
    private let url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    private let items = [
        ("From", "%2B14158675309"), ("To", "%2B18005551212"), ("CallSid", "CA1234567890ABCDE"), ("Digits", "1234"),
        ("Caller", "%2B14158675309"),
    ]
    private let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8="

    @Test func `the signature is that of the vendor's example`() {
        let body = items.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        let reader = TwilioCallbacks(authToken: "12345")
        // It is a call's: believed, and then no message.
        let known = form(url, body, [ClientHeader("X-Twilio-Signature", signature)])
        #expect(throws: CallbackError.malformed) { try reader.read(known, at: noon) }
        let other = form(url + "3", body, [ClientHeader("X-Twilio-Signature", signature)])
        #expect(throws: CallbackError.badSignature) { try reader.read(other, at: noon) }
        let changed = form(url, body + "5", [ClientHeader("X-Twilio-Signature", signature)])
        #expect(throws: CallbackError.badSignature) { try reader.read(changed, at: noon) }
        #expect(throws: CallbackError.unsigned) { try reader.read(form(url, body), at: noon) }
        #expect(throws: CallbackError.badSignature) { try TwilioCallbacks(authToken: "12346").read(known, at: noon) }
    }

    /// As Twilio signs: the names come in their order already.
    private func signed(_ items: [(String, String)]) -> CarrierCallback {
        let text = url + items.map { $0.0 + $0.1.replacing("%2B", with: "+") }.joined()
        let tag = Base64.encode(HMAC.sha1(Array(text.utf8), key: Array("12345".utf8)))
        let body = items.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        return form(url, body, [ClientHeader("X-Twilio-Signature", tag)])
    }

    @Test(arguments: [
        ("delivered", "", "delivered false nil"), ("undelivered", "30005", "bounced true number_unknown"),
        ("undelivered", "30003", "bounced false unreachable"), ("failed", "21610", "failed true opted_out"),
        ("sent", "", nil), ("queued", "", nil),
    ]) func `states are read`(status: String, error: String, expected: String?) throws {
        let items = [("ErrorCode", error), ("MessageSid", "SM1"), ("MessageStatus", status), ("To", "%2B15550001")]
        let contents = try TwilioCallbacks(authToken: "12345").read(signed(items), at: noon)
        let told = contents.receipts.first.map { "\($0.kind) \($0.isPermanent) \($0.reason ?? "nil")" }
        #expect(told == expected)
        #expect(contents.receipts.allSatisfy { $0.messageID == "SM1" && $0.at == noon })
    }

    @Test func `a message that says STOP is one`() throws {
        let items = [("Body", "Stop"), ("From", "%2B15550001"), ("MessageSid", "SM1"), ("To", "%2B15005550006")]
        let contents = try TwilioCallbacks(authToken: "12345").read(signed(items), at: noon)
        let message = try #require(contents.inbound.first)
        #expect(message.word == .stop && message.from == "+15550001" && contents.receipts.isEmpty)
    }
}

@Suite(.proves("NTF-02")) struct MailCallbackTests {
    // The example of SendGrid's libraries' tests.
    private let sendGridKey =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
    private let sendGridBody =
        #"[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","#
        + #""sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","#
        + #""sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","#
        + #""smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]"# + "\r\n"

    private func sendGrid(_ body: String) -> CarrierCallback {
        json(
            body,
            [
                ClientHeader(
                    "X-Twilio-Email-Event-Webhook-Signature",
                    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
                ),
                ClientHeader("X-Twilio-Email-Event-Webhook-Timestamp", "1600112502"),
            ]
        )
    }

    @Test func `SendGrid's example is believed in its time`() throws {
        let reader = try SendGridCallbacks(publicKey: sendGridKey)
        let then = Timestamp(secondsSince1970: 1_600_112_510)
        let receipt = try #require(try reader.read(sendGrid(sendGridBody), at: then).receipts.first)
        #expect(receipt.kind == .failed && receipt.isPermanent && receipt.reason == "dropped")
        #expect(receipt.messageID == "LRzXl_NHStOGhQ4kofSm_A")
        #expect(receipt.at == Timestamp(secondsSince1970: 1_600_112_492))
        #expect(throws: CallbackError.stale) { try reader.read(sendGrid(sendGridBody), at: noon) }
        #expect(throws: CallbackError.badSignature) { try reader.read(sendGrid(sendGridBody + " "), at: then) }
        #expect(throws: CallbackError.unsigned) { try reader.read(json(sendGridBody), at: then) }
    }

    private func mailgun(_ signature: String, _ event: String) -> CarrierCallback {
        let token = String(repeating: "a", count: 50)
        let signed = #"{"timestamp":"1795348800","token":"\#(token)","signature":"\#(signature)"}"#
        return json(#"{"signature":\#(signed),"event-data":\#(event)}"#)
    }

    @Test(arguments: [
        (#"{"event":"delivered"}"#, "delivered false"),
        (#"{"event":"failed","severity":"permanent","reason":"bounce"}"#, "bounced true"),
        (#"{"event":"failed","severity":"permanent","reason":"suppress-bounce"}"#, "failed true"),
        (#"{"event":"failed","severity":"temporary"}"#, nil), (#"{"event":"opened"}"#, nil),
        (#"{"event":"complained"}"#, "complained true"),
    ]) func `Mailgun's events are read`(event: String, expected: String?) throws {
        let reader = MailgunCallbacks(signingKey: "a signing key")
        let contents = try reader.read(mailgun(SignedSamples.mailgun, event), at: noon)
        #expect(contents.receipts.first.map { "\($0.kind) \($0.isPermanent)" } == expected)
        let later = noon + .seconds(7_200)
        #expect(throws: CallbackError.stale) { try reader.read(mailgun(SignedSamples.mailgun, event), at: later) }
        let forged = String(SignedSamples.mailgun.reversed())
        #expect(throws: CallbackError.badSignature) { try reader.read(mailgun(forged, event), at: noon) }
    }

    @Test func `Postal's are believed by either digest and not by the other's`() throws {
        let reader = try PostalCallbacks(publicKey: SignedSamples.publicKey)
        let old = ClientHeader("X-Postal-Signature", SignedSamples.postalSHA1)
        let new = ClientHeader("X-Postal-Signature-256", SignedSamples.postalSHA256)
        for headers in [[old], [old, new]] {
            let receipt = try #require(try reader.read(json(SignedSamples.postal, headers), at: noon).receipts.first)
            #expect(receipt.kind == .bounced && receipt.isPermanent)
            #expect(receipt.messageID == "postal-1@rp.isp.example" && receipt.notice == notice)
        }
        let swapped = ClientHeader("X-Postal-Signature-256", SignedSamples.postalSHA1)
        #expect(throws: CallbackError.badSignature) { try reader.read(json(SignedSamples.postal, [swapped]), at: noon) }
        #expect(throws: CallbackError.stale) {
            try reader.read(json(SignedSamples.postal, [old]), at: noon + .seconds(7_200))
        }
    }

    @Test(arguments: [SignedSamples.snsVersion1, SignedSamples.snsVersion2])
    func `SES's come through SNS in both versions`(body: String) throws {
        let topic = "arn:aws:sns:eu-west-1:1:isp"
        let reader = try SESCallbacks(certificate: SignedSamples.certificate, topic: topic)
        let receipt = try #require(try reader.read(json(body), at: noon + .seconds(5)).receipts.first)
        #expect(receipt.kind == .bounced && receipt.isPermanent)
        #expect(receipt.messageID == "0102-ses-1" && receipt.notice == notice && receipt.at == noon)
        let changed = body.replacing("Permanent", with: "Transient")
        #expect(throws: CallbackError.badSignature) { try reader.read(json(changed), at: noon) }
        let other = try SESCallbacks(certificate: SignedSamples.certificate, topic: topic + "2")
        #expect(throws: CallbackError.badSignature) { try other.read(json(body), at: noon) }
        #expect(SESCallbacks.certificateURL(json(body))?.hasPrefix("https://sns.eu-west-1.amazonaws.com/") == true)
    }

    @Test(arguments: [
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem", "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com", "https://sns.eu-west-1.amazonaws.com@evil.example/x",
        "https://sns.eu-west-1.amazonaws.com:8443/x", "https://s3.eu-west-1.amazonaws.com/x.pem",
    ]) func `certificates come from Amazon alone`(url: String) {
        #expect(!SESCallbacks.isAmazons(url))
    }
}

@Suite(.proves("NTF-02")) struct SMSCallbackTests {
    private func vonage(_ signature: String, status: String = "failed") -> CarrierCallback {
        form(
            "https://isp.example/receipts",
            "msisdn=15550001&to=ISP&messageId=0A1&status=\(status)&err-code=3&nonce=a%26b%3Dc&timestamp=1795348800"
                + "&client-ref=00000000000000070000000000000001&sig=\(signature)"
        )
    }

    @Test func `Vonage's receipts are believed by their signature`() throws {
        let reader = VonageCallbacks(signatureSecret: "a secret")
        let receipt = try #require(try reader.read(vonage(SignedSamples.vonage), at: noon).receipts.first)
        #expect(receipt.kind == .bounced && receipt.isPermanent && receipt.reason == "number_unknown")
        #expect(receipt.messageID == "0A1" && receipt.notice == notice)
        #expect(throws: CallbackError.badSignature) {
            try reader.read(vonage(SignedSamples.vonage, status: "delivered"), at: noon)
        }
        #expect(throws: CallbackError.stale) {
            try reader.read(vonage(SignedSamples.vonage), at: noon + .seconds(7_200))
        }
    }

    @Test(arguments: [
        ("1", "delivered"), ("2", "bounced"), ("34", "bounced"), ("16", "failed"), ("8", nil), ("4", nil),
    ])
    func `Kannel's reports are read by their mask`(status: String, expected: String?) throws {
        let url =
            "https://isp.example/receipts?id=00000000000000070000000000000001&token=a-token&status=\(status)&answer="
        let contents = try KannelCallbacks(token: "a-token").read(CarrierCallback(url: url), at: noon)
        #expect(contents.receipts.first?.kind.rawValue == expected)
        #expect(contents.receipts.allSatisfy { $0.notice == notice && !$0.isPermanent })
        #expect(throws: CallbackError.badSignature) {
            try KannelCallbacks(token: "b-token").read(CarrierCallback(url: url), at: noon)
        }
    }

    @Test(arguments: [
        ("STOP", InboundMessage.Word.stop), (" stop. ", .stop), ("Stop all", .stop), ("ARRÊT", .stop),
        ("berhenti", .stop),
        ("إلغاء", .stop), ("start", .start), ("help", .help), ("please stop by", nil), ("", nil),
    ]) func `words that end messages are known`(text: String, expected: InboundMessage.Word?) throws {
        var query = "token=a-token&from=0015550001&to=900&mo=x&text="
        for octet in text.utf8 { query += "%" + (octet < 16 ? "0" : "") + String(octet, radix: 16) }
        let contents = try KannelCallbacks(token: "a-token")
            .read(CarrierCallback(url: "https://isp.example/receipts?\(query)"), at: noon)
        let message = try #require(contents.inbound.first)
        #expect(message.word == expected)
        #expect(message.from == "+15550001" && message.messageID == "x" && message.text == text)
    }

    @Test func `no octets from anybody end in anything but an error`() throws {
        var random = SeededRandom()
        let readers: [any CallbackReader] = [
            TwilioCallbacks(authToken: "a"), VonageCallbacks(signatureSecret: "a"), KannelCallbacks(token: "a"),
            MailgunCallbacks(signingKey: "a"), try PostalCallbacks(publicKey: SignedSamples.publicKey),
            try SESCallbacks(certificate: SignedSamples.certificate, topic: "arn:aws:sns:eu-west-1:1:isp"),
        ]
        for round in 0..<300 {
            var body = round % 2 == 0 ? random.bytes(Int(random.next() % 200)) : Array(SignedSamples.snsVersion2.utf8)
            if !body.isEmpty {
                body[Int(random.next() % UInt64(body.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            let signature = ClientHeader("X-Twilio-Signature", "AAAA")
            let type = ClientHeader(
                "Content-Type",
                round % 3 == 0 ? "application/json" : "application/x-www-form-urlencoded"
            )
            let callback = CarrierCallback(url: "https://x.example/?a=%", headers: [signature, type], body: body)
            guard String(decoding: body, as: UTF8.self) != SignedSamples.snsVersion2 else { continue }
            for reader in readers {
                #expect(throws: CallbackError.self) {
                    // What is outside of what is signed may change, and is then not read.
                    let contents = try reader.read(callback, at: noon)
                    guard contents.receipts.first?.messageID == "0102-ses-1" else { return }
                    throw CallbackError.malformed
                }
            }
        }
    }
}
