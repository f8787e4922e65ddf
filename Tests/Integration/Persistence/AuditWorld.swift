import Crypto
import Domain
import Persistence
import Postgres
import SharedTesting

/// A migrated database with an operator, two providers beside one another and a reseller below the first; and the hand of
/// somebody who may do anything to the tables.
struct AuditWorld {
    let url: String
    let database: Database
    let superuser: PostgresSession
    let keyring = Keyring.ephemeral()
    let ids: IDGenerator
    let operatorID, one, two, below: TenantID

    static let now = Timestamp(secondsSince1970: 1_790_000_000)

    init() async throws {
        let server = try await RealPostgres.shared()
        url = try await server.createMigratedDatabase()
        database = Database(url: url, applicationName: "tests")
        let name = String(url.split(separator: "@/")[1].prefix { $0 != "?" })
        superuser = PostgresSession(PostgresConfiguration(url: server.url(user: "postgres", database: name)))
        ids = IDGenerator(time: .fixed(Self.now))
        operatorID = try await database.plantOperator(
            Tenant(id: ids.next(), parentID: nil, kind: .operator, name: "Op", subdomain: "op")
        )
        one = try await Self.plant("one", .provider, below: operatorID, database, ids)
        two = try await Self.plant("two", .provider, below: operatorID, database, ids)
        below = try await Self.plant("shop", .reseller, below: one, database, ids)
    }

    private static func plant(
        _ name: String,
        _ kind: TenantKind,
        below parent: TenantID,
        _ database: Database,
        _ ids: IDGenerator
    ) async throws -> TenantID {
        let tenant = Tenant(id: ids.next(), parentID: parent, kind: kind, name: name, subdomain: name)
        try await database.transaction(in: parent, joining: [tenant.id]) {
            try await TenantRepository($0).insert(tenant)
        }
        return tenant.id
    }

    /// An entry about a customer, with everything that an entry can have.
    func entry(_ tenant: TenantID, _ number: Int = 1, action: AuditAction = .update) -> AuditEntry {
        AuditEntry(
            id: ids.next(),
            tenantID: tenant,
            origin: AuditOrigin(
                actor: .user(UUID128(high: 5, low: UInt64(number % 3))),
                impersonator: number % 2 == 0 ? UUID128(high: 9, low: 9) : nil,
                address: IPAddress("2001:db8::\(String(number % 9 + 1, radix: 16))") ?? IPAddress(ipv4: 1),
                userAgent: "Agent \"\(number)\" \u{1F600}",
                requestID: "req-\(number)"
            ),
            action: action,
            resource: AuditResource("customer", number),
            outcome: number % 5 == 0 ? .refused : .success,
            reason: number % 5 == 0 ? "not allowed" : nil,
            change: .updated(
                ["name": "Ann", "fee": "19.90", "password": "a", "tags": ["é", 1, .null, true]],
                ["name": .text("Bob \(number)"), "fee": "19.9", "password": "b", "tags": ["é\t\\", 2]]
            ),
            time: Self.now + .seconds(number),
            nanosecond: number % 1_000
        )
    }

    func append(_ entries: [AuditEntry], in root: TenantID? = nil) async throws {
        try await database.transaction(in: root ?? operatorID) { try await AuditLog($0).append(entries) }
    }

    func sign(at time: Timestamp = now) async throws -> [SignedCheckpoint] {
        try await database.transaction(in: operatorID) {
            try await AuditCheckpoints($0).sign(with: keyring, now: time)
        }
    }

    func verify(_ tenant: TenantID, kept: [SignedCheckpoint] = [], stretch: Int = 7) async throws -> AuditVerdict {
        try await database.transaction(in: operatorID) {
            try await AuditVerifier($0, stretch: stretch).verify(tenant, keyring: keyring, kept: kept, now: Self.now)
        }
    }

    func records(_ filter: AuditFilter = AuditFilter(), in root: TenantID, page: Int = 100) async throws
        -> [AuditRecord]
    {
        try await database.transaction(in: root) { transaction in
            var all: [AuditRecord] = []
            while true {
                let cursor = all.last.map { AuditCursor(AuditCursor(after: $0).description) } ?? nil
                let found = try await AuditLog(transaction).page(filter, after: cursor, limit: page)
                all += found
                guard found.count == page else { return all }
            }
        }
    }

    /// Runs statements with every trigger and policy out of the way: what somebody can do who owns the server.
    func tamper(_ statements: [(sql: String, parameters: [PGValue])]) async throws {
        try await superuser.transaction { transaction in
            try await transaction.query("SET LOCAL session_replication_role = replica")
            _ = try await transaction.pipeline(statements)
        }
    }

    func close() async {
        await superuser.close()
        await database.close()
    }
}
