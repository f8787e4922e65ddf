import Billing
import Domain
import Ledger
import Observability

/// Asks the ledger for charges. Holds nothing: each charge's key was stored before, so that whoever asks again, after whatever, is told
/// what was decided the first time.
struct ChargeDesk: Sendable {
    let desk: any MoneyDesk
    let ids: IDGenerator
    let logger: Logger
    /// How long to wait for an answer. Without one the same is asked again later.
    var wait = Duration.seconds(5)

    /// What became of a charge.
    enum Outcome: Hashable, Sendable {
        case paid(TransferID)
        /// No money was moved, and why.
        case refused(String)
    }

    /// What the ledger says to it; nil: nobody knows yet. Throws where it could not be asked for.
    func submit(_ charge: Charge) async throws -> MoneyAnswer? {
        try await desk.submit(try charge.command(ids.next()), within: wait)
    }

    /// What became of it; nil: nobody knows yet, and it is asked for again under its key. `answered` hears it in a word: paid, refused or
    /// unknown.
    func ask(_ charge: Charge, answered: (String) -> Void) async -> Outcome? {
        let outcome = await outcome(charge)
        switch outcome {
        case .paid: answered("paid")
        case .refused: answered("refused")
        case nil: answered("unknown")
        }
        return outcome
    }

    private func outcome(_ charge: Charge) async -> Outcome? {
        let answer: MoneyAnswer
        do {
            guard let heard = try await submit(charge) else { return nil }
            answer = heard
        } catch {
            logger.warn(
                "a charge cannot be asked for",
                ["key": .string(charge.key), "error": .string("\(error)")]
            )
            return nil
        }
        switch answer.outcome {
        case .decided(let verdict, let transfer, _):
            return verdict.isPosted ? .paid(transfer) : .refused(verdict.rawValue)
        case .invalid(let flaw):
            // Nothing was done: for the customer it is as if there were no money.
            logger.warn(
                "a charge cannot be made",
                ["key": .string(charge.key), "reason": .string(flaw.rawValue)]
            )
            return .refused(flaw.rawValue)
        case .keyReused:
            // Under this key another amount was asked for. Whether that was paid is for people to find out; nobody is suspended.
            logger.error("a charge's key is another command's", ["key": .string(charge.key)])
            return nil
        }
    }
}
