import Domain
import Persistence

/// `nas posture`, `nas tighten`: what NASes send, and what may be asked of them because of that.
enum NASPostureCommands {
    static let all: [CommandSpec] = [posture, tighten]

    private static let days = OptionSpec.value("days", "N", "How many days count, 1 to 90; default 7.")

    private static let posture = CommandSpec(
        "nas posture",
        "Shows what each NAS sends and what may be tightened without locking it out.",
        details: """
            radius-server notes it, a minute behind. Message-Authenticator, Proxy-State and Event-Timestamp are sent always,
            sometimes or never; unseen means that there was nothing that could carry one. EAP always has a
            Message-Authenticator: it says nothing of other logins.
            """,
        options: [
            .value("nas", "NAS", "Only this NAS: id or name, with all that is known."), days, SharedOptions.scope,
            SharedOptions.limit, SharedOptions.after,
        ],
        examples: ["nexora nas posture", "nexora nas posture --nas core-1 --days 30"]
    ) { invocation, context in
        let limit = try SharedOptions.limit(invocation)
        let after: NASID? = try SharedOptions.after(invocation)
        let since = try since(invocation, context)
        let records = try await context.inDirectory(invocation) { directory in
            let names = try await directory.tenantNames()
            var nases: [NAS] = []
            if let reference = invocation.string("nas") {
                nases = [try await directory.nas(reference)]
            } else {
                nases = try await directory.nases.list(after: after, limit: limit)
            }
            let repository = NASPostureRepository(directory.transaction)
            let summaries = try await repository.summaries(of: nases.map(\.id), since: since.day)
            var records: [OutputRecord] = []
            for nas in nases {
                let summary = summaries[nas.id] ?? NASPostureSummary(nasID: nas.id)
                var record = OutputRecord(nas, summary, days: since.days, names: names)
                if invocation.has("nas") {
                    record.add("tightened", .list(try await repository.tightenings(of: nas.id).map { .text($0.text) }))
                }
                records.append(record)
            }
            return records
        }
        if invocation.has("nas"), let record = records.first {
            context.report.one(record)
        } else {
            context.report.page(records, limit: limit, none: "no NASes")
        }
    }

    private static let tighten = CommandSpec(
        "nas tighten",
        "Asks more of a NAS from now on, if what it sent says that this does not lock it out.",
        details: """
            Refused (exit code 4) when the NAS sent requests that would be refused, or nothing to judge by; --force does it
            all the same. What was done is kept: `nexora nas posture --nas NAS` shows it. `nexora nas set` takes it back.
            """,
        arguments: [
            ArgumentSpec("NAS", "The NAS's id or name."),
            ArgumentSpec("WHAT", NASTightening.allCases.map(\.rawValue).joined(separator: " or ") + "."),
        ],
        options: [.flag("force", "Whatever the evidence says."), days, SharedOptions.scope],
        examples: [
            "nexora nas tighten core-1 require-message-authenticator",
            "nexora nas tighten core-1 limit-proxy-state --force",
        ]
    ) { invocation, context in
        let reference = try invocation.requiredArgument("NAS")
        let what = try invocation.requiredArgument("WHAT")
        guard let tightening = NASTightening(rawValue: what) else {
            let known = NASTightening.allCases.map(\.rawValue).joined(separator: " or ")
            throw UsageError("\"\(what)\": must be \(known)", command: invocation.command.words)
        }
        let since = try since(invocation, context)
        let record = try await context.inDirectory(invocation) { directory in
            var nas = try await directory.nas(reference)
            let repository = NASPostureRepository(directory.transaction)
            let summary =
                try await repository.summaries(of: [nas.id], since: since.day)[nas.id]
                ?? NASPostureSummary(nasID: nas.id)
            let verdict = tightening.verdict(summary.posture, on: nas)
            if verdict != .done {
                try refuse(verdict, tightening, nas, days: since.days, isForced: invocation.has("force"))
                tightening.tighten(&nas)
                try await directory.nases.update(nas)
                try await repository.record(
                    NASTighteningRecord(
                        nas: nas,
                        tightening: tightening,
                        actor: "operator",
                        forced: !verdict.isProven,
                        requests: summary.posture.logins,
                        refused: verdict.refused
                    ),
                    event: context.ids.next(),
                    at: context.time.now()
                )
            }
            return OutputRecord(nas, summary, days: since.days, names: try await directory.tenantNames())
        }
        context.report.one(record)
    }

    private static func refuse(
        _ verdict: NASTightening.Verdict,
        _ tightening: NASTightening,
        _ nas: NAS,
        days: Int,
        isForced: Bool
    ) throws {
        guard !isForced else { return }
        switch verdict {
        case .done, .proven: return
        case .unproven:
            throw CommandFailure(
                .conflict,
                "nothing that \"\(nas.name)\" sent in \(days) days says whether \(tightening.rawValue) would lock it out: "
                    + "wait, look at `nexora nas posture --nas \(nas.name)`, or give --force"
            )
        case .refuses(let requests):
            throw CommandFailure(
                .conflict,
                "\(requests) requests of \"\(nas.name)\" in \(days) days would have been refused with "
                    + "\(tightening.rawValue): update the NAS first, or give --force"
            )
        }
    }

