import Admission
import Domain
import Events
import RADIUS

/// What Redis would say to a trial.
enum AdmissionOpinion: Sendable {
    /// It is not asked: the login is refused before, or no Redis is configured.
    case notAsked
    /// It does not answer; the text says why.
    case unknown(String)
    case known(AdmissionView)
}

/// How a login would end.
enum FinalVerdict: Equatable {
    case accept(confinedFor: RejectReason?)
    case reject(RejectReason)

    /// As many logins are told in few words.
    var words: String {
        switch self {
        case .accept(nil): "accept"
        case .accept(let reason?): "accept confined \(reason.name)"
        case .reject(let reason): "reject \(reason.name)"
        }
    }
}

extension TrialOutcome {
    /// What Redis would say; nil where it is not asked or does not answer.
    func preview(_ opinion: AdmissionOpinion) -> AdmissionView.Preview? {
        guard case .known(let view) = opinion, let request else { return nil }
        return view.preview(request)
    }

    func verdict(_ opinion: AdmissionOpinion) -> FinalVerdict {
        guard case .accept(_, let confined) = decision else {
            guard case .reject(let reason) = decision else { return .reject(.unknownUser) }
            return .reject(reason)
        }
        guard isBoundHere else { return .reject(.deviceMismatch) }
        switch preview(opinion) {
        case .limitReached: return .reject(.sessionLimit)
        case .deviceMismatch: return .reject(.deviceMismatch)
        case .exhausted: return .reject(.noAddress)
        case .admitted, .notReady, nil: return .accept(confinedFor: confined)
        }
    }
}

/// Tells why a login would end as it would: rule by rule in the order in which the packet path looks at them, each with
/// what it looked at and where that stands.
struct LoginExplainer {
    let outcome: TrialOutcome
    let opinion: AdmissionOpinion
    let anatomy: ReplyAnatomy

    func explanation() -> LoginExplanation {
        let verdict = outcome.verdict(opinion)
        var told = LoginExplanation(
            outcome: "accept",
            decisionVersion: UInt32(AccessDecision.version),
            at: outcome.at
        )
        switch verdict {
        case .accept(let confined): told.reason = confined.map { "\($0.name)" } ?? ""
        case .reject(let reason): (told.outcome, told.reason) = ("reject", "\(reason.name)")
        }
        if case .accept = verdict, outcome.begun.isEmpty {
            (told.outcome, told.reason) = ("silence", "reply_too_long")
        }
        told.rules = [nasRule] + accessRules
        if case .accept = outcome.decision { told.rules += admissionRules(verdict) }
        told.attributes = anatomy.attributes(outcome, verdict, outcome.preview(opinion))
        told.notes = notes
        return told
    }

    // MARK: - The decision

    private var nasRule: ExplainedRule {
        let nas = outcome.nas
        let limits = nas.live.limits
        let own = nas.authRate == nil ? ", by the server's settings" : ""
        let rate = limits.rate == 0 ? "no rate limit" : "\(limits.rate) logins/s, burst \(limits.burst)\(own)"
        return ExplainedRule(
            "nas",
            "\(nas.name), \(nas.vendor.rawValue), active, \(rate)",
            .passed,
            [outcome.nasSource("row")]
        )
    }

    private var accessRules: [ExplainedRule] {
        explainAccess(outcome.facts, now: outcome.at).map { rule in
            let (value, sources) = look(rule)
            return ExplainedRule(rule.name, value, rule.passed ? .passed : .refused, sources)
        }
    }

