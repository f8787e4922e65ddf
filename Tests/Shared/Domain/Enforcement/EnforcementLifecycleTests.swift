import Domain
import SharedTesting
import Testing

@Suite(.proves("COA-04", "COA-05", "COA-07")) struct EnforcementLifecycleTests {
    private static let start = Timestamp(secondsSince1970: 1_790_000_000)
    private static let rules = EnforcementRules()

    private static func order(
        _ kind: EnforcementKind = .disconnect,
        number: UInt64 = 1,
        cause: EnforcementCause = .requested
    ) -> EnforcementOrder {
        EnforcementOrder(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            id: EnforcementID(UUID128(high: 2, low: number)),
            kind: kind,
            cause: cause,
            nasID: NASID(UUID128(high: 3, low: 1)),
            sessionID: SessionID(UUID128(high: 4, low: 1)),
            requestedAt: start,
            storedAt: start
        )
    }

    private static func at(_ seconds: Int64) -> Timestamp { start + .seconds(seconds) }
    private static let open = SessionSight.open(heardAt: start)

    /// An order that was sent.
    private static func sent() -> EnforcementOrder {
        var order = order()
        #expect(order.step(seeing: open, at: start, rules) == .send)
        return order
    }

    @Test func `acknowledged, and the session ends: confirmed`() {
        var order = Self.sent()
        order.take(.acknowledged, at: Self.at(1), Self.rules)
        #expect(order.state == .acknowledged && order.answeredAt == Self.at(1))
        #expect(order.step(seeing: Self.open, at: Self.at(2), Self.rules) == .rest)
        #expect(order.state == .acknowledged && order.nextAt == Self.at(31))
        #expect(order.step(seeing: .over, at: Self.at(3), Self.rules) == .rest)
        #expect(order.state == .confirmed && order.reason == .sessionOver && order.endedAt == Self.at(3))
    }

    @Test func `acknowledged, and nothing more is heard, or something is: unproven`() {
        for (heard, reason) in [(Int64(0), EnforcementReason.noStop), (20, .stillReports)] {
            var order = Self.sent()
            order.take(.acknowledged, at: Self.at(1), Self.rules)
            _ = order.step(seeing: .open(heardAt: Self.at(heard)), at: Self.at(31), Self.rules)
            #expect(order.state == .unproven && order.reason == reason)
        }
    }

    @Test func `a session that the NAS does not have is gone, unless the NAS goes on reporting it`() {
        for (heard, state) in [(Int64(0), EnforcementState.confirmed), (20, .unproven)] {
            var order = Self.sent()
            order.take(.sessionGone, at: Self.at(1), Self.rules)
            #expect(order.state == .acknowledged && order.reason == .sessionGone)
            _ = order.step(seeing: .open(heardAt: Self.at(heard)), at: Self.at(31), Self.rules)
            #expect(order.state == state)
        }
    }

    @Test func `a session that is over is not asked about`() {
        for sight in [SessionSight.over, .unknown(wasKnown: true)] {
            var order = Self.order()
            #expect(order.step(seeing: sight, at: Self.start, Self.rules) == .rest)
            #expect(order.state == .confirmed && order.reason == .alreadyOver && order.attempts == 0)
        }
    }

    @Test func `a session that was admitted is waited for as long as it may take to begin`() {
        var order = Self.order()
        #expect(order.step(seeing: .unknown(wasKnown: false), at: Self.start, Self.rules) == .rest)
        #expect(order.state == .pending && order.reason == .noSession)
        var late = order
        #expect(order.step(seeing: Self.open, at: Self.at(70), Self.rules) == .send)
        _ = late.step(seeing: .unknown(wasKnown: false), at: Self.at(75), Self.rules)
        #expect(late.state == .confirmed && late.reason == .neverStarted)
    }

    @Test func `a refusal ends it with its cause`() {
        var order = Self.sent()
        order.take(.refused(504), at: Self.at(1), Self.rules)
        #expect(order.state == .failed && order.reason == .refused && order.errorCause == 504)
    }

    @Test func `a NAS that is silent is asked again, later each time, and given up`() {
        var order = Self.sent()
        var pauses: [Int64] = []
        var now = Self.start
        while !order.state.isFinal {
            now = now + .seconds(14)
            order.take(.silent(isForged: false), at: now, Self.rules)
            guard let next = order.nextAt else { break }
            pauses.append(next.microseconds(since: now) / 1_000_000)
            now = next
            #expect(order.step(seeing: Self.open, at: now, Self.rules) == .send)
        }
        #expect(pauses == [5, 10, 20, 40])
        #expect(order.state == .failed && order.reason == .unanswered && order.attempts == 5)
    }

    @Test func `an open breaker costs no attempt, is seen, and fails it at the deadline alone`() {
        var order = Self.sent()
        order.take(.held(.breakerOpen, until: Self.at(15)), at: Self.at(1), Self.rules)
        #expect(order.state == .pending && order.reason == .breakerOpen && order.attempts == 0)
        #expect(order.nextAt == Self.at(15))
        #expect(order.step(seeing: Self.open, at: Self.at(15), Self.rules) == .send)
        order.take(.held(.breakerOpen, until: Self.at(5_000)), at: Self.at(16), Self.rules)
        #expect(order.nextAt == Self.at(900))
        _ = order.step(seeing: Self.open, at: Self.at(900), Self.rules)
        #expect(order.state == .failed && order.reason == .breakerOpen)
    }

    @Test func `what came while nobody was there is tried once, however late`() {
        var order = Self.order()
        #expect(order.step(seeing: Self.open, at: Self.at(90_000), Self.rules) == .send)
        order.take(.silent(isForged: true), at: Self.at(90_014), Self.rules)
        #expect(order.state == .failed && order.reason == .badAuthenticator)
        // A limit that was reached so long ago may be none any more.
        var limit = Self.order(cause: .sessionLimit)
        #expect(limit.step(seeing: Self.open, at: Self.at(90_000), Self.rules) == .rest)
        #expect(limit.state == .failed && limit.reason == .overdue)
    }

    @Test func `one that joined ends as the other does`() {
        var (leader, follower) = (Self.sent(), Self.order(number: 2))
        follower.follow(leader)
        #expect(follower.state == .pending)
        leader.take(.refused(nil), at: Self.at(1), Self.rules)
        follower.follow(leader)
        #expect(follower.state == .failed && follower.reason == .refused && follower.endedAt == Self.at(1))
    }

    @Test func `whatever happens to it, it ends once, in bounded time, and never asks about what is over`() {
        var random = SeededRandom()
        for _ in 0..<1_000 {
            let rules = EnforcementRules(
                deadline: .seconds(Int64.random(in: 1...600, using: &random)),
                confirmation: .seconds(Int64.random(in: 1...60, using: &random)),
                start: .seconds(Int64.random(in: 1...120, using: &random)),
                attempts: Int.random(in: 1...6, using: &random)
            )
            var order = Self.order()
            var now = Self.start
            var asked = 0
            for _ in 0..<2_000 where !order.state.isFinal {
                // It is due at some time; sometimes somebody looks before that.
                guard let next = order.nextAt else { return _ = Issue.record("an order under way is never due") }
                now = Bool.random(using: &random) ? max(now, next) : now + .milliseconds(500)
                let sight = Self.sight(now, &random)
                let step = order.step(seeing: sight, at: now, rules)
                if case .open = sight {} else { #expect(step == .rest) }
                guard step == .send else { continue }
                asked += 1
                #expect(order.state == .sent && order.sentAt == now)
                // Sometimes the process dies instead.
                guard Int.random(in: 0..<5, using: &random) > 0 else { continue }
                now = now + .seconds(Int64.random(in: 0...14, using: &random))
                order.take(Self.answer(now, &random), at: now, rules)
            }
            #expect(order.state.isFinal, "\(order)")
            #expect(order.endedAt != nil && order.nextAt == nil && order.reason != nil)
            #expect(order.attempts <= asked)
            var same = order
            _ = same.step(seeing: .over, at: now, rules)
            same.take(.acknowledged, at: now, rules)
            same.supersede(at: now)
            #expect(same == order)
        }
    }

    private static func sight(_ now: Timestamp, _ random: inout SeededRandom) -> SessionSight {
        switch Int.random(in: 0..<40, using: &random) {
        case 0: .over
        case 1...4: .unknown(wasKnown: false)
        case 5: .unknown(wasKnown: true)
        default: .open(heardAt: Bool.random(using: &random) ? now : start)
        }
    }

    private static func answer(_ now: Timestamp, _ random: inout SeededRandom) -> EnforcementAnswer {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: .acknowledged
        case 1: .sessionGone
        case 2: .refused(Bool.random(using: &random) ? nil : 501)
        case 3: .impossible(.notIdentified)
        case 4...7: .held(.breakerOpen, until: Bool.random(using: &random) ? nil : now + .seconds(20))
        default: .silent(isForged: Bool.random(using: &random))
        }
    }

    // MARK: - Meetings

    @Test func `a disconnect joins a disconnect and takes the place of changes that wait`() {
        var sent = Self.order(.change, number: 4)
        let speed = SpeedProfile(rate: SpeedPair(download: 1, upload: 1))
        let terms = TermsSight(desired: .admitted(speed, from: .plan), observed: nil)
        _ = sent.step(seeing: Self.open, terms, at: Self.start, Self.rules)
        #expect(sent.state == .sent)
        let others = [Self.order(.change, number: 2), Self.order(.disconnect, number: 3), sent]
        let meeting = EnforcementMeeting(Self.order(number: 9), among: others)
        #expect(meeting.joins == others[1].id && meeting.supersedes == [others[0].id] && !meeting.isSuperseded)
    }

    @Test func `a change gives way to a disconnect, and takes the place of an older one that waits`() {
        let change = Self.order(.change, number: 9)
        let older = Self.order(.change, number: 2)
        #expect(EnforcementMeeting(change, among: [older, Self.order(number: 3)]).isSuperseded)
        let meeting = EnforcementMeeting(change, among: [older])
        #expect(meeting.supersedes == [older.id] && meeting.joins == nil && !meeting.isSuperseded)
    }

    @Test func `every order says what became of it`() {
        var order = Self.sent()
        #expect(order.summary == "Sent to the NAS.")
        order.take(.refused(504), at: Self.at(1), Self.rules)
        #expect(order.summary == "Failed: the NAS refused (Error-Cause 504).")
    }
}
