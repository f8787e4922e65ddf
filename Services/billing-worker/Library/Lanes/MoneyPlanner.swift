import Billing
import Crypto
import Domain
import Events
import Ledger
import Persistence

/// Makes transfers of commands: finds the accounts, opens those that are new, and says who gets what.
struct MoneyPlanner: Sendable {
    let lane: Lane
    let book: any MoneyBook
    let time: TimeSource

    typealias Plan = Result<TransferCommand, FlawedCommand>

    /// What a command needs before its legs can be written.
    private struct Draft {
        let command: MoneyCommand
        let wishes: [AccountWish]
        /// Nobody takes out, or sets aside, what he does not have: tenants' wallets have no floor, because shares may be taken back.
        var isCovered: Bool {
            switch command.action {
            case .payOut, .hold: true
            case .exchange(_, let record): record.sale == nil
            default: false
            }
        }
        let action: @Sendable ([AccountRef]) -> TransferCommand.Action

        var exchange: ExchangeRecord? {
            guard case .exchange(_, let record) = command.action else { return nil }
            return record
        }
    }

    /// The plans in the commands' order. Throws where the database does not answer; nothing is decided by that.
    func plan(_ commands: [MoneyCommand]) async throws -> [Plan] {
        let claims = commands.map(claim)
        let operators = try await book.operators(of: claims)
        let chains = try await book.chains(of: sharing(commands), at: time.now())
        let drafts = zip(commands, claims).map { command, claim -> Result<Draft, FlawedCommand> in
            guard operators[claim] == lane.rootID, command.lane.rootID == lane.rootID else {
                return .failure(FlawedCommand(.ownerMissing))
            }
            guard command.lane == lane else { return .failure(FlawedCommand(.currencyMismatch)) }
            return draft(command, chains[command.tenantID])
        }
        let wishes = drafts.flatMap { (try? $0.get().wishes) ?? [] }
        var accounts = try await book.accounts(wishes)[...]
        return drafts.map { draft in
            draft.map { draft in
                defer { accounts = accounts.dropFirst(draft.wishes.count) }
                return TransferCommand(
                    id: draft.command.id,
                    tenantID: draft.command.tenantID,
                    key: draft.command.key,
                    action: draft.action(Array(accounts.prefix(draft.wishes.count))),
                    effectiveAt: draft.command.effectiveAt,
                    details: draft.command.details,
                    exchange: draft.exchange,
                    origin: Digest.sha256(draft.command.comparedJSON),
                    isCovered: draft.isCovered,
                    trace: draft.command.trace
                )
            }
        }
    }

    /// The tenants whose customers pay something that is shared.
    private func sharing(_ commands: [MoneyCommand]) -> [TenantID] {
        let tenants = commands.compactMap { command -> TenantID? in
            switch command.action {
            case .charge(_, _, shared: true), .capture(_, _, shared: true): command.tenantID
            default: nil
            }
        }
        return Array(Set(tenants))
    }

    /// Whose money it is about; for what is about a hold or transfer the tenant, whose it must be.
    private func claim(_ command: MoneyCommand) -> MoneyOwners.Claim {
        let owner =
            switch command.action {
            case .topUp(let owner, _, _), .charge(let owner, _, _), .adjust(let owner, _), .payOut(let owner, _, _),
                .hold(let owner, _, _), .exchange(let owner, _):
                owner
            case .capture, .release, .expire, .refund, .reverse: AccountOwner.tenant(command.tenantID)
            }
        return MoneyOwners.Claim(owner, of: command.tenantID)
    }

