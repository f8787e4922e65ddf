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
    let desk: any MoneyDesk
    let ids: IDGenerator
    let time: TimeSource
    let metrics: BoostMetrics
    let logger: Logger
    /// Boosts of one transaction, and wallets that are asked at a time, at most.
    let batch: Int
    /// The pause while nothing is due.
    let interval: Duration
    /// How long to wait for an answer. Without one the same is asked again later.
    var wait = Duration.seconds(5)

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
    func ask(_ charge: BoostCharge) async -> BoostOutcome? {
        do {
            guard let answer = try await desk.submit(try command(charge), within: wait) else {
                metrics.answered("unknown")
                return nil
            }
            return outcome(charge, answer)
        } catch {
            metrics.answered("unknown")
            logger.warn(
                "a boost cannot be asked for",
                ["boost": .string("\(charge.boostID)"), "error": .string("\(error)")]
            )
            return nil
        }
    }

    private func outcome(_ charge: BoostCharge, _ answer: MoneyAnswer) -> BoostOutcome? {
        switch answer.outcome {
        case .decided(let verdict, let transfer, _):
            metrics.answered(verdict.isPosted ? "paid" : "refused")
            return BoostOutcome(charge, verdict.isPosted ? .paid(transfer) : .refused(verdict.rawValue))
        case .invalid(let flaw):
            // Nothing was done: for the customer it is as if there were no money.
            metrics.answered("refused")
            logger.warn(
                "a boost cannot be charged",
                ["boost": .string("\(charge.boostID)"), "reason": .string(flaw.rawValue)]
            )
            return BoostOutcome(charge, .refused(flaw.rawValue))
        case .keyReused:
            // Under this key another amount was asked for. Whether that was paid is for people to find out.
            metrics.answered("unknown")
            logger.error("a boost's key is another command's", ["key": .string(charge.key)])
            return nil
        }
    }

    private func command(_ charge: BoostCharge) throws -> MoneyCommand {
        guard let key = IdempotencyKey(charge.key) else { preconditionFailure("a boost's key is short and ASCII") }
        return MoneyCommand(
            id: ids.next(),
            tenantID: charge.tenantID,
            lane: Lane(rootID: charge.rootID, currency: charge.amount.currency),
            key: key,
            action: .charge(.customer(charge.customerID), amount: charge.amount, shared: true),
            details: try TransferDetails(
                .boost,
                reference: charge.boostID.description,
                metadata: ["service": charge.serviceID.description]
            )
        )
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
