import Synchronization

/// One service's notice that it shall finish what it began and return. Raised once, never taken back.
package final class ShutdownSignal: Sendable {
    private let state = Mutex(State())

    private struct State {
        var isRaised = false
        var lastID: UInt64 = 0
        var handlers: [UInt64: @Sendable () -> Void] = [:]
    }

    package init() {}

    /// Whether it was raised.
    package var isRaised: Bool { state.withLock { $0.isRaised } }

    /// Raises it: handlers run on this thread, waiting tasks go on.
    package func raise() {
        let handlers = state.withLock { state in
            state.isRaised = true
            defer { state.handlers = [:] }
            return state.handlers.values
        }
        for handler in handlers { handler() }
    }

    /// Suspends until it is raised or the task is cancelled.
    package func wait() async {
        let id = newID()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                add(id) { continuation.resume() }
            }
        } onCancel: {
            remove(id)?()
        }
    }

    func newID() -> UInt64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Keeps `handler` until it is raised; runs it now where that has happened or the task is cancelled.
    func add(_ id: UInt64, _ handler: @escaping @Sendable () -> Void) {
        let isDue = state.withLock { state in
            if state.isRaised || Task.isCancelled { return true }
            state.handlers[id] = handler
            return false
        }
        if isDue { handler() }
    }

    @discardableResult
    func remove(_ id: UInt64) -> (@Sendable () -> Void)? {
        state.withLock { $0.handlers.removeValue(forKey: id) }
    }
}

/// How code inside a service learns that its service shall end.
package enum GracefulShutdown {
    /// The signal of the service that the current task belongs to.
    @TaskLocal package static var signal: ShutdownSignal?

    /// Whether the current service was asked to end.
    package static var isShuttingDown: Bool { signal?.isRaised ?? false }

    /// Suspends until the current service is asked to end, or the task is cancelled. Outside a group: the latter.
    package static func wait() async {
        await (signal ?? ShutdownSignal()).wait()
    }
}

/// Suspends until the current service is asked to end, or the task is cancelled.
package func waitForShutdown() async { await GracefulShutdown.wait() }

/// Runs `operation`; calls `onShutdown` once, from any thread, when the current service is asked to end meanwhile
/// (or was already). The operation is not cancelled: `onShutdown` tells it in its own way.
package func withGracefulShutdownHandler<Success>(
    _ operation: () async throws -> Success,
    onShutdown: @escaping @Sendable () -> Void
) async rethrows -> Success {
    guard let signal = GracefulShutdown.signal else { return try await operation() }
    let id = signal.newID()
    signal.add(id, onShutdown)
    defer { signal.remove(id) }
    return try await operation()
}