    private func draft(_ command: MoneyCommand, _ chain: CommissionChain?) -> Result<Draft, FlawedCommand> {
        switch command.action {
        case .topUp(let owner, let amount, let gateway):
            guard let clearing = clearing(gateway) else { return .failure(FlawedCommand(.malformedGateway)) }
            return move(amount, from: clearing, to: wallet(owner, command), command)
        case .payOut(let owner, let amount, let gateway):
            guard let clearing = clearing(gateway) else { return .failure(FlawedCommand(.malformedGateway)) }
            return move(amount, from: wallet(owner, command), to: clearing, command)
        case .charge(let owner, let amount, let isShared):
            guard amount.isPositive else { return .failure(FlawedCommand(.amountNotPositive)) }
            let (wishes, legs) = credits(amount, isShared ? chain : nil)
            return .success(
                Draft(command: command, wishes: [wallet(owner, command)] + wishes) {
                    .post([Leg($0[0], amount.negated)] + legs(Array($0.dropFirst())))
                }
            )
        case .adjust(let owner, let amount):
            return amount.isPositive
                ? move(amount, from: own(.adjustment), to: wallet(owner, command), command)
                : move(amount.negated, from: wallet(owner, command), to: own(.adjustment), command)
        case .hold(let owner, let amount, let expiresAt):
            guard amount.isPositive else { return .failure(FlawedCommand(.amountNotPositive)) }
            return .success(
                Draft(command: command, wishes: [wallet(owner, command)]) {
                    .hold(account: $0[0], amount: amount, expiresAt: expiresAt)
                }
            )
        case .capture(let hold, let amount, let isShared):
            guard amount.isPositive else { return .failure(FlawedCommand(.amountNotPositive)) }
            let (wishes, legs) = credits(amount, isShared ? chain : nil)
            return .success(
                Draft(command: command, wishes: wishes) { .capture(hold: hold, credits: legs($0)) }
            )
        case .release(let hold): return .success(Draft(command: command, wishes: []) { _ in .release(hold: hold) })
        case .expire(let hold): return .success(Draft(command: command, wishes: []) { _ in .expire(hold: hold) })
        case .refund(let id, let amount):
            return .success(Draft(command: command, wishes: []) { _ in .refund(id, amount: amount) })
        case .reverse(let id): return .success(Draft(command: command, wishes: []) { _ in .reverse(id) })
        case .exchange(let owner, let record): return exchange(owner, record, command)
        }
    }

    /// A half of a conversion. What is bought must follow from what is sold: money is made by no arithmetic.
    private func exchange(
        _ owner: AccountOwner,
        _ record: ExchangeRecord,
        _ command: MoneyCommand
    ) -> Result<Draft, FlawedCommand> {
        guard record.amount.currency == lane.currency, record.counterAmount.currency != lane.currency else {
            return .failure(FlawedCommand(.currencyMismatch))
        }
        guard record.counterAmount.isPositive else { return .failure(FlawedCommand(.amountNotPositive)) }
        guard (try? record.rate.convert(record.sold, to: record.bought.currency)) == record.bought else {
            return .failure(FlawedCommand(.unreadable))
        }
        return record.sale == nil
            ? move(record.amount, from: wallet(owner, command), to: own(.exchange), command)
            : move(record.amount, from: own(.exchange), to: wallet(owner, command), command)
    }

    private func move(
        _ amount: Money,
        from: AccountWish,
        to: AccountWish,
        _ command: MoneyCommand
    ) -> Result<Draft, FlawedCommand> {
        guard amount.isPositive else { return .failure(FlawedCommand(.amountNotPositive)) }
        return .success(
            Draft(command: command, wishes: [from, to]) { .transfer(from: $0[0], to: $0[1], amount: amount) }
        )
    }

    /// Who gets an amount that was paid: without a chain the operator gets all of it.
    private func credits(
        _ amount: Money,
        _ chain: CommissionChain?
    ) -> (wishes: [AccountWish], legs: @Sendable ([AccountRef]) -> [Leg]) {
        let chain = chain ?? CommissionChain(operatorID: lane.rootID, levels: [])
        guard let split = CommissionSplit(amount, along: chain) else { return ([], { _ in [] }) }
        let tenants = split.shares.dropLast().filter(\.amount.isPositive).map(\.tenantID)
        let wishes = tenants.map { wallet(.tenant($0), of: $0) } + [own(.revenue)]
        return (
            wishes,
            { accounts in
                let wallets = Dictionary(uniqueKeysWithValues: zip(tenants, accounts))
                return split.credits(wallet: { wallets[$0] }, revenue: accounts[tenants.count]) ?? []
            }
        )
    }

    private func wallet(_ owner: AccountOwner, _ command: MoneyCommand) -> AccountWish {
        wallet(owner, of: command.tenantID)
    }

    private func wallet(_ owner: AccountOwner, of tenant: TenantID) -> AccountWish {
        AccountWish(
            tenantID: tenant,
            rootID: lane.rootID,
            owner: owner,
            kind: .wallet,
            currency: lane.currency
        )
    }

    /// An account of the operator himself.
    private func own(_ kind: AccountKind) -> AccountWish {
        AccountWish(
            tenantID: lane.rootID,
            rootID: lane.rootID,
            owner: .tenant(lane.rootID),
            kind: kind,
            currency: lane.currency
        )
    }

    /// Nil for a name that the database would not keep.
    private func clearing(_ gateway: String) -> AccountWish? {
        guard (1...50).contains(gateway.count), !gateway.utf8.contains(0) else { return nil }
        return own(.clearing(gateway: gateway))
    }
}

/// A command that cannot be meant.
struct FlawedCommand: Error {
    let flaw: MoneyAnswer.Flaw

    init(_ flaw: MoneyAnswer.Flaw) { self.flaw = flaw }
}
