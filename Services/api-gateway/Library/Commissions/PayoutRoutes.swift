import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Observability
import Persistence

/// What tenants ask to have paid out of their wallets, and who above them agrees (COM-07).
struct PayoutRoutes {
    private let parts: Parts
    private let group = RouteGroup(tag: "commissions", under: "/api/v1/payout-requests")
    /// How long an answer of the ledger is waited for.
    private static let patience = Duration.seconds(5)

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [create, list, one, approve, reject, cancel] }

    static let view = View<PayoutRequest>([
        .init("id", .uuid) { .id($0.id) }, .init("tenant_id", .uuid) { .id($0.tenantID) },
        .init("amount", .amount) { .text($0.amount.decimal) },
        .init("currency", .currency) { .text($0.amount.currency.code) }, .init("note", .text()) { .text($0.note) },
        .init("status", .choice(PayoutRequest.Status.allCases.map(\.rawValue))) { .text($0.status.rawValue) },
        .init("requested_by", .uuid) { .id($0.requestedBy) }, .init("requested_at", .time) { .time($0.requestedAt) },
        .init("decided_by", .nullable(.uuid)) { .described($0.decidedBy) },
        .init("decided_at", .nullable(.time)) { .time($0.decidedAt) },
        .init("reason", .nullable(.text())) { .text($0.reason) },
        .init("gateway", .nullable(.text())) { .text($0.gateway) },
        .init("transfer_id", .nullable(.uuid)) { .described($0.transferID) },
        .init("paid_at", .nullable(.time)) { .time($0.paidAt) },
    ])

    // MARK: - Asking

    private struct Input: Sendable {
        var tenant: TenantID?
        var amount = ""
        var currency = Currency.euro
        var note = ""

        static let shape = InputShape<Input>([
            InputField("amount", .amount, \.amount, isRequired: true),
            InputField("currency", .currency, \.currency, isRequired: true), InputField("note", .text(500), \.note),
            InputField("tenant_id", .id(), clearable: \.tenant),
        ])
    }

    private var create: GatewayRoute {
        group.route(
            .post,
            "",
            "createPayoutRequest",
            .permission(.paymentsCreate),
            "Asks for money out of one's tenant's wallet, or of tenant_id's; somebody above decides. Wants an Idempotency-Key.",
            body: Input.shape.schema(isWhole: true),
            status: 201,
            answer: .data(Self.view.schema),
            repetition: .keyed
        ) { request, caller in
            guard request.headers["idempotency-key"] != nil else {
                throw Problem.invalid(
                    "Idempotency-Key",
                    "is required where money is asked for",
                    code: "idempotency_key_required"
                )
            }
            var input = Input()
            try Input.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let tenant = try caller.principal.target(input.tenant)
            // A customer has no part in his tenant's wallet.
            try caller.principal.see(RecordOwner(tenantID: tenant))
            guard let amount = try Money.of(input.amount, input.currency, field: "amount"), amount.isPositive else {
                throw Problem.invalid("/amount", "must be more than zero", code: "not_positive")
            }
            let payout = PayoutRequest(
                tenantID: tenant,
                id: parts.ids.next(),
                amount: amount,
                note: input.note,
                requestedBy: caller.principal.userID,
                requestedAt: parts.time.now()
            )
            return try await parts.change(request) { work in
                guard let asking = try await TenantRepository(work.transaction).find(tenant) else {
                    throw Problem.invalid("/tenant_id", "is no tenant of yours", code: "not_found")
                }
                guard asking.parentID != nil else {
                    throw Problem.conflict("nobody_above", "Nobody stands above the operator who could agree.")
                }
                let open = try await PayoutRequests(work.transaction).open(of: tenant)[amount.currency]
                try await requireFunds(of: tenant, for: amount, beside: open, work.transaction)
                try await PayoutRequests(work.transaction).insert(payout)
                work.record(
                    .create,
                    AuditResource("payout_request", payout.id),
                    of: tenant,
                    .created(Self.view.auditValue(payout))
                )
                var response = Self.view.answer(payout, status: .created)
                response.headers["location"] = HeaderValue(withoutControls: "/api/v1/payout-requests/\(payout.id)")
                return response
            }
        }
    }

    /// Throws where the wallet does not hold the amount beside what was asked for already. The ledger has the last word.
    private func requireFunds(
        of tenant: TenantID,
        for amount: Money,
        beside open: Money?,
        _ transaction: ScopedTransaction
    ) async throws {
        let wallets = try await CommissionStatements(transaction).accounts(of: tenant)
        let wallet = wallets.first { $0.currency == amount.currency && !$0.isClosed }
        let (available, asked) = (wallet?.available ?? 0, open?.tenThousandths ?? 0)
        guard available - asked >= amount.tenThousandths else { throw Self.insufficient }
    }

    private static let insufficient = Problem.conflict(
        "insufficient_funds",
        "The wallet does not hold that much beside what is asked for already."
    )

    // MARK: - Looking

    private var list: GatewayRoute {
        group.route(
            .get,
            "",
            "listPayoutRequests",
            .permission(.paymentsRead),
            "A page of payout requests of one's tenant and those below, the newest first.",
            parameters: [
                .init("tenant_id", .uuid, "Of one tenant."),
                .init("status", .choice(PayoutRequest.Status.allCases.map(\.rawValue)), "Of one status."),
            ] + Operation.paging,
            answer: .page(Self.view.schema)
        ) { request, _ in
            try await Self.view.page(request, cursor: \.id) { after, limit in
                let wanted: TenantID? = try request.queryID("tenant_id")
                let status = request.query["status"].flatMap { PayoutRequest.Status(rawValue: $0) }
                return try await parts.read(request) { transaction, caller in
                    var tenant = wanted
                    switch caller.principal.reach {
                    case .subtree: break
                    case .tenant(let own):
                        guard wanted ?? own == own else { return [PayoutRequest]() }
                        tenant = own
                    case .customer, .nothing: return [PayoutRequest]()
                    }
                    return try await PayoutRequests(transaction).list(
                        of: tenant,
                        status: status,
                        after: after,
                        limit: limit
                    )
                }
            }
        }
    }

    private var one: GatewayRoute {
        group.route(
            .get,
            "/{id:uuid}",
            "getPayoutRequest",
            .permission(.paymentsRead),
            "One payout request.",
            answer: .data(Self.view.schema)
        ) { request, _ in
            let id = PayoutID(try request.pathID())
            return Self.view.answer(try await parts.read(request) { try await found(id, $0, $1) })
        }
    }

    private func found(
        _ id: PayoutID,
        _ transaction: ScopedTransaction,
        _ caller: Caller,
        forUpdate: Bool = false
    ) async throws -> PayoutRequest {
        guard let payout = try await PayoutRequests(transaction).find(id, forUpdate: forUpdate) else {
            throw Problem.notFound
        }
        try caller.principal.see(RecordOwner(tenantID: payout.tenantID))
        return payout
    }

    // MARK: - Deciding

    private struct Agreement: Sendable {
        var gateway = "bank"
        static let shape = InputShape<Agreement>([InputField("gateway", .gateway, \.gateway)])
    }

    private var approve: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/payout-requests/{id:uuid}/approve",
            operationID: "approvePayoutRequest",
            // Needs no key: the payout's own is the ledger's, and agreeing again asks for what was decided.
            metadata: Access(
                .permission(.billingManage),
                operation: Operation(
                    "commissions",
                    "Agrees to what a tenant below asked for, and pays it; again after 202, where the outcome is not known yet.",
                    body: .json(Agreement.shape.schema(isWhole: true)),
                    .data(Self.view.schema),
                    others: [202]
                )
            )
        ) { request in
            let agreed = try await agree(request)
            guard let command = agreed.command(below: try await parts.database.operatorTenant()) else {
                throw Problem.conflict("payout_state", "It is \(agreed.status.rawValue).")
            }
            let answer: MoneyAnswer?
            do {
                answer = try await parts.money.submit(command, within: Self.patience)
            } catch let error as CancellationError {
                throw error
            } catch {
                parts.logger.warn("a payout's command was not acknowledged", ["error": .error(error)])
                throw Problem.unavailable("Whether it was paid is not known: approve it again.")
            }
            guard let answer else { return Self.view.answer(agreed, status: .accepted) }
            return try await conclude(agreed, answer, request)
        }
    }

    /// The request as it is once somebody has agreed, in a transaction of its own: whatever happens then, it is known that the ledger
    /// may have been asked.
    private func agree(_ request: Request) async throws -> PayoutRequest {
        let id = PayoutID(try request.pathID())
        let body = try await request.payload()
        var agreed: PayoutRequest?
        _ = try await parts.change(request) { work in
            var payout = try await found(id, work.transaction, work.caller, forUpdate: true)
            var input = Agreement()
            try Agreement.shape.apply(body, to: &input, isWhole: true)
            try Self.requireAbove(payout, work.caller)
            let before = payout
            try payout.approve(
                by: work.caller.principal.userID,
                at: parts.time.now(),
                through: input.gateway,
                as: parts.ids.next()
            )
            if payout != before {
                // What others are waiting for is not in the wallet's balance yet; what this one asks for is among it.
                try await requireFunds(of: payout.tenantID, for: payout.amount, beside: nil, work.transaction)
                try await PayoutRequests(work.transaction).update(payout)
                Self.record(work, before, payout)
            }
            agreed = payout
            return Self.view.answer(payout)
        }
        guard let agreed else { throw Problem.notFound }
        return agreed
    }

    /// Writes down what the ledger decided.
    private func conclude(_ asked: PayoutRequest, _ answer: MoneyAnswer, _ request: Request) async throws -> Response {
        // The key is another command's: nothing is known of this one, and it is not asked for under another key.
        if case .keyReused = answer.outcome {
            throw Problem.conflict("payout_key_reused", "The ledger knows another command by its key.")
        }
        let response = try await parts.change(request) { work in
            var payout = try await found(asked.id, work.transaction, work.caller, forUpdate: true)
            // Somebody who asked at the same time has written it down.
            guard payout.status == .approved, payout.attempt == asked.attempt else { return Self.view.answer(payout) }
            let before = payout
            if case .decided(let verdict, let transfer, _) = answer.outcome, verdict.isPosted {
                try payout.settle(as: transfer, at: parts.time.now())
            } else {
                try payout.reopen()
            }
            try await PayoutRequests(work.transaction).update(payout)
            Self.record(work, before, payout, answer.isPosted ? .payment : .update)
            return Self.view.answer(payout)
        }
        guard !answer.isPosted else { return response }
        throw Self.refusal(answer)
    }

    private static func refusal(_ answer: MoneyAnswer) -> Problem {
        switch answer.outcome {
        case .decided(.insufficient, _, _), .decided(.accountMissing, _, _): insufficient
        case .decided(let verdict, _, _):
            .conflict("payout_refused", "The ledger refused it: \(verdict.rawValue). It can be approved again.")
        case .invalid(let flaw):
            .conflict("payout_refused", "The ledger cannot do it: \(flaw.rawValue). It can be approved again.")
        case .keyReused: .conflict("payout_key_reused", "The ledger knows another command by its key.")
        }
    }

    /// Money leaves a tenant's wallet with the consent of somebody above it.
    private static func requireAbove(_ payout: PayoutRequest, _ caller: Caller) throws(Problem) {
        guard payout.tenantID != caller.principal.tenantID else {
            throw Problem(.forbidden, code: "not_above", detail: "Somebody of a tenant above decides about it.")
        }
    }

    private static func record(
        _ work: Work,
        _ before: PayoutRequest,
        _ after: PayoutRequest,
        _ action: AuditAction = .update
    ) {
        work.record(
            action,
            AuditResource("payout_request", after.id),
            of: after.tenantID,
            .updated(view.auditValue(before), view.auditValue(after)),
            reason: after.reason
        )
    }

    private struct Refusal: Sendable {
        var reason = ""
        static let shape = InputShape<Refusal>([
            InputField("reason", .text(500, minimum: 1), \.reason, isRequired: true)
        ])
    }

    private var reject: GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/reject",
            "rejectPayoutRequest",
            .permission(.billingManage),
            "Refuses what a tenant below asked for, and says why.",
            body: Refusal.shape.schema(isWhole: true),
            answer: .data(Self.view.schema),
            repetition: .keyed
        ) { request, _ in
            let id = PayoutID(try request.pathID())
            let body = try await request.payload()
            return try await parts.change(request) { work in
                var payout = try await found(id, work.transaction, work.caller, forUpdate: true)
                var input = Refusal()
                try Refusal.shape.apply(body, to: &input, isWhole: true)
                try Self.requireAbove(payout, work.caller)
                let before = payout
                try payout.reject(by: work.caller.principal.userID, at: parts.time.now(), because: input.reason)
                try await PayoutRequests(work.transaction).update(payout)
                Self.record(work, before, payout)
                return Self.view.answer(payout)
            }
        }
    }

    private var cancel: GatewayRoute {
        group.route(
            .post,
            "/{id:uuid}/cancel",
            "cancelPayoutRequest",
            .permission(.paymentsCreate),
            "Takes back what one asked for oneself, as long as nobody has decided about it.",
            answer: .data(Self.view.schema),
            repetition: .keyed
        ) { request, _ in
            let id = PayoutID(try request.pathID())
            return try await parts.change(request) { work in
                var payout = try await found(id, work.transaction, work.caller, forUpdate: true)
                let before = payout
                try payout.cancel(by: work.caller.principal.userID, at: parts.time.now())
                try await PayoutRequests(work.transaction).update(payout)
                Self.record(work, before, payout)
                return Self.view.answer(payout)
            }
        }
    }
}

extension InputKind where Value == String {
    /// The name of a gateway or till, as the ledger keeps it.
    fileprivate static var gateway: InputKind {
        InputKind(.text(pattern: "^[a-z][a-z0-9_-]{0,49}$"), "1 to 50 of a-z, 0-9, _ and -, a letter first") { value in
            guard let text = value.text, (1...50).contains(text.utf8.count),
                let first = text.utf8.first, (0x61...0x7a).contains(first),
                text.utf8.allSatisfy({
                    (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x2d
                })
            else { return nil }
            return text
        }
    }
}
