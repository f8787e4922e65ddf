/// What was said and heard on a mail's way, as libcurl shows it line by line; from it follows whether the message can have been taken.
struct MailDialogue {
    private(set) var stage: MailReport.Stage = .connecting
    /// The whole answer to what was said last.
    private(set) var reply: MailReply?
    /// Whether QUIT was said last. libcurl leaves connections behind it while it makes others, and after failures.
    private(set) var isLeaving = false
    /// Octets of the message as they go over the wire.
    private let length: Int
    private var sent = 0
    private var lines: [String] = []
    /// Of an answer's words, at most.
    private static let textLimit = 1_000

    init(_ octets: [UInt8]) { length = Self.lengthOnWire(octets) }

    /// With a dot more for each line that begins with one.
    static func lengthOnWire(_ octets: [UInt8]) -> Int {
        var (count, state) = (octets.count, 0)
        if octets.first == 0x2e { count += 1 }
        for octet in octets {
            switch (state, octet) {
            case (_, 0x0d): state = 1
            case (1, 0x0a): state = 2
            case (2, 0x2e):
                count += 1
                state = 0
            default: state = 0
            }
        }
        return count
    }

    /// A command left.
    mutating func said(_ line: some StringProtocol) {
        let verb = line.prefix { !$0.isWhitespace }.uppercased()
        isLeaving = verb == "QUIT"
        guard !isLeaving else { return lines = [] }
        switch verb {
        case "EHLO", "HELO": stage = .hello
        case "STARTTLS": stage = .tls
        case "AUTH": stage = .login
        case "MAIL": stage = .sender
        case "RCPT": stage = .recipient
        case "DATA": stage = .data
        // What follows AUTH has no verb: it is part of a secret, and nothing is made of it.
        default: break
        }
        (reply, lines) = (nil, [])
    }

    /// Octets of the message left.
    mutating func carried(_ count: Int) {
        sent += count
        // An answer to DATA is none to the message.
        if reply?.code == 354 { reply = nil }
        stage = sent >= length ? .end : .body
    }

    /// A line of an answer came: `250-words` where others follow, `250 words` at its end.
    mutating func heard(_ line: some StringProtocol) {
        guard let code = Int(line.prefix(3)), (200..<600).contains(code) else { return }
        let rest = line.dropFirst(3)
        lines.append(String(rest.dropFirst()).filter { $0 != "\r" && $0 != "\n" && $0 != "\r\n" })
        guard rest.first != "-" else { return }
        defer { lines = [] }
        guard !isLeaving else {
            isLeaving = false
            return
        }
        if stage == .connecting { stage = .greeting }
        reply = Self.reply(code, lines)
    }

    private static func reply(_ code: Int, _ lines: [String]) -> MailReply {
        let first = lines.first?.prefix { $0 != " " } ?? ""
        let parts = first.split(separator: ".", omittingEmptySubsequences: false)
        let isEnhanced =
            parts.count == 3 && parts[0].count == 1
            && parts.allSatisfy { (1...3).contains($0.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        let words = isEnhanced ? lines.map { $0.hasPrefix(first) ? String($0.dropFirst(first.count)) : $0 } : lines
        let text = words.map { String($0.drop { $0 == " " }) }.joined(separator: " ")
        return MailReply(
            code: code,
            enhanced: isEnhanced ? String(first) : nil,
            text: String(text.unicodeScalars.prefix(textLimit))
        )
    }
}
