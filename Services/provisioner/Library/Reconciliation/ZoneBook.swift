import Domain
import Observability
import Synchronization

/// The clocks of tenants by name, each read once.
final class ZoneBook: Sendable {
    private struct State {
        var known: [String: TimeZoneRules] = [:]
        var missing: Set<String> = []
        /// Those that were told to be missing.
        var told: Set<String> = []
    }

    private let state = Mutex(State())
    private let logger: Logger
    private let read: @Sendable (String) -> TimeZoneRules?

    init(_ logger: Logger, _ read: @escaping @Sendable (String) -> TimeZoneRules?) {
        self.logger = logger
        self.read = read
    }

    /// UTC for none; nil for one that nobody knows: no window holds then, as at a login (radius-server's directory). That is told once.
    func rules(_ name: String?) -> TimeZoneRules? {
        guard let name else { return .utc }
        let (rules, isNew) = state.withLock { state -> (TimeZoneRules?, Bool) in
            if let rules = state.known[name] { return (rules, false) }
            guard !state.missing.contains(name) else { return (nil, false) }
            guard let rules = read(name) else {
                state.missing.insert(name)
                return (nil, state.told.insert(name).inserted)
            }
            state.known[name] = rules
            return (rules, false)
        }
        if isNew { logger.error("no time zone has that name here; no hours of a plan hold", ["zone": .string(name)]) }
        return rules
    }

    /// Those that were not found when they were looked for last.
    var missing: Set<String> { state.withLock { $0.missing } }

    /// Those that were missing are looked for again when they are wanted next: somebody may have brought the files.
    func lookAgain() { state.withLock { $0.missing = [] } }
}
