import Concurrency

/// When a request that nobody answers is sent again, and when it is given up (RFC 5080 §2.2.1). Pure: time and chance come
/// from outside. Nanoseconds of a monotonic clock.
package struct Retransmission: Hashable, Sendable {
    package struct Settings: Hashable, Sendable {
        /// IRT: the first wait.
        package var initial: Duration
        /// MRT: no wait is longer, but for chance.
        package var longest: Duration
        /// MRC: how often it is sent in all.
        package var tries: Int
        /// MRD: how long it may take in all.
        package var total: Duration

        /// The RFC's values, but for three tries.
        package init(
            initial: Duration = .seconds(2),
            longest: Duration = .seconds(16),
            tries: Int = 3,
            total: Duration = .seconds(30)
        ) {
            precondition(initial > .zero && longest >= initial && tries > 0 && total > .zero)
            self.initial = initial
            self.longest = longest
            self.tries = tries
            self.total = total
        }
    }

    package enum Step: Hashable, Sendable {
        /// Nothing before that time.
        case wait(until: UInt64)
        /// Send the same octets again, and ask again at that time.
        case resend(until: UInt64)
        case giveUp
    }

    private let settings: Settings
    /// How often it was sent.
    package private(set) var tries = 1
    /// When something must be done next.
    package private(set) var due: UInt64
    private let end: UInt64
    private var wait: UInt64

    /// The request was just sent for the first time. `chance` is in 0..<1.
    package init(_ settings: Settings, now: UInt64, chance: Double) {
        self.settings = settings
        wait = Self.spread(settings.initial.monotonic, chance)
        end = now.later(by: settings.total.monotonic)
        due = min(now.later(by: wait), end)
    }

    /// What `now` asks for. Each `resend` must be followed by sending.
    package mutating func step(now: UInt64, chance: Double) -> Step {
        guard now >= due else { return .wait(until: due) }
        guard tries < settings.tries, now < end else { return .giveUp }
        tries += 1
        let longest = settings.longest.monotonic
        // RT = 2 RTprev + RAND RTprev, where that is above MRT: MRT + RAND MRT.
        let doubled = wait.later(by: Self.spread(wait, chance))
        wait = doubled > longest ? Self.spread(longest, chance) : doubled
        due = min(now.later(by: wait), end)
        return .resend(until: due)
    }

    /// A tenth more or less.
    private static func spread(_ wait: UInt64, _ chance: Double) -> UInt64 {
        UInt64(max(0, Double(wait) * (0.9 + 0.2 * min(max(chance, 0), 1))))
    }
}
