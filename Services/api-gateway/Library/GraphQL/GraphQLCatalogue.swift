import Domain
import GraphQL
import Identity
import Persistence

/// What can be asked over GraphQL: every list that REST has at a path of its own, and what its rows' ids name, one
/// step far.
struct GraphQLCatalogue: Sendable {
    let resources: [GraphQLResource]
    /// By the type whose rows have them.
    let relations: [String: [GraphQLRelation]]
    let schema: GraphQLSchema

    static let resources = [
        GraphQLResource(Resource<Customer>.customers),
        GraphQLResource(Resource<Service>.services),
        GraphQLResource(Resource<Plan>.plans),
        GraphQLResource(Resource<BandwidthProfile>.bandwidthProfiles),
        GraphQLResource(Resource<NAS>.nases),
        GraphQLResource(Resource<Device>.devices),
        GraphQLResource(Resource<SessionDetail>.sessions),
        GraphQLResource(Resource<UsageDay>.usage, hasOne: false),
        GraphQLResource(Resource<IPPool>.pools),
        GraphQLResource(Resource<Lease>.leases, hasOne: false),
        GraphQLResource(Resource<StoredOperation>.operations),
        GraphQLResource(Resource<BuriedMessage>.deadLetters),
        GraphQLResource(Resource<Wallet>.wallets),
        GraphQLResource(Resource<StoredPayment>.payments),
        GraphQLResource(Resource<StoredCashShift>.cashShifts),
        GraphQLResource(Resource<StoredAdjustment>.adjustments),
        GraphQLResource(Resource<StoredConversion>.conversions),
        GraphQLResource(Resource<BillingExposure.Case>.exposures, hasOne: false),
        GraphQLResource(Resource<WebhookEndpoint>.webhooks),
    ]

    /// The types that columns name rows of.
    private static let named = [
        "customer_id": "Customer", "service_id": "Service", "plan_id": "ServicePlan", "nas_id": "NAS",
        "pool_id": "AddressPool", "bandwidth_profile_id": "BandwidthProfile",
    ]
    /// Rows of a type that name a row of another, told from there: what a row has few of.
    private static let counterparts = [(type: "Customer", name: "services", of: "Service", by: "customer_id")]

    init(_ resources: [GraphQLResource] = resources) {
        self.resources = resources
        let types = Dictionary(resources.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })
        var relations: [String: [GraphQLRelation]] = [:]
        for resource in resources {
            for column in resource.columns {
                guard let target = Self.named[column.name].flatMap({ types[$0] }) else { continue }
                relations[resource.type, default: []].append(
                    GraphQLRelation(
                        name: String(column.name.dropLast(3)),
                        column: column.name,
                        target: target,
                        matches: "id",
                        isMany: false
                    )
                )
            }
        }
        for counterpart in Self.counterparts {
            guard let target = types[counterpart.of] else { continue }
            relations[counterpart.type, default: []].append(
                GraphQLRelation(
                    name: counterpart.name,
                    column: "id",
                    target: target,
                    matches: counterpart.by,
                    isMany: true
                )
            )
        }
        self.relations = relations
        schema = GraphQLTypes(resources, relations).schema
    }

    func relation(_ name: String, of type: String) -> GraphQLRelation? {
        relations[type]?.first { $0.name == name }
    }
}
