import Billing
import Domain
import Postgres

extension ListSource where Row == BillingExposure.Case {
    /// Services that are paid for and kept out, or not paid for and online, as they stand now: the newest first.
    package static let exposures = ListSource(
        name: "exposures",
        tables: ["billing_exposure"],
        selection: """
            r.tenant_id, r.kind, r.service_id, r.customer_id, r.subscription_id, v.username, v.status AS service_status, \
            s.state AS subscription_state
            """,
        joins: """
            LEFT JOIN services v ON v.tenant_id = r.tenant_id AND v.id = r.service_id
            LEFT JOIN subscriptions s ON s.tenant_id = r.tenant_id AND s.id = r.subscription_id
            """,
        fields: [
            ListField("kind", .choice(BillingExposure.Kind.allCases.map(\.rawValue))),
            ListField("tenant_id", .id, isSelective: true), ListField("customer_id", .id, isSelective: true),
            ListField("service_id", .id, isSelective: true),
        ],
        orders: [ListSort("service_id", .id, tie: "r.kind", tieKind: .text)],
        defaultSort: "-service_id",
        columns: [
            OutputColumn("tenant_id") { .id($0.tenantID) }, OutputColumn("kind") { .text($0.kind.rawValue) },
            OutputColumn("service_id") { .id($0.serviceID) }, OutputColumn("customer_id") { .id($0.customerID) },
            OutputColumn("subscription_id") { .id($0.subscriptionID) }, OutputColumn("username") { .text($0.username) },
            OutputColumn("service_status") { .text($0.serviceStatus) },
            OutputColumn("subscription_state") { .text($0.subscriptionState) },
        ],
        decode: { try BillingExposure.Case($0) }
    )
}
