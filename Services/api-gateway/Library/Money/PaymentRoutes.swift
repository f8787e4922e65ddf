import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Persistence

extension Resource where Row == StoredPayment {
    static let payments = Resource(
        .payments,
        path: "/api/v1/payments",
        noun: ("Payment", "Payments"),
        tag: "money",
        auditType: "payment",
        read: .paymentsRead,
        own: .field("customer_id"),
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID, customerID: $0.customerID) },
        version: { $0.version },
        schemas: [
            "amount": .amount, "currency": .currency,
            "method": .choice(PaymentMethod.allCases.map(\.rawValue)), "gateway": .text(),
            "status": .choice(PaymentStatus.allCases.map(\.rawValue)), "external_id": .nullable(.text()),
            "refund_of": .nullable(.uuid), "description": .text(), "metadata": .object([], isOpen: true),
            "created_by": .uuid, "created_at": .time,
        ],
        isExported: false,
        staffOnly: ["created_by", "shift_id", "metadata"]
    ) { transaction, id, _ in try await PaymentStore(transaction).find(PaymentID(id)) }
}

/// Payments as the house takes them: cash over the desk, and what is written down by hand (PAY-10, PAY-15, PAY-22). What gateways tell
/// comes another way and finds `external_id` and `gateway_event_id` here.
struct PaymentRoutes {
    private let parts: Parts
    private let moves: PaymentMoves
    private let payments = Resource<StoredPayment>.payments
    private let customers = Resource<Customer>.customers

    init(_ parts: Parts, _ book: PaymentBook) {
        self.parts = parts
        moves = PaymentMoves(parts, book)
    }

    var routes: [GatewayRoute] {
        get throws { try [payments.list(parts), payments.get(parts), topUp, create, complete, fail, cancel, refund] }
    }

    /// Who takes a payment for somebody may change him, too: a customer may not.
    static let desk = Access.Guard.permissions([.paymentsCreate, .customersUpdate])

    private func post(
        _ path: PathPattern,
        _ operationID: String,
        _ summary: String,
        body: Schema? = nil,
        isMoving: Bool,
        repetition: Access.Repetition = .mandatory,
        _ handler: @escaping @Sendable (Request, Caller) async throws -> Response
    ) -> GatewayRoute {
        GatewayRoute(
            .post,
            path,
            operationID: operationID,
            metadata: Access(
                Self.desk,
                limit: .payment,
                repetition: repetition,
                operation: Operation(
                    "money",
                    summary,
                    parameters: isMoving ? [Operation.prefer] : [],
                    body: body.map { .json($0) },
                    status: isMoving || operationID == "createPayment" ? 201 : 200,
                    .data(isMoving ? PaymentMoves.schema : payments.schema),
                    others: isMoving ? [202] : []
                )
            )
        ) { request in
            let caller = try request.caller
            try caller.principal.expectStaff()
            return try await handler(request, caller)
        }
    }

    // MARK: - Bodies

    private struct Input: Sendable {
        var customer = CustomerID(.zero)
        var money = MoneyInput()
        var method = PaymentMethod.cash
        var externalID: String?

        static let common: [InputField<Input>] = [
            InputField("amount", .amount, clearable: \.money.amount, isRequired: true),
            InputField("currency", .currency, clearable: \.money.currency),
            InputField("external_id", .text(200, minimum: 1), clearable: \.externalID),
            InputField("description", .text(500), \.money.description),
            InputField("metadata", .texts, \.money.metadata),
        ]
        static let topUp = InputShape<Input>(common + [InputField("method", .methods([.cash, .manual]), \.method)])
        static let creation = InputShape<Input>(
            common + [
                InputField("customer_id", .id(), \.customer, isRequired: true),
                InputField(
                    "method",
                    .methods(PaymentMethod.allCases.filter { $0 != .cash }),
                    \.method,
                    isRequired: true
                ),
            ]
        )
    }

    private struct RefundInput: Sendable {
        var amount: String?
        var description = ""

        static let shape = InputShape<RefundInput>([
            InputField("amount", .amount, clearable: \.amount), InputField("description", .text(500), \.description),
        ])
    }

    private struct FailureInput: Sendable {
        var reason = "not_paid"

        static let shape = InputShape<FailureInput>([InputField("reason", .text(200, minimum: 1), \.reason)])
    }

    // MARK: - Making

