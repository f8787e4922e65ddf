import Domain
import Observability
import Persistence
import Synchronization

/// What sweeps found. Figures by NAS are those of the last sweep.
final class ReconcilerMetrics: Sendable {
    private static let mostNASes = 4_096

    /// 1 while this process's clock and the database's differ by more than five seconds: nothing is compared then.
    let clockOff: GaugeCell
    private let looks: CounterCell
    private let presumed: CounterCell
    private let ordered: CounterCell
    private let duration: GaugeCell
    private let live: GaugeCell
    private let drift: GaugeCell
    private let refused: GaugeCell
    private let held: GaugeCell
    private let unreadablePlans: GaugeCell
    private let missingZones: GaugeCell
    private let liveByNAS: Gauge
    private let driftByNAS: Gauge
    private let shown = Mutex<Set<NASRef>>([])

    init(_ registry: MetricsRegistry) {
        clockOff =
            registry.gauge(
                "enforcement_clock_off",
                "1 while the clock differs from the database's: nothing is compared then."
            ).with()
        looks = registry.counter("enforcement_looks_total", "Sessions that were compared.", labels: []).with()
        presumed =
            registry.counter(
                "enforcement_presumed_total",
                "Sessions of which nobody said what they have: taken to have what they should.",
                labels: []
            ).with()
        ordered = registry.counter("enforcement_drifts_total", "Differences that became orders.", labels: []).with()
        duration = registry.gauge("enforcement_sweep_seconds", "How long the last sweep took.").with()
        live = registry.gauge("enforcement_sessions", "Live sessions that the last sweep compared.").with()
        drift =
            registry.gauge("enforcement_drift", "Those of them that had not what they should have.").with()
        refused =
            registry.gauge("enforcement_drift_refused", "Those of them of which the NAS would not have it.").with()
        held =
            registry.gauge("enforcement_drift_held", "Those of them that are not ended since too many were to.").with()
        unreadablePlans =
            registry.gauge("enforcement_plans_unreadable", "Plans of live sessions whose rows cannot be read.").with()
        missingZones =
            registry.gauge("enforcement_zones_missing", "Time zones of tenants that are not known here.").with()
        liveByNAS = registry.gauge(
            "enforcement_nas_sessions",
            "Live sessions that the last sweep compared, by NAS.",
            labels: ["tenant", "nas"]
        )
        driftByNAS = registry.gauge(
            "enforcement_nas_drift",
            "Those of them that had not what they should have.",
            labels: ["tenant", "nas"]
        )
    }

    func looked(_ report: LookReport) {
        looks.add(report.looked)
        presumed.add(report.presumed)
        ordered.add(report.ordered)
    }

    func unreadable(_ count: Int) { unreadablePlans.set(Double(count)) }

    func missing(_ zones: Int) { missingZones.set(Double(zones)) }

    func swept(in time: Duration) { duration.set(Double(time.wholeMicroseconds) / 1e6) }

    func counted(_ counts: [NASRef: LookReport]) {
        live.set(Double(counts.values.reduce(0) { $0 + $1.looked }))
        drift.set(Double(counts.values.reduce(0) { $0 + $1.drifted }))
        refused.set(Double(counts.values.reduce(0) { $0 + $1.refused }))
        held.set(Double(counts.values.reduce(0) { $0 + $1.held }))
        // The worst of them, where there are more than anybody reads.
        let shown = counts.sorted { $0.value.drifted > $1.value.drifted }.prefix(Self.mostNASes)
        let gone = self.shown.withLock { before in
            let gone = before.subtracting(shown.map(\.key))
            before = Set(shown.map(\.key))
            return gone
        }
        for nas in gone {
            liveByNAS.remove("\(nas.tenantID)", "\(nas.id)")
            driftByNAS.remove("\(nas.tenantID)", "\(nas.id)")
        }
        for (nas, report) in shown {
            liveByNAS.with("\(nas.tenantID)", "\(nas.id)").set(Double(report.looked))
            driftByNAS.with("\(nas.tenantID)", "\(nas.id)").set(Double(report.drifted))
        }
    }

    /// This process compares nothing: another one's figures count.
    func rests() { counted([:]) }
}