    private static func since(
        _ invocation: Invocation,
        _ context: CommandContext
    ) throws(UsageError) -> (day: CivilDate, days: Int) {
        let days = try invocation.integer("days", in: 1...90) ?? 7
        return (context.time.now().day.adding(days: 1 - days), days)
    }
}

extension NASTightening.Verdict {
    fileprivate var isProven: Bool {
        if case .proven = self { true } else { false }
    }

    fileprivate var refused: UInt64 {
        if case .refuses(let requests) = self { requests } else { 0 }
    }
}

extension NASPostureRepository.Tightened {
    fileprivate var text: String { "\(at) \(setting) (\(actor)\(forced ? ", forced" : ""))" }
}

extension OutputRecord {
    /// What a NAS sends, and what may be asked of it.
    init(_ nas: NAS, _ summary: NASPostureSummary, days: Int, names: [TenantID: String]) {
        self.init()
        let posture = summary.posture
        add("id", .text(nas.id.description), detail: true)
        add("tenant", .text(names[nas.tenantID] ?? nas.tenantID.description))
        add("name", .text(nas.name))
        add("logins", .integer(Int64(clamping: posture.logins)))
        add("messageAuthenticator", .text(posture.messageAuthenticator.rawValue))
        add("proxyState", .text(posture.proxyState.rawValue))
        add("methods", .list(posture.methods.map { .text("\($0.name) \($0.logins)") }))
        add("reports", .integer(Int64(clamping: posture.reports)), detail: true)
        add("eventTimestamp", .text(posture.eventTimestamp.rawValue))
        add("secret", .optional(summary.secretOctets.map { SharedSecretStrength(octets: $0).word }))
        add("lastSeenAt", .optional(summary.lastSeenAt?.description))
        add("source", .optional(summary.source), detail: true)
        add("requireMessageAuthenticator", .text(nas.messageAuthenticatorWord), detail: true)
        add("limitProxyState", .boolean(nas.limitProxyState), detail: true)
        add("refusedUnsigned", .integer(Int64(clamping: posture.refusedUnsigned)), detail: true)
        add("refusedProxied", .integer(Int64(clamping: posture.refusedProxied)), detail: true)
        add("advice", .list(PostureAdvice.lines(nas, summary, days: days).map { .text($0) }))
    }
}

extension SharedSecretStrength {
    fileprivate var word: String {
        switch self {
        case .unusable: "unusable"
        case .weak: "weak"
        case .fair: "fair"
        case .strong: "strong"
        }
    }
}

/// What may be tightened about a NAS, in words.
enum PostureAdvice {
    static func lines(_ nas: NAS, _ summary: NASPostureSummary, days: Int) -> [String] {
        let posture = summary.posture
        var lines: [String] = []
        for tightening in NASTightening.allCases {
            if let line = line(tightening, tightening.verdict(posture, on: nas), nas, posture, days) {
                lines.append(line)
            }
        }
        if nas.requireMessageAuthenticator, posture.refusedUnsigned > 0 {
            lines.append(
                "\(posture.refusedUnsigned) requests without Message-Authenticator were refused: update the NAS, unless somebody "
                    + "forges its address"
            )
        }
        if let octets = summary.secretOctets, SharedSecretStrength(octets: octets) != .strong {
            lines.append(
                "give it a secret of 32 octets: it has \(octets) (nexora nas set \(nas.name) --secret-from generate)"
            )
        }
        if posture.mschap > 0 {
            lines.append("MS-CHAP in \(posture.mschap) logins: who reads the network finds the passwords; move to EAP")
        }
        return lines
    }

    private static func line(
        _ tightening: NASTightening,
        _ verdict: NASTightening.Verdict,
        _ nas: NAS,
        _ posture: NASPosture,
        _ days: Int
    ) -> String? {
        let what =
            switch tightening {
            case .requireMessageAuthenticator: "Message-Authenticator"
            case .limitProxyState: "Proxy-State only beside Message-Authenticator"
            }
        switch verdict {
        case .done: return nil
        case .proven(let requests):
            return "\(tightening.rawValue): \(what) seen in all \(requests) requests of \(days) days "
                + "(nexora nas tighten \(nas.name) \(tightening.rawValue))"
        case .refuses(let requests):
            return
                "not yet \(tightening.rawValue): \(requests) requests of \(days) days would be refused; update the NAS"
        case .unproven where posture.logins > 0:
            return "\(tightening.rawValue): only EAP was seen, which always has one; other logins are unknown"
        case .unproven: return nil
        }
    }
}

extension NAS {
    /// yes, no, or automatic: required once everything had one.
    var messageAuthenticatorWord: String {
        switch (requireMessageAuthenticator, ratchetsMessageAuthenticator) {
        case (true, false): "yes"
        case (true, true): "yes, by itself"
        case (false, true): "auto"
        case (false, false): "no"
        }
    }
}