    private var topUp: GatewayRoute {
        post(
            "/api/v1/customers/{id:uuid}/top-ups",
            "topUpCustomer",
            "Puts money into a customer's wallet: cash, within one's own open shift, or what is written down by hand.",
            body: Input.topUp.schema(isWhole: true),
            isMoving: true,
            repetition: .lasting
        ) { request, caller in
            let id = try request.pathID()
            var input = Input()
            try Input.topUp.apply(try await request.payload(), to: &input, isWhole: true)
            let wanted = input
            let amount = try input.money.money()
            // What the ledger would not keep is refused before anything is.
            _ = try input.money.details(.topUp, caller)
            let key = try request.moneyKey
            let opening = PaymentBook.Opening(
                caller: caller,
                customer: CustomerID(id),
                takesCash: wanted.method == .cash
            ) { tenant, shift in
                var payment = make(wanted, amount, (tenant, CustomerID(id)), shift, key, caller)
                try payment.state.move(as: key.transferID)
                return payment
            }
            let standing = try await moves.book.open(opening)
            guard standing.isNew || Self.made(standing.payment, wanted, amount) else { throw MoneyProblems.keyReused }
            let isReplay = !standing.isNew && standing.payment.state.status.isFinal
            var response = try await moves.move(standing.payment, refunding: nil, request)
            if isReplay { response.headers["idempotent-replayed"] = "true" }
            return response
        }
    }

    /// The payment is what this body makes. Whom it is for, and who made it, is part of the key.
    private static func made(_ payment: StoredPayment, _ input: Input, _ amount: Money) -> Bool {
        payment.amount == amount && payment.method == input.method && payment.externalID == input.externalID
            && payment.description == input.money.description && payment.metadata == input.money.metadata
    }

    /// The caller's own open shift, which stays open until the transaction ends.
    private func openShift(_ work: Work) async throws -> StoredCashShift {
        let principal = work.caller.principal
        let shift = try await CashShiftStore(work.transaction)
            .current(of: principal.userID, in: principal.tenantID, lock: .share)
        guard let shift else {
            throw MoneyProblems.noOpenShift
        }
        return shift
    }

    private func make(
        _ input: Input,
        _ amount: Money,
        _ payer: (tenant: TenantID, customer: CustomerID),
        _ shift: CashShiftID?,
        _ key: MoneyKey,
        _ caller: Caller
    ) -> StoredPayment {
        StoredPayment(
            tenantID: payer.tenant,
            id: parts.ids.next(),
            customerID: payer.customer,
            amount: amount,
            method: input.method,
            externalID: input.externalID,
            shiftID: shift,
            requestKey: key.text,
            description: input.money.description,
            metadata: input.money.metadata,
            createdBy: caller.principal.userID,
            createdAt: parts.time.now()
        )
    }

    private func insert(_ payment: StoredPayment, _ work: Work) async throws -> StoredPayment {
        let (stored, isNew) = try await PaymentStore(work.transaction).insert(payment)
        let action = stored.state.isMoving ? stored.movingAction : .create
        if isNew { work.record(action, Change(before: nil, after: stored), payments) }
        return stored
    }

    private var create: GatewayRoute {
        post(
            "/api/v1/payments",
            "createPayment",
            "Writes down a payment that somebody means to make; nothing is moved before it is completed.",
            body: Input.creation.schema(isWhole: true),
            isMoving: false
        ) { request, caller in
            var input = Input()
            try Input.creation.apply(try await request.payload(), to: &input, isWhole: true)
            let wanted = input
            let amount = try input.money.money()
            _ = try input.money.details(.topUp, caller)
            let key = try request.moneyKey
            return try await parts.change(request) { work in
                let customer = try await customers.found(wanted.customer.value, work.transaction, caller)
                let stored = try await insert(
                    make(wanted, amount, (customer.tenantID, customer.id), nil, key, caller),
                    work
                )
                return try payments.answer(stored, to: request, status: .created)
            }
        }
    }

    // MARK: - Going on

    private var complete: GatewayRoute {
        post(
            "/api/v1/payments/{id:uuid}/complete",
            "completePayment",
            "The money has come: moves it into the wallet. A payment that is being completed is asked about again.",
            isMoving: true
        ) { request, caller in
            let payment = try await begin(request) { stored in
                // The transfer that the ledger was asked for stands, whoever asks.
                if stored.state.status == .completed { return }
                try stored.state.move(as: parts.ids.next())
            }
            let original = try await original(of: payment, request)
            return try await moves.move(payment, refunding: original, request)
        }
    }

    /// Changes a payment of the path's id before the ledger is asked, on record.
    private func begin(
        _ request: Request,
        _ edit: (inout StoredPayment) throws -> Void
    ) async throws -> StoredPayment {
        let id = try request.pathID()
        return try await parts.prepare(request) { work in try await changed(id, work, edit) }
    }