    private func look(_ rule: AccessRule) -> (value: String, sources: [ValueSource]) {
        let origins = outcome.origins
        switch rule.name {
        case "tenant active": return (rule.value == "true" ? "yes" : "no", [outcome.tenantSource("is_active")])
        case "service known":
            let isKnown = origins.service != nil
            return (
                isKnown ? outcome.question.username : "no service has this user name",
                isKnown ? [outcome.service("username")] : [outcome.tenantSource("services")]
            )
        case "credential":
            return (
                credential,
                [outcome.service("credential"), ValueSource("request", name: "method \(outcome.method.name)")]
            )
        case "service status": return (rule.value, [outcome.service("status")])
        case "customer status": return (rule.value, [outcome.customer("status")])
        case "expires at": return (rule.value, [outcome.service("expires_at")])
        case "quota":
            return (rule.value, [outcome.service("restriction"), outcome.planSource("quotas")])
        case "plan known":
            return (
                rule.value == "true" ? "yes" : "no",
                [ValueSource("plan", id: origins.planID, version: origins.plan?.version ?? 0, name: "row")]
            )
        case "walled garden":
            let plan = origins.gardenPlan
            return (
                "instead of a reject for \(rule.value)",
                [
                    outcome.tenantSource("walled_garden_plan"),
                    ValueSource("plan", id: plan?.id, version: plan?.version ?? 0, name: "row"),
                ]
            )
        default: return (rule.value, [])
        }
    }

    private var credential: String {
        let method = "\(outcome.method.name)"
        let isRecorded = RecordedCredential(outcome.question.recorded).check != nil
        switch outcome.facts.credential {
        case .matches:
            return "matches (\(method)\(outcome.question.recorded == nil ? ", the password assumed right" : ""))"
        case .differs: return isRecorded ? "wrong password, as recorded (\(method))" : "wrong password (\(method))"
        case .missing: return isRecorded ? "the request had none, as recorded" : "the service has no password"
        case .unsupported: return "\(method) is not offered here"
        case .otherDevice:
            return "Calling-Station-Id \(outcome.question.callingStationID) is another device than the user name"
        case .otherIdentity: return "the NAS named somebody else than the peer did, as recorded"
        }
    }

    // MARK: - Admission

    private func admissionRules(_ verdict: FinalVerdict) -> [ExplainedRule] {
        var rules = [sessionTimeRule]
        guard outcome.request != nil else { return rules }
        let binding = bindingRule(verdict)
        rules.append(binding)
        if binding.outcome == .refused { return rules }
        let limit = limitRule(verdict)
        rules.append(limit)
        if limit.outcome == .refused { return rules }
        for use in AddressPool.Use.allCases {
            guard let rule = addressRule(use) else { continue }
            rules.append(rule)
            if rule.outcome == .refused { return rules }
        }
        return rules
    }

    private var sessionTimeRule: ExplainedRule {
        guard case .accept(let seconds?, _) = outcome.decision else {
            return ExplainedRule(
                "session time",
                "no end",
                .noted,
                [outcome.planSource("session_timeout"), outcome.service("expires_at")]
            )
        }
        return ExplainedRule("session time", "ends after \(seconds) s", .noted, [outcome.sessionTimeSource])
    }

    private func bindingRule(_ verdict: FinalVerdict) -> ExplainedRule {
        let policy = outcome.origins.tenant.policy
        let tenant = outcome.tenantSource("bind_device")
        guard policy.bindsDevice else { return ExplainedRule("device binding", "not wanted", .passed, [tenant]) }
        let sent = outcome.request?.hardwareAddress ?? 0
        let sentText = sent == 0 ? "no device is named" : "this is \(hardwareText(sent))"
        let row = outcome.origins.service?.boundMAC ?? 0
        var bound = row
        var sources = [tenant, outcome.service("bound device")]
        if outcome.isBoundHere, case .known(let view) = opinion, let service = outcome.origins.service {
            sources.append(ValueSource("redis", name: "binding"))
            let record = view.records[service.serviceID]
            if let record, record.bindingGeneration >= service.bindingGeneration, record.boundMAC != 0 {
                bound = record.boundMAC
            }
        }
        let boundText = bound == 0 ? "bound to none yet" : "bound to \(hardwareText(bound))"
        return ExplainedRule(
            "device binding",
            "\(boundText); \(sentText)",
            verdict == .reject(.deviceMismatch) ? .refused : .passed,
            sources
        )
    }

