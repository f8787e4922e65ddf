import Domain
import Observability
import RADIUS

/// What to answer an Access-Request that carries EAP.
enum EAPAnswer: Sendable {
    case challenge(EAPChallenge)
    /// The conversation is over and the login decided.
    case decided(EAPDecision)
    /// An Access-Reject with this EAP packet, without a login to decide.
    case refused([UInt8])
    /// No answer.
    case silence(RefusalReason)
}

/// How a conversation ended.
struct EAPDecision: Sendable {
    let outcome: AccessDecision
    let method: AuthenticationMethod
    /// Whom it is about.
    let account: [UInt8]
    let index: Int?
    /// The admission of an accepted login.
    let admission: UUID128
    /// EAP-Success or EAP-Failure, with the keys.
    let reply: EAPAccept
    /// The same answer was given before: it is no second login.
    var isRepeat = false
}

/// Leads EAP conversations: finds the session that State names or begins one, lets `EAPConversation` take the response,
/// and asks the same rules as any other login. Confined to one thread; the sessions are shared.
final class EAPAnswerer {
    struct Settings: Sendable {
        let offer: EAPOffer
        /// How long a conversation waits for the peer, in seconds.
        let timeout: UInt32
    }

    /// One packet with its surroundings.
    struct Question {
        let view: PacketView
        let nas: NASEntry
        let directory: Directory
        /// Monotonic nanoseconds and wall-clock time.
        let now: UInt64
        let wallTime: Timestamp
        /// The id of the admission that an accepted login gets.
        let admission: UUID128
    }

    private let settings: Settings
    private let sessions: EAPSessions
    private let shard: Int
    private let metrics: EAPMetrics
    private let judge: EAPJudge

    init(settings: Settings, sessions: EAPSessions, shard: Int, metrics: EAPMetrics, checker: CredentialChecker) {
        self.settings = settings
        self.sessions = sessions
        self.shard = shard
        self.metrics = metrics
        judge = EAPJudge(checker: checker)
    }

    /// True for a response in a conversation that is under way here: it is served before new ones and never shed by the
    /// NAS's rate. Each counts against the number that its conversation takes, so that no State is a way around the rate.
    func goesOn(_ view: PacketView, nas: NASEntry, now: UInt64) -> Bool {
        guard unsafe view.first(AttributeType.eapMessage)?.first == EAPCode.response.rawValue else { return false }
        guard let state = unsafe view.first(AttributeType.state).flatMap({ unsafe EAPState($0) }) else { return false }
        return sessions.holds(state, nas: nas.id, now: now)
    }

    func expire(now: UInt64) { sessions.expire(shard: shard, now: now) }

    /// The answer to an authentic Access-Request with EAP-Message.
    func answer(_ question: Question) -> EAPAnswer {
        let octets = question.view.eapMessage ?? []
        let state = unsafe question.view.first(AttributeType.state)
        guard !octets.isEmpty else { return start(question) }
        let packet: EAPPacket
        do throws(EAPError) {
            packet = try EAPPacket(parsing: octets)
        } catch {
            return unsafe malformed(octets, state, question)
        }
        if let refusal = packet.roleRefusal { return .refused(refusal.encoded) }
        guard let value = unsafe state else { return begin(packet, question) }
        let failure = EAPPacket(.failure, identifier: packet.identifier).encoded
        guard let state = unsafe EAPState(value) else { return refuse(.unknown, failure) }
        let found = sessions.resume(state, nas: question.nas.id, now: question.now) { session in
            take(packet, &session, state, question)
        }
        return settle(found, failure)
    }

    // MARK: - Beginning

    /// EAP-Start: the server asks for the identity itself (RFC 3579 §2.1).
    private func start(_ question: Question) -> EAPAnswer {
        let conversation = EAPConversation(askingIdentity: settings.offer)
        let request = conversation.request
        guard let state = keep(conversation, question) else { return .silence(.eapSessionsFull) }
        metrics.challenges.add(1)
        // Somebody may have to type; longer than this the conversation is not kept.
        return .challenge(EAPChallenge(packet: request, state: state, sessionTimeout: settings.timeout))
    }

