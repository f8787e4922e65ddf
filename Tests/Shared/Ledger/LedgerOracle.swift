import Domain
import Ledger

/// The ledger's rules once more, as slowly and plainly as they can be written: nothing is kept but the list of what was posted,
/// and every question is answered by going through that list from the beginning. Shares no code with the batch.
struct LedgerOracle {
    /// Something that was posted.
    private struct Fact {
        let id: TransferID
        let tenant: TenantID
        let kind: TransferKind
        /// By account: what the balance changes by.
        var moves: [(account: AccountRef, amount: Int64)] = []
        /// What the hold that stands behind it changes by.
        var lock: (account: AccountRef, amount: Int64)?
        var target: TransferID?
        var expiresAt: Timestamp?
    }

    private struct Seen {
        let tenant: TenantID
        let key: String
        let command: TransferCommand
        let verdict: TransferVerdict
        let id: TransferID
    }

    private let accounts: [LedgerAccount]
    private var facts: [Fact] = []
    private var seen: [Seen] = []

    init(accounts: [LedgerAccount]) {
        self.accounts = accounts
    }

    func balance(_ account: AccountRef) -> Int64 {
        facts.flatMap(\.moves).filter { $0.account == account }.reduce(0) { $0 + $1.amount }
    }

    func held(_ account: AccountRef) -> Int64 {
        facts.compactMap(\.lock).filter { $0.account == account }.reduce(0) { $0 + $1.amount }
    }

    /// The amounts posted to an account, the oldest first.
    func moves(_ account: AccountRef) -> [Int64] {
        facts.flatMap(\.moves).filter { $0.account == account }.map(\.amount)
    }

    /// What the ledger has to answer: the verdict and the id it was given under; nil for a key that another command used.
    mutating func decide(_ command: TransferCommand, at now: Timestamp) -> (TransferVerdict, TransferID, isNew: Bool)? {
        if let first = seen.first(where: { $0.tenant == command.tenantID && $0.key == command.key.text }) {
            return Self.isSame(first.command, command) ? (first.verdict, first.id, false) : nil
        }
        let verdict: TransferVerdict
        do throws(Refused) {
            facts.append(try fact(command, now))
            verdict = .posted
        } catch {
            verdict = error.verdict
        }
        seen.append(
            Seen(
                tenant: command.tenantID,
                key: command.key.text,
                command: command,
                verdict: verdict,
                id: command.id
            )
        )
        return (verdict, command.id, true)
    }

    private struct Refused: Error {
        let verdict: TransferVerdict
    }

    private static func isSame(_ left: TransferCommand, _ right: TransferCommand) -> Bool {
        action(left.action) == action(right.action) && left.effectiveAt == right.effectiveAt
            && left.details == right.details && left.exchange == right.exchange
    }

    /// A transfer is its two legs.
    private static func action(_ action: TransferCommand.Action) -> TransferCommand.Action {
        guard case .transfer(let from, let to, let amount) = action else { return action }
        return .post([Leg(from, amount.negated), Leg(to, amount)])
    }

