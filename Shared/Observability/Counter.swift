import Synchronization

/// A count that only grows, with one cell per combination of label values.
package final class Counter: MetricFamily {
    let identity: MetricIdentity
    private let series: MetricSeries<CounterCell>

    init(identity: MetricIdentity, maximumSeries: Int) {
        self.identity = identity
        series = MetricSeries(identity: identity, maximum: maximumSeries) { CounterCell() }
        if identity.labels.isEmpty { _ = series.child([]) }
    }

    /// The cell of these label values, in the order of the labels' names. Takes a lock: keep the cell.
    package func with(_ values: String...) -> CounterCell { series.child(values) }

    /// The cell of these label values; see the variadic form.
    package func with(values: [String]) -> CounterCell { series.child(values) }

    /// Counts in a metric without labels.
    package func add(_ amount: Int = 1) { series.child([]).add(amount) }

    func render(into text: inout MetricText) {
        text.header(identity)
        for child in series.children { text.sample(identity.name, labels: child.labels, String(child.cell.value)) }
    }
}

/// One count. Updates are one relaxed atomic addition; it wraps after 2^64.
package final class CounterCell: Sendable {
    private let total = Atomic<UInt64>(0)

    init() {}

    /// Adds `amount`, which is not negative.
    package func add(_ amount: Int = 1) {
        assert(amount >= 0, "a counter only grows")
        total.wrappingAdd(UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    /// The count now.
    package var value: UInt64 { total.load(ordering: .relaxed) }
}
