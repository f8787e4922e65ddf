import CPostgres
import Concurrency
import Glibc

/// A session's connection and everything that blocks on it. Confined to the session's thread.
final class SessionLink: @unchecked Sendable {
    // SAFETY: only the session's single worker thread calls in here, except `wake`, whose object is thread-safe.
    private static let grace: Duration = .seconds(5)

    let wake: EventFD
    private let configuration: PostgresConfiguration
    private(set) var wire: Wire?
    /// Counts connections, so that a transaction never goes on in the next one.
    private(set) var generation: UInt64 = 0
    private var backoff: Backoff
    private var nextAttempt = Deadline(nanoseconds: 0)
    private var interrupt: Interrupt?
    /// Told of every change: connected or not.
    private let onState: @Sendable (Bool) -> Void

    /// A cancel request on its way.
    private struct Interrupt {
        let reason: PostgresError.Code
        let cancellation: Cancellation?
        let limit: Deadline
    }

    init(
        _ configuration: PostgresConfiguration,
        backoff: Backoff,
        onState: @escaping @Sendable (Bool) -> Void
    ) throws(SystemError) {
        self.configuration = configuration
        self.backoff = backoff
        self.onState = onState
        wake = try EventFD()
    }

    /// Makes sure of a connection: one attempt at most, not before the backoff allows it.
    /// A server that went away while the session idled is noticed here, before anything is sent.
    func connect(_ call: SessionCall) throws(PostgresError) {
        if let wire {
            do throws(PostgresError) { return try checkIdle(wire) } catch { drop() }
        }
        while !nextAttempt.hasPassed {
            if let reason = call.interruption { throw PostgresError(reason, "gave up waiting to reconnect") }
            try poll(-1, 0, until: min(nextAttempt, call.deadline))
        }
        do throws(PostgresError) {
            wire = try Wire.connect(configuration)
        } catch {
            nextAttempt = .after(backoff.next())
            throw error
        }
        backoff.reset()
        nextAttempt = Deadline(nanoseconds: 0)
        generation += 1
        onState(true)
    }

    /// Throws when the server has closed the idle connection. Its last words may come a moment before the close, so
    /// whoever has said anything is listened to a little longer.
    private func checkIdle(_ wire: Wire) throws(PostgresError) {
        var socket = pollfd(fd: wire.descriptor, events: Int16(POLLIN), revents: 0)
        var patience: Int32 = 0
        while unsafe Glibc.poll(&socket, 1, patience) > 0 {
            try wire.consume()
            patience = 20
        }
    }

    /// Closes the connection; the next call makes another.
    func drop() {
        guard wire != nil else { return }
        wire = nil
        onState(false)
    }

    /// Sends `group` with one sync and waits for all of its answers.
    func run(_ group: [PGStatement], _ call: SessionCall) throws(PostgresError) -> [PGRows] {
        try guarded(call) { wire throws(PostgresError) in
            var reply = try wire.send(group)
            try wire.finish(&reply) { writable throws(PostgresError) in try wait(wire, writable: writable, call) }
            guard let error = reply.error, wire.forgetStale(group, after: error), wire.isIdle else {
                return try Self.rows(reply)
            }
            reply = try wire.send(group)
            try wire.finish(&reply) { writable throws(PostgresError) in try wait(wire, writable: writable, call) }
            return try Self.rows(reply)
        }
    }

    /// Runs `body` outside pipeline mode, as COPY and scripts of several statements need.
    func runOutsidePipeline<Result>(
        _ call: SessionCall,
        _ body: (Wire) throws(PostgresError) -> Result
    ) throws(PostgresError) -> Result {
        try guarded(call) { wire throws(PostgresError) in
            guard unsafe PQexitPipelineMode(wire.raw) == 1 else { throw wire.lost() }
            defer { _ = unsafe PQenterPipelineMode(wire.raw) }
            return try body(wire)
        }
    }

    /// Waits until the socket is readable, or writable where asked; turns a passed deadline into a cancel request.
    func wait(_ wire: Wire, writable: Bool, _ call: SessionCall) throws(PostgresError) {
        if let interrupt {
            guard !interrupt.limit.hasPassed else {
                throw PostgresError(interrupt.reason, "the server did not answer the cancel request")
            }
        } else if let reason = call.interruption {
            startInterrupt(reason, wire)
        }
        let events = Int16(POLLIN) | (writable ? Int16(POLLOUT) : 0)
        try poll(wire.descriptor, events, until: interrupt?.limit ?? call.deadline)
    }

    private func guarded<Result>(
        _ call: SessionCall,
        _ body: (Wire) throws(PostgresError) -> Result
    ) throws(PostgresError) -> Result {
        guard let wire else { throw PostgresError(.connectionLost, "not connected") }
        interrupt = nil
        do throws(PostgresError) {
            let result = try body(wire)
            settleInterrupt(wire)
            return result
        } catch {
            let reason = interrupt?.reason
            settleInterrupt(wire)
            // The order of answers is unknown after anything but the server's own refusal.
            if error.code != .server || wire.isBroken { drop() }
            guard let reason, error.sqlState == "57014" else { throw error }
            throw PostgresError(
                reason,
                reason == .cancelled ? "the task was cancelled" : "the deadline passed",
                sqlState: "57014",
                statementIndex: error.statementIndex
            )
        }
    }

    private static func rows(_ reply: PipelineReply) throws(PostgresError) -> [PGRows] {
        if let error = reply.error { throw error }
        return reply.results
    }

    private func startInterrupt(_ reason: PostgresError.Code, _ wire: Wire) {
        let cancellation = wire.cancellation()
        interrupt = Interrupt(reason: reason, cancellation: cancellation, limit: .after(Self.grace))
        cancellation?.send { [wake] in wake.signal() }
    }

    /// A cancel request still on its way would hit the next statement: waits for it, or gives up the connection.
    private func settleInterrupt(_ wire: Wire) {
        defer { interrupt = nil }
        guard let interrupt, let cancellation = interrupt.cancellation else { return }
        while !cancellation.isFinished {
            guard !interrupt.limit.hasPassed else { return drop() }
            do throws(PostgresError) { try poll(-1, 0, until: interrupt.limit) } catch { return drop() }
        }
    }

    /// Returns early when `wake` is signalled.
    private func poll(_ descriptor: Int32, _ events: Int16, until deadline: Deadline) throws(PostgresError) {
        var watched = [
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: wake.fileDescriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard unsafe Glibc.poll(&watched, 2, deadline.pollTimeout) >= 0 || errno == EINTR else {
            throw PostgresError(.connectionLost, "poll failed with errno \(errno)")
        }
        if watched[1].revents != 0 { wake.drain() }
    }
}
