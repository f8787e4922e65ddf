import Domain
import Synchronization

/// Notices when a tenant's refused logins spike (RAD-22): more than `threshold` within one minute. Told once per tenant
/// and minute. Only refused logins come here, so its lock costs an accepted one nothing.
final class FailureWatch: Sendable {
    /// A minute in which a tenant's refused logins went over the threshold.
    struct Spike: Sendable, Equatable {
        let tenant: UUID128
        var failures: Int
    }

    private struct Window {
        var minute: UInt64
        var failures: Int
    }

    private struct State {
        var windows: [UUID128: Window] = [:]
        var spikes: [Spike] = []
    }

    static let threshold = 50
    private static let minute: UInt64 = 60_000_000_000
    private let state = Mutex(State())

    /// Counts one refused login; `now` is in monotonic nanoseconds.
    func failed(tenant: UUID128, now: UInt64) {
        state.withLock { state in
            let minute = now / Self.minute
            var window = state.windows[tenant] ?? Window(minute: minute, failures: 0)
            if window.minute != minute { window = Window(minute: minute, failures: 0) }
            window.failures += 1
            state.windows[tenant] = window
            if window.failures == Self.threshold + 1 {
                state.spikes.append(Spike(tenant: tenant, failures: window.failures))
            }
        }
    }

    /// The spikes that began since the last call.
    func drain() -> [Spike] {
        state.withLock { state in
            defer { state.spikes.removeAll() }
            return state.spikes
        }
    }
}
