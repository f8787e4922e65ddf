import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting

/// A migrated database with an operator, two providers beside one another and a reseller below the first; each provider
/// with a NAS, a plan, a customer and a service of its own.
struct DirectoryWorld {
    /// One provider's rows.
    struct Branch: Sendable {
        let tenant: TenantID
        let nas: NAS
        let plan: Plan
        let customer: Customer
        let service: Service
    }

    let url: String
    let database: Database
    let keyring = Keyring.ephemeral()
    let ids: IDGenerator
    let operatorID: TenantID
    let one, two: Branch
    /// A tenant below `one`, with no rows.
    let reseller: TenantID

    /// A time that Postgres keeps exactly.
    static let now = Timestamp(secondsSince1970: 1_790_000_000)
    static let secret = "a shared secret of 32 octets!!!!"
    static let password = "correct horse battery staple"

    init() async throws {
        url = try await RealPostgres.shared().createMigratedDatabase()
        database = Database(url: url, applicationName: "tests")
        ids = IDGenerator(time: .fixed(Self.now))
        let planted = Tenant(id: ids.next(), parentID: nil, kind: .operator, name: "Op", subdomain: "op")
        operatorID = try await database.plantOperator(planted)
        one = try await Self.branch("one", database, ids, operatorID, keyring)
        two = try await Self.branch("two", database, ids, operatorID, keyring)
        let below = Tenant(id: ids.next(), parentID: one.tenant, kind: .reseller, name: "Shop", subdomain: "shop")
        try await database.transaction(in: one.tenant, joining: [below.id]) {
            try await TenantRepository($0).insert(below)
        }
        reseller = below.id
    }

    /// A session of its own in the world's database, with every right.
    func superuser() async throws -> PostgresSession {
        let name = String(url.split(separator: "@/")[1].prefix { $0 != "?" })
        let url = try await RealPostgres.shared().url(user: "postgres", database: name)
        return PostgresSession(PostgresConfiguration(url: url))
    }

    private static func branch(
        _ name: String,
        _ database: Database,
        _ ids: IDGenerator,
        _ operatorID: TenantID,
        _ keyring: Keyring
    ) async throws -> Branch {
        let tenant = Tenant(id: ids.next(), parentID: operatorID, kind: .provider, name: name, subdomain: name)
        let nas = NAS(
            tenantID: tenant.id,
            id: ids.next(),
            name: "nas",
            address: IPPrefix(IPAddress(ipv4: 0x0a00_0001)),
            identifier: name,
            vendor: .mikrotik
        )
        let plan = Plan(
            tenantID: tenant.id,
            id: ids.next(),
            name: "plan",
            downloadBitsPerSecond: 50_000_000,
            uploadBitsPerSecond: 10_000_000,
            price: try Money("19.9", currency: .euro),
            features: ["IPv6", "a \"b\""]
        )
        let customer = Customer(
            tenantID: tenant.id,
            id: ids.next(),
            code: "C1",
            name: "Ann",
            email: "a@example.net",
            phone: "+1",
            address: "Street 1"
        )
        let service = Service(
            tenantID: tenant.id,
            id: ids.next(),
            customerID: customer.id,
            planID: plan.id,
            username: "ann",
            expiresAt: now,
            staticIPv4: IPAddress("192.0.2.9"),
            delegatedIPv6Prefix: IPPrefix("2001:db8:100::/56")
        )
        let secrets = DirectorySecrets(keyring)
        try await database.transaction(in: operatorID, joining: [tenant.id]) { transaction in
            try await TenantRepository(transaction).insert(tenant)
            try await NASRepository(transaction).insert(
                nas,
                sealedSecret: try secrets.seal(secret: Array(secret.utf8), of: nas.id, tenant: tenant.id)
            )
            try await PlanRepository(transaction).insert(plan)
            try await CustomerRepository(transaction).insert(customer)
            try await ServiceRepository(transaction).insert(service)
            try await ServiceRepository(transaction).setPassword(
                of: service,
                sealed: try secrets.seal(password: Array(password.utf8), of: service.id, tenant: tenant.id)
            )
        }
        return Branch(tenant: tenant.id, nas: nas, plan: plan, customer: customer, service: service)
    }

    /// Runs the body over one tenant and those below it.
    func within<Success: Sendable>(
        _ tenant: TenantID,
        _ body: (ScopedTransaction) async throws -> Success
    ) async throws -> Success {
        try await database.transaction(in: tenant, body)
    }

    /// Runs the body as a role, with nothing set unless told.
    func asRole<Success: Sendable>(
        _ role: String,
        settings: [(String, String)] = [],
        _ body: (PostgresSessionTransaction) async throws -> Success
    ) async throws -> Success {
        try await database.session.transaction(settings: settings) { transaction in
            try await transaction.query("SET LOCAL ROLE \(role)")
            return try await body(transaction)
        }
    }

    func close() async { await database.close() }
}
