package import HTTPClient
package import Notices

/// What a mail server's answers mean for a message: the rule that decides whether it may be sent again.
///
/// Only a message whose last octet left may be with somebody, and only the server's answer tells; without it nobody knows. Before that
/// point nobody has it. Whatever is wrong between the server and us is an outage, and costs the message no attempt.
package enum MailOutcome {
    /// How long a mailbox that says "later" is left alone; greylists want some minutes (RFC 6647 §5).
    package static let deferral: Duration = .seconds(300)
    private static let detailLimit = 300

    /// `messageID` is what bounces name the message by.
    package static func of(_ report: MailReport, messageID: String) -> SendOutcome {
        if report.isTaken { return .accepted(id: messageID, segments: nil) }
        if let reply = report.reply, reply.code >= 400 { return said(reply, at: report.stage) }
        if report.stage == .end { return .unknown(reason: ended(report), detail: report.failure?.message) }
        // A message that its server breaks off over and over is the reason itself, perhaps: it counts.
        if report.stage == .body, report.failure?.code == .broken {
            return .failed(reason: "connection_lost", detail: report.failure?.message, after: nil)
        }
        return .outage(reason: ended(report), detail: report.failure?.message, after: nil)
    }

    /// The server said no.
    private static func said(_ reply: MailReply, at stage: MailReport.Stage) -> SendOutcome {
        let detail = detail(reply)
        // It leaves, or its system has a fault of its own (RFC 3463 §3.4): the message is not to blame.
        if reply.code == 421 || reply.code < 500 && reply.enhanced?.hasPrefix("4.3.") == true {
            return .outage(reason: "server_busy", detail: detail, after: nil)
        }
        switch stage {
        case .connecting, .greeting, .hello: return .outage(reason: "not_served", detail: detail, after: nil)
        case .tls: return .outage(reason: "tls_failed", detail: detail, after: nil)
        case .login: return .outage(reason: "login_refused", detail: detail, after: nil)
        case .sender:
            // SIZE is said with MAIL (RFC 1870 §6.1): that is the message's own.
            if reply.code == 552 { return .refused(reason: "too_large", detail: detail) }
            if wantsLogin(reply) { return .outage(reason: "login_refused", detail: detail, after: nil) }
            return .outage(reason: reply.code < 500 ? "server_busy" : "sender_refused", detail: detail, after: nil)
        case .recipient: return saidOfRecipient(reply, detail)
        case .data, .body, .end:
            if reply.code < 500 { return .failed(reason: "deferred", detail: detail, after: deferral) }
            let isTooLarge = reply.code == 552 || reply.enhanced == "5.3.4"
            return .refused(reason: isTooLarge ? "too_large" : "rejected", detail: detail)
        }
    }

    private static func saidOfRecipient(_ reply: MailReply, _ detail: String) -> SendOutcome {
        if reply.code < 500 { return .failed(reason: "deferred", detail: detail, after: deferral) }
        if wantsLogin(reply) { return .outage(reason: "login_refused", detail: detail, after: nil) }
        switch reply.enhanced {
        // No such mailbox, no such domain, moved, or closed (RFC 3463 §3.2, §3.3; RFC 7505).
        case "5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1":
            return .refused(reason: "mailbox_unknown", detail: detail)
        case "5.2.2": return .refused(reason: "mailbox_full", detail: detail)
        case nil where reply.code == 550 || reply.code == 551 || reply.code == 553:
            return .refused(reason: "mailbox_unknown", detail: detail)
        case nil where reply.code == 552: return .refused(reason: "mailbox_full", detail: detail)
        default: return .refused(reason: "rejected", detail: detail)
        }
    }

    /// RFC 4954 §6, RFC 3207 §4.
    private static func wantsLogin(_ reply: MailReply) -> Bool { [530, 534, 535, 538].contains(reply.code) }

    private static func ended(_ report: MailReport) -> String {
        switch report.failure?.code {
        case .unresolvable: "unresolvable"
        case .unreachable: "unreachable"
        case .forbidden: "address_forbidden"
        case .tls: "tls_failed"
        case .timeout: "timeout"
        case .cancelled, .closed: "cancelled"
        case .busy: "busy"
        case .invalidRequest: "settings"
        // libcurl gives up by itself where no way to log in is known to both.
        case _ where report.stage == .login: "login_refused"
        default: "connection_lost"
        }
    }

    /// The server's words without addresses, links and what controls anything.
    static func detail(_ reply: MailReply) -> String {
        let words = ([String(reply.code), reply.enhanced].compactMap { $0 } + [HeaderText.oneLine(reply.text)])
            .joined(separator: " ").split(separator: " ").map { $0.contains("@") ? "(address)" : $0 }
        return String(words.joined(separator: " ").unicodeScalars.prefix(detailLimit))
    }
}
