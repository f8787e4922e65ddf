/// Why a router did not do what it was asked. Holds neither arguments of the command nor credentials.
package struct RouterOSError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        // MARK: The way there

        /// No address for the name, nobody listens there, or nobody answered in time.
        case unreachable
        /// The certificate is not believed, or TLS failed otherwise.
        case tls
        /// The router does not accept the name and the password, or not from here.
        case loginRefused = "login_refused"
        /// The connection broke.
        case connectionLost = "connection_lost"
        /// What came is not the protocol.
        case protocolViolation = "protocol_violation"
        /// The router ended the connection with `!fatal`.
        case terminated
        /// No answer within the time.
        case timeout
        /// The router did not answer several times: nothing is sent to it for a while.
        case resting
        /// As many commands wait as may.
        case busy
        /// The task was cancelled.
        case cancelled
        /// The client was stopped, or the router is forgotten.
        case closed

        // MARK: What the router says

        /// The thing is not there.
        case noSuchItem = "no_such_item"
        /// This version or board does not know the command.
        case noSuchCommand = "no_such_command"
        /// There is one of that name.
        case alreadyExists = "already_exists"
        /// It does not like an argument.
        case invalidArgument = "invalid_argument"
        /// The user may not do that.
        case notPermitted = "not_permitted"
        /// Somebody else stopped the command.
        case interrupted
        /// Whatever else.
        case failure
        /// The answer is larger than is taken.
        case answerTooLarge = "answer_too_large"
    }

    /// What whoever asked can do about it.
    package enum Disposition: Hashable, Sendable {
        /// The same again, later.
        case retry
        /// Not again before somebody changed something: the command, or the router's settings.
        case permanent
    }

    package let code: Code
    /// The router's own words without what was secret in the command, or ours.
    package let message: String
    /// Whether the command had left: the router may have carried it out.
    package var wasSent: Bool

    package init(_ code: Code, _ message: String, wasSent: Bool = false) {
        self.code = code
        self.message = message
        self.wasSent = wasSent
    }

    package var disposition: Disposition {
        switch code {
        case .unreachable, .connectionLost, .protocolViolation, .terminated, .timeout, .resting, .busy, .interrupted:
            .retry
        case .tls, .loginRefused, .cancelled, .closed, .noSuchItem, .noSuchCommand, .alreadyExists, .invalidArgument,
            .notPermitted, .failure, .answerTooLarge:
            .permanent
        }
    }

    package var description: String { "routeros: \(code.rawValue): \(message)" }
}

extension RouterOSError {
    /// What a `!trap` means. Its category is a number that many traps lack; then, and where it says little, the words decide, which
    /// are the same in RouterOS 6 and 7.
    init(trap row: RouterRow, of command: RouterCommand) {
        let message = row["message"] ?? "no reason given"
        let text = message.lowercased()
        let code: Code =
            if text.contains("already have") || text.contains("already exists") {
                .alreadyExists
            } else if text.contains("no such item") {
                .noSuchItem
            } else if text.contains("no such command") {
                .noSuchCommand
            } else if text.contains("not enough permissions") {
                .notPermitted
            } else {
                Self.code(category: row["category"].flatMap { Int($0) }, text)
            }
        self.init(code, Self.shown(message, without: command), wasSent: true)
    }

    /// The manual's categories: 0 missing item or command, 1 argument value, 2 interrupted, 3 scripting, 4 general failure,
    /// 5 API, 6 TTY, 7 value of :return.
    private static func code(category: Int?, _ text: String) -> Code {
        switch category {
        case 0: .noSuchItem
        case 1: .invalidArgument
        case 2: .interrupted
        case nil
        where text.contains("invalid value") || text.contains("does not match") || text.contains("unknown parameter"):
            .invalidArgument
        case nil where text.contains("interrupted"): .interrupted
        default: .failure
        }
    }

    /// At most 200 characters of one line, without the command's secrets.
    static func shown(_ message: String, without command: RouterCommand?) -> String {
        var text = message
        for secret in command?.arguments.filter(\.isSecret).map(\.value) ?? [] where !secret.isEmpty {
            text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "<redacted>")
        }
        let printable = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }
        return String(String.UnicodeScalarView(printable.prefix(200)))
    }
}
