import Domain
import HTTPClient
import Mail
import Notices
import SharedTesting
import Testing

@Suite(.proves("NTF-01", "NTF-03")) struct OutcomeTests {
    private static func outcome(
        _ stage: MailReport.Stage,
        _ code: Int?,
        _ enhanced: String? = nil,
        _ failure: HTTPClientError.Code? = .broken
    ) -> SendOutcome {
        let report = MailReport(
            stage,
            reply: code.map { MailReply(code: $0, enhanced: enhanced, text: "no <ada@example.org>\r\nhere") },
            failure: failure.map { HTTPClientError($0, "words") }
        )
        return MailOutcome.of(report, messageID: "1@isp.example")
    }

    /// The case's name and its reason.
    private static func name(_ outcome: SendOutcome) -> String {
        switch outcome {
        case .accepted: "accepted"
        case .refused(let reason, _): "refused \(reason)"
        case .failed(let reason, _, _): "failed \(reason)"
        case .outage(let reason, _, _): "outage \(reason)"
        case .unknown(let reason, _): "unknown \(reason)"
        }
    }

    @Test(
        arguments: [
            (.end, 250, nil, "accepted"), (.end, 450, "4.2.0", "failed deferred"),
            (.end, 554, "5.7.1", "refused rejected"),
            (.end, 552, nil, "refused too_large"), (.end, 421, nil, "outage server_busy"),
            (.recipient, 450, nil, "failed deferred"), (.recipient, 452, "4.2.2", "failed deferred"),
            (.recipient, 550, "5.1.1", "refused mailbox_unknown"), (.recipient, 550, nil, "refused mailbox_unknown"),
            (.recipient, 550, "5.7.1", "refused rejected"), (.recipient, 552, "5.2.2", "refused mailbox_full"),
            (.recipient, 530, "5.7.0", "outage login_refused"), (.recipient, 421, nil, "outage server_busy"),
            (.sender, 451, nil, "outage server_busy"), (.sender, 550, nil, "outage sender_refused"),
            (.sender, 552, "5.3.4", "refused too_large"), (.greeting, 554, nil, "outage not_served"),
            (.login, 535, "5.7.8", "outage login_refused"), (.tls, 454, nil, "outage tls_failed"),
            (.data, 451, nil, "failed deferred"), (.recipient, 452, "4.3.1", "outage server_busy"),
            (.end, 451, "4.3.0", "outage server_busy"), (.end, 550, "5.3.0", "refused rejected"),
        ] as [(MailReport.Stage, Int, String?, String)]
    )
    func `an answer decides`(stage: MailReport.Stage, code: Int, enhanced: String?, expected: String) {
        #expect(Self.name(Self.outcome(stage, code, enhanced)) == expected)
    }

    @Test(arguments: MailReport.Stage.allCases, HTTPClientError.Code.allCases)
    func `without an answer nobody knows once all was said, and nobody has it before`(
        stage: MailReport.Stage,
        code: HTTPClientError.Code
    ) {
        switch Self.outcome(stage, nil, nil, code) {
        case .unknown: #expect(stage == .end)
        case .outage: #expect(stage < .end)
        case .failed: #expect(stage == .body && code == .broken)
        case .accepted, .refused: Issue.record("nobody said so")
        }
    }

    @Test func `a message that was taken stays taken, whatever happened afterwards`() {
        #expect(Self.name(Self.outcome(.end, 250, nil, .cancelled)) == "accepted")
    }

    @Test func `words of servers are told without addresses`() {
        guard case .refused(_, let detail) = Self.outcome(.recipient, 550, "5.1.1") else {
            Issue.record("refused is expected")
            return
        }
        #expect(detail == "550 5.1.1 no (address) here")
    }
}

@Suite(.proves("NTF-01")) struct MailSettingsTests {
    private static let plain = ["host": "mail.isp.example", "from": "billing@isp.example"]

    private static func problems(_ settings: [String: String], _ secrets: [String: String] = [:]) -> [String] {
        do throws(ValidationError) {
            _ = try MailSettings.check(settings, secrets: secrets)
            return []
        } catch {
            return error.fields.map(\.field)
        }
    }

    @Test func `what is not said is usual`() throws {
        let read = try MailSettings.check(Self.plain, secrets: [:])
        #expect(read.server.security == .starttls && read.server.port == 587)
        #expect(read.server.helo == "isp.example")
        #expect(try MailSettings.check(Self.plain.merging(["security": "tls"]) { $1 }, secrets: [:]).server.port == 465)
    }

    @Test(
        arguments: [
            (["host": "x y"], [:], ["host"]), (["host": ""], [:], ["host"]), (["from": "nobody"], [:], ["from"]),
            (["port": "0"], [:], ["port"]), (["port": "x"], [:], ["port"]), (["security": "ssl"], [:], ["security"]),
            (["helo": "a\r\nb"], [:], ["helo"]), (["from_name": "a\r\nBcc: b"], [:], ["from_name"]),
            (["reply_to": "x"], [:], ["reply_to"]), (["color": "red"], [:], ["color"]),
            ([:], ["api_key": "x"], ["api_key"]),
            (["username": "u"], [:], ["password"]), ([:], ["password": "p"], ["username"]),
            (["username": "u", "security": "none"], ["password": "p"], ["security"]),
            (["dkim_domain": "isp.example"], [:], ["dkim_selector", "dkim_key"]),
            (["dkim_selector": "s"], ["dkim_key": "x"], ["dkim_key"]),
            (["dkim_domain": "other.example", "dkim_selector": "s"], ["dkim_key": "x"], ["dkim_domain", "dkim_key"]),
            (["dkim_selector": "s", "dkim_headers": "to:subject"], ["dkim_key": "x"], ["dkim_headers", "dkim_key"]),
        ] as [([String: String], [String: String], [String])]
    )
    func `what is wrong is named`(changes: [String: String], secrets: [String: String], fields: [String]) {
        #expect(Self.problems(Self.plain.merging(changes) { $1 }, secrets) == fields)
    }

    @Test func `a password may be said plainly to this machine alone`() {
        let local = ["host": "127.0.0.1", "security": "none", "username": "u"]
        #expect(Self.problems(Self.plain.merging(local) { $1 }, ["password": "p"]).isEmpty)
    }
}
