import Domain
import Profiles
import Synchronization

/// The system's time zones, each read once: a few for all subscriptions and quotas.
final class RememberedZones: Sendable {
    private let known = Mutex<[String: TimeZoneRules]>([:])

    /// The rules of the zone of that name; nil when the system has none, which is asked again.
    func rules(_ name: String) -> TimeZoneRules? {
        if let rules = known.withLock({ $0[name] }) { return rules }
        guard let rules = SystemFiles.timeZone(name) else { return nil }
        known.withLock { $0[name] = rules }
        return rules
    }
}