    private func fact(_ command: TransferCommand, _ now: Timestamp) throws(Refused) -> Fact {
        if facts.contains(where: { $0.id == command.id && $0.tenant == command.tenantID }) {
            throw Refused(verdict: .idTaken)
        }
        var fact = Fact(id: command.id, tenant: command.tenantID, kind: command.action.kind)
        fact.target = command.action.target
        switch command.action {
        case .transfer(let from, let to, let amount):
            if amount.tenThousandths <= 0 { throw Refused(verdict: .amountNotPositive) }
            fact.moves = try posting([Leg(from, amount.negated), Leg(to, amount)])
        case .post(let legs): fact.moves = try posting(legs)
        case .hold(let account, let amount, let expiresAt):
            if amount.tenThousandths <= 0 { throw Refused(verdict: .amountNotPositive) }
            if account.tenantID != command.tenantID { throw Refused(verdict: .accountMissing) }
            let place = try found(Leg(account, amount))
            if let expiresAt, expiresAt <= now { throw Refused(verdict: .holdExpired) }
            if let floor = place.floor, balance(account) - held(account) - amount.tenThousandths < floor {
                throw Refused(verdict: .insufficient)
            }
            fact.lock = (account, amount.tenThousandths)
            fact.expiresAt = expiresAt
        case .capture(let id, let credits):
            let (hold, account, rest) = try open(id, command.tenantID)
            if let end = hold.expiresAt, end <= now { throw Refused(verdict: .holdExpired) }
            if credits.isEmpty { throw Refused(verdict: .unbalanced) }
            if credits.contains(where: { $0.amount.tenThousandths <= 0 }) {
                throw Refused(verdict: .amountNotPositive)
            }
            let sum = credits.reduce(0) { $0 + $1.amount.tenThousandths }
            if sum > rest { throw Refused(verdict: .overCapture) }
            let currency = accounts.first { $0.ref == account }?.currency ?? .euro
            guard let debit = try? Money(tenThousandths: -sum, currency: currency) else {
                throw Refused(verdict: .amountTooLarge)
            }
            fact.moves = try posting([Leg(account, debit)] + credits, unlocking: (account, sum))
            fact.lock = (account, -sum)
        case .release(let id), .expire(let id):
            let (hold, account, rest) = try open(id, command.tenantID)
            if case .expire = command.action {
                guard let end = hold.expiresAt, end <= now else { throw Refused(verdict: .holdNotDue) }
            }
            fact.lock = (account, -rest)
        case .reverse(let id): fact.moves = try opposite(id, command.tenantID)
        case .refund(let id, let amount): fact.moves = try givenBack(id, amount, command.tenantID)
        }
        return fact
    }

    private func opposite(_ id: TransferID, _ tenant: TenantID) throws(Refused) -> [(
        account: AccountRef, amount: Int64
    )] {
        guard let old = facts.first(where: { $0.id == id && $0.tenant == tenant }) else {
            throw Refused(verdict: .transferMissing)
        }
        if ![.post, .capture].contains(old.kind) { throw Refused(verdict: .notReversible) }
        if facts.contains(where: { $0.kind == .reverse && $0.target == id && $0.tenant == tenant }) {
            throw Refused(verdict: .alreadyReversed)
        }
        if refunded(id, tenant) > 0 { throw Refused(verdict: .alreadyRefunded) }
        var legs: [Leg] = []
        for move in old.moves {
            let currency = accounts.first { $0.ref == move.account }?.currency ?? .euro
            if let amount = try? Money(tenThousandths: -move.amount, currency: currency) {
                legs.append(Leg(move.account, amount))
            }
        }
        return try posting(legs)
    }

    /// What the payer of a transfer got back.
    private func refunded(_ id: TransferID, _ tenant: TenantID) -> Int64 {
        facts.filter { $0.kind == .refund && $0.target == id && $0.tenant == tenant }
            .compactMap(\.moves.first).reduce(0) { $0 + $1.amount }
    }