    private func begin(_ packet: EAPPacket, _ question: Question) -> EAPAnswer {
        let failure = EAPPacket(.failure, identifier: packet.identifier).encoded
        // Without State nothing but an identity can begin (RFC 3579 §2.1).
        guard let conversation = EAPConversation(identityResponse: packet, offer: settings.offer) else {
            return refuse(.unknown, failure)
        }
        guard isNamed(conversation.identity, question.view) else {
            return .decided(mismatch(conversation, failure, false, question))
        }
        let request = conversation.request
        guard let state = keep(conversation, question) else { return .silence(.eapSessionsFull) }
        metrics.challenges.add(1)
        return .challenge(EAPChallenge(packet: request, state: state))
    }

    private func keep(_ conversation: EAPConversation, _ question: Question) -> EAPState? {
        sessions.begin(EAPSession(conversation, nas: question.nas.id), shard: shard, now: question.now)
    }

    // MARK: - Going on

    private func take(
        _ packet: EAPPacket,
        _ session: inout EAPSession,
        _ state: EAPState,
        _ question: Question
    ) -> EAPAnswer {
        let isRepeated = session.conversation.isRepeated(packet)
        // What comes after the end is no second login either.
        let isRepeat = isRepeated || session.conversation.isOver
        let identity = session.conversation.identity ?? (packet.type == EAPType.identity ? packet.data : nil)
        guard identity == nil || isNamed(identity, question.view) else {
            let failure = EAPPacket(.failure, identifier: packet.identifier).encoded
            session.conversation.passOver()
            session.conversation.abandon()
            return .decided(mismatch(session.conversation, failure, isRepeat, question))
        }
        var refusal = session.refusal
        let step = session.conversation.answer(packet, offer: settings.offer) { claim in
            let (verdict, reason) = judge.judge(claim, identity ?? [], question)
            refusal = reason
            return verdict
        }
        let refuses = session.refusal == nil && refusal != nil
        session.refusal = refusal
        if isRepeated { metrics.repeated.add(1) }
        switch step {
        case .request(let request):
            metrics.challenges.add(1)
            return .challenge(EAPChallenge(packet: request, state: state, refuses: refuses))
        case .invalid(let request):
            metrics.invalid.add(1)
            return .challenge(EAPChallenge(packet: request, state: state, isInvalid: true))
        case .success(let packet, let name, let keys):
            return .decided(accept(packet, name, keys, &session, isRepeat, question))
        case .failure(let packet, let failure):
            return .decided(fail(packet, failure, session, isRepeat, question))
        }
    }

    // MARK: - Ending

    private func accept(
        _ packet: [UInt8],
        _ name: [UInt8]?,
        _ keys: EAPKeys?,
        _ session: inout EAPSession,
        _ isRepeat: Bool,
        _ question: Question
    ) -> EAPDecision {
        let account = name ?? session.conversation.identity ?? []
        let subject = judge.find(account, question)
        var facts = judge.facts(of: subject, question)
        // The method proved it; the service may have changed since, which is why the rules are asked again.
        facts.credential = .matches
        let outcome = decideAccess(facts, now: question.wallTime)
        guard case .accept = outcome else {
            let failure = EAPPacket(.failure, identifier: packet[1]).encoded
            return decision(outcome, account, subject, failure, session.conversation, isRepeat, question)
        }
        let admission = session.admission ?? question.admission
        session.admission = admission
        let sent = unsafe question.view.first(AttributeType.userName)
        let isKnown = unsafe sent.map { unsafe $0.elementsEqual(account) } ?? false
        return EAPDecision(
            outcome: outcome,
            method: Self.method(session.conversation.method),
            account: account,
            index: subject.index,
            admission: admission,
            reply: EAPAccept(packet: packet, keys: keys, userName: isKnown ? nil : account),
            isRepeat: isRepeat
        )
    }

    private func fail(
        _ packet: [UInt8],
        _ failure: EAPFailure,
        _ session: EAPSession,
        _ isRepeat: Bool,
        _ question: Question
    ) -> EAPDecision {
        let account = session.conversation.identity ?? []
        if let refusal = session.refusal, failure == .refused {
            let subject = judge.find(account, question)
            return decision(.reject(refusal), account, subject, packet, session.conversation, isRepeat, question)
        }
        let credential: CredentialCheck =
            switch failure {
            case .noCommonMethod: .unsupported
            case .refused, .serverNotBelieved: .differs
            case .tooManyRounds, .over: .missing
            }
        return reject(account, credential, packet, session.conversation, isRepeat, question)
    }

