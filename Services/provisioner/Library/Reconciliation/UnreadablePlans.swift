import Domain
import Observability
import Synchronization

/// Plans whose rows cannot be read: each is told once, until it can be.
final class UnreadablePlans: Sendable {
    private let known = Mutex<Set<PlanID>>([])
    private let metrics: ReconcilerMetrics
    private let logger: Logger

    init(_ metrics: ReconcilerMetrics, _ logger: Logger) {
        self.metrics = metrics
        self.logger = logger
    }

    /// Of those plans, these cannot be read.
    func found(_ unreadable: [PlanID: String], among plans: Set<PlanID>) {
        let (new, count) = known.withLock { known in
            let new = Set(unreadable.keys).subtracting(known)
            known = known.subtracting(plans).union(unreadable.keys)
            return (new, known.count)
        }
        metrics.unreadable(count)
        for plan in new {
            logger.error(
                "a plan cannot be read; its sessions stay as they are",
                ["plan.id": .string("\(plan)"), "error": .string(unreadable[plan] ?? "")]
            )
        }
    }
}
