import Billing
import Domain
import Ledger
import Synchronization

/// A ledger in memory, as far as a sender of commands sees one: it decides each key once, and repeats what it decided.
final class MemoryDesk: MoneyDesk {
    struct Away: Error {}

    private struct Contents {
        var balances: [AccountOwner: [Currency: Int64]] = [:]
        /// What moved whose wallet by how much.
        var moves: [TransferID: (owner: AccountOwner, amount: Money)] = [:]
        var refunded: [TransferID: Int64] = [:]
        var decided: [ScopedKey: (command: MoneyCommand, verdict: TransferVerdict)] = [:]
        /// Decides, and its answers are lost.
        var silent: Set<TenantID> = []
        /// Whose ledger it is.
        var enrolled: Set<TenantID> = []
        /// Takes nothing.
        var away: Set<TenantID> = []
    }

    private let contents = Mutex(Contents())

    /// Keeps that tenant's ledger from now on.
    func enrol(_ tenant: TenantID) { contents.withLock { _ = $0.enrolled.insert(tenant) } }

    func serves(_ tenant: TenantID) -> Bool { contents.withLock { $0.enrolled.contains(tenant) } }

    /// Whose commands are answered by silence, and whose are not taken.
    func silence(_ tenant: TenantID, _ isSilent: Bool) {
        contents.withLock { contents in
            if isSilent { contents.silent.insert(tenant) } else { contents.silent.remove(tenant) }
        }
    }

    func turnAway(_ tenant: TenantID, _ isAway: Bool) {
        contents.withLock { contents in
            if isAway { contents.away.insert(tenant) } else { contents.away.remove(tenant) }
        }
    }

    func balance(_ owner: AccountOwner, _ currency: Currency = .euro) -> Int64 {
        contents.withLock { $0.balances[owner]?[currency] ?? 0 }
    }

    func submit(_ command: MoneyCommand, within wait: Duration) async throws -> MoneyAnswer? {
        try contents.withLock { contents throws(Away) in
            guard !contents.away.contains(command.tenantID) else { throw Away() }
            let answer = Self.answer(command, &contents)
            return contents.silent.contains(command.tenantID) ? nil : answer
        }
    }

    private static func answer(_ command: MoneyCommand, _ contents: inout Contents) -> MoneyAnswer {
        let key = ScopedKey(tenantID: command.tenantID, key: command.key)
        if let (first, verdict) = contents.decided[key] {
            let isSame = first.action == command.action && first.details == command.details
            return MoneyAnswer(isSame ? .decided(verdict, first.id, repeated: true) : .keyReused)
        }
        guard let (owner, amount) = effect(of: command, contents) else {
            contents.decided[key] = (command, .transferMissing)
            return MoneyAnswer(.decided(.transferMissing, command.id, repeated: false))
        }
        let balance = (contents.balances[owner]?[amount.currency] ?? 0) + amount.tenThousandths
        let verdict: TransferVerdict = balance < 0 ? .insufficient : .posted
        contents.decided[key] = (command, verdict)
        guard verdict.isPosted, let after = try? Money(tenThousandths: balance, currency: amount.currency) else {
            return MoneyAnswer(.decided(verdict, command.id, repeated: false))
        }
        contents.balances[owner, default: [:]][amount.currency] = balance
        contents.moves[command.id] = (owner, amount)
        let moved = MoneyAnswer.Balance(
            account: AccountRef(tenantID: command.tenantID, id: LedgerAccountID(owner.id)),
            owner: owner,
            amount: amount,
            balance: after,
            sequence: 1
        )
        return MoneyAnswer(.decided(.posted, command.id, repeated: false), balances: [moved])
    }

    private static func effect(of command: MoneyCommand, _ contents: Contents) -> (AccountOwner, Money)? {
        switch command.action {
        case .topUp(let owner, let amount, _), .adjust(let owner, let amount): (owner, amount)
        case .charge(let owner, let amount, _), .payOut(let owner, let amount, _): (owner, amount.negated)
        case .refund(let id, let amount):
            contents.moves[id].map { ($0.owner, amount?.negated ?? $0.amount.negated) }
        case .reverse(let id): contents.moves[id].map { ($0.owner, $0.amount.negated) }
        case .hold(let owner, let amount, _): (owner, .zero(amount.currency))
        case .exchange(let owner, let record):
            (owner, record.sale == nil ? record.amount.negated : record.amount)
        case .capture, .release, .expire: nil
        }
    }
}

/// Where a world's commands go: to the ledger in memory for tenants that have one there, else to the script.
struct TestDesk: MoneyDesk {
    let memory: MemoryDesk
    let script: ScriptedDesk

    func submit(_ command: MoneyCommand, within wait: Duration) async throws -> MoneyAnswer? {
        guard memory.serves(command.tenantID) else { return try await script.submit(command, within: wait) }
        return try await memory.submit(command, within: wait)
    }
}
