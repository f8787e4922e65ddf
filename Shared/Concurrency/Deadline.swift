/// A point on the monotonic clock by which something must be done.
public struct Deadline: Sendable, Hashable, Comparable {
    /// On the scale of `SystemClock.monotonicNanoseconds()`.
    public let nanoseconds: UInt64

    /// A deadline at that reading of the monotonic clock.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The point that lies `interval` ahead of now; a negative interval has passed already.
    public static func after(_ interval: Duration) -> Deadline {
        let ahead = UInt64(max(0, interval.wholeNanoseconds))
        let sum = SystemClock.monotonicNanoseconds().addingReportingOverflow(ahead)
        return sum.overflow ? .never : Deadline(nanoseconds: sum.partialValue)
    }

    /// Never passes.
    public static let never = Deadline(nanoseconds: .max)

    /// Whether its time has come.
    public var hasPassed: Bool { nanoseconds <= SystemClock.monotonicNanoseconds() }

    /// What is left; zero when it has passed.
    public var remaining: Duration {
        let now = SystemClock.monotonicNanoseconds()
        return .nanoseconds(Int64(clamping: nanoseconds > now ? nanoseconds - now : 0))
    }

    /// What is left as a timeout for poll and epoll: rounded up so that waking finds it passed; -1 for `never`.
    public var pollTimeout: Int32 {
        guard self != .never else { return -1 }
        let now = SystemClock.monotonicNanoseconds()
        guard nanoseconds > now else { return 0 }
        return Int32(clamping: (nanoseconds - now - 1) / 1_000_000 + 1)
    }

    public static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// A limit of time was reached.
package struct DeadlineExceeded: Error, Equatable, CustomStringConvertible {
    /// How long was allowed.
    package let limit: Duration

    /// The error of a piece of work that was allowed `limit`.
    package init(limit: Duration) { self.limit = limit }

    package var description: String { "not done within \(limit)" }
}

/// Runs `body` and cancels it when `limit` is over; throws `DeadlineExceeded` then.
/// Returns only when `body` has returned: work that ignores cancellation still holds its caller.
package func withDeadline<Success: Sendable>(
    _ limit: Duration,
    _ body: @escaping @Sendable () async throws -> Success
) async throws -> Success {
    try await withThrowingTaskGroup(of: Success?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await pause(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else { throw DeadlineExceeded(limit: limit) }
        return result
    }
}

/// Sleeps for `interval`; throws `CancellationError` as soon as the task is cancelled.
/// The one place that sleeps, so that every wait can be found by this name.
package func pause(for interval: Duration) async throws {
    try await Task.sleep(for: interval, clock: .continuous)
}
