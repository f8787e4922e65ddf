import Ledger

/// Why a history is none of a ledger that does one command after another, each between its sending and its answer.
enum HistoryFault: Error, Equatable {
    /// The ledger decided something that nobody sent.
    case effectWithoutCommand(key: String)
    /// A key was decided twice, or two clients were told that theirs was the first.
    case twoEffects(key: String)
    /// Somebody was told of a decision that the ledger does not have.
    case answerWithoutEffect(key: String)
    /// Somebody was told something else of a key than what the ledger decided under it.
    case otherAnswer(key: String)
    /// No order that begins with this key's decision has each decision between its sending and its first answer.
    case outOfTime(key: String)
    /// The decision does not follow from those before it.
    case otherVerdict(key: String, decided: TransferVerdict, expected: TransferVerdict)
    /// What was told of the wallets does not follow from the decisions before it: one of them is missing in it, or counted twice.
    case otherBalances(key: String, told: [MoneyHistory.Move], expected: [MoneyHistory.Move])
    /// In the end the wallet is not what the decisions made of it.
    case otherWallet(MoneyHistory.Wallet)
}

/// Checks a history for strict serializability: there must be one order of all decisions, of all lanes together, that keeps each
/// lane's own order and real time (what was answered before something was sent is before it), in which a model that knows no
/// concurrency decides and answers the same. Pure; the ledger gives away its order, so that none has to be searched for.
struct HistoryChecker {
    /// A decision with the command that it was made of, and the last moment at which it can have been made.
    private struct Effect {
        let decision: MoneyHistory.Decision
        let command: MoneyHistory.Sending
        let told: UInt64
    }

    /// Throws the first fault that is found.
    static func check(_ history: MoneyHistory) throws(HistoryFault) {
        let sendings = Dictionary(grouping: history.sendings, by: \.key)
        let lanes = try effects(history.decisions, sendings)
        var byKey: [String: Effect] = [:]
        for effect in lanes.joined() {
            guard byKey.updateValue(effect, forKey: effect.decision.key) == nil else {
                throw .twoEffects(key: effect.decision.key)
            }
        }
        for (key, sendings) in sendings.sorted(by: { $0.key < $1.key }) {
            try checkAnswers(sendings, byKey[key], key)
        }
        try replay(order(lanes), sendings, history.wallets)
    }

    /// Each lane's decisions with their commands: of what was sent under the key, that with the decision's id.
    private static func effects(
        _ decisions: [MoneyHistory.Lane: [MoneyHistory.Decision]],
        _ sendings: [String: [MoneyHistory.Sending]]
    ) throws(HistoryFault) -> [[Effect]] {
        var lanes: [[Effect]] = []
        for lane in MoneyHistory.Lane.allCases {
            var effects: [Effect] = []
            for decision in decisions[lane] ?? [] {
                let sent = sendings[decision.key] ?? []
                // The same command may have been sent more than once: the decision may be the first's.
                guard
                    let command = sent.filter({ $0.id == decision.transfer && $0.lane == lane })
                        .min(by: { $0.invoked < $1.invoked })
                else { throw .effectWithoutCommand(key: decision.key) }
                let told = sent.compactMap(\.answered).min() ?? .max
                effects.append(Effect(decision: decision, command: command, told: told))
            }
            lanes.append(effects)
        }
        return lanes
    }

    private static func checkAnswers(
        _ sendings: [MoneyHistory.Sending],
        _ effect: Effect?,
        _ key: String
    ) throws(HistoryFault) {
        var first = 0
        for sending in sendings {
            guard let answer = sending.answer else { continue }
            guard let effect else { throw .answerWithoutEffect(key: key) }
            let isSame = sending.lane == effect.command.lane && sending.action == effect.command.action
            let isTrue =
                switch answer {
                case .keyReused: !isSame
                case .repeated(let verdict, let transfer):
                    isSame && verdict == effect.decision.verdict && transfer == effect.decision.transfer
                case .decided(let verdict, let transfer, _):
                    isSame && verdict == effect.decision.verdict && transfer == effect.decision.transfer
                        && sending.id == transfer
                }
            guard isTrue else { throw .otherAnswer(key: key) }
            if case .decided = answer { first += 1 }
        }
        if first > 1 { throw .twoEffects(key: key) }
    }

    /// One order of all lanes' decisions: each in turn is the next of some lane, and sent before any that is left was told of. Which of
    /// several such comes first does not matter, because what may come now may also come later.
    private static func order(_ lanes: [[Effect]]) throws(HistoryFault) -> [Effect] {
        // Of each lane from each place on: the first moment at which somebody was told.
        let firstTold = lanes.map { lane in
            var moments: [UInt64] = [.max]
            for effect in lane.reversed() { moments.append(min(effect.told, moments[moments.count - 1])) }
            return Array(moments.reversed())
        }
        var places = lanes.map { _ in 0 }
        var order: [Effect] = []
        while true {
            let heads = lanes.indices.filter { places[$0] < lanes[$0].count }
            guard let any = heads.first else { return order }
            let told = lanes.indices.map { firstTold[$0][places[$0]] }.min() ?? .max
            guard let next = heads.first(where: { lanes[$0][places[$0]].command.invoked <= told }) else {
                throw .outOfTime(key: lanes[any][places[any]].decision.key)
            }
            order.append(lanes[next][places[next]])
            places[next] += 1
        }
    }

    /// The model decides in that order what the ledger decided, and tells what clients were told.
    private static func replay(
        _ order: [Effect],
        _ sendings: [String: [MoneyHistory.Sending]],
        _ wallets: [MoneyHistory.Wallet: MoneyHistory.Standing]
    ) throws(HistoryFault) {
        var model = MoneyModel()
        for effect in order {
            let key = effect.decision.key
            let (verdict, moves) = model.decide(effect.command)
            guard verdict == effect.decision.verdict else {
                throw .otherVerdict(key: key, decided: effect.decision.verdict, expected: verdict)
            }
            for case .decided(_, _, let told)? in (sendings[key] ?? []).map(\.answer) where told != moves {
                throw .otherBalances(key: key, told: told, expected: moves)
            }
        }
        for wallet in Set(wallets.keys).union(model.wallets.keys) {
            guard (wallets[wallet] ?? .init()) == (model.wallets[wallet] ?? .init()) else { throw .otherWallet(wallet) }
        }
    }
}
