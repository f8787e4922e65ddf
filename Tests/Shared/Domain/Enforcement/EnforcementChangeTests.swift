import Domain
import SharedTesting
import Testing

/// Orders to change a session: what they want is looked at when they are carried out, and what the session carries proves it.
@Suite(.proves("COA-06", "COA-07", "COA-08", "FUP-01")) struct EnforcementChangeTests {
    private static let start = Timestamp(secondsSince1970: 1_790_000_000)
    private static let rules = EnforcementRules()
    private static let plan = SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 10_000_000))
    private static let slow = SpeedProfile(rate: SpeedPair(download: 1_000_000, upload: 1_000_000))
    private static let terms = SessionTerms(plan, from: .plan)
    private static let throttle = sight(.admitted(slow, from: .quota))

    private static func sight(_ desired: DesiredTerms, _ observed: SessionTerms? = terms) -> TermsSight {
        TermsSight(desired: desired, observed: observed)
    }

    private static func order(_ cause: EnforcementCause = .quota, _ kind: EnforcementKind = .change) -> EnforcementOrder
    {
        EnforcementOrder(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            id: EnforcementID(UUID128(high: 2, low: 1)),
            kind: kind,
            cause: cause,
            nasID: NASID(UUID128(high: 3, low: 1)),
            sessionID: SessionID(UUID128(high: 4, low: 1)),
            requestedAt: start,
            storedAt: start
        )
    }

    private static func at(_ seconds: Int64) -> Timestamp { start + .seconds(seconds) }

    /// The session as its NAS reported it then, with that much carried to the subscriber.
    private static func open(_ seconds: Int64, _ output: Int64 = 0) -> SessionSight {
        .open(heardAt: at(seconds), octets: SessionOctets(input: 0, output: output))
    }

    /// A change that was acknowledged after a second.
    private static func changed(_ sight: TermsSight = throttle, _ cause: EnforcementCause = .quota) -> EnforcementOrder
    {
        var order = order(cause)
        #expect(order.step(seeing: open(0), sight, at: start, rules) == .send)
        order.take(.changed, at: at(1), rules)
        #expect(order.state == .acknowledged && order.way == .change)
        return order
    }

    @Test func `what it wants is looked at when it is carried out`() {
        var order = Self.order()
        #expect(order.step(seeing: Self.open(0), Self.throttle, at: Self.start, Self.rules) == .send)
        #expect(order.goal == EnforcementGoal(terms: SessionTerms(Self.slow, from: .quota), before: Self.plan.rate))
        order.take(.silent(isForged: false), at: Self.at(14), Self.rules)
        // It was paid meanwhile: nothing is to be done any more.
        let paid = Self.sight(.admitted(Self.plan, from: .plan))
        #expect(order.step(seeing: Self.open(0), paid, at: Self.at(20), Self.rules) == .rest)
        #expect(order.state == .confirmed && order.reason == .alreadySo)
    }

    @Test func `who asks for it himself is not told that it is so already`() {
        var order = Self.order(.requested)
        let same = Self.sight(.admitted(Self.plan, from: .plan))
        #expect(order.step(seeing: Self.open(0), same, at: Self.start, Self.rules) == .send)
        #expect(order.goal?.terms == Self.terms)
    }

    @Test func `a lower speed is proven by less being carried`() {
        var order = Self.changed()
        _ = order.step(seeing: Self.open(0, 900), at: Self.at(16), Self.rules)
        #expect(order.base == nil, "a record of before says nothing")
        _ = order.step(seeing: Self.open(10, 1_000), at: Self.at(31), Self.rules)
        #expect(order.base?.octets.output == 1_000 && order.state == .acknowledged)
        // 125,000 octets a second are one megabit.
        _ = order.step(seeing: Self.open(70, 1_000 + 60 * 125_000), at: Self.at(76), Self.rules)
        #expect(order.state == .confirmed && order.reason == .rateMeasured)
    }

    @Test func `how long it took is the NAS's own count, however late its records come`() {
        func open(_ received: Int64, _ lasted: Int64?, _ output: Int64) -> SessionSight {
            .open(heardAt: Self.at(received), octets: SessionOctets(output: output), seconds: lasted)
        }
        // A minute at half a megabit, of which the second record came with the first: by receipt it would be six times too much.
        let octets: Int64 = 60 * 62_500
        for (seconds, state) in [((100, 160), EnforcementState.confirmed), ((nil, nil), .sent), ((100, 100), .sent)]
            as [((Int64?, Int64?), EnforcementState)]
        {
            var order = Self.changed()
            _ = order.step(seeing: open(70, seconds.0, 0), Self.throttle, at: Self.at(71), Self.rules)
            #expect(order.base?.seconds == seconds.0)
            _ = order.step(seeing: open(76, seconds.1, octets), Self.throttle, at: Self.at(77), Self.rules)
            #expect(order.state == state, "\(seconds)")
        }
        // The other way about: four megabits, made to look like less by a record that was late.
        var late = Self.changed()
        _ = late.step(seeing: open(10, 100, 0), Self.throttle, at: Self.at(11), Self.rules)
        _ = late.step(seeing: open(310, 130, 30 * 500_000), Self.throttle, at: Self.at(311), Self.rules)
        #expect(late.way == .disconnect && late.state == .sent)
        // Records that follow each other at once in truth say nothing, however far apart they came.
        var close = Self.changed()
        _ = close.step(seeing: open(10, 100, 0), Self.throttle, at: Self.at(11), Self.rules)
        _ = close.step(seeing: open(310, 102, 2 * 500_000), Self.throttle, at: Self.at(311), Self.rules)
        #expect(close.state == .acknowledged && close.base?.at == Self.at(10))
    }

    @Test func `who carries next to nothing proves nothing`() {
        var order = Self.changed()
        _ = order.step(seeing: Self.open(10, 0), at: Self.at(16), Self.rules)
        _ = order.step(seeing: Self.open(70, 60 * 20_000), at: Self.at(76), Self.rules)
        #expect(order.state == .acknowledged && order.base?.at == Self.at(70))
        _ = order.step(seeing: Self.open(70, 60 * 20_000), at: Self.at(901), Self.rules)
        #expect(order.state == .unproven && order.reason == .notMeasured)
    }

    @Test func `where more is carried than was asked for the session is ended`() {
        var order = Self.changed()
        _ = order.step(seeing: Self.open(10, 0), at: Self.at(16), Self.rules)
        let step = order.step(seeing: Self.open(70, 60 * 500_000), Self.throttle, at: Self.at(76), Self.rules)
        #expect(step == .send && order.state == .sent && order.way == .disconnect)
        order.take(.acknowledged, at: Self.at(77), Self.rules)
        #expect(order.way == .disconnect)
        _ = order.step(seeing: .over, at: Self.at(78), Self.rules)
        #expect(order.state == .confirmed && order.reason == .sessionOver)
        // For the hours of the day nobody is interrupted.
        var window = Self.changed(Self.sight(.admitted(Self.slow, from: .window)), .window)
        _ = window.step(seeing: Self.open(10, 0), at: Self.at(16), Self.rules)
        _ = window.step(seeing: Self.open(70, 60 * 500_000), at: Self.at(76), Self.rules)
        #expect(window.state == .unproven && window.reason == .exceeded)
    }

    @Test func `a higher speed is proven by more than before being carried, and else by nothing`() {
        let observed = SessionTerms(Self.slow, from: .quota)
        for (octets, state) in [(Int64(500_000), EnforcementState.confirmed), (10_000, .unproven)] {
            var order = Self.changed(Self.sight(.admitted(Self.plan, from: .plan), observed), .restored)
            _ = order.step(seeing: Self.open(10, 0), at: Self.at(16), Self.rules)
            _ = order.step(seeing: Self.open(70, 60 * octets), at: Self.at(76), Self.rules)
            if state == .unproven {
                #expect(order.state == .acknowledged && order.base?.at == Self.at(70))
                _ = order.step(seeing: Self.open(70, 60 * octets), at: Self.at(901), Self.rules)
                #expect(order.reason == .notMeasured)
            }
            #expect(order.state == state)
        }
    }

    @Test func `what goes into the walled garden or may not be is ended, whichever order found it`() {
        for desired in [DesiredTerms.over(.serviceSuspended), .admitted(Self.slow, from: .garden)] {
            var order = Self.order()
            #expect(order.step(seeing: Self.open(0), Self.sight(desired), at: Self.start, Self.rules) == .send)
            #expect(order.way == .disconnect && order.goal == nil)
        }
    }

    @Test func `a session is not ended for what is so no more, and is for what somebody asked`() {
        let paid = Self.sight(.admitted(Self.plan, from: .plan))
        var suspended = Self.order(.suspended, .disconnect)
        #expect(suspended.step(seeing: Self.open(0), paid, at: Self.start, Self.rules) == .rest)
        #expect(suspended.state == .superseded && suspended.reason == .notWanted)
        var asked = Self.order(.requested, .disconnect)
        #expect(asked.step(seeing: Self.open(0), paid, at: Self.start, Self.rules) == .send)
    }

    @Test func `a session that ends before the proof has its new speed when it comes back`() {
        var order = Self.changed()
        #expect(order.step(seeing: .over, at: Self.at(20), Self.rules) == .rest)
        #expect(order.state == .confirmed && order.reason == .sessionOver)
    }

    @Test func `it ends once, in bounded time, whatever is seen and answered`() {
        var random = SeededRandom()
        let answers: [EnforcementAnswer] = [
            .changed, .acknowledged, .sessionGone, .refused(401), .silent(isForged: false),
            .held(.breakerOpen, until: nil), .impossible(.cannotChange),
        ]
        let desired: [DesiredTerms] = [
            .admitted(Self.slow, from: .quota), .admitted(Self.plan, from: .plan), .over(.serviceExpired),
            .admitted(Self.slow, from: .garden),
        ]
        for _ in 0..<1_000 {
            let causes: [EnforcementCause] = [.quota, .window, .restored, .requested, .plan]
            var order = Self.order(causes.randomElement(using: &random) ?? .quota)
            var (now, octets) = (Self.start, Int64(0))
            for _ in 0..<2_000 where !order.state.isFinal {
                guard let next = order.nextAt else { return _ = Issue.record("an order under way is never due") }
                now = max(now, next)
                octets += Int64.random(in: 0...40_000_000, using: &random)
                let heard = now - .seconds(Int64.random(in: 0...20, using: &random))
                let sight: SessionSight =
                    Int.random(in: 0..<50, using: &random) == 0
                    ? .over : .open(heardAt: heard, octets: SessionOctets(output: octets))
                let terms = desired.randomElement(using: &random).map { Self.sight($0) }
                guard order.step(seeing: sight, terms, at: now, Self.rules) == .send else { continue }
                #expect(order.goal != nil || order.way == .disconnect)
                now = now + .seconds(Int64.random(in: 0...14, using: &random))
                if let answer = answers.randomElement(using: &random) { order.take(answer, at: now, Self.rules) }
            }
            #expect(order.state.isFinal && order.endedAt != nil && order.reason != nil, "\(order)")
            var same = order
            _ = same.step(seeing: .over, at: now, Self.rules)
            same.take(.changed, at: now, Self.rules)
            #expect(same == order)
        }
    }
}
