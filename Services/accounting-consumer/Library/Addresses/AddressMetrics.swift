import Domain
import Observability
import Persistence
import Synchronization

/// What the addresses' part of the daemon counts.
struct AddressMetrics: Sendable {
    /// Entries of the log in Redis that Postgres does not have yet: the pending mark.
    let waiting: GaugeCell
    let ready: GaugeCell
    let stored: CounterCell
    let unreadable: CounterCell
    let released: CounterCell
    let dropped: CounterCell
    let pools: PoolGauge
    private let repairs: Counter

    init(_ registry: MetricsRegistry) {
        waiting = registry.gauge("ipam_log_waiting", "Entries of the log in Redis that wait to be stored.").with()
        ready = registry.gauge("ipam_ready", "1 while Redis may hand addresses out.").with()
        stored = registry.counter("ipam_entries_stored_total", "Entries of the log that were stored.").with()
        unreadable = registry.counter(
            "ipam_entries_unreadable_total",
            "Entries of the log that could not be read, or were of pools that are not there."
        ).with()
        released = registry.counter("ipam_slots_released_total", "Slots given back after their sessions ended.").with()
        dropped = registry.counter(
            "ipam_slots_dropped_total",
            "Ended sessions whose slots are left to the reconciliation."
        ).with()
        pools = PoolGauge(registry)
        repairs = registry.counter("ipam_repairs_total", "What the reconciliation mended.", labels: ["kind"])
    }

    func repaired(_ kind: Repair, _ count: Int = 1) { if count > 0 { repairs.with(kind.rawValue).add(count) } }
}

/// What a reconciliation mends.
enum Repair: String, CaseIterable {
    /// A slot whose session ended.
    case slotEnded = "slot_ended"
    /// A slot of a login that no session followed.
    case slotPending = "slot_pending"
    /// A slot that nothing was heard of for long.
    case slotSilent = "slot_silent"
    /// An open session's slot that counted no more.
    case slotRenewed = "slot_renewed"
    /// An open session's unit that Redis did not have.
    case leaseClaimed = "lease_claimed"
    /// A unit that Redis does not have, or has for another.
    case allocationClosed = "allocation_closed"
    /// A unit in Redis that Postgres did not know.
    case allocationStored = "allocation_stored"
    /// A unit that nobody had and that was not available.
    case unitLost = "unit_lost"
    /// A unit whose service knew nothing of it.
    case unitOrphaned = "unit_orphaned"
    /// A unit that was available and must not be handed out.
    case unitExcluded = "unit_excluded"
    /// A block that a server kept which is gone.
    case blockReleased = "block_released"
    /// A binding that differed from Postgres'.
    case binding
}

/// The pools' utilisation as last counted.
final class PoolGauge: Sendable {
    struct Usage: Sendable {
        let tenant: String
        let pool: String
        let used: Double
        let usable: Double
    }

    private let counted = Mutex<[Usage]>([])

    init(_ registry: MetricsRegistry) {
        registry.gauge("ipam_pool_used", "Units that services have.", labels: ["tenant", "pool"]) { [self] in
            counted.withLock { $0 }.map { MetricSample([$0.tenant, $0.pool], $0.used) }
        }
        registry.gauge("ipam_pool_usable", "Units that can be handed out.", labels: ["tenant", "pool"]) { [self] in
            counted.withLock { $0 }.map { MetricSample([$0.tenant, $0.pool], $0.usable) }
        }
        registry.gauge(
            "ipam_pool_utilisation",
            "The part of a pool's units that services have, 0 to 1.",
            labels: ["tenant", "pool"]
        ) { [self] in
            counted.withLock { $0 }.map { MetricSample([$0.tenant, $0.pool], $0.usable > 0 ? $0.used / $0.usable : 1) }
        }
    }

    func set(_ usages: [Usage]) { counted.withLock { $0 = usages } }
}