    private func limitRule(_ verdict: FinalVerdict) -> ExplainedRule {
        let policy = outcome.origins.tenant.policy.sessionPolicy
        let limit = outcome.origins.sessionLimit
        let isOwn = outcome.origins.service?.sessionLimit ?? 0 != 0
        let plan = ValueSource(
            "plan",
            id: outcome.origins.planID,
            version: outcome.origins.plan?.version ?? 0,
            name: "session_limit"
        )
        let sources = [
            isOwn ? outcome.service("session_limit") : plan, outcome.tenantSource("session_policy"),
            ValueSource("redis", name: "sessions"),
        ]
        let value: String
        switch outcome.preview(opinion) {
        case .limitReached(let sessions):
            value = "limit \(limit), \(sessions) live of other devices, \(policy.rawValue)"
        case .admitted(let admission):
            let own = admission.isRepeat ? ", this device's own session goes on" : ""
            let leaving = admission.replaced.isEmpty ? "" : ", \(admission.replaced.count) must leave for it"
            value = "limit \(limit), \(admission.others) live of other devices\(own)\(leaving), \(policy.rawValue)"
        default: value = "limit \(limit), \(policy.rawValue); how many are live is not known now"
        }
        return ExplainedRule(
            "session limit",
            value,
            verdict == .reject(.sessionLimit) ? .refused : .passed,
            sources
        )
    }

    /// Nil where nobody gives an address of this use, or the NAS does by itself.
    private func addressRule(_ use: AddressPool.Use) -> ExplainedRule? {
        let index = Int(use.rawValue)
        let name = "address \(use.name)"
        if let own = anatomy.ownAddress(use, outcome) {
            return ExplainedRule(name, "\(own), static", .passed, [outcome.service("static address")])
        }
        if let local = outcome.origins.localPools[index] {
            return ExplainedRule(name, "the NAS's own pool \(local)", .passed, [outcome.poolNamer(use)])
        }
        guard let pool = outcome.pools[index], let source = outcome.poolSource(use) else { return nil }
        let sources = [outcome.poolNamer(use), source, ValueSource("redis", name: "leases")]
        let range = "pool \(source.name) (\(pool.range))"
        switch outcome.preview(opinion) {
        case .exhausted(use): return ExplainedRule(name, "\(range): every unit is out", .refused, sources)
        case .admitted(let admission):
            let value =
                switch admission.units[index] {
                case .same(let offset): "\(range): \(pool.unit(offset)), as before"
                case .longestIdle(let offset): "\(range): \(pool.unit(offset)), which was kept for another service"
                case .anyFree, nil: "\(range): any that is free"
                }
            return ExplainedRule(name, value, .passed, sources)
        default: return ExplainedRule(name, "\(range): what is free is not known now", .noted, sources)
        }
    }

    // MARK: - Notes

    private var notes: [String] {
        var notes: [String] = []
        if let note = RecordedCredential(outcome.question.recorded).note { notes.append(note) }
        guard case .accept = outcome.decision else { return notes }
        if outcome.begun.isEmpty { notes.append("the attributes do not fit into one packet: nothing can be sent") }
        if outcome.request == nil { notes.append("no Redis is configured: no session limit, binding or pool is kept") }
        if case .unknown(let why) = opinion {
            notes.append("Redis does not answer (\(why)): the server would decide by the sessions it saw itself")
        }
        if outcome.preview(opinion) == .notReady {
            notes.append("the leases are not loaded into Redis yet: addresses come from what the server kept back")
        }
        if outcome.method == .eapMD5 || outcome.method == .eapMSCHAPv2 {
            notes.append("EAP-Message and the keys of the method are not shown: they are made in the conversation")
        }
        return notes
    }
}

/// A device's address of 48 bits as text.
private func hardwareText(_ bits: UInt64) -> String { Domain.MACAddress(bits: bits).description }
