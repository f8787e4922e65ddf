import Concurrency
import Synchronization

/// A distribution over fixed buckets, with one cell per combination of label values.
package final class Histogram: MetricFamily {
    let identity: MetricIdentity
    private let bounds: [Double]
    private let boundTexts: [String]
    private let series: MetricSeries<HistogramCell>

    init(identity: MetricIdentity, buckets: [Double], maximumSeries: Int) {
        precondition(!buckets.isEmpty && zip(buckets, buckets.dropFirst()).allSatisfy(<), "buckets must ascend")
        precondition(buckets.allSatisfy(\.isFinite), "+Inf is added by itself")
        self.identity = identity
        bounds = buckets
        boundTexts = buckets.map { MetricText.number($0) } + ["+Inf"]
        series = MetricSeries(identity: identity, maximum: maximumSeries) { HistogramCell(bounds: buckets) }
        if identity.labels.isEmpty { _ = series.child([]) }
    }

    /// The cell of these label values, in the order of the labels' names. Takes a lock: keep the cell.
    package func with(_ values: String...) -> HistogramCell { series.child(values) }

    /// The cell of these label values; see the variadic form.
    package func with(values: [String]) -> HistogramCell { series.child(values) }

    /// Observes in a metric without labels.
    package func observe(_ value: Double) { series.child([]).observe(value) }

    /// Observes an interval, in seconds, in a metric without labels.
    package func observe(_ interval: Duration) { series.child([]).observe(interval) }

    func render(into text: inout MetricText) {
        text.header(identity)
        for child in series.children {
            let reading = child.cell.reading
            var cumulated: UInt64 = 0
            for (bound, count) in zip(boundTexts, reading.counts) {
                cumulated += count
                text.sample(identity.name, suffix: "_bucket", labels: child.labels, bound: bound, String(cumulated))
            }
            text.sample(identity.name, suffix: "_sum", labels: child.labels, MetricText.number(reading.sum))
            text.sample(identity.name, suffix: "_count", labels: child.labels, String(cumulated))
        }
    }
}

/// One distribution. An observation is one relaxed addition to its bucket and one to the sum; it takes no lock.
@safe
package final class HistogramCell: Sendable {
    private let bounds: [Double]
    // SAFETY: bounds.count + 1 atomics, allocated in init and freed in deinit; every index comes from `bounds`.
    private nonisolated(unsafe) let counts: UnsafeMutablePointer<Atomic<UInt64>>
    private let sum = Atomic<UInt64>(0)

    init(bounds: [Double]) {
        self.bounds = bounds
        unsafe counts = .allocate(capacity: bounds.count + 1)
        for index in 0...bounds.count { unsafe (counts + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe counts.deinitialize(count: bounds.count + 1)
        unsafe counts.deallocate()
    }

    /// Counts one value.
    package func observe(_ value: Double) {
        var index = 0
        // Few and mostly small: a scan beats a binary search.
        while index < bounds.count, value > bounds[index] { index += 1 }
        unsafe counts[index].wrappingAdd(1, ordering: .relaxed)
        sum.addDouble(value)
    }

    /// Counts an interval in seconds.
    package func observe(_ interval: Duration) { observe(interval.inSeconds) }

    /// Counts an interval of the monotonic clock in seconds: the cheapest form.
    package func observe(nanoseconds: UInt64) { observe(Double(nanoseconds) * 1e-9) }

    /// The counts per bucket (the last is +Inf) and the sum of all values.
    package var reading: (counts: [UInt64], sum: Double) {
        let counted = (0...bounds.count).map { index in unsafe counts[index].load(ordering: .relaxed) }
        return (counted, Double(bitPattern: sum.load(ordering: .relaxed)))
    }
}
