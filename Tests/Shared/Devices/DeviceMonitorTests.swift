import Devices
import Domain
import Lifecycle
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing

/// Rounds of checks over a book in memory.
@Suite(.proves("DEV-03")) struct DeviceMonitorTests {
    private static let start = Timestamp(secondsSince1970: 1_790_000_000)
    private static let terms = DeviceHealthTerms(
        failures: 3,
        successes: 2,
        interval: .seconds(60),
        retry: .seconds(10)
    )

    private final class Book: DeviceCheckBook {
        struct Contents {
            var devices: [DeviceID: DueDevice] = [:]
            var next: [DeviceID: Timestamp] = [:]
            var isLeading = true
            var fault: StorageFault?
            var changes: [(DeviceID, DeviceStatus)] = []
            var counts = 0
        }

        let contents: Mutex<Contents>

        init(_ hosts: [String]) throws {
            var contents = Contents()
            for (index, text) in hosts.enumerated() {
                let id = DeviceID(UUID128(high: 1, low: UInt64(index)))
                contents.devices[id] = DueDevice(
                    tenantID: TenantID(UUID128(high: 2, low: 1)),
                    id: id,
                    version: 1,
                    host: try #require(NetworkHost(text)),
                    port: 8_728
                )
                contents.next[id] = DeviceMonitorTests.start
            }
            self.contents = Mutex(contents)
        }

        func lead() async throws(StorageFault) -> Bool {
            let (fault, leads) = contents.withLock { ($0.fault, $0.isLeading) }
            if let fault { throw fault }
            return leads
        }

        func due(at now: Timestamp, limit: Int) async throws(StorageFault) -> [DueDevice] {
            contents.withLock { contents in
                let due = contents.next.filter { $0.value <= now }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
                return due.prefix(limit).compactMap { contents.devices[$0.key] }
            }
        }

        func store(_ checked: [(device: DueDevice, next: Timestamp)]) async throws(StorageFault) -> Int {
            contents.withLock { contents in
                for (device, next) in checked {
                    if contents.devices[device.id]?.health.status != device.health.status {
                        contents.changes.append((device.id, device.health.status))
                    }
                    contents.devices[device.id] = device
                    contents.next[device.id] = next
                }
                return checked.count
            }
        }

        func counts() async throws(StorageFault) -> DeviceCounts {
            contents.withLock { contents in
                contents.counts += 1
                var counts = DeviceCounts()
                for device in contents.devices.values {
                    switch device.health.status {
                    case .online: counts.online += 1
                    case .offline: counts.offline += 1
                    case .unknown: counts.unknown += 1
                    }
                }
                return counts
            }
        }
    }

    /// Answers by the host's text.
    private final class Probe: DeviceProbe {
        let answers: Mutex<[String: DeviceCheckResult]>
        private let asked = Mutex<[Int]>([])
        /// How many were asked about at a time.
        var rounds: [Int] { asked.withLock { $0 } }

        init(_ answers: [String: DeviceCheckResult]) {
            self.answers = Mutex(answers)
        }

        func check(_ targets: [DeviceTarget]) async -> [DeviceCheckResult] {
            asked.withLock { $0.append(targets.count) }
            return answers.withLock { answers in
                targets.map { answers[$0.host.description] ?? .answered }
            }
        }
    }

    private func monitor(
        _ book: Book,
        _ probe: Probe,
        _ registry: MetricsRegistry = MetricsRegistry(),
        at time: TimeSource = .fixed(start)
    ) -> DeviceMonitor {
        DeviceMonitor(
            book: book,
            probe: probe,
            terms: Self.terms,
            metrics: DeviceMetrics(registry),
            health: Health(version: "test").component("devices"),
            logger: Logger(service: "test", sink: MemoryLogSink()),
            clock: time,
            luck: { 0.5 }
        )
    }

    @Test func `a deaf device is offline at the third check, and the others are not`() async throws {
        let book = try Book(["192.0.2.1", "192.0.2.2", "tower.example.net"])
        let probe = Probe(["192.0.2.2": .failed(.timedOut)])
        let registry = MetricsRegistry()
        let now = Mutex(Self.start)
        let monitor = monitor(book, probe, registry, at: TimeSource { now.withLock { $0 } })
        #expect(try await monitor.round() == 3)
        #expect(try await monitor.round() == 0)
        for _ in 0..<2 {
            now.withLock { $0 = $0 + .seconds(10) }
            #expect(try await monitor.round() == 1)
        }
        let deaf = DeviceID(UUID128(high: 1, low: 1))
        book.contents.withLock { contents in
            #expect(contents.devices[deaf]?.health.status == .offline)
            #expect(contents.devices[deaf]?.health.lastError == "timed_out")
            #expect(contents.devices[deaf]?.health.lastSeenAt == nil)
            #expect(contents.changes.count == 3 && contents.changes.last?.0 == deaf)
            #expect(contents.next[deaf] == Self.start + .seconds(80))
            #expect(contents.devices.values.count { $0.health.status == .online } == 2)
        }
        let text = String(decoding: registry.render(), as: UTF8.self)
        #expect(text.contains("device_checks_total{result=\"timed_out\"} 3"))
        #expect(text.contains("device_checks_total{result=\"answered\"} 2"))
        #expect(text.contains("device_status_changes_total{status=\"offline\"} 1"))
    }

    @Test func `no more are checked side by side than a batch`() async throws {
        let book = try Book((0..<600).map { "10.0.\($0 / 250).\($0 % 250 + 1)" })
        let probe = Probe([:])
        let monitor = monitor(book, probe)
        #expect(try await monitor.round() == DeviceMonitor.batch)
        #expect(try await monitor.round() == DeviceMonitor.batch)
        #expect(try await monitor.round() == 600 - 2 * DeviceMonitor.batch)
        #expect(try await monitor.round() == 0)
        #expect(probe.rounds.max() == DeviceMonitor.batch)
    }

    @Test func `who does not lead checks nothing; the database away changes nothing, and it goes on by itself`()
        async throws
    {
        let book = try Book(["192.0.2.1"])
        book.contents.withLock { $0.isLeading = false }
        let probe = Probe([:])
        let health = Health(version: "test").component("devices")
        let monitor = DeviceMonitor(
            book: book,
            probe: probe,
            terms: Self.terms,
            metrics: DeviceMetrics(MetricsRegistry()),
            health: health,
            logger: Logger(service: "test", sink: MemoryLogSink()),
            clock: .fixed(Self.start)
        )
        let running = Task { try await monitor.run() }
        try await eventually { health.status == .ready }
        #expect(probe.rounds.isEmpty)
        book.contents.withLock { $0.fault = .outage("gone") }
        try await eventually { if case .degraded = health.status { true } else { false } }
        #expect(probe.rounds.isEmpty)
        book.contents.withLock {
            $0.fault = nil
            $0.isLeading = true
        }
        try await eventually { book.contents.withLock { $0.changes.count == 1 && $0.counts > 0 } }
        try await eventually { health.status == .ready }
        running.cancel()
        _ = await running.result
    }
}
