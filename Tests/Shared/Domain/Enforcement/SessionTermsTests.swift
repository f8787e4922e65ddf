import Domain
import SharedTesting
import Testing

/// What sessions should have, and what follows where they do not.
@Suite(.proves("COA-06", "FUP-01", "BST-05", "BST-06", "RAD-18")) struct SessionTermsTests {
    private static let base = SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 10_000_000))
    private static let night = SpeedProfile(rate: SpeedPair(download: 80_000_000, upload: 10_000_000))
    private static let fast = SpeedProfile(rate: SpeedPair(download: 200_000_000, upload: 50_000_000))
    private static let garden = SpeedProfile(rate: SpeedPair(download: 256_000, upload: 256_000))
    private static let slow = SpeedPair(download: 1_000_000, upload: 500_000)
    private static let noon = Timestamp(secondsSince1970: 1_790_000_000 - 1_790_000_000 % 86_400 + 43_200)
    private static let later = noon + .seconds(3_600)

    private static func facts(_ change: (inout AccessFacts) -> Void = { _ in }) -> SessionFacts {
        var access = AccessFacts(tenantActive: true, serviceKnown: true)
        change(&access)
        return SessionFacts(
            access: access,
            plan: PlanSpeeds(
                base: base,
                windows: [SpeedWindow(days: .all, start: 22 * 60, end: 6 * 60, profile: night)],
                throttles: [PlanSpeeds.Throttle(position: 2, rate: slow, of: base)]
            ),
            garden: access.hasWalledGarden ? PlanSpeeds(base: garden) : nil
        )
    }

    @Test func `a session should have what a login of its service would get`() {
        #expect(Self.facts().desired(at: Self.noon) == .admitted(Self.base, from: .plan))
        #expect(Self.facts().desired(at: Self.noon + .seconds(11 * 3_600)) == .admitted(Self.night, from: .window))
        let throttled = Self.facts { $0.restriction = .throttled(position: 2, until: Self.later) }
        let slower = SpeedProfile(rate: Self.slow)
        #expect(throttled.desired(at: Self.noon) == .admitted(slower, from: .quota))
        #expect(throttled.desired(at: Self.later) == .admitted(Self.base, from: .plan), "it ends by itself")
        let unknown = Self.facts { $0.restriction = .throttled(position: 7, until: Self.later) }
        #expect(unknown.desired(at: Self.noon) == .admitted(Self.base, from: .plan))
        var boosted = Self.facts()
        boosted.boost = PlanSpeeds(base: Self.fast)
        boosted.boostedUntil = Self.later
        #expect(boosted.desired(at: Self.noon) == .admitted(Self.fast, from: .boost))
        #expect(boosted.desired(at: Self.later) == .admitted(Self.base, from: .plan))
        boosted.access.restriction = .throttled(position: 2, until: Self.later)
        #expect(boosted.desired(at: Self.noon) == .admitted(slower, from: .quota), "who used it up is not boosted")
    }

    @Test func `who may not log in may not stay, or belongs into the walled garden`() {
        let cases: [((inout AccessFacts) -> Void, RejectReason, EnforcementCause)] = [
            ({ $0.serviceStatus = .suspended }, .serviceSuspended, .suspended),
            ({ $0.customerStatus = .suspended }, .customerSuspended, .suspended),
            ({ $0.expiresAt = Self.noon }, .serviceExpired, .expired),
            ({ $0.restriction = .blocked(until: Self.later) }, .quotaExhausted, .quota),
            ({ $0.serviceStatus = .terminated }, .serviceTerminated, .terminated),
            ({ $0.tenantActive = false }, .tenantInactive, .suspended),
            ({ $0.serviceKnown = false }, .unknownUser, .terminated),
        ]
        for (change, reason, cause) in cases {
            let desired = Self.facts(change).desired(at: Self.noon)
            #expect(desired == .over(reason))
            let terms = SessionTerms(Self.base, from: .plan)
            #expect(TermsDifference(of: terms, from: desired) == .disconnect(cause))
            let confined = Self.facts { facts in
                change(&facts)
                facts.hasWalledGarden = true
            }
            let garden = confined.desired(at: Self.noon)
            guard reason.confines else {
                #expect(garden == .over(reason))
                continue
            }
            #expect(garden == .admitted(Self.garden, from: .garden))
            #expect(TermsDifference(of: terms, from: garden) == .disconnect(.confined))
            #expect(TermsDifference(of: SessionTerms(Self.garden, from: .garden), from: garden) == .none)
        }
    }

    @Test func `a difference says what changed`() {
        let (plan, quota) = (SessionTerms(Self.base, from: .plan), SessionTerms(Self.garden, from: .quota))
        let back = DesiredTerms.admitted(Self.base, from: .plan)
        #expect(TermsDifference(of: plan, from: back) == .none)
        #expect(TermsDifference(of: quota, from: back) == .change(.restored))
        #expect(TermsDifference(of: SessionTerms(Self.fast, from: .boost), from: back) == .change(.restored))
        #expect(TermsDifference(of: SessionTerms(Self.night, from: .window), from: back) == .change(.window))
        #expect(TermsDifference(of: SessionTerms(Self.fast, from: .plan), from: back) == .change(.plan))
        #expect(TermsDifference(of: SessionTerms(Self.garden, from: .garden), from: back) == .disconnect(.restored))
        #expect(TermsDifference(of: plan, from: .admitted(Self.fast, from: .boost)) == .change(.boost))
        // The same speed from elsewhere is the same speed.
        #expect(TermsDifference(of: SessionTerms(Self.base, from: .boost), from: back) == .none)
    }

    @Test
    func
        `of which nothing is known it is presumed to have its plan's, and told again what its login may not have known`()
    {
        let plan = DesiredTerms.admitted(Self.base, from: .plan)
        #expect(TermsDifference(of: nil, from: plan) == .presumed(SessionTerms(Self.base, from: .plan)))
        #expect(TermsDifference(of: nil, from: .admitted(Self.fast, from: .boost)) == .change(.boost))
        #expect(TermsDifference(of: nil, from: .admitted(Self.garden, from: .quota)) == .change(.quota))
        #expect(TermsDifference(of: nil, from: .over(.serviceExpired)) == .disconnect(.expired))
        #expect(TermsDifference(of: nil, from: plan, mayBeOld: true) == .change(.plan))
        #expect(TermsDifference(of: SessionTerms(Self.base, from: .plan), from: plan, mayBeOld: true) == .none)
    }

    @Test func `a speed that an operator's own attributes say is left to them, the end of a session is not`() {
        let terms = SessionTerms(Self.base, from: .plan)
        let other = DesiredTerms.admitted(Self.fast, from: .plan)
        #expect(TermsDifference(of: terms, from: other, isSpeedForeign: true) == .none)
        let over = DesiredTerms.over(.serviceSuspended)
        #expect(TermsDifference(of: terms, from: over, isSpeedForeign: true) == .disconnect(.suspended))
    }

    /// The same decision: whatever the facts, a session may stay exactly where a login with a good credential is let in, and is in the
    /// walled garden exactly where that login would be.
    @Test func `it is the decision of a login, whatever the facts`() {
        var random = SeededRandom()
        let statuses: [AccessStatus] = [.pending, .active, .suspended, .terminated]
        for _ in 0..<1_000 {
            func chance() -> Bool { Bool.random(using: &random) }
            let facts = Self.facts { facts in
                facts.tenantActive = Int.random(in: 0..<10, using: &random) > 0
                facts.serviceKnown = Int.random(in: 0..<10, using: &random) > 0
                facts.serviceStatus = statuses.randomElement(using: &random) ?? .active
                facts.customerStatus = statuses.randomElement(using: &random) ?? .active
                facts.expiresAt = chance() ? nil : Self.noon + .seconds(Int64.random(in: -5...5, using: &random))
                facts.hasWalledGarden = chance()
                if chance() { facts.restriction = .blocked(until: Self.later) }
            }
            var login = facts.access
            login.credential = .matches
            let desired = facts.desired(at: Self.noon)
            switch decideAccess(login, now: Self.noon) {
            case .reject(let reason): #expect(desired == .over(reason))
            case .accept(_, let confined): #expect(desired.terms?.isConfined == (confined != nil))
            }
        }
    }
}
