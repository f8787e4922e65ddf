import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Persistence
import WireFormat

/// What the house does with wallets: debits, holds, and the undoing of what was done (WAL-09, WAL-11, WAL-12).
struct TransactionRoutes {
    let parts: Parts
    private let customers = Resource<Customer>.customers
    private let wallets = Resource<Wallet>.wallets

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [one, debit, hold, capture, release, refund, reverse] }

    /// A route that moves money: a key is demanded, `Prefer` is heard.
    private func moving(
        _ path: PathPattern,
        _ operationID: String,
        _ summary: String,
        body: Schema,
        limit: Access.Limit = .usual,
        _ handler: @escaping @Sendable (Request, Caller) async throws -> Response
    ) -> GatewayRoute {
        GatewayRoute(
            .post,
            path,
            operationID: operationID,
            metadata: Access(
                .permission(.billingManage),
                limit: limit,
                repetition: .mandatory,
                operation: Operation(
                    "money",
                    summary,
                    parameters: [Operation.prefer],
                    body: .json(body),
                    status: 201,
                    .data(MoneyReceipt.view.schema),
                    others: [202]
                )
            )
        ) { request in
            let caller = try request.caller
            try caller.principal.expectStaff()
            return try await handler(request, caller)
        }
    }

    // MARK: - From a customer

    private var debit: GatewayRoute {
        moving(
            "/api/v1/customers/{id:uuid}/debits",
            "debitCustomer",
            "Takes what a customer owes out of his wallet, for an invoice; the tenants above him get their shares.",
            body: MoneyInput.whole.schema(isWhole: true)
        ) { request, caller in
            let id = try request.pathID()
            var input = MoneyInput()
            try MoneyInput.whole.apply(try await request.payload(), to: &input, isWhole: true)
            let amount = try input.money()
            let details = try input.details(.invoice, caller)
            let customer = try await parts.read(request) { try await customers.found(id, $0, $1) }
            let owner = AccountOwner.customer(customer.id)
            let command = try await command(
                .charge(owner, amount: amount, shared: true),
                of: customer.tenantID,
                amount.currency,
                details,
                request
            )
            let resource = AuditResource("customer", customer.id)
            let order = MoneyOrder(command: command, owner: owner, action: .walletDebit, resource: resource)
            return try await parts.carryOut(order, request)
        }
    }

    private func command(
        _ action: MoneyCommand.Action,
        of tenant: TenantID,
        _ currency: Currency,
        _ details: TransferDetails,
        _ request: Request
    ) async throws -> MoneyCommand {
        let key = try request.moneyKey
        guard let text = IdempotencyKey(key.text) else { throw Problem.invalid("Idempotency-Key", "cannot be used") }
        return MoneyCommand(
            id: key.transferID,
            tenantID: tenant,
            lane: try await parts.lane(currency),
            key: text,
            action: action,
            details: details
        )
    }

    // MARK: - Holds

    private struct HoldInput: Sendable {
        var money = MoneyInput()
        var expiresAt: Timestamp?

        static let shape = InputShape<HoldInput>([
            InputField("amount", .amount, clearable: \.money.amount, isRequired: true),
            InputField("expires_at", .time, clearable: \.expiresAt),
            InputField("description", .text(500), \.money.description),
            InputField("reference", .text(200, minimum: 1), clearable: \.money.reference),
            InputField("metadata", .texts, \.money.metadata),
        ])
    }

    private var hold: GatewayRoute {
        moving(
            "/api/v1/wallets/{id:uuid}/holds",
            "holdFunds",
            "Locks an amount of a wallet; the hold has the transaction's id.",
            body: HoldInput.shape.schema(isWhole: true)
        ) { request, caller in
            let id = try request.pathID()
            var input = HoldInput()
            try HoldInput.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let details = try input.money.details(.hold, caller)
            let wallet = try await parts.read(request) { try await wallets.found(id, $0, $1) }
            let amount = try input.money.money(wallet.currency)
            let command = try await command(
                .hold(wallet.owner, amount: amount, expiresAt: input.expiresAt),
                of: wallet.tenantID,
                wallet.currency,
                details,
                request
            )
            return try await parts.carryOut(
                MoneyOrder(
                    command: command,
                    owner: wallet.owner,
                    action: .create,
                    resource: AuditResource("hold", command.id)
                ),
                request
            )
        }
    }

    private static let partShape = InputShape<MoneyInput>([MoneyInput.amountField] + MoneyInput.texts)
    private static let textShape = InputShape<MoneyInput>(MoneyInput.texts)
    private static let restShape = InputShape<MoneyInput>(
        [InputField("amount", .amount, clearable: \.amount)] + MoneyInput.texts
    )

    private var capture: GatewayRoute {
        moving(
            "/api/v1/holds/{id:uuid}/capture",
            "captureHold",
            "Takes from a hold, all of it or in parts; the tenants above the customer get their shares.",
            body: Self.partShape.schema(isWhole: true)
        ) { request, caller in
            try await about(request, caller, Self.partShape, .invoice, .walletDebit, "hold") { target, input in
                .capture(hold: target.ref.id, amount: try input.money(target.currency), shared: true)
            }
        }
    }

    private var release: GatewayRoute {
        moving(
            "/api/v1/holds/{id:uuid}/release",
            "releaseHold",
            "Unlocks what is left of a hold.",
            body: Self.textShape.schema(isWhole: true)
        ) { request, caller in
            try await about(request, caller, Self.textShape, .hold, .update, "hold") { target, _ in
                .release(hold: target.ref.id)
            }
        }
    }

    // MARK: - Undoing

    private var refund: GatewayRoute {
        moving(
            "/api/v1/transactions/{id:uuid}/refunds",
            "refundTransaction",
            "Gives back a part of a transaction, or all that is left of it: never more than it took.",
            body: Self.restShape.schema(isWhole: true),
            limit: .payment
        ) { request, caller in
            try await about(request, caller, Self.restShape, .refund, .refund, "transaction") { target, input in
                .refund(target.ref.id, amount: input.amount == nil ? nil : try input.money(target.currency))
            }
        }
    }

    private var reverse: GatewayRoute {
        moving(
            "/api/v1/transactions/{id:uuid}/reversal",
            "reverseTransaction",
            "Undoes a transaction as a whole, once.",
            body: Self.textShape.schema(isWhole: true)
        ) { request, caller in
            try await about(request, caller, Self.textShape, .correction, .refund, "transaction") { target, _ in
                .reverse(target.ref.id)
            }
        }
    }

    /// Carries something out that is about a transfer or hold of the path's id.
    private func about(
        _ request: Request,
        _ caller: Caller,
        _ shape: InputShape<MoneyInput>,
        _ purpose: TransferPurpose,
        _ action: AuditAction,
        _ type: String,
        _ make: (LedgerTransaction, MoneyInput) throws -> MoneyCommand.Action
    ) async throws -> Response {
        var input = MoneyInput()
        try shape.apply(try await request.payload(), to: &input, isWhole: true)
        let details = try input.details(purpose, caller)
        let target = try await found(request)
        guard (type == "hold") == (target.kind == .hold) else { throw Problem.notFound }
        let command = try await command(
            try make(target, input),
            of: target.ref.tenantID,
            target.currency,
            details,
            request
        )
        return try await parts.carryOut(
            MoneyOrder(
                command: command,
                owner: target.subject,
                action: action,
                resource: AuditResource(type, target.ref.id)
            ),
            request
        )
    }

    // MARK: - One

    /// The transfer of the path's id that the caller may see.
    private func found(_ request: Request) async throws -> LedgerTransaction {
        let id = TransferID(try request.pathID())
        return try await parts.read(request) { transaction, caller in
            guard let found = try await TransactionReader(transaction).find(id) else { throw Problem.notFound }
            try caller.principal.see(found)
            return found
        }
    }

    private var one: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/transactions/{id:uuid}",
            operationID: "getTransaction",
            metadata: Access(
                .permission(.billingRead),
                operation: Operation(
                    "money",
                    "A transaction with what it did to the wallets that one may see; 404 while nobody knows of it.",
                    .data(TransactionView.schema)
                )
            )
        ) { request in
            let id = TransferID(try request.pathID())
            return try await parts.read(request) { transaction, caller in
                let reader = TransactionReader(transaction)
                if let found = try await reader.find(id) {
                    try caller.principal.see(found)
                    return Response.data { TransactionView.write(found, for: caller.principal, to: &$0) }
                }
                // What was refused has no transfer; its key tells of it, to those who could have asked.
                try caller.principal.expectStaff()
                guard let key = IdempotencyKey(MoneyKey.text(id)),
                    let (tenant, decision) = try await reader.decision(under: key), !decision.verdict.isPosted
                else { throw Problem.notFound }
                try caller.principal.see(RecordOwner(tenantID: tenant))
                return Response.data { TransactionView.write(id, of: tenant, decision.verdict, to: &$0) }
            }
        }
    }
}

