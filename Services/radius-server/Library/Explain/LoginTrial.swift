import Admission
import Domain
import Events
import Profiles
import RADIUS

/// What an Access-Request would become, as far as the directory decides it: nothing is answered, counted or kept.
struct TrialOutcome {
    let question: LoginQuestion
    let nas: NASEntry
    let at: Timestamp
    let method: AuthenticationMethod
    var facts = AccessFacts(tenantActive: false, serviceKnown: false)
    var decision = AccessDecision.reject(.unknownUser)
    var origins = DirectoryOrigins()
    /// Under which it comes in.
    var plan: Plan?
    /// What it asks Redis for; nil for a reject, and where no Redis is configured.
    var request: AdmissionRequest?
    var pools: [AddressPool?] = [nil, nil, nil]
    var poolRows: [PoolRow?] = [nil, nil, nil]
    /// False where the service is bound to another device by its own row.
    var isBoundHere = true
    /// The synthetic request.
    var packet: [UInt8] = []
    /// The answer as far as it is written before admission.
    var begun: [UInt8] = []
    /// What its quotas bound the session to; nil where it has none.
    var bounds: QuotaBounds?
    /// Extra attributes that it has no room for.
    var attributesLeftOut = 0

    /// Whether it comes in under the walled garden's plan.
    var isConfined: Bool {
        guard case .accept(_, let reason) = decision else { return false }
        return reason != nil
    }

    init(question: LoginQuestion, nas: NASEntry, at: Timestamp, method: AuthenticationMethod) {
        self.question = question
        self.nas = nas
        self.at = at
        self.method = method
    }
}

/// The rows behind a decision.
struct DirectoryOrigins {
    var tenant = Directory.Tenant(id: .zero, isActive: false, policy: TenantPolicy(), version: 0)
    var service: SubscriberRecord?
    var prefixes: DelegatedPrefixes?
    /// Attributes that replies to the service get or lose.
    var extras: [ReplyOperation] = []
    var planID: UUID128?
    /// The service's own plan.
    var plan: PlanRow?
    var gardenPlan: PlanRow?
    /// The plan that a boost gives its replies at that time.
    var boostPlan: PlanRow?
    var sessionLimit: UInt8 = 0
    /// Names of the NAS's own pools, which none of ours has.
    var localPools: [String?] = [nil, nil, nil]
}

/// Decides logins by the code that answers packets, over a directory that is held still. For one task.
final class LoginTrial {
    struct Settings: Sendable {
        /// EAP methods on offer, the first one first.
        var eap: [EAPMethodKind] = [.mschapv2, .md5]
        /// Whether sessions and addresses are kept.
        var admits = true
        /// Seconds that a session counts at least when it is not heard of.
        var lease: UInt32 = 900
        /// See ``AccessHandler/Settings``.
        var shortestInterim: UInt32 = 60
    }

    let settings: Settings
    private let checker = CredentialChecker()
    private let place = ParkedLogin()

    init(settings: Settings) { self.settings = settings }

    /// What the login would become. `now` is where the question names no time. `withKeys` false leaves out what only a
    /// method gives, so that two answers can be compared.
    func decide(
        _ question: LoginQuestion,
        tenant: UInt32,
        nas: NASEntry,
        directory: Directory,
        now: Timestamp
    ) throws(QueryRefusal) -> TrialOutcome {
        let name = Array(question.username.utf8)
        let subject = unsafe name.withUnsafeBytes { unsafe checker.find($0, tenant: tenant, directory: directory) }
        let method = try method(question, subject)
        var outcome = TrialOutcome(question: question, nas: nas, at: question.at ?? now, method: method)
        let password = subject.index.flatMap { index in
            unsafe directory.subscribers.withPassword(index) { unsafe $0.map { unsafe Array($0) } }
        }
        guard let packet = SyntheticRequest.octets(question, method, password: password, nas: nas) else {
            throw QueryRefusal(.invalid, "a user name and a Calling-Station-Id have 253 octets at most")
        }
        outcome.packet = packet
        outcome.origins = origins(of: subject, tenant: tenant, directory: directory)
        let isRead: Void? = unsafe packet.withUnsafeBytes { octets in
            guard let view = try? unsafe PacketView(validating: octets) else { return nil }
            judge(view, subject, password != nil, tenant, directory, &outcome)
            return ()
        }
        guard isRead != nil else { throw QueryRefusal(.invalid, "the login makes no packet") }
        return outcome
    }

    // MARK: - Private

