import Domain
import SharedTesting
import Testing

/// When sessions end by themselves, and what follows where that is not when they should.
@Suite(.proves("COA-02", "COA-06", "COA-07", "COA-08")) struct EndShiftTests {
    private static let start = Timestamp(secondsSince1970: 1_790_000_000)
    private static let now = start + .seconds(86_400)
    private static let rules = EnforcementRules()
    private static let plan = SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 10_000_000))
    private static let slow = SpeedProfile(rate: SpeedPair(download: 1_000_000, upload: 1_000_000))
    private static let terms = SessionTerms(plan, from: .plan)

    private static func at(_ seconds: Int64) -> Timestamp { now + .seconds(seconds) }

    private static func shift(_ end: Int64, _ wanted: Int64?) -> EndShift? {
        EndShift(of: start, endingAt: at(end), wanted: wanted.map { at($0) }, at: now)
    }

    private static func sight(_ desired: DesiredTerms, _ end: EndShift?) -> TermsSight {
        TermsSight(desired: desired, observed: terms, end: end)
    }

    /// Of a session that has its speed.
    private static func sight(_ end: EndShift?, isSpeedForeign: Bool = false) -> TermsSight {
        TermsSight(
            desired: .admitted(plan, from: .plan),
            observed: terms,
            isSpeedForeign: isSpeedForeign,
            end: end
        )
    }

    private static func order(_ cause: EnforcementCause = .renewed, _ number: UInt64 = 1) -> EnforcementOrder {
        EnforcementOrder(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            id: EnforcementID(UUID128(high: 2, low: number)),
            kind: .change,
            cause: cause,
            nasID: NASID(UUID128(high: 3, low: 1)),
            sessionID: SessionID(UUID128(high: 4, low: 1)),
            requestedAt: now,
            storedAt: now
        )
    }

    /// One that was acknowledged after a second.
    private static func changed(_ end: EndShift?, _ answer: EnforcementAnswer = .changed) -> EnforcementOrder {
        var order = order()
        #expect(order.step(seeing: .open(heardAt: now), sight(end), at: now, rules) == .send)
        order.take(answer, at: at(1), rules)
        return order
    }

    @Test func `what a minute explains is the same, and what is far away is not due`() throws {
        #expect(Self.shift(600, 660) == nil && Self.shift(600, 540) == nil && Self.shift(600, 600) == nil)
        let renewed = try #require(Self.shift(600, 86_400 * 30))
        #expect(renewed.isLater && renewed.isDue && renewed.from == Self.at(600))
        #expect(renewed.to == Self.at(86_400 * 30) && renewed.startedAt == Self.start)
        let early = try #require(Self.shift(3_601, 86_400 * 30))
        #expect(early.isLater && !early.isDue, "until the old end comes near it may be over, or come back by a login")
        let nearer = try #require(Self.shift(86_400, 600))
        #expect(!nearer.isLater && nearer.isDue)
        #expect(Self.shift(86_400 * 3, 86_400)?.isDue == false)
        // What ought to be over by now is ended for what it is.
        #expect(Self.shift(86_400, 0) == nil)
        let endless = try #require(Self.shift(600, nil))
        #expect(endless.to == Self.now + EndShift.never && endless.isDue)
        #expect(Self.shift(86_400 * 400, nil) == nil)
    }

    @Test func `the end alone is a change of its own, behind everything else`() {
        let (due, far) = (Self.shift(600, 86_400), Self.shift(86_400, 86_400 * 30))
        #expect(Self.sight(due).difference == .change(.renewed))
        #expect(Self.sight(far).difference == .none)
        #expect(Self.sight(due, isSpeedForeign: true).difference == .change(.renewed), "the end is not the operator's")
        #expect(Self.sight(.admitted(Self.slow, from: .quota), due).difference == .change(.quota))
        #expect(Self.sight(.over(.serviceExpired), due).difference == .disconnect(.expired))
        #expect(!EnforcementCause.renewed.mayDisconnect && EnforcementCause.renewed.isByState)
    }

    @Test func `a change of the speed says the end too, however far that is`() {
        let far = Self.shift(86_400, 86_400 * 30)
        var order = Self.order(.quota)
        let sight = Self.sight(.admitted(Self.slow, from: .quota), far)
        #expect(order.step(seeing: .open(heardAt: Self.now), sight, at: Self.now, Self.rules) == .send)
        #expect(order.goal?.end == EnforcementGoal.End(at: Self.at(86_400 * 30), before: Self.at(86_400)))
        var partly = order
        order.take(.changed, at: Self.at(1), Self.rules)
        #expect(order.way == .change && order.goal?.end != nil)
        partly.take(.changedButEnd, at: Self.at(1), Self.rules)
        #expect(partly.state == .acknowledged && partly.way == .change && partly.goal?.end == nil)
    }

    @Test func `who is reported after the old end was told the new one`() {
        var order = Self.changed(Self.shift(600, 86_400))
        #expect(order.state == .acknowledged && order.way == .change)
        _ = order.step(seeing: .open(heardAt: Self.at(15)), at: Self.at(16), Self.rules)
        #expect(order.nextAt == Self.at(660), "nothing is to be learned before")
        _ = order.step(seeing: .open(heardAt: Self.at(660)), at: Self.at(670), Self.rules)
        #expect(order.state == .acknowledged, "its end may be a minute late")
        _ = order.step(seeing: .open(heardAt: Self.at(700)), at: Self.at(701), Self.rules)
        #expect(order.state == .confirmed && order.reason == .outlived)
    }

    @Test func `who is not proves nothing, and is not thrown out for it`() {
        for sight in [SessionSight.over, .open(heardAt: Self.at(590))] {
            var order = Self.changed(Self.shift(600, 86_400))
            for _ in 0..<100 where !order.state.isFinal {
                guard let next = order.nextAt else { return _ = Issue.record("it is never due") }
                #expect(order.step(seeing: sight, at: next, Self.rules) == .rest)
            }
            #expect(order.state == .unproven && order.reason == (sight == .over ? .sessionOver : .notMeasured))
            #expect(order.endedAt.map { $0 <= Self.at(660) + Self.rules.proof } == true)
        }
    }

    @Test func `one that is to end sooner is proven by its end`() {
        let nearer = Self.shift(86_400, 600)
        var order = Self.changed(nearer)
        _ = order.step(seeing: .over, at: Self.at(605), Self.rules)
        #expect(order.state == .confirmed && order.reason == .sessionOver)
        for (heardAt, reason) in [(Int64(700), EnforcementReason.stillReports), (500, .noStop)] {
            var order = Self.changed(nearer)
            _ = order.step(seeing: .open(heardAt: Self.at(heardAt)), at: Self.at(660) + Self.rules.proof, Self.rules)
            #expect(order.state == .unproven && order.reason == reason)
        }
    }

    @Test func `a refusal leaves the session as it is, and says so`() {
        var order = Self.changed(Self.shift(600, 86_400), .refused(401))
        #expect(order.state == .failed && order.reason == .refused && order.way == nil)
        #expect(order.summary.contains("keeps the end that it was granted"))
        order = Self.changed(Self.shift(600, 86_400), .impossible(.cannotChange))
        #expect(order.state == .failed && order.summary.contains("logs in again"))
    }

    @Test func `what it was for may have become another matter before it is sent`() {
        let due = Self.shift(600, 86_400)
        let cases: [(EnforcementCause, TermsSight, EnforcementState, EnforcementReason)] = [
            (.renewed, Self.sight(nil), .confirmed, .alreadySo),
            (.renewed, Self.sight(.admitted(Self.slow, from: .quota), due), .superseded, .notWanted),
            (.renewed, Self.sight(.over(.serviceExpired), due), .superseded, .notWanted),
            // Its speed is so by now; the end is another order's.
            (.plan, Self.sight(due), .confirmed, .alreadySo),
        ]
        for (cause, sight, state, reason) in cases {
            var order = Self.order(cause)
            #expect(order.step(seeing: .open(heardAt: Self.now), sight, at: Self.now, Self.rules) == .rest)
            #expect(order.state == state && order.reason == reason, "\(cause)")
        }
        var asked = Self.order(.requested)
        #expect(asked.step(seeing: .open(heardAt: Self.now), Self.sight(due), at: Self.now, Self.rules) == .send)
        #expect(asked.goal?.end?.at == Self.at(86_400))
    }

    @Test func `orders of the end and of the speed leave each other's proof alone`() {
        let due = Self.shift(600, 86_400)
        let proving = Self.changed(due)
        #expect(EnforcementMeeting(Self.order(.plan, 2), among: [proving]).supersedes == [])
        #expect(EnforcementMeeting(Self.order(.renewed, 2), among: [proving]).supersedes == [proving.id])
        let waiting = Self.order(.plan, 3)
        let meeting = EnforcementMeeting(Self.order(.renewed, 4), among: [waiting])
        #expect(meeting.isSuperseded && meeting.supersedes == [])
        #expect(EnforcementMeeting(Self.order(.plan, 4), among: [Self.order()]).supersedes == [Self.order().id])
    }

    @Test func `it ends once, in bounded time, whatever is seen and answered`() {
        var random = SeededRandom()
        let answers: [EnforcementAnswer] = [
            .changed, .changedButEnd, .sessionGone, .refused(401), .silent(isForged: false),
            .held(.breakerOpen, until: nil), .impossible(.cannotChange),
        ]
        for _ in 0..<500 {
            var order = Self.order([.renewed, .quota, .requested].randomElement(using: &random) ?? .renewed)
            var now = Self.now
            for _ in 0..<2_000 where !order.state.isFinal {
                guard let next = order.nextAt else { return _ = Issue.record("an order under way is never due") }
                now = max(now, next)
                let heard = now - .seconds(Int64.random(in: 0...600, using: &random))
                let session: SessionSight =
                    Int.random(in: 0..<50, using: &random) == 0 ? .over : .open(heardAt: heard)
                let end = EndShift(
                    of: Self.start,
                    endingAt: Self.at(Int64.random(in: -600...7_200, using: &random)),
                    wanted: Bool.random(using: &random)
                        ? nil : Self.at(Int64.random(in: -600...86_400, using: &random)),
                    at: now
                )
                let desired: DesiredTerms =
                    Bool.random(using: &random) ? .admitted(Self.plan, from: .plan) : .admitted(Self.slow, from: .quota)
                guard order.step(seeing: session, Self.sight(desired, end), at: now, Self.rules) == .send else {
                    continue
                }
                #expect(order.cause != .renewed || (order.way == nil && order.goal?.end != nil))
                now = now + .seconds(Int64.random(in: 0...14, using: &random))
                if let answer = answers.randomElement(using: &random) { order.take(answer, at: now, Self.rules) }
            }
            #expect(order.state.isFinal && order.endedAt != nil && order.reason != nil, "\(order)")
        }
    }
}
