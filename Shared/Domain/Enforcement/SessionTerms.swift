/// What a session's speed comes from. The raw values are stored.
package enum TermsSource: String, Hashable, Sendable, CaseIterable {
    /// Its plan.
    case plan
    /// Hours of its plan with another speed.
    case window
    /// A quota of its plan that is used up.
    case quota
    case boost
    /// The walled garden's plan.
    case garden
}

/// Speeds as they are compared and measured: bit/s, 0 for no limit and no guarantee.
package struct TermsSpeeds: Hashable, Sendable {
    package var rate: SpeedPair
    package var guaranteed: SpeedPair
    /// What may be carried for a while: the burst where there is one, else the rate.
    package var ceiling: SpeedPair

    package init(rate: SpeedPair, guaranteed: SpeedPair = SpeedPair(download: 0, upload: 0), ceiling: SpeedPair? = nil)
    {
        self.rate = rate
        self.guaranteed = guaranteed
        self.ceiling = ceiling ?? rate
    }

    package init(_ profile: SpeedProfile) {
        func most(_ direction: KeyPath<SpeedPair, Int64>) -> Int64 {
            let rate = profile.rate[keyPath: direction]
            return rate <= 0 ? 0 : max(rate, profile.burst?.rate[keyPath: direction] ?? 0)
        }
        self.init(
            rate: profile.rate,
            guaranteed: profile.guaranteed,
            ceiling: SpeedPair(download: most(\.download), upload: most(\.upload))
        )
    }

    package var profile: SpeedProfile { SpeedProfile(rate: rate, guaranteed: guaranteed) }
}

/// The terms under which a session goes on.
package struct SessionTerms: Hashable, Sendable {
    package let digest: TermsDigest
    /// Whether it is in the walled garden.
    package let isConfined: Bool
    /// Nil, with the speeds, where only the digest is known.
    package let source: TermsSource?
    package let speeds: TermsSpeeds?

    package init(digest: TermsDigest, isConfined: Bool, source: TermsSource?, speeds: TermsSpeeds?) {
        self.digest = digest
        self.isConfined = isConfined
        self.source = source
        self.speeds = speeds
    }

    package init(_ speed: SpeedProfile, from source: TermsSource) {
        let isConfined = source == .garden
        self.init(
            digest: TermsDigest(speed, isConfined: isConfined),
            isConfined: isConfined,
            source: source,
            speeds: TermsSpeeds(speed)
        )
    }
}

extension TermsDigest {
    /// Stands for the end of a session among terms that were asked for.
    package static let over = TermsDigest(rawValue: 0)
}

/// What a live session should have at a time.
package enum DesiredTerms: Hashable, Sendable {
    /// It should go on with that speed, in the walled garden where that is the source.
    case admitted(SpeedProfile, from: TermsSource)
    /// It should not be.
    case over(RejectReason)

    /// Nil where it should not be.
    package var terms: SessionTerms? {
        guard case .admitted(let speed, let source) = self else { return nil }
        return SessionTerms(speed, from: source)
    }
}

/// What decides about a session that goes on: what a login of its service would be decided by now.
package struct SessionFacts: Sendable {
    /// With a credential that matches: it was proven when the session was admitted.
    package var access: AccessFacts
    /// Of its service's plan, and of the walled garden's.
    package var plan: PlanSpeeds?
    package var garden: PlanSpeeds?
    /// Of a plan that it has for a time.
    package var boost: PlanSpeeds?
    package var boostedUntil: Timestamp?

    package init(
        access: AccessFacts,
        plan: PlanSpeeds?,
        garden: PlanSpeeds? = nil,
        boost: PlanSpeeds? = nil,
        boostedUntil: Timestamp? = nil
    ) {
        self.access = access
        self.access.credential = .matches
        self.plan = plan
        self.garden = garden
        self.boost = boost
        self.boostedUntil = boostedUntil
    }

    /// What the session should have: the decision of a login at that time, and the speed that its answer would say. A throttle
    /// goes before a boost, and both before the plan's hours.
    package func desired(at now: Timestamp) -> DesiredTerms {
        switch decideAccess(access, now: now) {
        case .reject(let reason): return .over(reason)
        case .accept(_, confinedFor: let reason?):
            guard let garden else { return .over(reason) }
            return .admitted(garden.profile(at: now, throttle: 0), from: .garden)
        case .accept(_, confinedFor: nil):
            guard let plan else { return .over(.planMissing) }
            var throttle: UInt8 = 0
            if case .throttled(let position, _) = access.restriction.holding(at: now) { throttle = position }
            if throttle == 0, let boost, let boostedUntil, now < boostedUntil {
                return .admitted(boost.profile(at: now, throttle: 0), from: .boost)
            }
            let place = plan.place(at: now, throttle: throttle)
            let isSlowed = place >= plan.unthrottled.count
            return .admitted(plan.profiles[place], from: isSlowed ? .quota : place == 0 ? .plan : .window)
        }
    }
}

