import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Persistence
import WireFormat

/// Moves the money of payments: the payment says that the ledger is asked before it is, and ends in the commit of the ledger's
/// decision. Whoever is interrupted asks again under the same key, which is the payment's own.
struct PaymentMoves: Sendable {
    let parts: Parts
    let book: PaymentBook
    private let payments = Resource<StoredPayment>.payments

    init(_ parts: Parts, _ book: PaymentBook) {
        self.parts = parts
        self.book = book
    }

    static let schema = Schema.object([
        .init("payment", Resource<StoredPayment>.payments.schema),
        .init("transaction", .nullable(MoneyReceipt.view.schema)),
    ])

    /// Asks the ledger for a payment that says so, and answers with what became of it.
    func move(_ payment: StoredPayment, refunding original: TransferID?, _ request: Request) async throws -> Response {
        guard payment.state.isMoving else { return try await answer(payment, request) }
        let command = try await command(payment, refunding: original, from: try request.caller.origin)
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
    private func command(
        _ payment: StoredPayment,
        refunding original: TransferID?,
        from origin: Origin
    ) async throws -> MoneyCommand {
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
            ),
            trace: CommandTrace(correlationID: origin.correlationID, traceparent: origin.traceparent)
        )
    }

    /// The payment has ended by what the ledger said. Throws the problem that a refusal is.
    private func settle(_ payment: StoredPayment, _ answer: MoneyAnswer, _ request: Request) async throws -> Response {
        let ended = try await ended(payment, answer, request)
        let transfer = try Parts.posted(answer)
        let receipt: MoneyReceipt
        if let told = MoneyReceipt(transfer, answer, of: payment.owner) {
            receipt = told
        } else {
            receipt = try await parts.read(request) { transaction, _ in
                try await Parts.receipt(transfer, answer, of: payment.owner, transaction)
            }
        }
        return created(ended, receipt)
    }

    /// As its decision ended it. Where that ended nothing, because the key was used before or nothing could be decided, it ends here,
    /// unless somebody ended it meanwhile.
    private func ended(_ payment: StoredPayment, _ answer: MoneyAnswer, _ request: Request) async throws
        -> StoredPayment
    {
        if let ending = answer.ending { return try payment.ended(answer.refusal, ending) }
        return try await parts.prepare(request) { work in
            let change = try await PaymentStore(work.transaction).update(payment.id, at: parts.time.now()) { stored in
                guard stored.state.isMoving else { return }
                try stored.state.end(answer.refusal)
            }
            if change.before != change.after { work.record(change.after?.movingAction ?? .payment, change, payments) }
            work.end(change)
            guard let ended = change.after else { throw Problem.notFound }
            return ended
        }
    }

    private func created(_ payment: StoredPayment, _ receipt: MoneyReceipt?) -> Response {
        var response = Self.response(payment, receipt, status: .created)
        response.headers["location"] = HeaderValue(withoutControls: "\(payments.path)/\(payment.id)")
        return response
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
            return created(payment, receipt)
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
