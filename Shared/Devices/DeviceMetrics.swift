import Domain
package import Observability
import Persistence

/// What checks of devices count. No name or address is a label; a tenant is none either.
package struct DeviceMetrics: Sendable {
    private let leading: GaugeCell
    private let online: GaugeCell
    private let offline: GaugeCell
    private let unknown: GaugeCell
    private let late: GaugeCell
    private let checks: Counter
    private let changes: Counter
    private let duration: HistogramCell

    /// Registers the metrics: once per registry.
    package init(_ registry: MetricsRegistry) {
        leading = registry.gauge("devices_leading", "1 while this process checks devices.").with()
        online = registry.gauge("devices_online", "Active devices that answer, as the leader counted last.").with()
        offline = registry.gauge("devices_offline", "Active devices that do not answer.").with()
        unknown = registry.gauge("devices_unknown", "Active devices of which nothing is known yet.").with()
        late = registry.gauge("device_checks_late_seconds", "How long the round's oldest check was overdue.").with()
        checks = registry.counter(
            "device_checks_total",
            "Checks of devices by what they met.",
            labels: ["result"]
        )
        changes = registry.counter(
            "device_status_changes_total",
            "Devices that went online or offline by a check.",
            labels: ["status"]
        )
        duration = registry.histogram(
            "device_check_round_seconds",
            "From the first check of a round to its last result being stored."
        ).with()
    }

    /// Who does not lead counts nothing: the levels of all processes together are the leader's.
    func leads(_ isLeading: Bool) {
        leading.set(isLeading ? 1 : 0)
        if !isLeading { count(DeviceCounts()) }
    }

    func count(_ counts: DeviceCounts) {
        online.set(Double(counts.online))
        offline.set(Double(counts.offline))
        unknown.set(Double(counts.unknown))
    }

    func met(_ result: DeviceCheckResult) { checks.with(result.word).add() }
    func changed(_ status: DeviceStatus) { changes.with(status.rawValue).add() }
    func late(_ delay: Duration) { late.set(max(0, delay / .seconds(1))) }
    func round(_ took: Duration) { duration.observe(took) }
}
