package import Concurrency
import Glibc
import Synchronization

/// Listens to a channel of NOTIFY on a connection and a thread of its own.
///
/// Proves each second that it still hears: it announces a word of its own and waits for it to come back, by the way that
/// everybody's announcements come. A connection that is lost is made anew for ever.
package final class PostgresListener: Sendable {
    package enum Event: Sendable, Equatable {
        /// Everything that is announced from here on is told; what was announced before is not known.
        case began
        /// Somebody's transaction announced this, and has committed.
        case announced(String)
    }

    private static let pace: Duration = .seconds(1)
    private static let patience: Duration = .seconds(2)

    private let configuration: PostgresConfiguration
    private let channel: String
    private let wake: EventFD
    /// Tells this listener's words from all others'.
    private let nonce = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    private let heard = Atomic<UInt64>(0)
    private let isStopping = Atomic(false)

    /// `channel` is a plain lower-case name.
    package init(_ configuration: PostgresConfiguration, channel: String) throws(SystemError) {
        self.configuration = configuration
        self.channel = channel
        wake = try EventFD()
    }

    /// Listens until ``stop()``. `onEvent` is called on the listener's thread and must not wait for anything.
    package func run(onEvent: @escaping @Sendable (Event) -> Void) async throws(SystemError) {
        let thread = try PlatformThread.start(name: "pg-listen") { self.listen(onEvent) }
        await thread.joined()
    }

    package func stop() {
        isStopping.store(true, ordering: .relaxed)
        wake.signal()
    }

    /// Whether everything is known that was announced until `age` ago.
    package func isCurrent(within age: Duration = .seconds(3)) -> Bool {
        let heard = heard.load(ordering: .acquiring)
        return heard > 0 && SystemClock.monotonicNanoseconds() - heard < UInt64(age.wholeNanoseconds)
    }

    private func listen(_ onEvent: (Event) -> Void) {
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(5))
        while !isStopping.load(ordering: .relaxed) {
            do throws(PostgresError) {
                let wire = try Wire.connect(configuration)
                try exchange(wire, [PGStatement("LISTEN \(channel)")])
                onEvent(.began)
                backoff.reset()
                while !isStopping.load(ordering: .relaxed) { try prove(wire, onEvent) }
            } catch {
                heard.store(0, ordering: .releasing)
                wait(on: nil, until: .after(backoff.next()))
            }
        }
        heard.store(0, ordering: .releasing)
    }

    /// Announces a word and tells what comes for a second, in which the word must be.
    private func prove(_ wire: Wire, _ onEvent: (Event) -> Void) throws(PostgresError) {
        let sent = SystemClock.monotonicNanoseconds()
        let word = "heard \(nonce) \(sent)"
        try exchange(wire, [PGStatement("SELECT pg_notify($1, $2)", [.text(channel), .text(word)])])
        let (next, limit) = (Deadline.after(Self.pace), Deadline.after(Self.patience))
        var isProven = false
        while !isStopping.load(ordering: .relaxed), !(isProven ? next : limit).hasPassed {
            for text in wire.announcements() {
                if text == word {
                    isProven = true
                    heard.store(sent, ordering: .releasing)
                } else if !text.hasPrefix("heard ") {
                    onEvent(.announced(text))
                }
            }
            guard wait(on: wire, until: isProven ? next : limit) else { continue }
            try wire.consume()
        }
        guard isProven || isStopping.load(ordering: .relaxed) else {
            throw PostgresError(.connectionLost, "announcements do not come")
        }
    }

    private func exchange(_ wire: Wire, _ statements: [PGStatement]) throws(PostgresError) {
        let limit = Deadline.after(Self.patience)
        var reply = try wire.send(statements)
        try wire.finish(&reply) { writable throws(PostgresError) in
            repeat {
                guard !limit.hasPassed, !isStopping.load(ordering: .relaxed) else {
                    throw PostgresError(.deadlineExceeded, "the listener's statement was not answered")
                }
            } while !wait(on: wire, writable: writable, until: limit)
        }
        if let error = reply.error { throw error }
    }

    /// Until the connection can be read, or written where asked, the deadline, or the end. Whether it can.
    @discardableResult
    private func wait(on wire: Wire?, writable: Bool = false, until deadline: Deadline) -> Bool {
        let events = Int16(POLLIN) | (writable ? Int16(POLLOUT) : 0)
        var watched = [
            pollfd(fd: wake.fileDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wire?.descriptor ?? -1, events: events, revents: 0),
        ]
        return unsafe poll(&watched, 2, deadline.pollTimeout) > 0 && watched[1].revents != 0
    }
}
