/// How long what may take, and how often it is tried.
package struct EnforcementRules: Hashable, Sendable {
    /// An order that still waits this long after it came fails.
    package var deadline: Duration
    /// After an answer, the session's end is waited for so long.
    package var confirmation: Duration
    /// After a change, what the session carries is waited for so long.
    package var proof: Duration
    /// A session that was admitted begins within this, or never.
    package var start: Duration
    /// How often a NAS that does not answer is asked, each time with its own retransmissions.
    package var attempts: Int
    /// The pause after the first of them; it doubles with each.
    package var retry: Duration
    package var longestRetry: Duration

    package init(
        deadline: Duration = .seconds(900),
        confirmation: Duration = .seconds(30),
        proof: Duration = .seconds(900),
        start: Duration = .seconds(75),
        attempts: Int = 5,
        retry: Duration = .seconds(5),
        longestRetry: Duration = .seconds(60)
    ) {
        precondition(attempts > 0 && retry > .zero && longestRetry >= retry)
        self.deadline = deadline
        self.confirmation = confirmation
        self.proof = proof
        self.start = start
        self.attempts = attempts
        self.retry = retry
        self.longestRetry = longestRetry
    }
}

/// What is known of an order's session at the moment.
package enum SessionSight: Hashable, Sendable {
    /// No session is known; `wasKnown` where the order names one, which is gone then.
    case unknown(wasKnown: Bool)
    /// Its NAS reported it last at that time, with so much carried since its start, so many seconds ago by the NAS's own count
    /// (Acct-Session-Time) where it has one.
    case open(heardAt: Timestamp, octets: SessionOctets = SessionOctets(), seconds: Int64? = nil)
    case over
}

/// What became of asking the NAS.
package enum EnforcementAnswer: Hashable, Sendable {
    /// It says that it ended the session.
    case acknowledged
    /// It says that it changed the session.
    case changed
    /// It says that it changed the session, and would not move its end.
    case changedButEnd
    /// It says that there is no such session.
    case sessionGone
    /// It says no, with that Error-Cause.
    case refused(UInt32?)
    /// It says nothing; where somebody answered under another secret, that.
    case silent(isForged: Bool)
    /// Nothing was sent, for now. Not worth trying before that time.
    case held(EnforcementReason, until: Timestamp?)
    /// Nothing can be sent.
    case impossible(EnforcementReason)
}

/// What happens to an order. Pure: time comes from outside; what the order has become is stored by whoever asks.
///
/// Guaranteed, whatever comes in whatever order: one that has ended never changes; one that has not is always due at some
/// time; nothing is sent for a session that is over, nor after the deadline if anything was tried before; every order ends
/// after at most `attempts` silences, or at its deadline.
extension EnforcementOrder {
    package enum Step: Hashable, Sendable {
        /// Ask the NAS now, and tell the answer to `take`.
        case send
        /// Nothing is to be sent.
        case rest
    }

    /// A sent order that nobody told an answer of is looked at again after this: its process may have ended.
    package static let attention = Duration.seconds(60)
    /// A session that was admitted is looked for so often.
    static let look = Duration.seconds(1)

    /// Its time has come, or its session ended. `terms` are what the session should have and has, where that is known.
    package mutating func step(
        seeing session: SessionSight,
        _ terms: TermsSight? = nil,
        at now: Timestamp,
        _ rules: EnforcementRules
    ) -> Step {
        switch state {
        case .confirmed, .unproven, .failed, .superseded: return .rest
        case .pending, .sent: return begin(seeing: session, terms, at: now, rules)
        case .acknowledged:
            if way == .change {
                measure(session, at: now, rules)
                // More passes than was asked for: it is to be ended, now.
                return state == .pending ? begin(seeing: session, terms, at: now, rules) : .rest
            }
            watch(session, at: now, rules)
            return .rest
        }
    }

