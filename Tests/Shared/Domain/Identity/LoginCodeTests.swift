import Domain
import SharedTesting
import Testing

/// The life of a code that was sent, and how many are.
@Suite(.proves("IAM-09")) struct LoginCodeTests {
    private static let start = Timestamp(secondsSince1970: 1_790_000_000)
    private static let login = UUID128(high: 7, low: 7)

    private static func code(_ pending: UUID128? = login) -> LoginCode {
        LoginCode(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            id: LoginCodeID(UUID128(high: 2, low: 2)),
            userID: UserID(UUID128(high: 3, low: 3)),
            purpose: pending == nil ? .enrol : .signIn,
            way: .sms,
            address: "+491701234567",
            pendingID: pending,
            createdAt: start
        )
    }

    @Test func `however it is tried, it is accepted once at most: right, in its login, in time, before five failures`()
    {
        var random = SeededRandom()
        for _ in 0..<500 {
            var code = Self.code()
            var (now, wrong, accepted) = (Self.start, 0, 0)
            for _ in 0..<20 {
                now = now + .milliseconds(Int.random(in: 0...120_000, using: &random))
                let isRight = Int.random(in: 0..<4, using: &random) == 0
                let login = Int.random(in: 0..<5, using: &random) == 0 ? UUID128(high: 8, low: 8) : Self.login
                let before = code
                let mayBe = accepted == 0 && wrong < 5 && now < Self.start + .seconds(600) && login == Self.login
                let verdict = code.show(isRight: isRight, in: login, at: now)
                #expect(verdict == (mayBe ? (isRight ? .accepted : .wrong) : .over), "seed \(random.seed)")
                if verdict == .accepted { accepted += 1 }
                if verdict == .wrong { wrong += 1 }
                // What is over is not touched, so that nobody learns anything by trying on.
                if verdict == .over { #expect(code == before, "seed \(random.seed)") }
                #expect(code.usedAt == nil || code.replacedAt == nil, "seed \(random.seed)")
                #expect(code.failures == wrong && wrong <= LoginCode.mostFailures, "seed \(random.seed)")
            }
            #expect(accepted <= 1, "seed \(random.seed)")
        }
    }

    @Test func `it is good until its last moment, and an enrolment's in no login`() {
        var code = Self.code()
        #expect(code.isOpen(at: Self.start + .seconds(600) - .microseconds(1)))
        #expect(!code.isOpen(at: Self.start + .seconds(600)))
        #expect(code.show(isRight: true, in: nil, at: Self.start) == .over)
        var enrolment = Self.code(nil)
        #expect(enrolment.show(isRight: true, in: Self.login, at: Self.start) == .over)
        #expect(enrolment.show(isRight: true, in: nil, at: Self.start) == .accepted)
        #expect(enrolment.show(isRight: true, in: nil, at: Self.start) == .over)
    }

    @Test func `of any wishes, no more are sent within any hour, and none too soon after another`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let limits = CodeLimits(
                interval: .seconds(Int.random(in: 1...120, using: &random)),
                perHour: Int.random(in: 1...8, using: &random)
            )
            var (now, sent) = (Self.start, [Timestamp]())
            for _ in 0..<80 {
                now = now + .seconds(Int.random(in: 0...400, using: &random))
                let recent = sent.filter { $0 > now - .seconds(3_600) }
                guard limits.allows(sent: recent.count, last: recent.last, at: now) else { continue }
                sent.append(now)
            }
            for (earlier, later) in zip(sent, sent.dropFirst()) {
                #expect(later - earlier >= limits.interval, "seed \(random.seed)")
            }
            for time in sent {
                let within = sent.filter { $0 > time - .seconds(3_600) && $0 <= time }
                #expect(within.count <= limits.perHour, "seed \(random.seed)")
            }
            #expect(!sent.isEmpty, "seed \(random.seed)")
        }
    }

    @Test func `numbers are written as networks write them, and shown without their middle`() {
        #expect(TelephoneNumber.international("+49 (170) 123-45.67") == "+491701234567")
        for text in [
            "", "+", "0170 1234567", "+0491701234567", "+49170x", "+123456", "+1234567890123456", "491701234567",
        ] {
            #expect(TelephoneNumber.international(text) == nil, "\(text)")
        }
        #expect(TelephoneNumber.masked("+491701234567") == "+49•••67")
    }
}
