import Ledger

/// The ledger one command after another, as plainly as it can be written: what the decisions of concurrent clients are compared with.
/// Shares no code with the ledger. Of a payment the provider has three quarters; amounts are multiples of four, so that nothing is rounded.
struct MoneyModel {
    typealias Lane = MoneyHistory.Lane
    typealias Holder = MoneyHistory.Holder
    typealias Wallet = MoneyHistory.Wallet

    /// An account of a lane: a wallet, or one of the operator's, which no answer tells of.
    private enum Account: Hashable {
        case wallet(Holder)
        case operators
    }

    private struct Leg {
        let account: Account
        let amount: Int64
    }

    private struct Transfer {
        let lane: Lane
        /// Whether it is a posting or a capture: others are neither reversed nor refunded.
        let isPayment: Bool
        let legs: [Leg]
        var refunded: Int64 = 0
        var isReversed = false
    }

    private struct Hold {
        let wallet: Wallet
        var left: Int64
    }

    private(set) var wallets: [Wallet: MoneyHistory.Standing] = [:]
    private var transfers: [String: Transfer] = [:]
    private var holds: [String: Hold] = [:]

    /// What has to be decided of a command that nobody sent before, and which wallets it moves.
    mutating func decide(_ sending: MoneyHistory.Sending) -> (TransferVerdict, [MoneyHistory.Move]) {
        let (id, lane) = (sending.id, sending.lane)
        switch sending.action {
        case .topUp(let holder, let amount):
            return pay(id, lane, [Leg(account: .operators, amount: -amount), leg(holder, amount)])
        case .charge(let holder, let amount): return pay(id, lane, [leg(holder, -amount)] + Self.shares(amount))
        case .adjust(let holder, let amount) where amount < 0:
            return pay(id, lane, [leg(holder, amount), Leg(account: .operators, amount: -amount)])
        case .adjust(let holder, let amount):
            return pay(id, lane, [Leg(account: .operators, amount: -amount), leg(holder, amount)])
        case .payOut(let holder, let amount), .sell(let holder, let amount, _):
            guard available(holder, lane) >= amount else { return (.insufficient, []) }
            return pay(id, lane, [leg(holder, -amount), Leg(account: .operators, amount: amount)])
        case .buy(let holder, _, let amount, _):
            return pay(id, lane, [Leg(account: .operators, amount: -amount), leg(holder, amount)])
        case .hold(let holder, let amount):
            guard available(holder, lane) >= amount else { return (.insufficient, []) }
            let wallet = Wallet(holder: holder, lane: lane)
            wallets[wallet, default: .init()].held += amount
            holds[id] = Hold(wallet: wallet, left: amount)
            return note(id, lane)
        case .capture(let hold, let amount): return capture(hold, amount, id, lane)
        case .release(let hold):
            guard let held = open(hold, lane) else { return (.nothingHeld, []) }
            wallets[held.wallet, default: .init()].held -= held.left
            holds[hold]?.left = 0
            return note(id, lane)
        case .refund(let target, let amount): return refund(target, amount, id, lane)
        case .reverse(let target): return reverse(target, id, lane)
        }
    }

    private func leg(_ holder: Holder, _ amount: Int64) -> Leg { Leg(account: .wallet(holder), amount: amount) }

    private func available(_ holder: Holder, _ lane: Lane) -> Int64 {
        let standing = wallets[Wallet(holder: holder, lane: lane)] ?? .init()
        return standing.balance - standing.held
    }

    private static func shares(_ amount: Int64) -> [Leg] {
        [Leg(account: .wallet(.provider), amount: amount / 4 * 3), Leg(account: .operators, amount: amount / 4)]
    }

    private func open(_ hold: String, _ lane: Lane) -> Hold? {
        holds[hold].flatMap { $0.wallet.lane == lane && $0.left > 0 ? $0 : nil }
    }

    private mutating func capture(
        _ hold: String,
        _ amount: Int64,
        _ id: String,
        _ lane: Lane
    ) -> (TransferVerdict, [MoneyHistory.Move]) {
        guard let held = open(hold, lane) else { return (.nothingHeld, []) }
        guard amount <= held.left else { return (.overCapture, []) }
        wallets[held.wallet, default: .init()].held -= amount
        holds[hold]?.left -= amount
        return pay(id, lane, [leg(held.wallet.holder, -amount)] + Self.shares(amount))
    }

    private mutating func refund(
        _ target: String,
        _ amount: Int64?,
        _ id: String,
        _ lane: Lane
    ) -> (TransferVerdict, [MoneyHistory.Move]) {
        guard let old = transfers[target], old.lane == lane else { return (.transferMissing, []) }
        guard old.isPayment, let payer = old.legs.first(where: { $0.amount < 0 }) else { return (.notRefundable, []) }
        guard !old.isReversed else { return (.alreadyReversed, []) }
        let left = -payer.amount - old.refunded
        let taken = amount ?? left
        guard left > 0, taken <= left else { return (.overRefund, []) }
        let back = old.legs.filter { $0.amount > 0 }.map { credit in
            Leg(account: credit.account, amount: -(taken * credit.amount / -payer.amount))
        }
        let (verdict, moves) = post(
            id,
            Transfer(lane: lane, isPayment: false, legs: [Leg(account: payer.account, amount: taken)] + back)
        )
        if verdict.isPosted { transfers[target]?.refunded += taken }
        return (verdict, moves)
    }

    private mutating func reverse(
        _ target: String,
        _ id: String,
        _ lane: Lane
    ) -> (TransferVerdict, [MoneyHistory.Move]) {
        guard let old = transfers[target], old.lane == lane else { return (.transferMissing, []) }
        guard old.isPayment else { return (.notReversible, []) }
        guard !old.isReversed else { return (.alreadyReversed, []) }
        guard old.refunded == 0 else { return (.alreadyRefunded, []) }
        let legs = old.legs.map { Leg(account: $0.account, amount: -$0.amount) }
        let (verdict, moves) = post(id, Transfer(lane: lane, isPayment: false, legs: legs))
        if verdict.isPosted { transfers[target]?.isReversed = true }
        return (verdict, moves)
    }

    private mutating func pay(
        _ id: String,
        _ lane: Lane,
        _ legs: [Leg]
    ) -> (TransferVerdict, [MoneyHistory.Move]) {
        post(id, Transfer(lane: lane, isPayment: true, legs: legs))
    }

    /// A transfer that moves nothing.
    private mutating func note(_ id: String, _ lane: Lane) -> (TransferVerdict, [MoneyHistory.Move]) {
        transfers[id] = Transfer(lane: lane, isPayment: false, legs: [])
        return (.posted, [])
    }

    /// All of the legs, or none where a customer would have less than nothing available.
    private mutating func post(_ id: String, _ transfer: Transfer) -> (TransferVerdict, [MoneyHistory.Move]) {
        let before = wallets
        var moves: [MoneyHistory.Move] = []
        for leg in transfer.legs {
            guard case .wallet(let holder) = leg.account else { continue }
            let wallet = Wallet(holder: holder, lane: transfer.lane)
            var standing = wallets[wallet] ?? .init()
            standing.balance += leg.amount
            standing.sequence += 1
            wallets[wallet] = standing
            moves.append(
                .init(holder: holder, amount: leg.amount, balance: standing.balance, sequence: standing.sequence)
            )
        }
        for move in moves where move.holder != .provider && available(move.holder, transfer.lane) < 0 {
            wallets = before
            return (.insufficient, [])
        }
        transfers[id] = transfer
        return (.posted, moves)
    }
}
