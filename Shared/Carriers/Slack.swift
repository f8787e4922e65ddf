internal import Domain
internal import HTTPClient
internal import Notices

/// An incoming webhook of Slack: blocks, with the whole as text for notifications. It knows no idempotency key.
struct Slack: Carrier {
    let settings: CarrierSettings
    // What Slack takes in a header and in a section.
    private static let headLimit = 150
    private static let sectionLimit = 3_000
    private static let sections = 10

    func request(for message: OutgoingMessage, at now: Timestamp) -> CarrierRequest {
        var blocks: [VendorJSON] = []
        let subject = MailText.oneLine(message.subject ?? "")
        if !subject.isEmpty {
            let text = VendorJSON.object([
                "type": .text("plain_text"), "text": .text(String(subject.prefix(Self.headLimit))),
                "emoji": .bool(false),
            ])
            blocks.append(.object(["type": .text("header"), "text": text]))
        }
        for piece in Self.pieces(Self.escaped(message.text)) {
            let text = VendorJSON.object([
                "type": .text("mrkdwn"), "text": .text(piece), "verbatim": .bool(true),
            ])
            blocks.append(.object(["type": .text("section"), "text": text]))
        }
        let fallback = Self.escaped(subject.isEmpty ? String(message.text.prefix(Self.headLimit)) : subject)
        let body = VendorJSON.object(["text": .text(fallback), "blocks": .list(blocks)])
        return .json(settings.secrets["url"] ?? "", [], body.octets)
    }

    /// The three that Slack reads as more than they are.
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// By lines where they fit, so that no escape is broken; what is beyond the last section is left out.
    private static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let short =
                line.unicodeScalars.count > sectionLimit ? line.prefix(sectionLimit - 6).prefix { $0 != "&" } : line
            if let last = pieces.last, last.unicodeScalars.count + short.unicodeScalars.count < sectionLimit {
                pieces[pieces.count - 1] = last + "\n" + short
            } else {
                pieces.append(String(short))
            }
        }
        return Array(pieces.filter { !$0.allSatisfy(\.isWhitespace) }.prefix(sections))
    }

    func outcome(of answer: ClientResponse, to message: OutgoingMessage, at now: Timestamp) -> SendOutcome {
        let words = String(decoding: answer.body.prefix(200), as: UTF8.self)
        if let common = CarrierOutcome.common(answer, words, message, at: now) { return common }
        switch answer.status {
        case ..<300: return words == "ok" ? .accepted(id: nil, segments: nil) : CarrierOutcome.unintelligible
        // The webhook, its channel or its app is gone: for the next message as for this.
        case 404, 410: return CarrierOutcome.outage("destination_gone", words, message)
        default: return CarrierOutcome.refused("rejected", words, message)
        }
    }
}
