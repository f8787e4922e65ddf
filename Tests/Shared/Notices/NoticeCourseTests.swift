import Domain
import Notices
import SharedTesting
import Testing

@Suite struct NoticeCourseTests {
    private static let now = Timestamp(secondsSince1970: 1_800_000_000)
    private static let late = now + .seconds(86_400)

    private func course(attempts: Int = 0, providers: Int = 1, expiresAt: Timestamp = late) -> NoticeCourse {
        NoticeCourse(attempts: attempts, providers: providers, expiresAt: expiresAt)
    }

    @Test(.proves("NTF-03")) func `a failing message is tried three more times, then it has failed`() {
        var attempts = 0
        var pauses: [Duration] = []
        var end: NoticeCourse.Rest?
        while end == nil {
            var course = course(attempts: attempts)
            course.answered(.failed(reason: "greylisted", detail: nil, after: nil), at: Self.now)
            guard case .rest(let rest) = course.step(at: Self.now) else { break }
            if case .again(let at, let failures, _) = rest {
                pauses.append(.microseconds(at.microseconds(since: Self.now)))
                attempts = failures
            } else {
                end = rest
            }
        }
        #expect(pauses == [.seconds(30), .seconds(120), .seconds(600)])
        #expect(end == .failed(attempts: 4, reason: "greylisted"))
    }

    @Test(.proves("NTF-03")) func `an outage asks the next provider, and counts against nobody where none is left`() {
        var course = course(attempts: 2, providers: 2)
        #expect(course.step(at: Self.now) == .hand(to: 0))
        course.answered(.outage(reason: "refused_connection", detail: nil, after: .seconds(40)), at: Self.now)
        #expect(course.step(at: Self.now) == .hand(to: 1))
        course.passed()
        #expect(
            course.step(at: Self.now)
                == .rest(.again(at: Self.now + .seconds(40), attempts: 2, reason: "provider_away"))
        )
    }

    @Test(.proves("NTF-03")) func `a message without a provider waits`() {
        #expect(
            course(providers: 0).step(at: Self.now)
                == .rest(.again(at: Self.now + .seconds(15), attempts: 0, reason: "no_provider"))
        )
    }

    @Test(.proves("NTF-10")) func `what is of no use any more is not sent, and waits for nothing`() {
        let soon = Self.now + .seconds(10)
        #expect(course(expiresAt: Self.now).step(at: Self.now) == .rest(.expired))
        var course = course(expiresAt: soon)
        course.answered(.failed(reason: "greylisted", detail: nil, after: nil), at: Self.now)
        #expect(course.step(at: Self.now) == .rest(.expired))
    }

    @Test(.proves("NTF-03")) func `what a provider never takes, or may have taken, is not tried again`() {
        var refused = course(providers: 2)
        refused.answered(.refused(reason: "mailbox_unknown", detail: nil), at: Self.now)
        #expect(refused.step(at: Self.now) == .rest(.failed(attempts: 1, reason: "mailbox_unknown")))
        var unknown = course(providers: 2)
        unknown.answered(.unknown(reason: "closed_after_data", detail: nil), at: Self.now)
        #expect(unknown.step(at: Self.now) == .rest(.unknown(reason: "closed_after_data")))
    }

    /// Any answers of any number of providers, with the process killed at any point: a claim that it held becomes unknown.
    @Test(.proves("NTF-03", "NTF-10"))
    func `no interleaving hands out twice what may have been taken, and none is lost`() {
        var random = SeededRandom()
        let seed = random.seed
        for _ in 0..<500 {
            var now = Self.now
            var attempts = 0
            var taken = 0
            var handed = 0
            var end: NoticeCourse.Rest?
            let providers = Int.random(in: 0...3, using: &random)
            // Each round is a claim; it expires long before these are used up.
            for _ in 0..<10_000 where end == nil {
                var course = course(attempts: attempts, providers: providers)
                claim: while true {
                    switch course.step(at: now) {
                    case .hand:
                        handed += 1
                        let outcome = Self.outcome(&random)
                        if Self.mayBeTaken(outcome) { taken += 1 }
                        // Killed behind the answer, before it was recorded.
                        if Int.random(in: 0..<20, using: &random) == 0 {
                            end = .unknown(reason: "lapsed")
                            break claim
                        }
                        course.answered(outcome, at: now)
                    case .rest(.again(let at, let failures, _)):
                        #expect(at > now && failures >= attempts && failures <= 3, "seed \(seed)")
                        (now, attempts) = (at, failures)
                        break claim
                    case .rest(let rest):
                        end = rest
                        break claim
                    }
                }
            }
            #expect(end != nil, "seed \(seed): lost after \(handed) tries")
            #expect(taken <= 1, "seed \(seed): taken \(taken) times")
            #expect((end == .sent) == false || taken == 1, "seed \(seed)")
        }
    }

    private static func outcome(_ random: inout SeededRandom) -> SendOutcome {
        let after: Duration? = Bool.random(using: &random) ? .seconds(Int.random(in: 0...900, using: &random)) : nil
        return switch Int.random(in: 0..<10, using: &random) {
        case 0: .accepted(id: nil, segments: nil)
        case 1: .refused(reason: "refused", detail: nil)
        case 2...3: .failed(reason: "failed", detail: nil, after: after)
        case 4: .unknown(reason: "unknown", detail: nil)
        default: .outage(reason: "outage", detail: nil, after: after)
        }
    }

    private static func mayBeTaken(_ outcome: SendOutcome) -> Bool {
        switch outcome {
        case .accepted, .unknown: true
        case .refused, .failed, .outage: false
        }
    }
}
