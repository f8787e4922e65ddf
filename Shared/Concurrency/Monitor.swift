public import Glibc

/// State behind a lock that plain threads can wait on: a mutex with a condition variable.
///
/// `public` and inlinable for the reason given at `BoundedQueue`.
///
/// Only for dedicated threads: waiting here on the cooperative pool would starve every task.
@safe
public final class Monitor<State: Sendable>: @unchecked Sendable {
    // SAFETY: `state` is only touched with `mutex` held. Both C objects live at fixed addresses from init to deinit.
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline let condition: UnsafeMutablePointer<pthread_cond_t>
    @usableFromInline var state: State

    /// Who is woken after a change.
    public enum Wake {
        case nobody
        case one
        case all
    }

    /// A monitor over `state`; waits are measured on the monotonic clock.
    public init(_ state: State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the lock held, then wakes waiting threads as asked.
    @inlinable
    public func withLock<Result>(waking wake: Wake = .nobody, _ body: (inout State) throws -> Result) rethrows
        -> Result
    {
        unsafe pthread_mutex_lock(mutex)
        defer {
            switch wake {
            case .nobody: break
            case .one: unsafe pthread_cond_signal(condition)
            case .all: unsafe pthread_cond_broadcast(condition)
            }
            unsafe pthread_mutex_unlock(mutex)
        }
        return try body(&state)
    }

    /// Blocks the thread until `isReady` holds, then runs `body` in the same critical section; nil at the deadline.
    @inlinable
    public func wait<Result>(
        until deadline: Deadline = .never,
        for isReady: (State) -> Bool,
        _ body: (inout State) throws -> Result
    ) rethrows -> Result? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !isReady(state) {
            guard deadline != .never else {
                unsafe pthread_cond_wait(condition, mutex)
                continue
            }
            guard !deadline.hasPassed else { return nil }
            var point = timespec(
                tv_sec: Int(deadline.nanoseconds / 1_000_000_000),
                tv_nsec: Int(deadline.nanoseconds % 1_000_000_000)
            )
            unsafe pthread_cond_timedwait(condition, mutex, &point)
        }
        return try body(&state)
    }
}
