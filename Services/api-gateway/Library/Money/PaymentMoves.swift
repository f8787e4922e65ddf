import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Persistence
import WireFormat

/// Moves the money of payments: the payment says that the ledger is asked before it is, and what it said afterwards. Whoever is
/// interrupted asks again under the same key, which is the payment's own.
struct PaymentMoves: Sendable {
    let parts: Parts
    private let payments = Resource<StoredPayment>.payments

    init(_ parts: Parts) { self.parts = parts }

    static let schema = Schema.object([
        .init("payment", Resource<StoredPayment>.payments.schema),
        .init("transaction", .nullable(MoneyReceipt.view.schema)),
    ])

    /// Asks the ledger for a payment that says so, and answers with what became of it.
    func move(_ payment: StoredPayment, refunding original: TransferID?, _ request: Request) async throws -> Response {
        guard payment.state.isMoving else { return try await answer(payment, request) }
        let command = try await command(payment, refunding: original)
        guard let answer = try await parts.ask(command, request) else {
            request.leaveOpen()
            let receipt = MoneyReceipt(transferID: command.id, isPending: true)
            return Parts.accepted(
                Self.response(payment, receipt, status: .accepted),
                at: "\(payments.path)/\(payment.id)"
            )
        }
        return try await settle(payment, answer, request)
    }

    /// What the ledger is asked, made of what is kept alone: whoever asks again asks the same.
    private func command(_ payment: StoredPayment, refunding original: TransferID?) async throws -> MoneyCommand {
        guard let transfer = payment.state.transferID, let key = IdempotencyKey(StoredPayment.ledgerKey(payment.id))
        else {
            throw MoneyProblems.problem(PaymentRefusal.notMoving)
        }
        let action: MoneyCommand.Action =
            if let original {
                .refund(original, amount: payment.amount)
            } else {
                .topUp(payment.owner, amount: payment.amount, gateway: payment.gateway)
            }
        return MoneyCommand(
            id: transfer,
            tenantID: payment.tenantID,
            lane: try await parts.lane(payment.amount.currency),
            key: key,
            action: action,
            details: try .of(
                original == nil ? .topUp : .refund,
                payment.id.description,
                payment.description,
                [:],
                by: payment.createdBy.value
            )
        )
    }

    /// Keeps what the ledger said: the payment has ended. Throws the problem that a refusal is, once that is kept.
    private func settle(_ payment: StoredPayment, _ answer: MoneyAnswer, _ request: Request) async throws -> Response {
        let refusal = Self.refusal(answer)
        guard refusal == nil else {
            try await parts.prepare(request) { work in
                _ = try await end(payment, refusal?.reason, work)
            }
            throw refusal?.problem ?? MoneyProblems.unknown
        }
        let transfer = try Parts.posted(answer)
        return try await parts.change(request) { work in
            let ended = try await end(payment, nil, work)
            let receipt = try await Parts.receipt(transfer, answer, of: payment.owner, work.transaction)
            var response = Self.response(ended, receipt, status: .created)
            response.headers["location"] = HeaderValue(withoutControls: "\(payments.path)/\(payment.id)")
            return response
        }
    }

    private static func refusal(_ answer: MoneyAnswer) -> (problem: Problem, reason: String)? {
        switch answer.outcome {
        case .decided(let verdict, _, _):
            verdict.isPosted ? nil : (MoneyProblems.problem(verdict), verdict.rawValue)
        case .keyReused: (MoneyProblems.keyReused, "key_reused")
        case .invalid(let flaw): (MoneyProblems.problem(flaw), flaw.rawValue)
        }
    }

    /// Ends a payment by what the ledger said; one that somebody ended by the same word meanwhile stays as it is.
    private func end(_ payment: StoredPayment, _ failure: String?, _ work: Work) async throws -> StoredPayment {
        let change = try await PaymentStore(work.transaction).update(payment.id, at: parts.time.now()) { stored in
            guard stored.state.isMoving else { return }
            if let failure { try stored.state.refuse(failure) } else { try stored.state.complete() }
        }
        if change.before != change.after {
            work.record(payment.refundOf == nil ? .payment : .refund, change, payments)
        }
        return change.after ?? payment
    }

    /// One that has ended, or has not begun.
    private func answer(_ payment: StoredPayment, _ request: Request) async throws -> Response {
        if payment.state.status == .failed {
            let word = payment.state.failure ?? ""
            throw TransferVerdict(rawValue: word).map { MoneyProblems.problem($0) }
                ?? MoneyProblems.problem(PaymentRefusal.ended)
        }
        return try await parts.read(request) { transaction, _ in
            var receipt: MoneyReceipt?
            if let transfer = payment.state.transferID {
                receipt = try await Parts.receipt(transfer, MoneyAnswer(.keyReused), of: payment.owner, transaction)
            }
            return Self.response(payment, receipt, status: .created)
        }
    }

    static func response(_ payment: StoredPayment, _ receipt: MoneyReceipt?, status: HTTPStatus) -> Response {
        Response.data(status: status) { json in
            json.beginObject()
            json.key("payment")
            Resource<StoredPayment>.payments.source.write(payment, to: &json)
            json.key("transaction")
            if let receipt { MoneyReceipt.view.write(receipt, to: &json) } else { json.null() }
            json.endObject()
        }
    }
}