/// How what a session has differs from what it should have, and what follows. Pure.
package enum TermsDifference: Hashable, Sendable {
    case none
    /// Nothing is known of what it has, and nothing says that it is not this.
    case presumed(SessionTerms)
    /// Its speed is to be changed.
    case change(EnforcementCause)
    /// It is to end: it may not be, or it is to come back under other terms.
    case disconnect(EnforcementCause)

    /// `isSpeedForeign` where an operator's own reply attributes say the speed: then it is nobody's business here. `mayBeOld` where something
    /// that decides about the session changed since it began. `isEndDue` where it ends by itself soon, or should, and not when it should.
    package init(
        of observed: SessionTerms?,
        from desired: DesiredTerms,
        isSpeedForeign: Bool = false,
        mayBeOld: Bool = false,
        isEndDue: Bool = false
    ) {
        guard let wanted = desired.terms, let source = wanted.source else {
            guard case .over(let reason) = desired else {
                self = .none
                return
            }
            self = .disconnect(EnforcementCause(reason))
            return
        }
        guard let observed else {
            // A login may have gone before what slowed the service down or made it faster; to say it again does no harm.
            if source == .garden, mayBeOld {
                // A garden's speed alone is no garden.
                self = .disconnect(.confined)
                return
            }
            let isUrgent = !isSpeedForeign && (mayBeOld || source == .quota || source == .boost)
            self = isUrgent ? .change(EnforcementCause(source, after: nil)) : .presumed(wanted)
            return
        }
        if observed.isConfined != wanted.isConfined {
            // Other addresses, other rules: only a new session has them.
            self = .disconnect(wanted.isConfined ? .confined : .restored)
        } else if observed.digest == wanted.digest || isSpeedForeign {
            self = isEndDue ? .change(.renewed) : .none
        } else {
            self = .change(EnforcementCause(source, after: observed.source))
        }
    }
}

extension EnforcementCause {
    /// Why a session's speed is changed: what it comes from, or that what went before it is over.
    init(_ source: TermsSource, after before: TermsSource?) {
        switch source {
        case .quota: self = .quota
        case .boost: self = .boost
        case .window: self = .window
        case .garden: self = .confined
        case .plan:
            switch before {
            case .quota, .boost, .garden: self = .restored
            case .window: self = .window
            case .plan, nil: self = .plan
            }
        }
    }

    /// Why a session that may not be is ended.
    init(_ reason: RejectReason) {
        switch reason {
        case .quotaExhausted: self = .quota
        case .serviceExpired: self = .expired
        case .serviceTerminated, .customerTerminated, .unknownUser: self = .terminated
        case .planMissing: self = .plan
        default: self = .suspended
        }
    }

    /// Whether it follows from what is so, and not from what somebody asked for: it is weighed again when it is carried out.
    package var isByState: Bool {
        switch self {
        case .sessionLimit, .requested: false
        case .plan, .window, .quota, .boost, .restored, .renewed, .confined, .suspended, .expired, .terminated: true
        }
    }

    /// Whether a session may be ended so that it comes back with its speed, where its NAS cannot change it. The hours of the day are no reason
    /// to interrupt everybody; and who may stay longer is not thrown out for it: at the old end he logs in again.
    package var mayDisconnect: Bool { self != .window && self != .renewed }
}
