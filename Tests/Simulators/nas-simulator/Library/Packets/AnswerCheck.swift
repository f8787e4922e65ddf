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
        return speed(kind, upload: plan.uploadMegabits, download: plan.downloadMegabits).compactMap { name, reads in
            answer.attributes.contains(where: reads)
                ? nil : "no \(name) for the speed of \(plan.downloadMegabits) Mbit/s"
        }
    }

    /// How the kind's manual says that it is told its speeds; all but MikroTik. What it does not read is no fault.
    private static func speed(
        _ kind: NASKind,
        upload: Int,
        download: Int
    ) -> [(name: String, reads: (Attribute) -> Bool)] {
        func number(_ name: String, _ vendor: UInt32, _ type: UInt8, _ value: Int) -> (String, (Attribute) -> Bool) {
            (name, { $0 == .vendor(vendor, type, UInt32(value)) })
        }
        func text(_ name: String, _ vendor: UInt32, _ type: UInt8, _ part: String) -> (String, (Attribute) -> Bool) {
            let header = Attribute.vendor(vendor, type, [UInt8]()).value.prefix(5)
            return (
                name,
                { attribute in
                    // Behind the vendor's number, the type and the length.
                    attribute.type == AttributeType.vendorSpecific && attribute.value.starts(with: header)
                        && String(decoding: attribute.value.dropFirst(6), as: UTF8.self).contains(part)
                }
            )
        }
        let (up, down) = (upload * 1_000_000, download * 1_000_000)
        return switch kind {
        case .mikrotik: []
        case .cisco:
            [
                text("Account-Info", Vendor.cisco, 250, "QU;\(up);"),
                text("Account-Info", Vendor.cisco, 250, ";D;\(down);"),
            ]
        case .huawei:
            [
                number("Input-Average-Rate", Vendor.huawei, 2, up),
                number("Output-Average-Rate", Vendor.huawei, 5, down),
            ]
        case .juniper: [text("CoS-Shaping-Pmt-Type", Vendor.juniperERX, 108, "T02 \(down)")]
        case .nokia:
            [
                text("Subscriber-QoS-Override", Vendor.nokia, 126, "I:Q:1:pir=\(upload * 1000)"),
                text("Subscriber-QoS-Override", Vendor.nokia, 126, "E:Q:1:pir=\(download * 1000)"),
            ]
        case .coovachilli:
            [
                number("Bandwidth-Max-Up", Vendor.chilliSpot, 4, upload * 1000),
                number("Bandwidth-Max-Down", Vendor.chilliSpot, 5, download * 1000),
            ]
        case .ubiquiti, .accelppp, .pppd:
            [
                number("WISPr-Bandwidth-Max-Up", Vendor.wispr, 7, up),
                number("WISPr-Bandwidth-Max-Down", Vendor.wispr, 8, down),
            ]
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
