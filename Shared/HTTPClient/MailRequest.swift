package import Concurrency

/// A mail server and how it is spoken to. Two that are equal share connections.
package struct MailServer: Sendable, Hashable, CustomStringConvertible {
    /// How what is said is hidden from others.
    package enum Security: String, Sendable, Hashable, CaseIterable {
        /// Not at all.
        case none
        /// After STARTTLS (RFC 3207); a server that does not offer it is told nothing.
        case starttls
        /// From the first octet (RFC 8314).
        case tls
    }

    package var host: String
    package var port: Int
    package var security: Security
    /// What we call ourselves in EHLO.
    package var helo: String
    package var username: String?
    package var password: String?
    /// Whether it may stand at an address that the client's `reaches` refuses: who set it up may say so.
    package var mayBeAnywhere = false

    package init(host: String, port: Int, security: Security, helo: String) {
        self.host = host
        self.port = port
        self.security = security
        self.helo = helo
    }

    /// Never the password.
    package var description: String { "\(host):\(port)" }
}

/// One message to one mailbox.
package struct MailRequest: Sendable {
    package var server: MailServer
    /// The envelope's addresses, without brackets.
    package var sender: String
    package var recipient: String
    /// The message with CRLF at each line's end; dots are doubled on the way (RFC 5321 §4.5.2).
    package var octets: [UInt8]
    /// Until the server's last answer.
    package var deadline: Deadline

    /// `within` counts from now.
    package init(
        to server: MailServer,
        sender: String,
        recipient: String,
        octets: [UInt8],
        within limit: Duration
    ) {
        self.server = server
        self.sender = sender
        self.recipient = recipient
        self.octets = octets
        deadline = .after(limit)
    }

    /// Throws what must not become part of a command or of a URL.
    func check() throws(HTTPClientError) {
        let isPlain: (String, String) -> Bool = { text, others in
            !text.isEmpty && text.utf8.count <= 255
                && text.utf8.allSatisfy { octet in
                    switch octet {
                    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                    default: others.utf8.contains(octet)
                    }
                }
        }
        guard isPlain(server.host, "-._:"), isPlain(server.helo, "-._[]:"), (1...65_535).contains(server.port) else {
            throw HTTPClientError(.invalidRequest, "the server has no name that one may have")
        }
        guard isPlain(sender, "@.!#$%&'*+-/=?^_`{|}~"), isPlain(recipient, "@.!#$%&'*+-/=?^_`{|}~") else {
            throw HTTPClientError(.invalidRequest, "an address of the envelope has octets that none may have")
        }
    }
}

/// A server's answer to a command (RFC 5321 §4.2).
package struct MailReply: Sendable, Hashable {
    package var code: Int
    /// Such as 5.1.1 (RFC 3463); nil where the server knows none.
    package var enhanced: String?
    /// Its words, several lines as one.
    package var text: String

    package init(code: Int, enhanced: String?, text: String) {
        self.code = code
        self.enhanced = enhanced
        self.text = text
    }
}

/// How far a message came, and how it ended. `reply` is the server's answer to what was said last; nil where none came.
package struct MailReport: Sendable, Hashable {
    /// What was said last.
    package enum Stage: Int, Sendable, Hashable, CaseIterable, Comparable {
        /// Nothing: there is no connection, or no greeting yet.
        case connecting
        /// The server spoke first.
        case greeting
        case hello, tls, login, sender, recipient
        /// DATA.
        case data
        /// The message, and not all of it: nobody can have taken it.
        case body
        /// The last octet of the message. Its end may have followed, and then the server may have taken it.
        case end

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package var stage: Stage
    package var reply: MailReply?
    /// Why it ended; nil where the server took the message.
    package var failure: HTTPClientError?

    package init(_ stage: Stage, reply: MailReply?, failure: HTTPClientError?) {
        self.stage = stage
        self.reply = reply
        self.failure = failure
    }

    /// Whether the server has said that it took the message, whatever became of the connection afterwards.
    package var isTaken: Bool { stage == .end && (200..<300).contains(reply?.code ?? 0) }
}

extension HTTPClientError: Hashable {
    package func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