extension TransferPurpose {
    /// Funds that are locked, and unlocked.
    fileprivate static let hold = (try? TransferPurpose("hold")) ?? .usage
}

extension LedgerTransaction {
    /// Whose wallet it is about: the one whose funds are held, or the first that it moved.
    var subject: AccountOwner {
        holder ?? entries.first { $0.kind == .wallet }?.owner ?? .tenant(ref.tenantID)
    }
}

extension Principal {
    /// Throws `notFound` for a transfer that did nothing to what is his.
    func see(_ transfer: LedgerTransaction) throws(Problem) {
        switch reach {
        case .subtree: return
        case .tenant(let tenant):
            if transfer.ref.tenantID == tenant || transfer.entries.contains(where: { $0.account.tenantID == tenant }) {
                return
            }
        case .customer(_, let customer):
            let owner = AccountOwner.customer(customer)
            if transfer.holder == owner || transfer.entries.contains(where: { $0.owner == owner }) { return }
        case .nothing: break
        }
        throw .notFound
    }

    /// Whether an entry of a transfer that he sees is his to see.
    func covers(_ entry: EntryRow) -> Bool {
        switch reach {
        case .subtree: true
        case .tenant(let tenant): entry.account.tenantID == tenant
        case .customer(_, let customer): entry.owner == .customer(customer)
        case .nothing: false
        }
    }
}
