import Concurrency

/// Sleeps for `interval`, but no longer than until the current service is asked to end. Throws when cancelled.
package func rest(for interval: Duration) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await pause(for: interval) }
        group.addTask { await waitForShutdown() }
        defer { group.cancelAll() }
        try await group.next()
    }
    try Task.checkCancellation()
}
