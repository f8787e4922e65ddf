import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Persistence
import WireFormat

extension Resource where Row == BillingExposure.Case {
    static let exposures = Resource(
        .exposures,
        path: "/api/v1/ledger/exposures",
        noun: ("LedgerExposure", "LedgerExposures"),
        tag: "money",
        auditType: "ledger_exposure",
        read: .billingRead,
        own: .none,
        id: { "\($0.kind.rawValue)/\($0.serviceID)" },
        owner: { RecordOwner(tenantID: $0.tenantID, customerID: $0.customerID) },
        schemas: [
            "kind": .choice(BillingExposure.Kind.allCases.map(\.rawValue)), "service_id": .uuid, "customer_id": .uuid,
            "subscription_id": .uuid,
            "service_status": .nullable(.choice(ServiceStatus.allCases.map(\.rawValue))),
            "subscription_state": .nullable(.choice(Subscription.State.allCases.map(\.rawValue))),
        ],
        isExported: false
    ) { _, _, _ in nil }
}

/// Whether the books are right, and where they and the network disagree (WAL-13).
struct LedgerRoutes {
    private let parts: Parts
    private let exposures = Resource<BillingExposure.Case>.exposures

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { get throws { try [verification, exposures.list(parts)] } }

    /// A lane at an instant.
    struct Seen: Sendable {
        let lane: LaneVerification
        let now: Timestamp
    }

    private static let count = Schema.integer(0...Int64.max)
    /// A sum may have more digits than any amount.
    private static let sum = Schema.text(pattern: "^-?[0-9]+\\.[0-9]{4}$")

    static let view = View<Seen>([
        .init("operator_id", .uuid) { .id($0.lane.lane.rootID) },
        .init("currency", .currency) { .text($0.lane.lane.currency.code) },
        .init("state", .choice(LaneVerification.State.allCases.map(\.rawValue))) {
            .text($0.lane.state(at: $0.now).rawValue)
        },
        .init("batches", count) { .integer($0.lane.batches) },
        .init("recorded_at", .nullable(.time)) { .time($0.lane.recordedAt) },
        .init("verified_through", count) { .integer($0.lane.proved.through) },
        .init("checked_at", .nullable(.time)) { .time($0.lane.proved.checkedAt) },
        .init("age_seconds", .nullable(count)) { seen in
            .integer(seen.lane.proved.checkedAt.map { max(0, (seen.now.microseconds - $0.microseconds) / 1_000_000) })
        },
        .init("verified_batches", count) { .integer($0.lane.proved.batches) },
        .init("verified_rows", count) { .integer($0.lane.proved.rows) },
        .init("sampled_at", .nullable(.time)) { .time($0.lane.proved.sampledAt) },
        .init("proven_at", .nullable(.time)) { .time($0.lane.proved.provenAt) },
        .init("difference", .nullable(.text(500))) { .text($0.lane.proved.discrepancy) },
        .init("found_at", .nullable(.time)) { .time($0.lane.proved.foundAt) },
        .init("checkpoint", count) { .integer($0.lane.signed.through) },
        .init("signed_at", .nullable(.time)) { .time($0.lane.signed.at) },
        .init("unsigned_since", .nullable(.time)) { .time($0.lane.signed.missingSince) },
        .init("accounts", .nullable(count)) { .integer($0.lane.figures?.accounts) },
        .init("sum", .nullable(sum)) { $0.lane.figures.map { .tenThousandths($0.sum) } ?? .null },
        .init("held", .nullable(sum)) { $0.lane.figures.map { .tenThousandths($0.held) } ?? .null },
        .init("figured_at", .nullable(.time)) { .time($0.lane.figures?.at) },
        .init("clearing", .list(clearing)) { .json($0.lane.clearing) },
    ])

    private static let clearing = Schema.object([
        .init("gateway", .text()), .init("balance", sum), .init("unsettled_since", .nullable(.time)),
    ])

    private var verification: GatewayRoute {
        GatewayRoute(
            .get,
            "/api/v1/ledger/verification",
            operationID: "getLedgerVerification",
            metadata: Access(
                .permission(.billingRead),
                operation: Operation(
                    "money",
                    "How far each lane of the ledger is proved and signed, and what is wrong with it; an operator's own lanes.",
                    .data(.list(Self.view.schema))
                )
            )
        ) { request in
            let now = parts.time.now()
            let lanes = try await parts.read(request) { transaction, caller in
                try await LedgerVerifications(transaction).lanes(of: try Self.bound(caller.principal))
            }
            return Response.data { json in
                json.beginArray()
                for lane in lanes { Self.view.write(Seen(lane: lane, now: now), to: &json) }
                json.endArray()
            }
        }
    }

    /// Whose lanes alone somebody may see, of those in his scope. The books are no customer's business.
    private static func bound(_ principal: Principal) throws(Problem) -> TenantID? {
        switch principal.reach {
        case .subtree: nil
        case .tenant(let tenant): tenant
        case .customer, .nothing: throw .notFound
        }
    }
}
