import CPlatform
package import Concurrency
import Glibc
import Observability
import Synchronization

/// SIGTERM and SIGINT as a queue; SIGPIPE ignored.
package enum ProcessSignals {
    /// Takes over the signals, once per process. The first SIGTERM or SIGINT arrives in the queue; a second one ends
    /// the process at once with 128 + its number.
    package static func install() throws(SystemError) -> BoundedQueue<Int32> {
        precondition(descriptor.load(ordering: .relaxed) < 0, "signals are taken over once")
        descriptor.store(try SystemError.check("eventfd", cp_eventfd_create()), ordering: .relaxed)
        _ = received.load(ordering: .relaxed)
        let queue = BoundedQueue<Int32>(capacity: 1)
        _ = try PlatformThread.start(name: "signals") { forward(to: queue) }
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGTERM, SIGINT] {
            var action = sigaction()
            unsafe action.__sigaction_handler.sa_handler = handleSignal
            action.sa_flags = Int32(SA_RESTART)
            guard unsafe sigaction(number, &action, nil) == 0 else { throw SystemError("sigaction", errno) }
        }
        return queue
    }

    // Touched by `install` before any handler can run, so that the handler finds them initialised.
    fileprivate static let descriptor = Atomic<Int32>(-1)
    fileprivate static let received = Atomic<Int32>(0)

    private static func forward(to queue: BoundedQueue<Int32>) {
        do {
            let epoll = try Epoll()
            try epoll.add(descriptor.load(ordering: .relaxed), .readable, token: 0)
            while received.load(ordering: .acquiring) == 0 { try epoll.wait { _ in } }
            _ = queue.offer(received.load(ordering: .acquiring))
        } catch {
            Logger().fatal("cannot wait for signals", ["error": .error(error)])
        }
    }
}

/// Runs inside a signal: only atomics, `write` and `_exit`.
@c
private func handleSignal(_ number: Int32) {
    let before = ProcessSignals.received.exchange(number, ordering: .acquiringAndReleasing)
    if before != 0 { _exit(128 + number) }
    cp_eventfd_signal(ProcessSignals.descriptor.load(ordering: .relaxed))
}
