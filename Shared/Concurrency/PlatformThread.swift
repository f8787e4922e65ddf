import CPlatform
import Glibc

/// A named thread of its own, for loops and blocking C calls that must not hold the cooperative pool.
package final class PlatformThread: Sendable {
    /// As shown by `ps -L` and debuggers (the first 15 bytes).
    package let name: String
    private let completion = Monitor(Completion())

    private struct Completion {
        var isFinished = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private init(name: String) { self.name = name }

    /// Starts a thread that runs `body` once. Signals for the process go elsewhere: this thread blocks them.
    package static func start(
        name: String,
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> PlatformThread {
        let thread = PlatformThread(name: name)
        let launch = unsafe Unmanaged.passRetained(ThreadLaunch(thread: thread, body: body))
        var identifier = pthread_t()
        var previous = sigset_t()
        var blocked = processSignals()
        // A thread inherits the mask of its maker.
        unsafe pthread_sigmask(SIG_BLOCK, &blocked, &previous)
        let failure = unsafe pthread_create(&identifier, nil, runPlatformThread, launch.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &previous, nil)
        guard failure == 0 else {
            unsafe launch.release()
            throw SystemError("pthread_create", failure)
        }
        // Joining goes through `completion`, any number of times; the thread frees itself.
        pthread_detach(identifier)
        return thread
    }

    /// Blocks the calling thread until the body has returned. Not for the cooperative pool: there use `joined()`.
    package func join() {
        completion.wait(for: { $0.isFinished }) { _ in }
    }

    /// Suspends until the body has returned.
    package func joined() async {
        await withCheckedContinuation { continuation in
            let isFinished = completion.withLock { state in
                if !state.isFinished { state.waiters.append(continuation) }
                return state.isFinished
            }
            if isFinished { continuation.resume() }
        }
    }

    fileprivate func finish() {
        let waiters = completion.withLock(waking: .all) { state in
            state.isFinished = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Everything that is sent to a process; faults of the thread itself stay deliverable.
    private static func processSignals() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGCHLD] {
            unsafe sigaddset(&set, signal)
        }
        return set
    }
}

/// What a new thread is handed.
private final class ThreadLaunch: Sendable {
    let thread: PlatformThread
    let body: @Sendable () -> Void

    init(thread: PlatformThread, body: @escaping @Sendable () -> Void) {
        self.thread = thread
        self.body = body
    }
}

@c
private func runPlatformThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    // SAFETY: `start` passed one retained launch to exactly this thread.
    let launch = unsafe Unmanaged<ThreadLaunch>.fromOpaque(context).takeRetainedValue()
    unsafe cp_thread_name(launch.thread.name)
    launch.body()
    launch.thread.finish()
    return nil
}
