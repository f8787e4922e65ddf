import Glibc
import Synchronization

/// Runs an actor on a thread of its own, so that the actor may own a blocking C handle.
///
/// An actor returns `executor.asUnownedSerialExecutor()` as its `unownedExecutor` and keeps the executor as a
/// property. The thread starts with the first job and ends after `shutdown()`, which the owner must call.
/// A job that comes later still runs, on a new thread, so that no task hangs.
package final class ThreadExecutor: SerialExecutor {
    /// The thread's name.
    package let name: String
    private let state = Monitor(State())
    private let runner = Atomic<UInt>(0)

    private struct State {
        var jobs: [UnownedJob] = []
        var isRunning = false
        var isStopping = false
    }

    /// An executor whose thread does not exist yet.
    package init(name: String) { self.name = name }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustStart = state.withLock(waking: .one) { state in
            state.jobs.append(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard mustStart else { return }
        do throws(SystemError) {
            _ = try PlatformThread.start(name: name) { self.runJobs() }
        } catch {
            preconditionFailure("no thread for \(name): \(error)")
        }
    }

    /// Lets the thread end once it has run what waits. Does not wait for that.
    package func shutdown() {
        state.withLock(waking: .all) { $0.isStopping = true }
    }

    package func checkIsolated() {
        precondition(runner.load(ordering: .relaxed) == UInt(pthread_self()), "not on the thread of \(name)")
    }

    package func isIsolatingCurrentContext() -> Bool? {
        runner.load(ordering: .relaxed) == UInt(pthread_self())
    }

    private func runJobs() {
        runner.store(UInt(pthread_self()), ordering: .relaxed)
        let executor = unsafe asUnownedSerialExecutor()
        while let jobs = takeJobs() {
            for job in jobs { unsafe job.runSynchronously(on: executor) }
        }
    }

    /// What waits, as soon as something does; nil when the thread shall end.
    private func takeJobs() -> [UnownedJob]? {
        let jobs = state.wait(for: { !$0.jobs.isEmpty || $0.isStopping }) { state -> [UnownedJob] in
            defer { state.jobs = [] }
            // In the same critical section as the look at the queue: a later job starts a new thread.
            if state.jobs.isEmpty { state.isRunning = false }
            return state.jobs
        }
        guard let jobs, !jobs.isEmpty else { return nil }
        return jobs
    }
}
