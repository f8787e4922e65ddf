import Billing
import Domain
import Ledger
import Observability
import Persistence

/// Asks the ledger for bills. Holds nothing: each charge's key was stored before, so that whoever asks again, after whatever, is told
/// what was decided the first time.
struct BillCollector: Sendable {
    let desk: any MoneyDesk
    let ids: IDGenerator
    let metrics: SubscriptionMetrics
    let logger: Logger
    /// How long to wait for an answer. Without one the same is asked again later.
    let wait: Duration

    /// What became of it; nil: nobody knows yet.
    func ask(_ charge: BillCharge) async -> BillOutcome? {
        do {
            guard let answer = try await desk.submit(try command(charge), within: wait) else {
                metrics.answered("unknown")
                return nil
            }
            return outcome(charge, answer)
        } catch {
            metrics.answered("unknown")
            logger.warn(
                "a bill cannot be asked for",
                ["bill": .string("\(charge.billID)"), "error": .string("\(error)")]
            )
            return nil
        }
    }

    private func outcome(_ charge: BillCharge, _ answer: MoneyAnswer) -> BillOutcome? {
        switch answer.outcome {
        case .decided(let verdict, let transfer, _):
            metrics.answered(verdict.isPosted ? "paid" : "refused")
            return BillOutcome(charge, transfer: verdict.isPosted ? transfer : nil)
        case .invalid(let flaw):
            // Nothing was done: for the customer it is as if there were no money.
            metrics.answered("refused")
            logger.warn(
                "a bill cannot be charged",
                ["bill": .string("\(charge.billID)"), "reason": .string(flaw.rawValue)]
            )
            return BillOutcome(charge, transfer: nil)
        case .keyReused:
            // Under this key another amount was asked for. Whether that was paid is for people to find out; nobody is suspended.
            metrics.answered("unknown")
            logger.error("a bill's key is another command's", ["key": .string(charge.key)])
            return nil
        }
    }

    private func command(_ charge: BillCharge) throws -> MoneyCommand {
        guard let key = IdempotencyKey(charge.key) else { preconditionFailure("a bill's key is short and ASCII") }
        return MoneyCommand(
            id: ids.next(),
            tenantID: charge.tenantID,
            lane: Lane(rootID: charge.rootID, currency: charge.amount.currency),
            key: key,
            action: .charge(.customer(charge.customerID), amount: charge.amount, shared: true),
            details: try TransferDetails(
                .subscription,
                reference: charge.billID.description,
                metadata: ["subscription": charge.subscriptionID.description]
            )
        )
    }
}
