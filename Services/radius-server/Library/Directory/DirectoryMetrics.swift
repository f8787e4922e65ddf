import Observability

/// The directory's figures.
struct DirectoryMetrics: Sendable {
    let services: GaugeCell
    let octets: GaugeCell
    let loadSeconds: GaugeCell
    let loads: CounterCell
    let changes: CounterCell
    let mismatches: CounterCell

    init(_ registry: MetricsRegistry) {
        services = registry.gauge("directory_services", "Services held in RAM", labels: []).with()
        octets = registry.gauge("directory_octets", "Memory of the services held", labels: []).with()
        loadSeconds = registry.gauge("directory_load_seconds", "Time of the last whole load", labels: []).with()
        loads = registry.counter("directory_loads_total", "Whole loads from Postgres", labels: []).with()
        changes = registry.counter("directory_changes_total", "Rows applied from change events", labels: []).with()
        mismatches = registry.counter(
            "directory_checksum_mismatches_total",
            "Times RAM and Postgres were found to differ",
            labels: []
        ).with()
    }
}
