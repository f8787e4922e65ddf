import Domain
import Events
import Ledger
import Lifecycle
import Observability

/// Finds the lanes and has each of them written: those that the ledger knows, and those that commands wait for.
struct LaneSupervisor: Lifecycle.Service {
    /// The lanes that the ledger knows.
    let known: @Sendable () async throws -> [Lane]
    /// The subjects that commands wait on.
    let waiting: @Sendable () async throws -> [String]
    let isOperator: @Sendable (TenantID) async throws -> Bool
    let runner: @Sendable (Lane) -> LaneRunner
    let interval: Duration
    let health: HealthComponent
    let logger: Logger

    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            var lanes: Set<Lane> = []
            try await repeating(
                every: interval,
                logger,
                "lanes cannot be found",
                failed: { health.set(.notReady("lanes: \($0)")) }
            ) {
                for lane in try await discover(lanes) where lanes.insert(lane).inserted {
                    group.addTask { try await runner(lane).run() }
                }
                health.set(.ready)
            }
        }
    }

    private func discover(_ lanes: Set<Lane>) async throws -> [Lane] {
        var found = lanes.isEmpty ? try await known() : []
        for subject in try await waiting() {
            guard let lane = Subjects.ledgerLane(subject), !lanes.contains(lane), !found.contains(lane) else {
                continue
            }
            // Anybody may write a subject; only operators have lanes.
            if try await isOperator(lane.rootID) { found.append(lane) }
        }
        return found
    }
}
