import Domain

/// How one intent is carried out on one session: a CoA first where that can do it, another identification where the NAS
/// does not find the session by the first, and Disconnect as the fall-back. Pure: it says what to send, is told what became
/// of it, and teaches the NAS's capabilities. It ends after a bounded number of requests: each set once for either request,
/// and once more for each thing that is told otherwise.
///
/// Where a change of the session's end goes with another one and the NAS refuses them, the other is tried alone before
/// anything else: nobody is thrown out because his NAS cannot move an end.
package struct Enforcement: Sendable {
    package enum Intent: Equatable, Sendable {
        /// The session shall become so; if the NAS does not change it, it may be ended to come back so.
        case change(LiveChange, mayDisconnect: Bool)
        case disconnect
    }

    package enum Step: Equatable, Sendable {
        case send(ControlRequest)
        case done(Result)
    }

    package enum Result: Hashable, Sendable {
        /// The NAS acknowledged the CoA. Whether it did what it says only its accounting or a look at it can tell.
        case changed
        /// The NAS acknowledged the Disconnect.
        case disconnected
        /// The NAS has no such session.
        case sessionGone
        case failed(Refusal)
        /// Whether it was done is not known.
        case unanswered(badAuthenticators: Int)
        case notSent(ControlOutcome.NotSent)
        case impossible(Impossible)
    }

    package enum Impossible: String, Hashable, Sendable, CaseIterable {
        /// Nothing that the NAS wants to be told is known of the session.
        case notIdentified = "not_identified"
        /// It cannot be changed, and must not be ended for it.
        case cannotChange = "cannot_change"
        case cannotDisconnect = "cannot_disconnect"
    }

    /// One request and what became of it, for the audit trail.
    package struct Trial: Hashable, Sendable {
        package let kind: ControlKind
        package let set: IdentitySet
        package let outcome: ControlOutcome
    }

    /// As it is carried out now.
    package private(set) var intent: Intent
    package let identity: LiveIdentity
    /// What was sent so far.
    package private(set) var trials: [Trial] = []
    /// The session's end was left out of the change: the NAS refused it with it.
    package private(set) var leavesEnd = false
    /// It was refused for itself, and not for the time that it said.
    private var doubtsEnd = false

    private var kind: ControlKind
    private var set: IdentitySet?
    private var tried: Set<IdentitySet> = []
    /// Sets of this request's kind that may have been what was refused.
    private var doubted: [IdentitySet] = []
    /// Sets with which the CoA was refused for an attribute, be it one of theirs or of the change.
    private var changeDoubted: Set<IdentitySet> = []
    private var omitsNAS = false
    private var addsTimestamp = false
    private var triedTimestamp = false

    package init(_ intent: Intent, on identity: LiveIdentity) {
        self.intent = intent
        self.identity = identity
        kind = intent == .disconnect ? .disconnect : .change
    }

    /// The first step.
    package mutating func begin(_ capabilities: NASCapabilities) -> Step {
        guard case .change(let change, let mayDisconnect) = intent else { return disconnect(capabilities) }
        if capabilities.canChange(change.kinds), !change.isEmpty {
            return nextSet(capabilities) ?? .done(.impossible(.notIdentified))
        }
        return mayDisconnect ? disconnect(capabilities) : .done(.impossible(.cannotChange))
    }

    /// The step after `outcome` of the request that the last one sent, in the second `time` since 1970.
    package mutating func next(after outcome: ControlOutcome, _ capabilities: inout NASCapabilities, at time: Int64)
        -> Step
    {
        guard let set else { return begin(capabilities) }
        trials.append(Trial(kind: kind, set: set, outcome: outcome))
        switch outcome {
        case .acknowledged:
            learn(from: set, &capabilities, at: time)
            return .done(kind == .change ? .changed : .disconnected)
        case .refused(let refusal): return step(after: refusal, of: set, &capabilities, at: time)
        case .timedOut(_, let bad): return .done(.unanswered(badAuthenticators: bad))
        case .abandoned: return .done(.unanswered(badAuthenticators: 0))
        case .notSent(let reason): return .done(.notSent(reason))
        }
    }

    // MARK: - Refusals

    private mutating func step(
        after refusal: Refusal,
        of set: IdentitySet,
        _ capabilities: inout NASCapabilities,
        at time: Int64
    ) -> Step {
        switch refusal.cause {
        case .sessionContextNotFound:
            // By a set that is known to work, and that means one session, it is gone. Anything that could mean the session
            // after it is not tried.
            if capabilities.knows(.proven(set)) { return .done(.sessionGone) }
            return nextSet(capabilities, where: \.isExact) ?? .done(.sessionGone)
        case .unsupportedAttribute:
            if capabilities.knows(.proven(set)), kind == .change {
                learnRefusedChange(&capabilities, at: time)
                return fallBack(refusal, capabilities)
            }
            if kind == .change { changeDoubted.insert(set) }
            doubted.append(set)
            return nextSet(capabilities) ?? fallBack(refusal, capabilities)
        case .missingAttribute:
            if !isTimestamped(capabilities), !triedTimestamp, capabilities.timestamps == nil {
                addsTimestamp = true
                triedTimestamp = true
                return again(set, capabilities)
            }
            addsTimestamp = false
            doubted.append(set)
            return nextSet(capabilities) ?? fallBack(refusal, capabilities)
        case .nasIdentificationMismatch:
            guard !omitsNAS, capabilities.tellsNAS, !identity.nasAttributes.isEmpty else {
                return .done(.failed(refusal))
            }
            omitsNAS = true
            return again(set, capabilities)
        case .multipleSessionSelectionUnsupported:
            // A Disconnect would find as many.
            return nextSet(capabilities) ?? .done(.failed(refusal))
        case .unsupportedService, .unsupportedExtension, .administrativelyProhibited:
            return prohibited(refusal, &capabilities, at: time)
        case .requestNotRoutable, .otherProxyProcessingError, .resourcesUnavailable, .sessionContextNotRemovable:
            return .done(.failed(refusal))
        case .invalidRequest:
            // Huawei's word for what others call an unsupported attribute.
            if kind == .change, capabilities.vendor == .huawei { learnRefusedChange(&capabilities, at: time) }
            return fallBack(refusal, capabilities)
        default: return fallBack(refusal, capabilities)
        }
    }

    private mutating func prohibited(
        _ refusal: Refusal,
        _ capabilities: inout NASCapabilities,
        at time: Int64
    ) -> Step {
        if kind == .change {
            capabilities.learn(.takesNoChange, at: time)
        } else if refusal.cause != .administrativelyProhibited {
            // What is prohibited may be this session's disconnection alone.
            capabilities.learn(.takesNoDisconnect, at: time)
        }
        return fallBack(refusal, capabilities)
    }

    /// The other way where there is one; it also is the last resort where no identification helped.
    private mutating func fallBack(_ refusal: Refusal, _ capabilities: NASCapabilities) -> Step {
        if let step = withoutEnd(refusal, capabilities) { return step }
        guard kind == .change, case .change(_, mayDisconnect: true) = intent, capabilities.takesDisconnect else {
            return .done(.failed(refusal))
        }
        return disconnect(capabilities)
    }

    /// The rest of a change that moves the session's end with it; nil where that was not it.
    private mutating func withoutEnd(_ refusal: Refusal, _ capabilities: NASCapabilities) -> Step? {
        guard kind == .change, case .change(let change, let mayDisconnect) = intent, change.kinds.contains(.timeout)
        else { return nil }
        let rest = change.without(.timeout)
        guard !rest.isEmpty, capabilities.canChange(rest.kinds) else { return nil }
        intent = .change(rest, mayDisconnect: mayDisconnect)
        leavesEnd = true
        doubtsEnd = refusal.cause != .invalidAttributeValue
        tried = []
        doubted = []
        changeDoubted = []
        return nextSet(capabilities)
    }

    // MARK: - Attempts

    private mutating func disconnect(_ capabilities: NASCapabilities) -> Step {
        guard capabilities.takesDisconnect else { return .done(.impossible(.cannotDisconnect)) }
        kind = .disconnect
        tried = []
        doubted = []
        return nextSet(capabilities) ?? .done(.impossible(.notIdentified))
    }

    private mutating func nextSet(
        _ capabilities: NASCapabilities,
        where isWanted: (IdentitySet) -> Bool = { _ in true }
    ) -> Step? {
        let next = capabilities.sets(for: identity).first { !tried.contains($0) && isWanted($0) }
        return next.map { again($0, capabilities) }
    }

    private mutating func again(_ set: IdentitySet, _ capabilities: NASCapabilities) -> Step {
        self.set = set
        tried.insert(set)
        let tellsNAS = capabilities.tellsNAS && !omitsNAS
        let isTimestamped = isTimestamped(capabilities)
        let request: ControlRequest? =
            if kind == .change, case .change(let change, _) = intent {
                .change(change, of: identity, by: set, tellingNAS: tellsNAS, timestamped: isTimestamped)
            } else {
                .disconnect(identity, by: set, tellingNAS: tellsNAS, timestamped: isTimestamped)
            }
        return request.map { .send($0) } ?? .done(.impossible(.notIdentified))
    }

    private func isTimestamped(_ capabilities: NASCapabilities) -> Bool {
        capabilities.isTimestamped || addsTimestamp
    }

    // MARK: - Lessons

    /// What an acknowledgement tells: this set works, and what was refused before it was refused for what it was.
    private func learn(from set: IdentitySet, _ capabilities: inout NASCapabilities, at time: Int64) {
        for other in doubted where other != set { capabilities.learn(.refused(other), at: time) }
        capabilities.learn(.proven(set), at: time)
        if omitsNAS { capabilities.learn(.knowsItselfOtherwise, at: time) }
        if addsTimestamp { capabilities.learn(.wantsEventTimestamp, at: time) }
        // It was the end, and not the rest, that it would not have.
        if kind == .change, doubtsEnd { capabilities.learn(.cannotChange(.timeout), at: time) }
        // The set was none of the refused attributes, so the change was.
        if kind == .disconnect, changeDoubted.contains(set) { learnRefusedChange(&capabilities, at: time) }
    }

    /// Of several kinds nobody says which one it was.
    private func learnRefusedChange(_ capabilities: inout NASCapabilities, at time: Int64) {
        guard case .change(let change, _) = intent, change.kinds.count == 1, let kind = change.kinds.first else {
            return
        }
        capabilities.learn(.cannotChange(kind), at: time)
    }
}
