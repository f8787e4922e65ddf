/// The growing waits between attempts at something that fails.
package struct Backoff: Sendable {
    /// The first wait, before jitter.
    package let initial: Duration
    /// What each wait is multiplied by to give the next.
    package let multiplier: Double
    /// No wait is longer.
    package let maximum: Duration
    /// The share of a wait, 0...1, that randomness may take away, so that many clients do not return at once.
    package let jitter: Double

    private let random: @Sendable () -> Double
    private var current: Duration

    /// `random` gives numbers in 0..<1.
    package init(
        initial: Duration = .milliseconds(100),
        multiplier: Double = 2,
        maximum: Duration = .seconds(5),
        jitter: Double = 0.5,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        precondition(initial > .zero && maximum >= initial && multiplier >= 1 && (0...1).contains(jitter))
        self.initial = initial
        self.multiplier = multiplier
        self.maximum = maximum
        self.jitter = jitter
        self.random = random
        current = initial
    }

    /// The wait before the next attempt.
    package mutating func next() -> Duration {
        let wait = current
        current = min(maximum, current * multiplier)
        return wait * (1 - jitter * random())
    }

    /// Begins again at `initial`: call it after a success.
    package mutating func reset() { current = initial }
}
