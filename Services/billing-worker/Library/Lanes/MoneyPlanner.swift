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

    typealias Plan = Result<TransferCommand, FlawedCommand>

    /// What a command needs before its legs can be written.
    private struct Draft {
        let command: MoneyCommand
        let wishes: [AccountWish]
        let action: @Sendable ([AccountRef]) -> TransferCommand.Action
    }

    /// The plans in the commands' order. Throws where the database does not answer; nothing is decided by that.
    func plan(_ commands: [MoneyCommand]) async throws -> [Plan] {
        let claims = commands.map(claim)
        let operators = try await book.operators(of: claims)
        let drafts = zip(commands, claims).map { command, claim -> Result<Draft, FlawedCommand> in
            guard operators[claim] == lane.rootID, command.lane.rootID == lane.rootID else {
                return .failure(FlawedCommand(.ownerMissing))
            }
            guard command.lane == lane else { return .failure(FlawedCommand(.currencyMismatch)) }
            return draft(command)
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
                    origin: Digest.sha256(draft.command.comparedJSON)
                )
            }
        }
    }

    /// Whose money it is about; for what is about a hold or transfer the tenant, whose it must be.
    private func claim(_ command: MoneyCommand) -> MoneyOwners.Claim {
        let owner =
            switch command.action {
            case .topUp(let owner, _, _), .charge(let owner, _, _), .adjust(let owner, _), .payOut(let owner, _, _),
                .hold(let owner, _, _):
                owner
            case .capture, .release, .expire, .refund, .reverse: AccountOwner.tenant(command.tenantID)
            }
        return MoneyOwners.Claim(owner, of: command.tenantID)
    }

    private func draft(_ command: MoneyCommand) -> Result<Draft, FlawedCommand> {
        switch command.action {
        case .topUp(let owner, let amount, let gateway):
            guard let clearing = clearing(gateway) else { return .failure(FlawedCommand(.malformedGateway)) }
            return move(amount, from: clearing, to: wallet(owner, command), command)
        case .payOut(let owner, let amount, let gateway):
            guard let clearing = clearing(gateway) else { return .failure(FlawedCommand(.malformedGateway)) }
            return move(amount, from: wallet(owner, command), to: clearing, command)
        case .charge(let owner, let amount, _):
            return move(amount, from: wallet(owner, command), to: own(.revenue), command)
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
        case .capture(let hold, let amount, _):
            guard amount.isPositive else { return .failure(FlawedCommand(.amountNotPositive)) }
            return .success(
                Draft(command: command, wishes: [own(.revenue)]) {
                    .capture(hold: hold, credits: [Leg($0[0], amount)])
                }
            )
        case .release(let hold): return .success(Draft(command: command, wishes: []) { _ in .release(hold: hold) })
        case .expire(let hold): return .success(Draft(command: command, wishes: []) { _ in .expire(hold: hold) })
        case .refund(let id, let amount):
            return .success(Draft(command: command, wishes: []) { _ in .refund(id, amount: amount) })
        case .reverse(let id): return .success(Draft(command: command, wishes: []) { _ in .reverse(id) })
        }
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

    private func wallet(_ owner: AccountOwner, _ command: MoneyCommand) -> AccountWish {
        AccountWish(
            tenantID: command.tenantID,
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