    private func changed(
        _ id: UUID128,
        _ work: Work,
        _ edit: (inout StoredPayment) throws -> Void
    ) async throws -> StoredPayment {
        _ = try await payments.found(id, work.transaction, work.caller)
        let change = try await PaymentStore(work.transaction).update(PaymentID(id), at: parts.time.now(), edit)
        if let payment = change.after, change.before != payment {
            work.record(payment.state.isMoving ? payment.movingAction : .update, change, payments)
        }
        work.end(change)
        guard let payment = change.after else { throw Problem.notFound }
        return payment
    }

    private var fail: GatewayRoute {
        post(
            "/api/v1/payments/{id:uuid}/fail",
            "failPayment",
            "The money did not come. Not for one whose money is on its way.",
            body: FailureInput.shape.schema(isWhole: true),
            isMoving: false
        ) { request, _ in
            let id = try request.pathID()
            var input = FailureInput()
            try FailureInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let reason = input.reason
            return try await parts.change(request) { work in
                let payment = try await changed(id, work) { try $0.state.fail(reason) }
                return try payments.answer(payment, to: request)
            }
        }
    }

    private var cancel: GatewayRoute {
        post(
            "/api/v1/payments/{id:uuid}/cancel",
            "cancelPayment",
            "Takes back a pending payment.",
            isMoving: false
        ) { request, _ in
            let id = try request.pathID()
            return try await parts.change(request) { work in
                let payment = try await changed(id, work) { try $0.state.cancel() }
                return try payments.answer(payment, to: request)
            }
        }
    }

    // MARK: - Back

    private var refund: GatewayRoute {
        post(
            "/api/v1/payments/{id:uuid}/refund",
            "refundPayment",
            "Gives back a completed payment, or a part of it, the way it came: cash out of one's own open shift.",
            body: RefundInput.shape.schema(isWhole: true),
            isMoving: true
        ) { request, caller in
            let id = try request.pathID()
            var input = RefundInput()
            try RefundInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let wanted = input
            let key = try request.moneyKey
            let (back, original) = try await parts.prepare(request) { work in
                let payment = try await payments.found(id, work.transaction, caller)
                let store = PaymentStore(work.transaction)
                if let stored = try await store.find(request: key.text, in: payment.tenantID) {
                    return (stored, payment)
                }
                return (try await insert(try await refund(of: payment, wanted, key, work), work), payment)
            }
            guard back.refundOf == original.id else { throw MoneyProblems.keyReused }
            return try await moves.move(back, refunding: original.state.transferID, request)
        }
    }

    /// A payment that gives back what is left of another, or so much of it. Those who give back at the same time do so one after another.
    private func refund(
        of wanted: StoredPayment,
        _ input: RefundInput,
        _ key: MoneyKey,
        _ work: Work
    ) async throws -> StoredPayment {
        let store = PaymentStore(work.transaction)
        guard let payment = try await store.find(wanted.id, forUpdate: true), payment.refundOf == nil,
            payment.state.status == .completed
        else { throw Problem.conflict("payment_not_completed", "Only a completed payment can be given back.") }
        let left = try payment.amount.subtracting(try await store.refunded(of: payment))
        var amount = left
        if let text = input.amount {
            amount = try Money.of(text, payment.amount.currency, field: "amount") ?? left
        }
        guard amount.isPositive, amount.tenThousandths <= left.tenThousandths else {
            throw MoneyProblems.overRefund
        }
        var back = StoredPayment(
            tenantID: payment.tenantID,
            id: parts.ids.next(),
            customerID: payment.customerID,
            amount: amount,
            method: payment.method,
            gateway: payment.gateway,
            refundOf: payment.id,
            shiftID: payment.method == .cash ? try await openShift(work).id : nil,
            requestKey: key.text,
            description: input.description,
            createdBy: work.caller.principal.userID,
            createdAt: parts.time.now()
        )
        try back.state.move(as: key.transferID)
        return back
    }

    /// The transfer of the payment that this one gives back; nil where it gives nothing back.
    private func original(of payment: StoredPayment, _ request: Request) async throws -> TransferID? {
        guard let id = payment.refundOf else { return nil }
        return try await parts.read(request) { transaction, _ in
            guard let transfer = try await PaymentStore(transaction).find(id)?.state.transferID else {
                throw MoneyProblems.problem(PaymentRefusal.notMoving)
            }
            return transfer
        }
    }
}

extension InputKind where Value == PaymentMethod {
    /// One of some methods.
    static func methods(_ methods: [PaymentMethod]) -> InputKind {
        let words = methods.map(\.rawValue)
        return InputKind(.choice(words), "one of \(words.joined(separator: ", "))") { value in
            value.text.flatMap { PaymentMethod(rawValue: $0) }.flatMap { methods.contains($0) ? $0 : nil }
        }
    }
}
