import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Persistence
import WireFormat

extension Resource where Row == Wallet {
    static let wallets = Resource(
        .wallets,
        path: "/api/v1/wallets",
        noun: ("Wallet", "Wallets"),
        tag: "money",
        auditType: "wallet",
        read: .billingRead,
        own: .field("owner_id"),
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID, customerID: $0.customerID) },
        schemas: [
            "owner_kind": .choice(AccountOwner.Kind.allCases.map(\.rawValue)), "owner_id": .uuid, "currency": .currency,
            "balance": .amount, "held": .amount, "available": .amount, "floor": .nullable(.amount), "opened_at": .time,
        ],
        isExported: false
    ) { transaction, id, _ in try await WalletReader(transaction).find(LedgerAccountID(id)) }
}

/// Wallets and what moved in them (WAL-07, WAL-10).
struct WalletRoutes {
    /// An entry of a wallet as it goes out.
    struct Entry: Sendable {
        let item: HistoryItem
        let owner: AccountOwner.Kind
    }

    private let parts: Parts
    private let wallets = Resource<Wallet>.wallets
    private let customers = Resource<Customer>.customers

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws { try [wallets.list(parts), wallets.get(parts), transactions, ofCustomer, mine, myTransactions] }
    }

    static let entries = View<Entry>([
        .init("sequence", .integer(1...Int64.max)) { .integer($0.item.sequence) },
        .init("transaction_id", .uuid) { .id($0.item.transferID) },
        .init("type", .choice(WalletEntryType.allCases.map(\.rawValue))) { .text($0.type.rawValue) },
        .init("amount", .fee) { .text($0.magnitude.decimal) },
        .init("balance_after", .amount) { .text($0.item.balanceAfter.decimal) },
        .init("currency", .currency) { .text($0.item.amount.currency.code) },
        .init("purpose", .nullable(.text())) { .text($0.item.transfer?.details.purpose.name) },
        .init("reference", .nullable(.text())) { .text($0.item.transfer?.details.reference) },
        .init("description", .text()) { .text($0.item.transfer?.details.description ?? "") },
        .init("metadata", .object([], isOpen: true)) { .texts($0.item.transfer?.details.metadata ?? [:]) },
        .init("target_id", .nullable(.uuid)) { .id($0.item.transfer?.target) },
        .init("effective_at", .time) { .time($0.item.transfer?.effectiveAt ?? $0.item.recordedAt) },
        .init("recorded_at", .time) { .time($0.item.recordedAt) },
    ])

    private static let paging: [Operation.Parameter] = [
        .init("limit", .integer(1...100), "Entries a page, 10 unless said."),
        .init(
            "cursor",
            .text(minimum: 1, maximum: 19, pattern: "^[1-9][0-9]*$"),
            "Where the page before ended: its meta.next."
        ),
    ]

    private var transactions: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/wallets/{id:uuid}/transactions",
            operationID: "listWalletTransactions",
            metadata: Access(
                .permission(.billingRead),
                operation: Operation(
                    "money",
                    "What moved in a wallet, the newest first; amounts are more than zero, type says which way.",
                    parameters: Self.paging,
                    .page(Self.entries.schema)
                )
            )
        ) { request in
            let id = try request.pathID()
            return try await history(request) { transaction, caller in
                try await wallets.found(id, transaction, caller)
            }
        }
    }

    private var ofCustomer: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/customers/{id:uuid}/wallets",
            operationID: "getCustomerWallets",
            metadata: Access(
                .permission(.billingRead),
                operation: Operation(
                    "money",
                    "A customer's wallets, one for each currency that he had money in.",
                    .data(.list(wallets.schema))
                )
            )
        ) { request in
            let id = try request.pathID()
            let found = try await parts.read(request) { transaction, caller in
                let customer = try await customers.found(id, transaction, caller)
                return try await WalletReader(transaction).wallets(of: .customer(customer.id), in: customer.tenantID)
            }
            return answer(found)
        }
    }

    // MARK: - One's own

    private var mine: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/me/wallets",
            operationID: "getMyWallets",
            metadata: Access(
                .permission(.billingRead),
                operation: Operation("money", "A customer's own wallets.", .data(.list(wallets.schema)))
            )
        ) { request in
            answer(try await parts.read(request) { transaction, caller in try await own(transaction, caller) })
        }
    }

    private var myTransactions: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/me/transactions",
            operationID: "listMyTransactions",
            metadata: Access(
                .permission(.billingRead),
                operation: Operation(
                    "money",
                    "What moved in a customer's own wallet, the newest first.",
                    parameters: [
                        .init("currency", .currency, "Whose wallet of several; without, he must have one alone.")
                    ] + Self.paging,
                    .page(Self.entries.schema)
                )
            )
        ) { request in
            let currency = request.query["currency"]
            return try await history(request) { transaction, caller in
                let found = try await own(transaction, caller).filter {
                    currency == nil || $0.currency.code == currency
                }
                guard found.count <= 1 else {
                    throw Problem.invalid("currency", "must say which wallet of several is meant", code: "which_wallet")
                }
                return found.first
            }
        }
    }

    private func own(_ transaction: ScopedTransaction, _ caller: Caller) async throws -> [Wallet] {
        let (tenant, customer) = try caller.principal.ownCustomer
        return try await WalletReader(transaction).wallets(of: .customer(customer), in: tenant)
    }

    // MARK: - Answers

    private func answer(_ found: [Wallet]) -> Response {
        Response.data { json in
            json.beginArray()
            for wallet in found { wallets.source.write(wallet, to: &json) }
            json.endArray()
        }
    }

    /// A page of what moved in the wallet that is found; without one it is empty.
    private func history(
        _ request: Request,
        _ find: (ScopedTransaction, Caller) async throws -> Wallet?
    ) async throws -> Response {
        let limit = try request.limit()
        let before = try request.query["cursor"].map { text throws(Problem) in
            guard let sequence = Int64(text), sequence > 0 else {
                throw .invalid("cursor", "is not one that this list gave")
            }
            return sequence
        }
        let page = try await parts.read(request) { transaction, caller -> [Entry] in
            guard let wallet = try await find(transaction, caller) else { return [] }
            return try await LedgerReader(transaction)
                .history(of: wallet.ref, before: before, limit: limit + 1)
                .map { Entry(item: $0, owner: wallet.owner.kind) }
        }
        return Response.page(of: page, limit: limit, for: request, cursor: { String($0.item.sequence) }) {
            Self.entries.write($1, to: &$0)
        }
    }
}

extension WalletRoutes.Entry {
    var type: WalletEntryType { WalletEntryType(item.amount, in: owner, for: item.transfer?.details.purpose) }
    var magnitude: Money { item.amount.tenThousandths < 0 ? item.amount.negated : item.amount }
}

extension FieldValue {
    /// An object of texts.
    static func texts(_ texts: [String: String]) -> FieldValue {
        let object = AuditValue.object(texts.mapValues { .text($0) })
        return .json(String(decoding: object.canonicalJSON, as: UTF8.self))
    }
}