    private func givenBack(_ id: TransferID, _ amount: Money?, _ tenant: TenantID) throws(Refused) -> [(
        account: AccountRef, amount: Int64
    )] {
        guard let old = facts.first(where: { $0.id == id && $0.tenant == tenant }) else {
            throw Refused(verdict: .transferMissing)
        }
        let debits = old.moves.filter { $0.amount < 0 }
        if ![.post, .capture].contains(old.kind) || debits.count != 1 { throw Refused(verdict: .notRefundable) }
        if facts.contains(where: { $0.kind == .reverse && $0.target == id && $0.tenant == tenant }) {
            throw Refused(verdict: .alreadyReversed)
        }
        let (payer, total) = (debits[0].account, -debits[0].amount)
        let currency = accounts.first { $0.ref == payer }?.currency ?? .euro
        if let amount {
            if amount.currency != currency { throw Refused(verdict: .currencyMismatch) }
            if amount.tenThousandths <= 0 { throw Refused(verdict: .amountNotPositive) }
        }
        let before = refunded(id, tenant)
        let more = amount?.tenThousandths ?? total - before
        if before == total || before + more > total { throw Refused(verdict: .overRefund) }
        let credits = old.moves.filter { $0.amount > 0 }
        var moves = [(account: payer, amount: more)]
        let (given, giving) = (
            Self.given(credits.map(\.amount), before), Self.given(credits.map(\.amount), before + more)
        )
        for (place, credit) in credits.enumerated() where giving[place] != given[place] {
            moves.append((credit.account, given[place] - giving[place]))
        }
        var legs: [Leg] = []
        for move in moves {
            guard let money = try? Money(tenThousandths: move.amount, currency: currency) else { continue }
            legs.append(Leg(move.account, money))
        }
        return try posting(legs)
    }

    /// What each of some amounts has given back when so many units were taken from them, one after the other: each from the amount
    /// that is the largest multiple of what it would then have given, among equals from the last.
    static func given(_ amounts: [Int64], _ units: Int64) -> [Int64] {
        var given = amounts.map { _ in Int64(0) }
        for _ in 0..<units {
            var next = 0
            for place in amounts.indices where amounts[place] * (given[next] + 1) >= amounts[next] * (given[place] + 1)
            {
                next = place
            }
            given[next] += 1
        }
        return given
    }

    /// A hold of which something is left, its account, and what is left.
    private func open(_ id: TransferID, _ tenant: TenantID) throws(Refused) -> (Fact, AccountRef, Int64) {
        guard let hold = facts.first(where: { $0.kind == .hold && $0.id == id && $0.tenant == tenant }),
            let lock = hold.lock
        else { throw Refused(verdict: .nothingHeld) }
        let taken = facts.filter { $0.target == id && $0.tenant == tenant && $0.kind != .reverse }
            .compactMap(\.lock).reduce(0) { $0 + $1.amount }
        if lock.amount + taken <= 0 { throw Refused(verdict: .nothingHeld) }
        return (hold, lock.account, lock.amount + taken)
    }

    private func found(_ leg: Leg) throws(Refused) -> LedgerAccount {
        guard let account = accounts.first(where: { $0.ref == leg.account }) else {
            throw Refused(verdict: .accountMissing)
        }
        if account.isClosed { throw Refused(verdict: .accountClosed) }
        if account.currency != leg.amount.currency { throw Refused(verdict: .currencyMismatch) }
        return account
    }

    private func posting(
        _ legs: [Leg],
        unlocking: (account: AccountRef, amount: Int64)? = nil
    ) throws(Refused) -> [(account: AccountRef, amount: Int64)] {
        if legs.count < 2 { throw Refused(verdict: .unbalanced) }
        if legs.count > 64 { throw Refused(verdict: .tooManyLegs) }
        for leg in legs {
            if leg.amount.tenThousandths == 0 { throw Refused(verdict: .amountNotPositive) }
            _ = try found(leg)
        }
        for currency in Set(legs.map(\.amount.currency)) {
            let sum = legs.filter { $0.amount.currency == currency }.reduce(0) { $0 + $1.amount.tenThousandths }
            if sum != 0 { throw Refused(verdict: .unbalanced) }
        }
        for account in accounts {
            guard let floor = account.floor else { continue }
            let moved = legs.filter { $0.account == account.ref }.reduce(0) { $0 + $1.amount.tenThousandths }
            let freed = unlocking?.account == account.ref ? unlocking?.amount ?? 0 : 0
            if moved != 0 || freed != 0, balance(account.ref) + moved - (held(account.ref) - freed) < floor {
                throw Refused(verdict: .insufficient)
            }
        }
        return legs.map { ($0.account, $0.amount.tenThousandths) }
    }
}
