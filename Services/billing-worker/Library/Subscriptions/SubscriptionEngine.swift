import Billing
import Concurrency
import Domain
import Ledger
import Lifecycle
import Observability
import Persistence
import Synchronization

/// Looks after subscriptions: steps those that are due, asks the wallets for their bills, and stores the answers.
///
/// Any number of processes may run it: rows are locked while they are stepped, and what somebody else has locked is passed over. An
/// attempt at a bill is stored before it is sent, so that two who send it send the same key and the ledger does it once.
struct SubscriptionEngine: Lifecycle.Service {
    let keeping: any SubscriptionKeeping
    let charges: ChargeDesk
    let time: TimeSource
    let metrics: SubscriptionMetrics
    let logger: Logger
    /// Subscriptions of one transaction at most.
    let batch: Int
    /// Wallets that are being asked at a time, at most.
    let mostInFlight: Int
    /// The pause while nothing is due.
    let interval: Duration

    /// What is under way, and the answers that are not stored yet.
    private final class Desk: Sendable {
        private struct Contents {
            var inFlight = 0
            var outcomes: [BillOutcome] = []
        }

        private let contents = Mutex(Contents())

        var inFlight: Int { contents.withLock { $0.inFlight } }

        func begin() { contents.withLock { $0.inFlight += 1 } }

        func end(_ outcome: BillOutcome?) {
            contents.withLock { contents in
                contents.inFlight -= 1
                if let outcome { contents.outcomes.append(outcome) }
            }
        }

        func take(_ limit: Int) -> [BillOutcome] {
            contents.withLock { contents in
                let taken = Array(contents.outcomes.prefix(limit))
                contents.outcomes.removeFirst(taken.count)
                return taken
            }
        }
    }

    func run() async throws {
        let desk = Desk()
        do {
            try await withThrowingDiscardingTaskGroup { group in
                while !GracefulShutdown.isShuttingDown {
                    let isBusy = await pass(desk) { charge in
                        desk.begin()
                        group.addTask { desk.end(await self.ask(charge)) }
                    }
                    metrics.asking(desk.inFlight)
                    if !isBusy { try await rest(for: desk.inFlight > 0 ? .milliseconds(10) : interval) }
                }
            }
        } catch is CancellationError {
            // What was not stored is asked again under its key.
            return
        }
        // The answers to what was still asked for. What is lost here is asked again under its key.
        while await store(desk) {}
    }

    /// Stores answers, and steps what is due. Whether there may be more to do at once.
    private func pass(_ desk: Desk, ask: (BillCharge) -> Void) async -> Bool {
        let hadAnswers = await store(desk)
        let room = min(batch, mostInFlight - desk.inFlight)
        guard room > 0 else { return hadAnswers }
        do throws(StorageFault) {
            let round = try await keeping.advance(at: time.now(), limit: room)
            tell(round)
            for charge in round.charges { ask(charge) }
            return hadAnswers || round.found == room
        } catch {
            return await failed("subscriptions cannot be looked after", error)
        }
    }

    /// Whether answers were stored.
    private func store(_ desk: Desk) async -> Bool {
        let outcomes = desk.take(batch)
        guard !outcomes.isEmpty else { return false }
        do throws(StorageFault) {
            tell(try await keeping.settle(outcomes, at: time.now()))
            return true
        } catch {
            // Each is asked for again under its key, and answered alike.
            return await failed("answers to bills cannot be stored", error)
        }
    }

    /// What became of it; nil: nobody knows yet.
    private func ask(_ charge: BillCharge) async -> BillOutcome? {
        switch await charges.ask(Charge(charge), answered: metrics.answered) {
        case .paid(let transfer): BillOutcome(charge, transfer: transfer)
        case .refused: BillOutcome(charge, transfer: nil)
        case nil: nil
        }
    }

    private func tell(_ round: SubscriptionRound) {
        metrics.stepped(round)
        for (subscription, reason) in round.failures {
            logger.error(
                "a subscription cannot be looked after",
                ["subscription": .string("\(subscription)"), "reason": .string(reason)]
            )
        }
        for (state, count) in round.entered where state == .suspended || state == .ended {
            logger.info(
                "subscriptions entered a state",
                ["state": .string(state.rawValue), "subscriptions": .int(count)]
            )
        }
    }

    private func failed(_ what: StaticString, _ fault: StorageFault) async -> Bool {
        if case .conflict = fault { return true }
        logger.warn(what, ["error": .string(fault.reason)])
        try? await rest(for: .milliseconds(500))
        return false
    }
}

extension Charge {
    init(_ bill: BillCharge) {
        self.init(
            tenantID: bill.tenantID,
            rootID: bill.rootID,
            customerID: bill.customerID,
            amount: bill.amount,
            key: bill.key,
            purpose: .subscription,
            reference: bill.billID.description,
            metadata: ["subscription": bill.subscriptionID.description]
        )
    }
}
