import Synchronization

/// All metrics of a process (or of one test), in order of registration.
///
/// Registering takes a lock and belongs to start-up; so does resolving a labelled child. What the hot path keeps is
/// the cell, whose update is one relaxed atomic. A name registered twice is a programmer error and traps.
package final class MetricsRegistry: Sendable {
    private let families = Mutex<[any MetricFamily]>([])

    package init() {}

    /// A count that only grows. `maximumSeries` children at most; what is beyond counts in one labelled "other".
    package func counter(
        _ name: String,
        _ help: String,
        labels: [String] = [],
        maximumSeries: Int = defaultMaximumSeries
    ) -> Counter {
        let identity = MetricIdentity(name, help, .counter, labels)
        return register(Counter(identity: identity, maximumSeries: maximumSeries))
    }

    /// A level that goes up and down.
    package func gauge(
        _ name: String,
        _ help: String,
        labels: [String] = [],
        maximumSeries: Int = defaultMaximumSeries
    ) -> Gauge {
        let identity = MetricIdentity(name, help, .gauge, labels)
        return register(Gauge(identity: identity, maximumSeries: maximumSeries))
    }

    /// A distribution over buckets with the given inclusive upper bounds, ascending; +Inf is added.
    package func histogram(
        _ name: String,
        _ help: String,
        labels: [String] = [],
        buckets: [Double] = latencyBuckets,
        maximumSeries: Int = defaultMaximumSeries
    ) -> Histogram {
        let identity = MetricIdentity(name, help, .histogram, labels)
        return register(Histogram(identity: identity, buckets: buckets, maximumSeries: maximumSeries))
    }

    /// A level that is asked for at each scrape, on the scraping thread: `read` must be quick and must not block.
    package func gauge(_ name: String, _ help: String, _ read: @escaping @Sendable () -> Double) {
        let identity = MetricIdentity(name, help, .gauge, [])
        _ = register(SampledMetric(identity: identity) { [MetricSample([], read())] })
    }

    /// Levels with labels that are asked for at each scrape; see the form without labels.
    package func gauge(
        _ name: String,
        _ help: String,
        labels: [String],
        _ read: @escaping @Sendable () -> [MetricSample]
    ) {
        _ = register(SampledMetric(identity: MetricIdentity(name, help, .gauge, labels), read: read))
    }

    /// A count that somebody else keeps (the kernel, a C library), asked for at each scrape.
    package func counter(_ name: String, _ help: String, _ read: @escaping @Sendable () -> Double) {
        let identity = MetricIdentity(name, help, .counter, [])
        _ = register(SampledMetric(identity: identity) { [MetricSample([], read())] })
    }

    /// Counts with labels that somebody else keeps, asked for at each scrape.
    package func counter(
        _ name: String,
        _ help: String,
        labels: [String],
        _ read: @escaping @Sendable () -> [MetricSample]
    ) {
        _ = register(SampledMetric(identity: MetricIdentity(name, help, .counter, labels), read: read))
    }

    /// The names registered so far.
    package var names: [String] { families.withLock { $0.map(\.identity.name) } }

    /// Everything in Prometheus' text format 0.0.4.
    package func render() -> [UInt8] {
        var text = MetricText()
        // Callbacks run after the lock is released: they may take locks of their own.
        for family in families.withLock({ $0 }) { family.render(into: &text) }
        return text.bytes
    }

    /// From 100 microseconds to 10 seconds, in seconds.
    package static let latencyBuckets: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// Enough for every tenant times a few outcomes; a runaway label stops here.
    package static let defaultMaximumSeries = 4_096

    private func register<Family: MetricFamily>(_ family: Family) -> Family {
        families.withLock { families in
            let name = family.identity.name
            precondition(!families.contains { $0.identity.name == name }, "the metric \(name) is registered twice")
            families.append(family)
        }
        return family
    }
}

/// A metric with all of its labelled children.
protocol MetricFamily: Sendable {
    var identity: MetricIdentity { get }
    func render(into text: inout MetricText)
}

/// What a metric is called and how it is read.
struct MetricIdentity: Sendable {
    enum Kind: String {
        case counter, gauge, histogram
    }

    let name: String
    let help: String
    let kind: Kind
    let labels: [String]

    init(_ name: String, _ help: String, _ kind: Kind, _ labels: [String]) {
        precondition(Self.isValid(name, alsoAllowed: ":"), "not a metric name: \(name)")
        for label in labels {
            precondition(Self.isValid(label, alsoAllowed: nil) && label != "le", "not a label name: \(label)")
        }
        precondition(Set(labels).count == labels.count, "a label of \(name) stands twice")
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
    }

    private static func isValid(_ name: String, alsoAllowed extra: Character?) -> Bool {
        guard let first = name.first, !first.isNumber else { return false }
        return name.allSatisfy { ($0.isASCII && ($0.isLetter || $0.isNumber)) || $0 == "_" || $0 == extra }
    }
}
