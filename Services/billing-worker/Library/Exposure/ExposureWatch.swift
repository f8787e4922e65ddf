import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence
import Synchronization

/// How many services are paid for and offline, and how many are online and not paid for, by tenant and as of half a second ago.
final class ExposureWatch: Lifecycle.Service {
    private let read: @Sendable () async throws -> [BillingExposure.Count]
    private let interval: Duration
    private let logger: Logger
    private let counts = Mutex<[BillingExposure.Count]>([])

    init(
        _ registry: MetricsRegistry,
        interval: Duration,
        logger: Logger,
        read: @escaping @Sendable () async throws -> [BillingExposure.Count]
    ) {
        self.read = read
        self.interval = interval
        self.logger = logger
        registry.gauge(
            "billing_exposure",
            "Services that are paid for and kept out (paid_offline), or not paid for and online (unpaid_online).",
            labels: ["tenant", "kind"]
        ) { [self] in
            counts.withLock { $0 }.map {
                MetricSample([$0.tenantID.description, $0.kind.rawValue], Double($0.services))
            }
        }
        registry.gauge("billing_exposure_services", "The same over all tenants.", labels: ["kind"]) { [self] in
            let counts = counts.withLock { $0 }
            return BillingExposure.Kind.allCases.map { kind in
                let services = counts.lazy.filter { $0.kind == kind }.map(\.services).reduce(0, +)
                return MetricSample([kind.rawValue], Double(services))
            }
        }
    }

    func run() async throws {
        var took = Duration.zero
        // Among a great many it takes longer, and must not take the database for itself.
        try await repeating(every: max(interval, took * 4), logger, "exposure cannot be counted") {
            let began = SystemClock.monotonicNanoseconds()
            defer { took = .nanoseconds(Int64(SystemClock.monotonicNanoseconds() - began)) }
            let read = try await read()
            counts.withLock { $0 = read }
        }
    }
}
