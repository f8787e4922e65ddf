import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Persistence
import WireFormat

extension Resource where Row == StoredAdjustment {
    static let adjustments = Resource(
        .adjustments,
        path: "/api/v1/adjustments",
        noun: ("Adjustment", "Adjustments"),
        tag: "money",
        auditType: "adjustment",
        read: .billingManage,
        // What the house considers is not for him to read; what it did stands in his wallet.
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        version: { $0.version },
        schemas: [
            "owner_kind": .choice(AccountOwner.Kind.allCases.map(\.rawValue)), "owner_id": .uuid, "amount": .amount,
            "currency": .currency, "reason": .text(), "status": .choice(AdjustmentStatus.allCases.map(\.rawValue)),
            "requested_by": .uuid, "decided_by": .nullable(.uuid), "created_at": .time,
        ],
        isExported: false
    ) { transaction, id, _ in try await AdjustmentStore(transaction).find(AdjustmentID(id)) }
}

/// Corrections of wallets by hand: one person asks, another decides (WAL-11).
struct AdjustmentRoutes {
    private let parts: Parts
    private let adjustments = Resource<StoredAdjustment>.adjustments
    private let customers = Resource<Customer>.customers

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws {
            try [adjustments.list(parts), adjustments.get(parts), ask, approve]
                + [
                    decide("reject", "rejectAdjustment", "Refuses a correction that somebody else asks for.") {
                        try $0.reject(by: $1)
                    },
                    decide("withdraw", "withdrawAdjustment", "Takes back a correction that one asked for oneself.") {
                        try $0.withdraw(by: $1)
                    },
                ]
        }
    }

    private static let answer = Schema.object([
        .init("adjustment", Resource<StoredAdjustment>.adjustments.schema),
        .init("transaction", .nullable(MoneyReceipt.view.schema)),
    ])

    private struct Input: Sendable {
        var customer: CustomerID?
        var tenant: TenantID?
        var amount: String?
        var currency: Currency?
        var reason = ""

        static let shape = InputShape<Input>([
            InputField("customer_id", .id(), clearable: \.customer),
            InputField("tenant_id", .id(), clearable: \.tenant),
            InputField("amount", .signedAmount, clearable: \.amount, isRequired: true),
            InputField("currency", .currency, clearable: \.currency),
            InputField("reason", .text(500, minimum: 3), \.reason, isRequired: true),
        ])
    }

    private var ask: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/adjustments",
            operationID: "requestAdjustment",
            metadata: Access(
                .permission(.billingManage),
                repetition: .mandatory,
                operation: Operation(
                    "money",
                    "Asks for a correction of a customer's or a tenant's wallet, more or less; somebody else decides.",
                    body: .json(Input.shape.schema(isWhole: true)),
                    status: 201,
                    .data(adjustments.schema)
                )
            )
        ) { request in
            let caller = try request.caller
            try caller.principal.expectStaff()
            var input = Input()
            try Input.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let wanted = input
            guard let amount = try Money.of(input.amount, input.currency, field: "amount"), amount.tenThousandths != 0
            else { throw Problem.invalid("/amount", "must not be zero", code: "zero") }
            _ = try TransferDetails.of(.adjustment, nil, input.reason, [:], by: caller.audit.actor.id)
            let key = try request.moneyKey
            return try await parts.change(request) { work in
                let (tenant, owner) = try await self.owner(wanted, work)
                let stored = try await AdjustmentStore(work.transaction).insert(
                    StoredAdjustment(
                        tenantID: tenant,
                        id: parts.ids.next(),
                        owner: owner,
                        amount: amount,
                        reason: wanted.reason,
                        requestedBy: caller.principal.userID,
                        requestKey: key.text,
                        createdAt: parts.time.now()
                    )
                )
                work.record(.create, Change(before: nil, after: stored), adjustments)
                return try adjustments.answer(stored, to: request, status: .created)
            }
        }
    }

    /// Whose wallet it is about. A tenant's own is corrected from above alone: nobody makes money for his own house, but the operator,
    /// above whom there is nobody.
    private func owner(_ input: Input, _ work: Work) async throws -> (TenantID, AccountOwner) {
        switch (input.customer, input.tenant) {
        case (let customer?, nil):
            let found = try await customers.found(customer.value, work.transaction, work.caller)
            return (found.tenantID, .customer(found.id))
        case (nil, let tenant?):
            let principal = work.caller.principal
            try principal.see(RecordOwner(tenantID: tenant))
            guard let found = try await TenantRepository(work.transaction).find(tenant) else { throw Problem.notFound }
            guard found.id != principal.tenantID || found.parentID == nil else { throw Problem.forbidden }
            return (found.id, .tenant(found.id))
        default: throw Problem.invalid("/customer_id", "or tenant_id must be given, and one alone", code: "one_alone")
        }
    }

    // MARK: - Deciding

    private func decide(
        _ name: String,
        _ operationID: String,
        _ summary: String,
        _ edit: @escaping @Sendable (inout AdjustmentState, UserID) throws -> Void
    ) throws -> GatewayRoute {
        GatewayRoute(
            .post,
            try PathPattern("\(adjustments.path)/{id:uuid}/\(name)"),
            operationID: operationID,
            metadata: Access(
                .permission(.billingManage),
                repetition: .keyed,
                operation: Operation("money", summary, .data(adjustments.schema))
            )
        ) { request in
            let (id, user) = (try request.pathID(), try request.caller.principal.userID)
            return try await parts.change(request) { work in
                let stored = try await changed(id, work) { try edit(&$0, user) }
                return try adjustments.answer(stored, to: request)
            }
        }
    }

    private func changed(
        _ id: UUID128,
        _ work: Work,
        _ edit: (inout AdjustmentState) throws -> Void
    ) async throws -> StoredAdjustment {
        _ = try await adjustments.found(id, work.transaction, work.caller)
        let change = try await AdjustmentStore(work.transaction).update(AdjustmentID(id), at: parts.time.now(), edit)
        if change.before != change.after { work.record(.update, change, adjustments) }
        guard let stored = change.after else { throw Problem.notFound }
        return stored
    }

    private var approve: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/adjustments/{id:uuid}/approve",
            operationID: "approveAdjustment",
            metadata: Access(
                .permission(.billingManage),
                repetition: .mandatory,
                operation: Operation(
                    "money",
                    "Agrees to a correction that somebody else asks for, and carries it out.",
                    parameters: [Operation.prefer],
                    status: 201,
                    .data(Self.answer),
                    others: [202]
                )
            )
        ) { request in
            let (id, user) = (try request.pathID(), try request.caller.principal.userID)
            let approved = try await parts.prepare(request) { work in
                try await changed(id, work) { try $0.approve(by: user, as: parts.ids.next()) }
            }
            let command = try await command(approved)
            guard let answer = try await parts.ask(command, request) else {
                request.leaveOpen()
                let receipt = MoneyReceipt(transferID: command.id, isPending: true)
                let response = Self.response(approved, receipt, status: .accepted)
                return Parts.accepted(response, at: "\(adjustments.path)/\(approved.id)")
            }
            return try await settle(approved, answer, request)
        }
    }

    /// Made of what is kept alone: whoever asks again asks the same.
    private func command(_ adjustment: StoredAdjustment) async throws -> MoneyCommand {
        guard let transfer = adjustment.state.transferID,
            let key = IdempotencyKey(StoredAdjustment.ledgerKey(adjustment.id))
        else { throw MoneyProblems.problem(AdjustmentRefusal.notMoving) }
        return MoneyCommand(
            id: transfer,
            tenantID: adjustment.tenantID,
            lane: try await parts.lane(adjustment.amount.currency),
            key: key,
            action: .adjust(adjustment.owner, amount: adjustment.amount),
            details: try .of(
                .adjustment,
                adjustment.id.description,
                adjustment.reason,
                ["approved_by": adjustment.state.decidedBy?.description ?? ""],
                by: adjustment.state.requestedBy.value
            )
        )
    }

    private func settle(_ adjustment: StoredAdjustment, _ answer: MoneyAnswer, _ request: Request) async throws
        -> Response
    {
        if let refusal = answer.refusal {
            try await parts.prepare(request) { work in
                _ = try await changed(adjustment.id.value, work) { if $0.isMoving { try $0.refuse(refusal) } }
            }
        }
        let transfer = try Parts.posted(answer)
        return try await parts.change(request) { work in
            let stored = try await changed(adjustment.id.value, work) { if $0.isMoving { try $0.post() } }
            let receipt = try await Parts.receipt(transfer, answer, of: adjustment.owner, work.transaction)
            return Self.response(stored, receipt, status: .created)
        }
    }

    private static func response(_ adjustment: StoredAdjustment, _ receipt: MoneyReceipt, status: HTTPStatus)
        -> Response
    {
        Response.data(status: status) { json in
            json.beginObject()
            json.key("adjustment")
            Resource<StoredAdjustment>.adjustments.source.write(adjustment, to: &json)
            json.key("transaction")
            MoneyReceipt.view.write(receipt, to: &json)
            json.endObject()
        }
    }
}
