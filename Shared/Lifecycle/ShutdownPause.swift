import Concurrency

extension GracefulShutdown {
    /// Suspends for `interval`, less where the current service is asked to end meanwhile. Throws only when the task is
    /// cancelled.
    package static func pause(for interval: Duration) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Concurrency::pause(for: interval) }
            group.addTask { await wait() }
            try await group.next()
            group.cancelAll()
        }
    }
}
