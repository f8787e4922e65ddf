import Billing
import Domain
import Lifecycle
import Observability
import Persistence
import Synchronization

/// Writes down what requests moved for projects, every few seconds and once more at the end.
struct MeteringService: Lifecycle.Service {
    static let interval = Duration.seconds(5)

    private let parts: Parts
    private let written: CounterCell
    private let lost: CounterCell

    init(_ parts: Parts, _ registry: MetricsRegistry) {
        self.parts = parts
        written = registry.counter(
            "gateway_metered_octets_total",
            "Octets of requests that named a project, as they were written down."
        ).with()
        lost = registry.counter(
            "gateway_metered_lost_octets_total",
            "Octets of requests that named one project more than are held at once."
        ).with()
    }

    func run() async throws {
        try await repeating(every: Self.interval, parts.logger, "the traffic of projects waits") { try await flush() }
        do {
            try await flush()
        } catch let error as CancellationError {
            throw error
        } catch {
            parts.logger.warn("the last traffic of projects is lost", ["error": .error(error)])
        }
    }

    private func flush() async throws {
        let (octets, missed) = try await parts.meter.flush(parts)
        written.add(Int(octets))
        lost.add(Int(missed))
    }
}

/// The daily work of metering, which any number of gateways may do at once.
final class MeteringDays: Sendable {
    private let parts: Parts
    private let checked = Mutex<CivilDate?>(nil)

    init(_ parts: Parts) {
        self.parts = parts
    }

    var chores: [Upkeep.Chore] {
        [
            Upkeep.Chore(name: "metered storage", period: .seconds(60), work: measure),
            Upkeep.Chore(name: "metered limits", period: .seconds(60), work: check),
        ]
    }

    /// Measures what is kept for tenants: once for each day, from 04:00 UTC on (FUP-07).
    @Sendable func measure() async throws {
        let (parts, begun) = (parts, parts.time.now())
        let day = MeteringSchedule.day(at: begun, from: MeteringSchedule.storageHour)
        guard let root = try await parts.database.operatorIfPlanted() else { return }
        let told = try await parts.database.transaction(in: root) { transaction -> Int? in
            let usage = MeteringUsage(transaction, ids: parts.ids)
            guard try await usage.measureStorage(on: day, of: root, now: begun) else { return nil }
            return try await usage.tell(try await usage.tenants(), now: begun)
        }
        guard let told else { return }
        parts.logger.info(
            "storage was measured",
            [
                "day": .string(day.description), "told": .int(told),
                "duration_seconds": .double(Double(parts.time.now().microseconds - begun.microseconds) / 1e6),
            ]
        )
    }

    /// Looks at the limits of all tenants with projects: when a gateway begins, and daily from 06:00 UTC on (FUP-04). What it finds was
    /// missed, as where two projects came near a limit at the same moment.
    @Sendable func check() async throws {
        let (parts, now) = (parts, parts.time.now())
        let day = MeteringSchedule.day(at: now, from: MeteringSchedule.checkHour)
        guard checked.withLock({ $0 != day }) else { return }
        guard let root = try await parts.database.operatorIfPlanted() else { return }
        try await parts.database.transaction(in: root) { transaction in
            let usage = MeteringUsage(transaction, ids: parts.ids)
            _ = try await usage.tell(try await usage.tenants(), now: now)
        }
        checked.withLock { $0 = day }
    }
}
