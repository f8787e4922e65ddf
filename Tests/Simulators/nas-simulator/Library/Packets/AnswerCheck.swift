package import Crypto
package import RADIUS

/// Judges the server's answers.
package enum AnswerCheck {
    /// The answer, where it is a true one to `request`: identifier, Response Authenticator and, where an Access answer must
    /// have one, Message-Authenticator are right (RFC 2865 §3, RFC 3579 §3.2). Nil for what anybody could have sent.
    package static func authentic(_ answer: [UInt8], to request: [UInt8], secret: SharedSecret) -> Packet? {
        guard request.count >= 20, answer.count >= 20, answer[1] == request[1] else { return nil }
        let isTrue = unsafe answer.withUnsafeBytes { answer in
            guard let view = unsafe try? PacketView(validating: answer) else { return false }
            return unsafe request.withUnsafeBytes { request in
                unsafe Authenticity.verifyResponse(
                    packet: view,
                    requestAuthenticator: UnsafeRawBufferPointer(rebasing: request[4..<20]),
                    secret: secret.context,
                    requireMessageAuthenticator: view.knownCode?.repliesWithMessageAuthenticator ?? true
                )
            }
        }
        return isTrue ? try? Packet(parsing: answer) : nil
    }

    /// What is wrong with the answer to a login; empty when it is as it must be.
    package static func faults(
        of answer: Packet,
        to login: SimLogin,
        _ subscriber: SimSubscriber,
        on kind: NASKind,
        plan: SimPlan,
        success: [UInt8]?
    ) -> [String] {
        var faults: [String] = []
        // CVE-2024-3596: whatever else an answer holds comes after its Message-Authenticator.
        if answer.attributes.first?.type != AttributeType.messageAuthenticator {
            faults.append("does not begin with Message-Authenticator")
        }
        guard login.outcome == .accept else {
            if answer.code != PacketCode.accessReject.rawValue {
                faults.append("code \(answer.code), expected a reject")
            }
            if answer.first(AttributeType.replyMessage) != expectedMessage(login.outcome) {
                faults.append("Reply-Message \(text(answer.first(AttributeType.replyMessage)))")
            }
            return faults
        }
        guard answer.code == PacketCode.accessAccept.rawValue else {
            let message = text(answer.first(AttributeType.replyMessage))
            return faults + ["code \(answer.code), expected an accept (\(message))"]
        }
        faults += speedFaults(answer, kind, plan)
        if answer.first(AttributeType.acctInterimInterval) != bigEndian(UInt32(plan.interim)) {
            faults.append("Acct-Interim-Interval is not \(plan.interim)")
        }
        if answer.first(AttributeType.class)?.isEmpty ?? true { faults.append("no Class") }
        if let success, answer.firstVendor(Vendor.microsoft, MicrosoftAttribute.chap2Success) != success {
            faults.append("MS-CHAP2-Success does not prove the password")
        }
        return faults
    }

    private static func speedFaults(_ answer: Packet, _ kind: NASKind, _ plan: SimPlan) -> [String] {
        if kind == .mikrotik {
            let wanted = "\(plan.uploadMegabits)M/\(plan.downloadMegabits)M"
            let found = answer.firstVendor(Vendor.mikrotik, MikroTikAttribute.rateLimit)
            return found == Array(wanted.utf8) ? [] : ["Mikrotik-Rate-Limit \(text(found)), expected \(wanted)"]
        }
        // WISPr-Bandwidth-Max-Up and -Down, bits in a second.
        return [(UInt8(7), plan.uploadMegabits), (UInt8(8), plan.downloadMegabits)].compactMap { type, megabits in
            let found = answer.firstVendor(Vendor.wispr, type)
            return found == bigEndian(UInt32(megabits * 1_000_000))
                ? nil : "WISPr attribute \(type) is not \(megabits) Mbit/s"
        }
    }

    private static func expectedMessage(_ outcome: SimLogin.Outcome) -> [UInt8] {
        Array((outcome == .suspended ? "Service suspended" : "Authentication failed").utf8)
    }

    private static func text(_ value: [UInt8]?) -> String {
        value.map { "\"" + String(decoding: $0, as: UTF8.self) + "\"" } ?? "missing"
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
