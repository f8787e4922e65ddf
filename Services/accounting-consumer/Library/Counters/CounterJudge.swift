import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence
import Synchronization

/// Where the judge learns what plans allow, and tells what it found.
protocol CounterRegister: Sendable {
    func speeds(of services: [ServiceID]) async throws(StorageFault) -> [ServiceID: SpeedPair]
    func tell(_ alarms: [CounterAlarms.Alarm]) async throws(StorageFault)
}

extension CounterAlarms: CounterRegister {}

/// Looks at what was committed for counters that cannot be: never before the commit, never in its way, and without changing
/// anything that was stored. What comes faster than it looks is left out; a fault of the NAS comes again with its next update.
final class CounterJudge: Lifecycle.Service {
    struct Metrics: Sendable {
        let found: Counter
        let unseen: CounterCell

        init(_ registry: MetricsRegistry) {
            found = registry.counter(
                "accounting_counters_implausible_total",
                "Sessions whose counters cannot be, by suspicion.",
                labels: ["tenant", "suspicion"]
            )
            unseen = registry.counter(
                "accounting_counters_unseen_total",
                "Updates whose counters nobody judged, because too many came at once."
            ).with()
        }
    }

    /// Observations that wait at most.
    static let capacity = 20_000
    /// How long a plan's speed is believed.
    static let memory: Int64 = 300_000_000
    /// One event for each NAS and suspicion in so long.
    static let silence: Int64 = 3_600_000_000
    /// Services whose plans are remembered.
    private static let services = 200_000

    private struct Told: Hashable {
        let nas: NASID
        let suspicion: CounterSuspicion
    }

    private struct Memory {
        var watch = CounterWatch()
        var speeds: [ServiceID: SpeedPair] = [:]
        var forgetAt: Int64 = .min
        var told: [Told: (until: Int64, sessions: Int64)] = [:]
    }

    private let waiting = Mutex<[CounterObservation]>([])
    private let register: any CounterRegister
    private let metrics: Metrics
    private let clock: TimeSource
    private let logger: Logger

    init(register: any CounterRegister, metrics: Metrics, clock: TimeSource, logger: Logger) {
        self.register = register
        self.metrics = metrics
        self.clock = clock
        self.logger = logger
    }

    /// Hands over what a commit did; never waits.
    func offer(_ observations: [CounterObservation]) {
        guard !observations.isEmpty else { return }
        let left = waiting.withLock { waiting in
            let room = Self.capacity - waiting.count
            waiting.append(contentsOf: observations.prefix(room))
            return max(0, observations.count - room)
        }
        if left > 0 { metrics.unseen.add(left) }
    }

    func run() async throws {
        var memory = Memory()
        while !GracefulShutdown.isShuttingDown {
            try await rest(for: .seconds(1))
            await look(&memory)
        }
    }

    /// Judges what waits. For tests, once; `run` does it every second.
    func lookOnce() async {
        var memory = Memory()
        await look(&memory)
    }

    private func look(_ memory: inout Memory) async {
        let observations = waiting.withLock { waiting in
            defer { waiting.removeAll(keepingCapacity: true) }
            return waiting
        }
        guard !observations.isEmpty else { return }
        do throws(StorageFault) {
            try await learn(observations, &memory)
            let alarms = judge(observations, &memory)
            if !alarms.isEmpty { try await register.tell(alarms) }
        } catch {
            logger.warn("implausible counters cannot be told", ["error": .string(error.reason)])
        }
    }

    /// Reads the plans' speeds of services that are not known.
    private func learn(_ observations: [CounterObservation], _ memory: inout Memory) async throws(StorageFault) {
        let now = clock.now().microseconds
        if now >= memory.forgetAt || memory.speeds.count > Self.services {
            memory.speeds.removeAll(keepingCapacity: true)
            memory.forgetAt = now + Self.memory
        }
        let unknown = Set(observations.compactMap(\.serviceID)).filter { memory.speeds[$0] == nil }
        guard !unknown.isEmpty else { return }
        memory.speeds.merge(try await register.speeds(of: Array(unknown))) { _, new in new }
    }

    private func judge(_ observations: [CounterObservation], _ memory: inout Memory) -> [CounterAlarms.Alarm] {
        let now = clock.now().microseconds
        var alarms: [CounterAlarms.Alarm] = []
        for observation in observations {
            let plan = observation.serviceID.flatMap { memory.speeds[$0] }
            for suspicion in memory.watch.judge(observation, plan: plan) {
                metrics.found.with(observation.tenantID.description, suspicion.rawValue).add(1)
                let key = Told(nas: observation.nasID, suspicion: suspicion)
                let sessions = (memory.told[key]?.sessions ?? 0) + 1
                if let told = memory.told[key], now < told.until {
                    memory.told[key] = (told.until, sessions)
                    continue
                }
                memory.told[key] = (now + Self.silence, 0)
                alarms.append(
                    CounterAlarms.Alarm(
                        tenantID: observation.tenantID,
                        observation: observation,
                        suspicion: suspicion,
                        plan: plan,
                        sessions: sessions
                    )
                )
                warn(observation, suspicion)
            }
        }
        return alarms
    }

    private func warn(_ observation: CounterObservation, _ suspicion: CounterSuspicion) {
        logger.warn(
            "a NAS counts what cannot be",
            [
                "suspicion": .string(suspicion.rawValue), "tenant.id": .string(observation.tenantID.description),
                "nas.id": .string(observation.nasID.description),
                "session.id": .string(observation.sessionID.description),
                "input.bps": .int(Int(observation.inputBitsPerSecond)),
                "output.bps": .int(Int(observation.outputBitsPerSecond)),
            ]
        )
    }
}
