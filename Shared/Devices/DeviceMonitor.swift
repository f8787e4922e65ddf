import Concurrency
package import Domain
package import Lifecycle
package import Observability
package import Persistence

/// Where devices that are due come from, and where what was found goes.
package protocol DeviceCheckBook: Sendable {
    /// Whether this process checks now; the others wait to take over.
    func lead() async throws(StorageFault) -> Bool
    /// Up to `limit` devices whose next check is due, those that wait longest first.
    func due(at now: Timestamp, limit: Int) async throws(StorageFault) -> [DueDevice]
    /// Stores what was found with the events of those whose status changed.
    @discardableResult
    func store(_ checked: [(device: DueDevice, next: Timestamp)]) async throws(StorageFault) -> Int
    func counts() async throws(StorageFault) -> DeviceCounts
}

extension DeviceCheckStore: DeviceCheckBook {}

/// Looks whether devices answer, and keeps what it finds (DEV-03): one process at a time, each device about every `interval`, sooner
/// while its status is in doubt. When a device is due stands in its row, so that whoever takes over goes on where the other ended.
///
/// The database away makes its host less well, never unready: nothing is checked, and no status changes.
package struct DeviceMonitor: Lifecycle.Service {
    /// Devices that are checked side by side at most.
    package static let batch = 256

    private let book: any DeviceCheckBook
    private let probe: any DeviceProbe
    private let terms: DeviceHealthTerms
    private let metrics: DeviceMetrics
    private let health: HealthComponent
    private let logger: Logger
    private let clock: TimeSource
    private let luck: @Sendable () -> Double

    package init(
        book: any DeviceCheckBook,
        probe: any DeviceProbe,
        terms: DeviceHealthTerms,
        metrics: DeviceMetrics,
        health: HealthComponent,
        logger: Logger,
        clock: TimeSource,
        luck: @escaping @Sendable () -> Double = { .random(in: 0...1) }
    ) {
        self.book = book
        self.probe = probe
        self.terms = terms
        self.metrics = metrics
        self.health = health
        self.logger = logger
        self.clock = clock
        self.luck = luck
    }

    package func run() async throws {
        var waits = Backoff(initial: .milliseconds(100), maximum: .seconds(5))
        var told = ""
        var countsAt = Deadline.after(.zero)
        while !GracefulShutdown.isShuttingDown {
            do {
                let isBusy = try await turn(&countsAt)
                waits.reset()
                told = ""
                health.set(.ready)
                if !isBusy { try await rest(for: .seconds(1)) }
            } catch let error as CancellationError {
                throw error
            } catch {
                let reason = (error as? StorageFault)?.reason ?? String(describing: error)
                health.set(.degraded("devices: \(reason)"))
                metrics.leads(false)
                if reason != told { logger.warn("checks of devices wait", ["error": .string(reason)]) }
                told = reason
                try await rest(for: waits.next())
            }
        }
        metrics.leads(false)
    }

    /// One turn: a round of checks where this process leads and any are due. Returns whether more may be due at once.
    private func turn(_ countsAt: inout Deadline) async throws -> Bool {
        guard try await book.lead() else {
            metrics.leads(false)
            return false
        }
        metrics.leads(true)
        let checked = try await round()
        if countsAt.hasPassed {
            metrics.count(try await book.counts())
            countsAt = .after(.seconds(10))
        }
        return checked == Self.batch
    }

    /// Checks those that are due and stores what was found; returns how many were due.
    package func round() async throws(StorageFault) -> Int {
        let began = SystemClock.monotonicNanoseconds()
        let start = clock.now()
        let due = try await book.due(at: start, limit: Self.batch)
        metrics.late(.zero)
        guard !due.isEmpty else { return 0 }
        if let oldest = due.compactMap(\.health.checkedAt).min() {
            metrics.late((start - oldest) - terms.interval)
        }
        let results = await probe.check(
            due.map { DeviceTarget(host: $0.host, port: UInt16(clamping: $0.port)) }
        )
        let now = clock.now()
        var checked: [(device: DueDevice, next: Timestamp)] = []
        var changed: [DueDevice] = []
        for (device, result) in zip(due, results) {
            var device = device
            metrics.met(result)
            if device.health.take(result, at: now, terms: terms) { changed.append(device) }
            checked.append((device, now + device.health.wait(terms, luck: luck())))
        }
        try await book.store(checked)
        for device in changed { tell(device) }
        metrics.round(.nanoseconds(Int64(clamping: SystemClock.monotonicNanoseconds() - began)))
        return due.count
    }

    private func tell(_ device: DueDevice) {
        metrics.changed(device.health.status)
        logger.info(
            "a device's status changed",
            [
                "tenant": .string(device.tenantID.description), "device": .string(device.id.description),
                "status": .string(device.health.status.rawValue),
                "reason": .string(device.health.lastError ?? "answered"),
            ]
        )
    }
}
