import Billing
import Domain
import Ledger
import Lifecycle
import Observability
import Persistence

/// Where boosts are kept, as the engine sees it.
protocol BoostKeeping: Sendable {
    /// Steps up to `limit` that are due.
    func advance(at now: Timestamp, limit: Int) async throws(StorageFault) -> BoostRound
    /// Stores what became of charges.
    func settle(_ outcomes: [BoostOutcome], at now: Timestamp) async throws(StorageFault) -> BoostRound
}

extension BoostWork: BoostKeeping {}

/// Looks after boosts: asks the wallets for those that were approved, lets services have the plans of those that were paid, and gives them
/// their own back when the days are over (BST-05, BST-06).
///
/// Any number of processes may run it: rows are locked while they are stepped, and what somebody else has locked is passed over. An attempt
/// is stored before it is sent, so that two who send it send the same key and the ledger does it once. Logins need no help at the end:
/// radius-server knows the instant.
struct BoostEngine: Lifecycle.Service {
    let keeping: any BoostKeeping
    let desk: ChargeDesk
    let time: TimeSource
    let metrics: BoostMetrics
    let logger: Logger
    /// Boosts of one transaction, and wallets that are asked at a time, at most.
    let batch: Int
    /// The pause while nothing is due.
    let interval: Duration

    func run() async throws {
        try await repeating(every: interval, logger, "boosts wait") {
            while try await pass() {
                guard !GracefulShutdown.isShuttingDown else { return }
            }
        }
    }

    /// Steps what is due, asks for what is to be paid and stores the answers. Whether there may be more to do at once.
    func pass() async throws(StorageFault) -> Bool {
        let round: BoostRound
        do throws(StorageFault) {
            round = try await keeping.advance(at: time.now(), limit: batch)
        } catch {
            // Somebody else changed what was read: it is read again.
            if case .conflict = error { return true }
            throw error
        }
        tell(round)
        let outcomes = await ask(round.charges)
        if !outcomes.isEmpty {
            // What cannot be stored is asked for again under its key, and answered alike.
            tell(try await keeping.settle(outcomes, at: time.now()))
        }
        return round.found == batch
    }

    private func ask(_ charges: [BoostCharge]) async -> [BoostOutcome] {
        await withTaskGroup(of: BoostOutcome?.self) { group in
            for charge in charges { group.addTask { await ask(charge) } }
            var outcomes: [BoostOutcome] = []
            for await outcome in group { if let outcome { outcomes.append(outcome) } }
            return outcomes
        }
    }

    /// What became of it; nil: nobody knows yet.
    private func ask(_ charge: BoostCharge) async -> BoostOutcome? {
        switch await desk.ask(Charge(charge), answered: metrics.answered) {
        case .paid(let transfer): BoostOutcome(charge, .paid(transfer))
        case .refused(let reason): BoostOutcome(charge, .refused(reason))
        case nil: nil
        }
    }

    private func tell(_ round: BoostRound) {
        metrics.stepped(round)
        for (boost, reason) in round.failures {
            logger.error(
                "a boost cannot be looked after",
                ["boost": .string("\(boost)"), "reason": .string(reason)]
            )
        }
    }
}

extension Charge {
    init(_ boost: BoostCharge) {
        self.init(
            tenantID: boost.tenantID,
            rootID: boost.rootID,
            customerID: boost.customerID,
            amount: boost.amount,
            key: boost.key,
            purpose: .boost,
            reference: boost.boostID.description,
            metadata: ["service": boost.serviceID.description]
        )
    }
}
