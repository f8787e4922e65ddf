/// A few threads that run blocking calls for tasks.
package final class WorkerPool: Sendable {
    /// The threads are named `name-0`, `name-1`, ...
    package let name: String
    private let state = Monitor(State())

    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var head = 0
        var isStopping = false

        mutating func removeFirst() -> (@Sendable () -> Void)? {
            guard head < jobs.count else { return nil }
            let job = jobs[head]
            head += 1
            // Moves the rest to the front once per doubling, so that taking a job costs constant time.
            if head * 2 >= jobs.count {
                jobs.removeFirst(head)
                head = 0
            }
            return job
        }
    }

    /// A pool was used after its `shutdown()`.
    package struct Closed: Error, CustomStringConvertible {
        let name: String
        package var description: String { "the worker pool \(name) is shut down" }
    }

    /// Starts `threads` threads; traps when the system has none to give, as nothing could run then.
    package init(name: String, threads: Int) {
        precondition(threads > 0, "a pool without threads")
        self.name = name
        for index in 0..<threads {
            do throws(SystemError) {
                _ = try PlatformThread.start(name: "\(name)-\(index)") { [state] in Self.work(state) }
            } catch {
                preconditionFailure("no thread for \(name): \(error)")
            }
        }
    }

    deinit { shutdown() }

    /// Runs `body` on one of the threads and returns what it returns. Not cancellable: a blocking call has its own limits.
    package func run<Success: Sendable>(_ body: @escaping @Sendable () throws -> Success) async throws -> Success {
        try await withCheckedThrowingContinuation { continuation in
            let accepted = state.withLock(waking: .one) { state in
                guard !state.isStopping else { return false }
                state.jobs.append { continuation.resume(with: Result { try body() }) }
                return true
            }
            if !accepted { continuation.resume(throwing: Closed(name: name)) }
        }
    }

    /// Refuses further work; what was accepted still runs, then the threads end. Does not wait for that.
    package func shutdown() {
        state.withLock(waking: .all) { $0.isStopping = true }
    }

    private static func work(_ state: Monitor<State>) {
        while true {
            let job = state.wait(for: { $0.head < $0.jobs.count || $0.isStopping }) { $0.removeFirst() }
            guard let job = job ?? nil else { return }
            job()
        }
    }
}

/// Runs a blocking `body` on a thread of `pool`.
package func onThread<Success: Sendable>(
    _ pool: WorkerPool,
    _ body: @escaping @Sendable () throws -> Success
) async throws -> Success {
    try await pool.run(body)
}
