import Carriers
import Domain
import Foundation
import HTTPClient
import SharedTesting
import Testing

/// Requests as Twilio's own SDK signs them; Tests/Conformance/signatures_test.py holds them against it.
private struct SignedRequest: Decodable, Sendable {
    let name, url, token, body, signature: String

    static func all() throws -> [SignedRequest] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = tests.appending(path: "Conformance/vectors/twilio-signatures.json")
        return try JSONDecoder().decode([SignedRequest].self, from: Data(contentsOf: file))
    }

    func callback(_ signature: String) -> CarrierCallback {
        CarrierCallback(
            url: url,
            headers: [
                ClientHeader("Content-Type", "application/x-www-form-urlencoded"),
                ClientHeader("X-Twilio-Signature", signature),
            ],
            body: Array(body.utf8)
        )
    }
}

@Suite(.proves("NTF-02")) struct VendorVectorTests {
    private let noon = Timestamp(secondsSince1970: 1_795_348_800)

    @Test func `what Twilio's SDK signs is believed, and nothing else`() throws {
        let requests = try SignedRequest.all()
        #expect(requests.count >= 6)
        for request in requests {
            let reader = TwilioCallbacks(authToken: request.token)
            let contents = try reader.read(request.callback(request.signature), at: noon)
            #expect(contents.receipts.count + contents.inbound.count == 1, "\(request.name)")
            let other = TwilioCallbacks(authToken: request.token + "1")
            #expect(throws: CallbackError.badSignature, "\(request.name)") {
                try other.read(request.callback(request.signature), at: noon)
            }
        }
    }

    /// As Kannel 1.4.5 asked for them, with fakesmsc as its operator (Tests/EndToEnd/test_notifier_kannel.py).
    @Test func `what Kannel asks for is read`() throws {
        let reader = KannelCallbacks(token: "t0")
        let place = "https://isp.example/in"
        let inbound = try reader.read(
            CarrierCallback(
                url: place + "?token=t0&from=%2B4915112345&to=Nexora&text=STOP+please"
                    + "&mo=2c3043d1-1a67-4fae-965c-feb7b680eb27"
            ),
            at: noon
        ).inbound
        let message = try #require(inbound.first)
        #expect(message.from == "+4915112345" && message.to == "Nexora" && message.text == "STOP please")
        let id = String(repeating: "0", count: 31) + "5"
        let receipts = try reader.read(
            CarrierCallback(url: place + "?id=\(id)&token=t0&status=1&answer="),
            at: noon
        ).receipts
        #expect(receipts.map(\.kind) == [.delivered])
    }
}