    private func judge(
        _ view: PacketView,
        _ subject: CredentialChecker.Subject,
        _ hasPassword: Bool,
        _ tenant: UInt32,
        _ directory: Directory,
        _ outcome: inout TrialOutcome
    ) {
        var keys: MSCHAPSuccess?
        if outcome.method == .eapMD5 || outcome.method == .eapMSCHAPv2 {
            outcome.facts = checker.facts(of: subject, tenant: tenant, directory: directory)
            outcome.facts.credential = eapCredential(view, subject, hasPassword, outcome.method)
        } else {
            var login = checker.check(view, subject: subject, nas: outcome.nas, directory: directory)
            outcome.facts = login.facts
            keys = login.takeKeys()
        }
        if let recorded = RecordedCredential(outcome.question.recorded).check {
            outcome.facts.credential = recorded
            keys = nil
        }
        outcome.decision = decideAccess(outcome.facts, now: outcome.at)
        guard case .accept(let sessionTimeout, let confinedFor) = outcome.decision, let index = subject.index else {
            return
        }
        outcome.plan = directory.plan(of: index, confined: confinedFor != nil, tenant: tenant)
        if let plan = outcome.plan {
            let nas = outcome.nas
            if confinedFor == nil {
                outcome.bounds = AcceptReply.bounds(
                    index,
                    plan,
                    nas,
                    directory,
                    settings.shortestInterim,
                    outcome.at.microseconds
                )
            }
            outcome.origins.localPools = AddressPool.Use.allCases.map {
                directory.localPoolName($0, nas: nas, plan: plan)
            }
        }
        if confinedFor == nil {
            outcome.origins.boostPlan = directory.boostPlan(index, at: outcome.at.microseconds)?.row
        }
        if settings.admits { ask(view, index, directory, &outcome) }
        let length = unsafe AcceptReply.begin(
            into: place.reply,
            view: view,
            nas: outcome.nas,
            subscriber: index,
            plan: outcome.plan,
            directory: directory,
            sessionTimeout: sessionTimeout,
            admission: .zero,
            keys: keys,
            wallTime: outcome.at.microseconds,
            isConfined: confinedFor != nil,
            shortestInterim: settings.shortestInterim,
            leftOut: &outcome.attributesLeftOut
        )
        outcome.begun = unsafe Array(place.reply[..<length])
    }

    /// On which terms it asks for a session and addresses.
    private func ask(_ view: PacketView, _ index: Int, _ directory: Directory, _ outcome: inout TrialOutcome) {
        place.acceptance = Acceptance(subscriber: index, plan: outcome.plan, admission: .zero, method: outcome.method)
        outcome.isBoundHere = AdmissionTerms.fill(place, view, outcome.nas, index, directory, lease: settings.lease)
        outcome.request = place.request
        outcome.pools = place.pools
        outcome.poolRows = place.pools.map { pool in pool.flatMap { directory.pools.row($0.id) } }
    }

    private func origins(
        of subject: CredentialChecker.Subject,
        tenant: UInt32,
        directory: Directory
    ) -> DirectoryOrigins {
        var origins = DirectoryOrigins()
        origins.tenant = directory.tenants[Int(tenant)]
        origins.gardenPlan = directory.walledGardenPlan(tenant)?.row
        guard let index = subject.index else { return origins }
        let record = directory.subscribers.records[index]
        origins.service = record
        origins.prefixes = directory.subscribers.prefixes(index)
        origins.extras = directory.extras(index)
        origins.planID = directory.planID(record.plan)
        origins.plan = directory.plan(record.plan)?.row
        origins.sessionLimit = directory.sessionLimit(index)
        return origins
    }

    private func eapCredential(
        _ view: PacketView,
        _ subject: CredentialChecker.Subject,
        _ hasPassword: Bool,
        _ method: AuthenticationMethod
    ) -> CredentialCheck {
        guard settings.eap.contains(method == .eapMD5 ? .md5 : .mschapv2) else { return .unsupported }
        guard subject.isMAC else { return hasPassword ? .matches : .missing }
        let isDevice = unsafe view.first(AttributeType.userName).map { unsafe CredentialChecker.isDevice($0, of: view) }
        return isDevice == false ? .otherDevice : .matches
    }

    /// `eap` is the method that is offered first; a MAC service that names no EAP logs on by its address.
    private func method(
        _ question: LoginQuestion,
        _ subject: CredentialChecker.Subject
    ) throws(QueryRefusal) -> AuthenticationMethod {
        let word = String(question.method.lowercased().map { $0 == "-" ? "_" : $0 })
        if word == "eap" { return settings.eap.first == .md5 ? .eapMD5 : .eapMSCHAPv2 }
        let isNamed = AuthenticationMethod.allCases.first { "\($0.name)" == word }
        guard let method = word.isEmpty ? .pap : isNamed else {
            let known = AuthenticationMethod.allCases.map { "\($0.name)" }.joined(separator: ", ")
            throw QueryRefusal(.invalid, "\"\(question.method)\" is none of: \(known), eap")
        }
        if method == .eapMD5 || method == .eapMSCHAPv2 { return method }
        return subject.isMAC ? .mac : method
    }
}

/// What a recorded answer says of the credential that was sent; the credential itself is recorded nowhere.
struct RecordedCredential {
    /// Nil where it says nothing, or the request tells by itself.
    let check: CredentialCheck?
    /// What it does not say, for a person.
    let note: String?

    init(_ recorded: String?) {
        switch recorded {
        case "wrong_password": (check, note) = (.differs, nil)
        case "credential_missing": (check, note) = (.missing, nil)
        case "method_unsupported": (check, note) = (.unsupported, nil)
        case "identity_mismatch": (check, note) = (.otherIdentity, nil)
        case "unknown_user", "tenant_inactive":
            (check, note) = (nil, "the password was not looked at then: it counts as right")
        default: (check, note) = (nil, nil)
        }
    }
}
