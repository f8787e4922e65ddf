import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Persistence

extension Resource where Row == StoredConversion {
    static let conversions = Resource(
        .conversions,
        path: "/api/v1/conversions",
        noun: ("Conversion", "Conversions"),
        tag: "money",
        auditType: "conversion",
        read: .billingRead,
        own: .field("customer_id"),
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID, customerID: $0.customerID) },
        version: { $0.version },
        schemas: [
            "customer_id": .uuid, "sold": .amount, "sold_currency": .currency, "bought": .amount,
            "bought_currency": .currency, "rate": .text(), "sale_id": .uuid, "purchase_id": .uuid,
            "status": .choice(ConversionStatus.allCases.map(\.rawValue)), "description": .text(),
            "created_by": .uuid, "created_at": .time,
        ],
        isExported: false,
        staffOnly: ["created_by"]
    ) { transaction, id, _ in try await ConversionStore(transaction).find(ConversionID(id)) }
}

/// Conversions between two wallets of a customer, at a rate that is recorded (WAL-15).
struct ConversionRoutes {
    private let parts: Parts
    private let moves: ConversionMoves
    private let conversions = Resource<StoredConversion>.conversions
    private let customers = Resource<Customer>.customers

    init(_ parts: Parts) {
        self.parts = parts
        moves = ConversionMoves(parts)
    }

    var routes: [GatewayRoute] {
        get throws { try [conversions.list(parts), conversions.get(parts), convert] }
    }

    private struct Input: Sendable {
        var money = MoneyInput()
        var to: Currency?
        var rate: String?

        static let shape = InputShape<Input>([
            InputField("amount", .amount, clearable: \.money.amount, isRequired: true),
            InputField("currency", .currency, clearable: \.money.currency, isRequired: true),
            InputField("to", .currency, clearable: \.to, isRequired: true),
            InputField("rate", .rate, clearable: \.rate, isRequired: true),
            InputField("description", .text(500), \.money.description),
        ])

        /// What is sold, into what, at which rate.
        func order() throws(Problem) -> (sold: Money, into: Currency, rate: ExchangeRate) {
            let sold = try money.money()
            guard let to, to != sold.currency else {
                throw .invalid("/to", "must be another currency than what is sold", code: "same_currency")
            }
            guard let rate = rate.flatMap({ ExchangeRate($0) }) else {
                throw .invalid("/rate", "must be more than zero", code: "not_positive")
            }
            guard let bought = try? rate.convert(sold, to: to), bought.isPositive else {
                throw .invalid("/amount", "comes to nothing, or to more than an account can hold", code: "out_of_range")
            }
            return (sold, to, rate)
        }
    }

    private var convert: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/customers/{id:uuid}/conversions",
            operationID: "convertCustomerMoney",
            metadata: Access(
                .permission(.billingManage),
                repetition: .lasting,
                operation: Operation(
                    "money",
                    "Sells an amount of one of a customer's wallets for another currency, into his wallet of that one.",
                    parameters: [Operation.prefer],
                    body: .json(Input.shape.schema(isWhole: true)),
                    status: 201,
                    .data(conversions.schema),
                    others: [202]
                )
            )
        ) { request in
            let caller = try request.caller
            try caller.principal.expectStaff()
            let id = try request.pathID()
            var input = Input()
            try Input.shape.apply(try await request.payload(), to: &input, isWhole: true)
            let (order, description) = (try input.order(), input.money.description)
            // What the ledger would not keep is refused before anything is.
            _ = try TransferDetails.of(.exchange, nil, description, [:], by: caller.principal.userID.value)
            let key = try request.moneyKey
            let (stored, isNew) = try await parts.prepare(request) { work in
                let customer = try await customers.found(id, work.transaction, caller)
                let wanted = try make(order, description, customer, key, caller)
                let (stored, isNew) = try await ConversionStore(work.transaction).insert(wanted)
                if isNew { work.record(.create, Change(before: nil, after: stored), conversions) }
                return (stored, isNew)
            }
            guard isNew || Self.made(stored, order, description) else { throw MoneyProblems.keyReused }
            let isReplay = stored.state.status.isFinal
            let standing = try await moves.carryOn(stored, within: request.patience) { refusal, step in
                try await parts.prepare(request) { work in
                    try await moves.keep(refusal, of: stored.id, asked: step, work)
                }
            }
            var response = try answer(standing, request)
            if isReplay { response.headers["idempotent-replayed"] = "true" }
            return response
        }
    }

    private func make(
        _ order: (sold: Money, into: Currency, rate: ExchangeRate),
        _ description: String,
        _ customer: Customer,
        _ key: MoneyKey,
        _ caller: Caller
    ) throws -> StoredConversion {
        let conversion = Conversion(
            tenantID: customer.tenantID,
            id: parts.ids.next(),
            owner: .customer(customer.id),
            sold: order.sold,
            into: order.into,
            at: order.rate,
            saleID: key.transferID,
            purchaseID: parts.ids.next()
        )
        guard let conversion else { throw Problem.invalid("/amount", "cannot be converted", code: "out_of_range") }
        return StoredConversion(
            conversion,
            of: customer.id,
            requestKey: key.text,
            description: description,
            createdBy: caller.principal.userID,
            createdAt: parts.time.now()
        )
    }

    /// The conversion is what this body makes. Whom it is for, and who made it, is part of the key.
    private static func made(
        _ stored: StoredConversion,
        _ order: (sold: Money, into: Currency, rate: ExchangeRate),
        _ description: String
    ) -> Bool {
        stored.conversion.sold == order.sold && stored.conversion.bought.currency == order.into
            && stored.conversion.rate == order.rate && stored.description == description
    }

    /// 201 for one that is completed, 202 where nobody knows yet; throws what a refusal is.
    private func answer(_ stored: StoredConversion, _ request: Request) throws -> Response {
        let location = "\(conversions.path)/\(stored.id)"
        switch stored.state.status {
        case .completed:
            var response = try conversions.answer(stored, to: request, status: .created)
            response.headers["location"] = HeaderValue(withoutControls: location)
            return response
        case .selling, .buying, .undoing:
            return Parts.accepted(try conversions.answer(stored, to: request, status: .accepted), at: location)
        case .refused:
            let word = stored.state.failure ?? ""
            throw TransferVerdict(rawValue: word).map { MoneyProblems.problem($0) } ?? MoneyProblems.unknown
        case .undone: throw MoneyProblems.conversionUndone
        }
    }
}

extension InputKind where Value == String {
    /// A rate of exchange, as text: `655.957`.
    static var rate: InputKind {
        InputKind(
            .text(minimum: 1, maximum: 20, pattern: "^[0-9]{1,9}(\\.[0-9]{1,10})?$"),
            "a rate such as \"655.957\""
        ) {
            value in
            guard let text = value.text, text.utf8.count <= 20,
                ExchangeRate(text) != nil || text.allSatisfy({ "0.".contains($0) })
            else { return nil }
            return text
        }
    }
}
