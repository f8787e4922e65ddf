import Concurrency
import Synchronization

/// Says the same thing about the same key once per interval, with the number of times it was left unsaid.
/// For what a peer can cause at will, such as bad packets.
package final class RateLimitedLog: Sendable {
    private let logger: Logger
    private let interval: UInt64
    private let maximumKeys: Int
    private let now: @Sendable () -> UInt64
    private let state = Mutex(State())

    private struct Entry {
        var quietUntil: UInt64
        var suppressed = 0
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var nextSweep: UInt64 = 0
    }

    /// At most `maximumKeys` keys are told apart at a time; what is beyond shares one entry.
    /// `now` is a monotonic clock in nanoseconds.
    package init(
        _ logger: Logger,
        every interval: Duration = .seconds(30),
        maximumKeys: Int = 1_024,
        now: @escaping @Sendable () -> UInt64 = { SystemClock.monotonicNanoseconds() }
    ) {
        precondition(interval > .zero && maximumKeys > 0)
        self.logger = logger
        self.interval = UInt64(interval.wholeNanoseconds)
        self.maximumKeys = maximumKeys
        self.now = now
    }

    /// Writes the line unless `key` had one within the interval; tells then how many were suppressed before.
    package func log(
        _ level: LogLevel,
        key: String,
        _ message: StaticString,
        _ fields: @autoclosure () -> LogFields = [:]
    ) {
        guard logger.isEnabled(level), let suppressed = admit(key) else { return }
        var all = fields()
        if suppressed > 0 { all["log.suppressed"] = .int(suppressed) }
        logger.log(level, message, all)
    }

    /// A rate-limited warning.
    package func warn(key: String, _ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.warn, key: key, message, fields())
    }

    /// Nil when the line is to be suppressed, else how many were.
    private func admit(_ key: String) -> Int? {
        let time = now()
        return state.withLock { state in
            let key = room(for: key, in: &state, at: time)
            let previous = state.entries[key]
            if let previous, time < previous.quietUntil {
                state.entries[key]?.suppressed += 1
                return nil
            }
            state.entries[key] = Entry(quietUntil: time + interval)
            return previous?.suppressed ?? 0
        }
    }

    /// The key to count under. A full table forgets expired keys, once per interval: a flood of keys stays cheap.
    private func room(for key: String, in state: inout State, at time: UInt64) -> String {
        guard state.entries[key] == nil, state.entries.count >= maximumKeys else { return key }
        if time >= state.nextSweep {
            state.entries = state.entries.filter { $0.value.quietUntil > time }
            state.nextSweep = time + interval
        }
        return state.entries.count < maximumKeys ? key : ""
    }
}
