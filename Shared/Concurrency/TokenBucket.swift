/// A rate with a burst, refilled by the monotonic clock. A value type without I/O: its owner keeps the lock and the time.
package struct TokenBucket: Sendable {
    /// Tokens a second; 0 is no limit.
    private var rate: UInt64
    /// The most it holds, in billionths of a token.
    private var capacity: UInt64
    private var level: UInt64
    private var refilledAt: UInt64
    private static let unit: UInt64 = 1_000_000_000

    /// Tokens a second and the most it holds.
    package var limits: (rate: UInt64, burst: UInt64) { (rate, capacity / Self.unit) }

    /// Starts full. `now` is in monotonic nanoseconds.
    package init(rate: UInt32, burst: UInt32, now: UInt64) {
        self.rate = UInt64(rate)
        capacity = UInt64(max(burst, 1)) * Self.unit
        level = capacity
        refilledAt = now
    }

    /// Takes one token; false when there is none, or where so many as `leaving` would not be left for others.
    package mutating func take(now: UInt64, leaving: UInt32 = 0) -> Bool {
        guard rate > 0 else { return true }
        refill(now: now)
        guard level >= (UInt64(leaving) + 1) * Self.unit else { return false }
        level -= Self.unit
        return true
    }

    /// Changes the limits, keeping what was taken.
    package mutating func configure(rate: UInt32, burst: UInt32, now: UInt64) {
        refill(now: now)
        self.rate = UInt64(rate)
        capacity = UInt64(max(burst, 1)) * Self.unit
        level = min(level, capacity)
    }

    /// Nanoseconds until there is a token; 0 where there is one, or no limit.
    package mutating func wait(now: UInt64) -> UInt64 {
        guard rate > 0 else { return 0 }
        refill(now: now)
        return level >= Self.unit ? 0 : (Self.unit - level + rate - 1) / rate
    }

    private mutating func refill(now: UInt64) {
        guard now > refilledAt else { return }
        let (gained, overflow) = (now - refilledAt).multipliedReportingOverflow(by: rate)
        refilledAt = now
        level = overflow || gained > capacity - level ? capacity : level + gained
    }
}