    /// The answer to what `step` said to send. An answer that nobody waits for any more changes nothing.
    package mutating func take(_ answer: EnforcementAnswer, at now: Timestamp, _ rules: EnforcementRules) {
        guard state == .sent else { return }
        switch answer {
        case .acknowledged: answered(nil, at: now, rules)
        case .sessionGone: answered(.sessionGone, at: now, rules)
        case .changed, .changedButEnd:
            if answer == .changedButEnd { goal?.end = nil }
            answered(nil, at: now, rules)
            way = .change
            nextAt = now + Self.reading
        case .refused(let cause):
            errorCause = cause
            answeredAt = now
            end(.failed, .refused, at: now)
        case .silent(let isForged):
            let pause = min(rules.longestRetry, rules.retry * (1 << min(max(attempts, 1) - 1, 20)))
            wait(isForged ? .badAuthenticator : .unanswered, until: now + pause, at: now, rules)
            if !state.isFinal, attempts >= rules.attempts {
                end(.failed, isForged ? .badAuthenticator : .unanswered, at: now)
            }
        case .held(let reason, let until):
            // Nothing was asked.
            attempts = max(0, attempts - 1)
            let soonest = now + Self.look
            wait(reason, until: max(until ?? soonest, soonest), at: now, rules)
        case .impossible(let reason): end(.failed, reason, at: now)
        }
    }

    /// Another order took its place.
    package mutating func supersede(at now: Timestamp) {
        guard !state.isFinal else { return }
        end(.superseded, .replaced, at: now)
    }

    /// The order that it joined has ended.
    package mutating func follow(_ other: EnforcementOrder) {
        guard !state.isFinal, other.state.isFinal else { return }
        let standing = Standing(
            state: other.state,
            reason: other.reason,
            errorCause: other.errorCause,
            attempts: 0,
            sentAt: other.sentAt,
            answeredAt: other.answeredAt,
            endedAt: other.endedAt,
            nextAt: nil
        )
        self = self.standing(standing)
    }

    // MARK: - Steps

    private mutating func begin(
        seeing session: SessionSight,
        _ terms: TermsSight?,
        at now: Timestamp,
        _ rules: EnforcementRules
    ) -> Step {
        switch session {
        case .over, .unknown(wasKnown: true): end(.confirmed, attempts > 0 ? .sessionOver : .alreadyOver, at: now)
        case .unknown(wasKnown: false):
            if now >= storedAt + rules.start {
                end(.confirmed, .neverStarted, at: now)
            } else {
                state = .pending
                reason = .noSession
                nextAt = now + Self.look
            }
        case .open:
            // What somebody asked for while nobody was there to carry it out is tried once, however late. A limit that was
            // reached so long ago may be none any more.
            let wasTried = attempts > 0 || (reason != nil && reason != .noSession)
            let isStale = cause == .sessionLimit && !wasTried && now >= requestedAt + rules.deadline
            guard !isStale, now < storedAt + rules.deadline || !wasTried else {
                end(.failed, isStale ? .overdue : reason ?? .overdue, at: now)
                return .rest
            }
            guard isWanted(terms, at: now) else { return .rest }
            state = .sent
            reason = nil
            attempts += 1
            sentAt = now
            nextAt = now + Self.attention
            return .send
        }
        return .rest
    }

    private mutating func answered(_ said: EnforcementReason?, at now: Timestamp, _ rules: EnforcementRules) {
        state = .acknowledged
        if kind == .change { way = .disconnect }
        base = nil
        reason = said
        answeredAt = now
        nextAt = now + rules.confirmation
    }

    /// It was acknowledged: the session's end proves it, and silence about a session that the NAS does not have.
    private mutating func watch(_ session: SessionSight, at now: Timestamp, _ rules: EnforcementRules) {
        guard let answeredAt else { return end(.failed, .overdue, at: now) }
        let wasGone = reason == .sessionGone
        switch session {
        case .over, .unknown: end(.confirmed, wasGone ? .sessionGone : .sessionOver, at: now)
        case .open(let heardAt, _, _):
            guard now >= answeredAt + rules.confirmation else { return nextAt = answeredAt + rules.confirmation }
            if heardAt > answeredAt {
                end(.unproven, .stillReports, at: now)
            } else if wasGone {
                end(.confirmed, .sessionGone, at: now)
            } else {
                end(.unproven, .noStop, at: now)
            }
        }
    }

    mutating func wait(
        _ why: EnforcementReason,
        until: Timestamp,
        at now: Timestamp,
        _ rules: EnforcementRules
    ) {
        let deadline = storedAt + rules.deadline
        guard now < deadline else { return end(.failed, why, at: now) }
        state = .pending
        reason = why
        nextAt = min(until, deadline)
    }

    mutating func end(_ how: EnforcementState, _ why: EnforcementReason, at now: Timestamp) {
        state = how
        reason = why
        endedAt = now
        nextAt = nil
    }
}
