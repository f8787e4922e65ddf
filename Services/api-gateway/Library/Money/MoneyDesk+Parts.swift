import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Observability
import Persistence
import WireFormat

/// What a client learns of money that was moved, or is being moved.
struct MoneyReceipt: Sendable {
    let transferID: TransferID
    /// Nobody knows yet.
    var isPending = false
    var wallet: LedgerAccountID?
    /// What the wallet got, below zero what it gave; and what was in it afterwards.
    var amount: Money?
    var balance: Money?

    static let view = View<MoneyReceipt>([
        .init("transaction_id", .uuid) { .id($0.transferID) },
        .init("status", .choice(["posted", "pending"])) { .text($0.isPending ? "pending" : "posted") },
        .init("wallet_id", .nullable(.uuid)) { .id($0.wallet) },
        .init("currency", .nullable(.currency)) { .text($0.balance?.currency.code) },
        .init("amount", .nullable(.amount)) { .text($0.amount?.decimal) },
        .init("balance_after", .nullable(.amount)) { .text($0.balance?.decimal) },
    ])

    /// The address that tells what became of it.
    var location: String { "/api/v1/transactions/\(transferID)" }
}

extension MoneyReceipt {
    /// What the answer itself tells; nil where it was decided before, so that the ledger has to be read.
    init?(_ transfer: TransferID, _ answer: MoneyAnswer, of owner: AccountOwner) {
        guard let moved = answer.balances.first(where: { $0.owner == owner }) else { return nil }
        self.init(transferID: transfer, wallet: moved.account.id, amount: moved.amount, balance: moved.balance)
    }
}

/// What was asked of the ledger, with what the audit trail calls it.
struct MoneyOrder: Sendable {
    let command: MoneyCommand
    /// Whose wallet the answer is about.
    let owner: AccountOwner
    let action: AuditAction
    let resource: AuditResource
}

extension Parts {
    /// Asks the ledger and waits as long as the client does; nil where nobody knows yet. Throws the problem that a refusal is, and 503
    /// where the command could not be stored.
    func ask(_ command: MoneyCommand, _ request: Request) async throws -> MoneyAnswer? {
        try await ask(command, within: request.patience)
    }

    func ask(_ command: MoneyCommand, within patience: Duration) async throws -> MoneyAnswer? {
        do {
            return try await money.submit(command, within: patience)
        } catch let problem as Problem {
            throw problem
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.warn("a command to the ledger was not acknowledged", ["error": .error(error)])
            throw MoneyProblems.unknown
        }
    }

    /// The operator's lane of a currency.
    func lane(_ currency: Currency) async throws -> Lane {
        Lane(rootID: try await database.operatorTenant(), currency: currency)
    }

    /// Carries an order out: 201 with the transfer and the balance after it, 202 where nobody knows yet. The same request under the
    /// same key is answered with what was decided, for ever.
    func carryOut(_ order: MoneyOrder, _ request: Request) async throws -> Response {
        let answer = try await ask(order.command, request)
        guard let answer else {
            request.leaveOpen()
            let pending = MoneyReceipt(transferID: order.command.id, isPending: true)
            try await prepare(request) { work in Self.record(order, pending, work) }
            return Self.accepted(MoneyReceipt.view.answer(pending, status: .accepted), at: pending.location)
        }
        let transfer = try Self.posted(answer)
        return try await change(request) { work in
            let receipt = try await Self.receipt(transfer, answer, of: order.owner, work.transaction)
            Self.record(order, receipt, work)
            var response = MoneyReceipt.view.answer(receipt, status: .created)
            response.headers["location"] = HeaderValue(withoutControls: receipt.location)
            return response
        }
    }

    /// The transfer that an answer tells of; throws what a refusal is.
    static func posted(_ answer: MoneyAnswer) throws(Problem) -> TransferID {
        switch answer.outcome {
        case .decided(let verdict, let transfer, _):
            guard verdict.isPosted else { throw MoneyProblems.problem(verdict) }
            return transfer
        case .keyReused: throw MoneyProblems.keyReused
        case .invalid(let flaw): throw MoneyProblems.problem(flaw)
        }
    }

    static func accepted(_ response: Response, at location: String) -> Response {
        var response = response
        response.headers["location"] = HeaderValue(withoutControls: location)
        response.headers["retry-after"] = "1"
        return response
    }

    /// What a transfer did to somebody's wallet: as the answer tells, or, where it was decided before, as the ledger does.
    static func receipt(
        _ transfer: TransferID,
        _ answer: MoneyAnswer,
        of owner: AccountOwner,
        _ transaction: ScopedTransaction
    ) async throws -> MoneyReceipt {
        if let told = MoneyReceipt(transfer, answer, of: owner) { return told }
        let stored = try await TransactionReader(transaction).find(transfer)
        if let entry = stored?.entries.first(where: { $0.kind == .wallet && $0.owner == owner }) {
            return MoneyReceipt(
                transferID: transfer,
                wallet: entry.account.id,
                amount: entry.amount,
                balance: entry.balanceAfter
            )
        }
        return MoneyReceipt(transferID: transfer)
    }

    private static func record(_ order: MoneyOrder, _ receipt: MoneyReceipt, _ work: Work) {
        work.record(
            order.action,
            order.resource,
            of: order.command.tenantID,
            .created(MoneyReceipt.view.auditValue(receipt))
        )
    }
}
