import Ledger
import SharedTesting

/// Histories of a ledger that does one command after another, made without one: each decision lies at a moment between its sending and its
/// answer, and neighbours overlap.
enum DrawnHistory {
    static func make(_ seed: SeededRandom, bursts: Int) -> MoneyHistory {
        var random = seed
        var draw = HistoryDraw(random, customers: 0..<3, prefix: "k")
        var drawn: [HistoryDraw.Request] = []
        for _ in 0..<bursts {
            for request in draw.burst() {
                drawn.append(request)
                if let purchase = draw.purchase(after: request) { drawn.append(purchase) }
            }
        }
        return play(drawn, &random)
    }

    private static func play(_ drawn: [HistoryDraw.Request], _ random: inout SeededRandom) -> MoneyHistory {
        var (model, moment) = (MoneyModel(), UInt64(1_000))
        var decided: [String: (command: MoneyHistory.Sending, decision: MoneyHistory.Decision)] = [:]
        var history = MoneyHistory(sendings: [], decisions: [:], wallets: [:])
        for request in drawn {
            moment += 10
            let invoked = moment - UInt64.random(in: 0...25, using: &random)
            let answered = moment + UInt64.random(in: 0...25, using: &random)
            func sending(_ answer: MoneyHistory.Answer?) -> MoneyHistory.Sending {
                .init(
                    id: request.id,
                    key: request.key,
                    lane: request.lane,
                    action: request.action,
                    invoked: invoked,
                    answered: answered,
                    answer: answer
                )
            }
            if let (command, decision) = decided[request.key] {
                let isSame = command.lane == request.lane && command.action == request.action
                history.sendings.append(
                    sending(isSame ? .repeated(decision.verdict, transfer: decision.transfer) : .keyReused)
                )
                continue
            }
            let command = sending(nil)
            let (verdict, moves) = model.decide(command)
            let decision = MoneyHistory.Decision(key: request.key, transfer: request.id, verdict: verdict)
            decided[request.key] = (command, decision)
            history.decisions[request.lane, default: []].append(decision)
            history.sendings.append(sending(.decided(verdict, transfer: request.id, moves)))
        }
        history.wallets = model.wallets
        return history
    }
}
