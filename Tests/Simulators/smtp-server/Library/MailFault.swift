/// Something that goes wrong with the emulated mail server at one point of a conversation.
package struct MailFault: Hashable, Sendable {
    /// Where: when the client has connected or said that.
    package enum Stage: String, Hashable, Sendable, CaseIterable {
        case greeting, hello, starttls, login, sender, recipient, data
        /// The first octets of a message.
        case body
        /// The dot that ends a message.
        case end
    }

    package enum Action: Hashable, Sendable {
        /// Says that instead, and goes on.
        case reply(String)
        /// Says that and closes.
        case leave(String)
        /// Says nothing more.
        case stall
        /// Closes without a word.
        case drop
        /// At the end of a message: takes it, and closes without a word.
        case takeAndDrop
    }

    package var stage: Stage
    package var action: Action
    /// Only where the recipient's address begins so.
    package var recipient: String?
    /// How often; nil for always.
    package var times: Int?

    package init(_ stage: Stage, _ action: Action, recipient: String? = nil, times: Int? = nil) {
        self.stage = stage
        self.action = action
        self.recipient = recipient
        self.times = times
    }

    /// A line of text: `[TIMESx] STAGE[@RECIPIENT] reply|leave CODE WORDS`, or `stall`, `drop`, `take-and-drop` instead. Nil for others.
    package init?(_ line: some StringProtocol) {
        var words = String(line).split(separator: " ", maxSplits: 3).map { String($0) }
        guard let first = words.first else { return nil }
        if first.hasSuffix("x"), let count = Int(first.dropLast()) {
            times = count
            words.removeFirst()
        } else if words.count == 4 {
            let last = words.removeLast()
            words[2] += " " + last
        }
        guard words.count >= 2 else { return nil }
        let place = words[0].split(separator: "@", maxSplits: 1).map { String($0) }
        guard let name = place.first, let stage = Stage(rawValue: name) else { return nil }
        self.stage = stage
        recipient = place.count > 1 ? place[1] : nil
        let rest = words.count > 2 ? words[2] : ""
        switch words[1] {
        case "reply": action = .reply(rest)
        case "leave": action = .leave(rest)
        case "stall": action = .stall
        case "drop": action = .drop
        case "take-and-drop": action = .takeAndDrop
        default: return nil
        }
    }
}

/// A message that the server has taken.
package struct TakenMail: Hashable, Sendable {
    package var sender: String
    package var recipients: [String]
    /// As it was composed: dots are single again.
    package var octets: [UInt8]
    package var isEncrypted: Bool
    package var user: String?
    /// The value of Message-ID without brackets; empty where there is none.
    package var messageID: String
    /// Where in the row of connections the one was that brought it, the first being 1.
    package var connection: Int

    package var text: String { String(decoding: octets, as: UTF8.self) }
}
