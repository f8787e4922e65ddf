import Concurrency

/// The threads on which handlers run: as many as there are cores, apart from the cooperative pool.
///
/// A request crosses to it and back; the pool's own way of being woken costs more than all of the server's work on a
/// small answer. And a handler that computes long starves other handlers only, not the process's other tasks.
final class HandlerExecutor: TaskExecutor {
    private let threads: Int
    private let state = Monitor(State())

    private struct State {
        var jobs: [UnownedJob] = []
        var taken = 0
        var isStopping = false

        var isEmpty: Bool { taken == jobs.count }

        mutating func takeFirst() -> UnownedJob? {
            guard taken < jobs.count else { return nil }
            defer {
                taken += 1
                if taken == jobs.count {
                    jobs.removeAll(keepingCapacity: true)
                    taken = 0
                }
            }
            return jobs[taken]
        }
    }

    init(threads: Int) { self.threads = threads }

    /// Starts the threads; whoever does must call `shutdown`, also where this throws.
    func start() throws(SystemError) {
        for index in 0..<threads {
            _ = try PlatformThread.start(name: "http-\(index)") { self.runJobs() }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock(waking: .one) { $0.jobs.append(job) }
    }

    /// Lets the threads end once nothing waits.
    func shutdown() { state.withLock(waking: .all) { $0.isStopping = true } }

    private func runJobs() {
        let executor = unsafe asUnownedTaskExecutor()
        while let job = state.wait(for: { !$0.isEmpty || $0.isStopping }, { $0.takeFirst() }) ?? nil {
            unsafe job.runSynchronously(on: executor)
        }
    }
}
