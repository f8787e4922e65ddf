import Synchronization

/// A level that goes up and down, with one cell per combination of label values.
package final class Gauge: MetricFamily {
    let identity: MetricIdentity
    private let series: MetricSeries<GaugeCell>

    init(identity: MetricIdentity, maximumSeries: Int) {
        self.identity = identity
        series = MetricSeries(identity: identity, maximum: maximumSeries) { GaugeCell() }
        if identity.labels.isEmpty { _ = series.child([]) }
    }

    /// The cell of these label values, in the order of the labels' names. Takes a lock: keep the cell.
    package func with(_ values: String...) -> GaugeCell { series.child(values) }

    /// The cell of these label values; see the variadic form.
    package func with(values: [String]) -> GaugeCell { series.child(values) }

    /// Sets a metric without labels.
    package func set(_ value: Double) { series.child([]).set(value) }

    /// Moves a metric without labels.
    package func add(_ change: Double) { series.child([]).add(change) }

    /// Stops showing the child of these label values, such as those of a deleted NAS.
    package func remove(_ values: String...) { series.remove(values) }

    func render(into text: inout MetricText) {
        text.header(identity)
        for child in series.children {
            text.sample(identity.name, labels: child.labels, MetricText.number(child.cell.value))
        }
    }
}

/// One level.
package final class GaugeCell: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    /// Replaces the level: one relaxed store.
    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// Moves the level by `change`.
    package func add(_ change: Double) { bits.addDouble(change) }

    /// The level now.
    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

extension Atomic where Value == UInt64 {
    /// Adds to the double whose bit pattern this holds.
    func addDouble(_ change: Double) {
        var seen = load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: seen) + change).bitPattern
            let (done, current) = weakCompareExchange(expected: seen, desired: sum, ordering: .relaxed)
            if done { return }
            seen = current
        }
    }
}

/// One value of a metric that is asked for at the scrape.
package struct MetricSample: Sendable {
    let labels: [String]
    let value: Double

    /// `labels` are the label values, in the order of the labels' names.
    package init(_ labels: [String], _ value: Double) {
        self.labels = labels
        self.value = value
    }
}

/// A metric whose values live elsewhere.
final class SampledMetric: MetricFamily {
    let identity: MetricIdentity
    private let read: @Sendable () -> [MetricSample]

    init(identity: MetricIdentity, read: @escaping @Sendable () -> [MetricSample]) {
        self.identity = identity
        self.read = read
    }

    func render(into text: inout MetricText) {
        text.header(identity)
        for sample in read() {
            precondition(sample.labels.count == identity.labels.count, "\(identity.name) takes \(identity.labels)")
            let labels = MetricText.labelText(identity.labels, sample.labels)
            text.sample(identity.name, labels: labels, MetricText.number(sample.value))
        }
    }
}
