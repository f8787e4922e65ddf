/// Where the time comes from: the system's clock in a daemon, a test's own clock in a test.
package struct TimeSource: Sendable {
    /// The present instant. Safe to call from any thread.
    package let now: @Sendable () -> Timestamp

    package init(now: @escaping @Sendable () -> Timestamp) {
        self.now = now
    }

    /// Always the same instant.
    package static func fixed(_ time: Timestamp) -> TimeSource {
        TimeSource { time }
    }
}