    private func mismatch(
        _ conversation: EAPConversation,
        _ failure: [UInt8],
        _ isRepeat: Bool,
        _ question: Question
    ) -> EAPDecision {
        reject(conversation.identity ?? [], .otherIdentity, failure, conversation, isRepeat, question)
    }

    /// What the rules say to a login whose credential is as given, which is never that it matches.
    private func reject(
        _ account: [UInt8],
        _ credential: CredentialCheck,
        _ packet: [UInt8],
        _ conversation: EAPConversation,
        _ isRepeat: Bool,
        _ question: Question
    ) -> EAPDecision {
        let subject = judge.find(account, question)
        var facts = judge.facts(of: subject, question)
        facts.credential = credential
        let outcome = decideAccess(facts, now: question.wallTime)
        return decision(outcome, account, subject, packet, conversation, isRepeat, question)
    }

    private func decision(
        _ outcome: AccessDecision,
        _ account: [UInt8],
        _ subject: CredentialChecker.Subject,
        _ packet: [UInt8],
        _ conversation: EAPConversation,
        _ isRepeat: Bool,
        _ question: Question
    ) -> EAPDecision {
        EAPDecision(
            outcome: outcome,
            method: Self.method(conversation.method),
            account: account,
            index: subject.index,
            admission: question.admission,
            reply: EAPAccept(packet: packet, keys: nil, userName: nil),
            isRepeat: isRepeat
        )
    }

    // MARK: - Refusing

    /// EAP that cannot be read: within a conversation the request stands (RFC 3579 §2.2), else it is fatal.
    private func malformed(_ octets: [UInt8], _ state: UnsafeRawBufferPointer?, _ question: Question) -> EAPAnswer {
        let failure = EAPPacket(.failure, identifier: octets.count > 1 ? octets[1] : 0).encoded
        guard let value = unsafe state else { return .refused(failure) }
        guard let state = unsafe EAPState(value) else { return refuse(.unknown, failure) }
        let found = sessions.resume(state, nas: question.nas.id, now: question.now) { session -> EAPAnswer in
            session.conversation.passOver()
            guard !session.conversation.isOver, !session.conversation.isExhausted else { return .refused(failure) }
            metrics.invalid.add(1)
            return .challenge(EAPChallenge(packet: session.conversation.request, state: state, isInvalid: true))
        }
        return settle(found, failure)
    }

    private func settle(_ found: EAPSessions.Lookup<EAPAnswer>, _ failure: [UInt8]) -> EAPAnswer {
        switch found {
        case .found(let answer): return answer
        case .unknown: return refuse(.unknown, failure)
        case .ofOtherNAS: return refuse(.otherNAS, failure)
        case .ofOtherServer:
            // The server that began it may only be slow. A reject from here would end at the NAS, where the first answer
            // counts, a login that is about to succeed there; silence leaves the NAS to ask that server again, or to
            // begin anew without State (RFC 5080 §2.1.1).
            metrics.refuse(.otherServer)
            return .silence(.eapOfOtherServer)
        }
    }

    /// The conversation cannot go on: fatal (RFC 3579 §2.2), so that the peer begins anew at once.
    private func refuse(_ reason: EAPMetrics.RefusedState, _ failure: [UInt8]) -> EAPAnswer {
        metrics.refuse(reason)
        return .refused(failure)
    }

    // MARK: - Small things

    /// A User-Name must be the identity in every packet of the conversation (RFC 3579 §2.1).
    private func isNamed(_ identity: [UInt8]?, _ view: PacketView) -> Bool {
        guard let identity, let sent = unsafe view.first(AttributeType.userName) else { return true }
        return unsafe sent.elementsEqual(identity)
    }

    private static func method(_ kind: EAPMethodKind?) -> AuthenticationMethod {
        switch kind {
        case .md5: .eapMD5
        case .mschapv2: .eapMSCHAPv2
        case nil: .unsupported
        }
    }
}
