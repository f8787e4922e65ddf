import Concurrency
import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// A migrated database with one tenant, and the writers and questions that tests have for it.
struct AccountingWorld {
    let url: String
    let owner: PostgresSession
    let tenant = TenantID(UUID128(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001))
    let nas = NASID(UUID128(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0a01))

    /// On the shared server unless a test brings one that it is going to stop.
    init(on server: RealPostgres? = nil) async throws {
        let server = if let server { server } else { try await RealPostgres.shared() }
        url = try await server.createMigratedDatabase()
        owner = PostgresSession(PostgresConfiguration(url: url))
        try await owner.query(
            "INSERT INTO tenants (id, kind, name, subdomain) VALUES ($1, 'operator', 'Test', 'test')",
            [.uuid(high: tenant.value.high, low: tenant.value.low)]
        )
    }

    /// A session of the pipelines' role.
    func session() -> PostgresSession {
        PostgresSession(PostgresConfiguration(url: url, role: "nexora_pipeline"))
    }

    func writer() -> AccountingWriter { AccountingWriter(session()) }

    /// One number from the database, asked by the pipelines' role: the owner sees no rows.
    func number(_ sql: String) async throws -> Int {
        let session = session()
        defer { withExtendedLifetime(session) {} }
        let value = try await session.query(sql).first?[0].int ?? 0
        await session.close()
        return value
    }

    /// Brings the days up to the sessions.
    func fold() async throws {
        let session = session()
        _ = try await PendingUsage(session).fold(limit: 1_000_000)
        await session.close()
    }

    func texts(_ sql: String) async throws -> [String?] {
        let session = session()
        let values = try await session.query(sql).map { $0[0].text }
        await session.close()
        return values
    }

    func run(_ sql: String) async throws {
        let session = session()
        try await session.query(sql)
        await session.close()
    }

    /// The octets of all sessions, which must be those of all days and of all usage events.
    func octets() async throws -> (sessions: Int, days: Int, events: Int) {
        let sessions = try await number(
            "SELECT coalesce(sum(input_octets + output_octets), 0)::bigint FROM sessions"
        )
        try await fold()
        let days = try await number(
            "SELECT coalesce(sum(input_octets + output_octets), 0)::bigint FROM usage_daily"
        )
        let events = try await number(
            """
            SELECT coalesce(sum(coalesce((d ->> 'inputOctets')::bigint, 0) + coalesce((d ->> 'outputOctets')::bigint, 0)), 0)::bigint
            FROM outbox, jsonb_array_elements(data::jsonb -> 'deltas') d WHERE subject = 'usage.advanced'
            """
        )
        return (sessions, days, events)
    }
}

/// The reports of one subscriber's session, as its NAS would send them.
struct Subscriber {
    let world: AccountingWorld
    let number: Int
    let start: Timestamp

    init(_ world: AccountingWorld, _ number: Int, start: Timestamp) {
        self.world = world
        self.number = number
        self.start = start
    }

    /// The report at that age, with octets that grow by 1,000 and 100 a second.
    func record(
        _ status: AccountingStatus,
        age: Int,
        id: UUID128? = nil,
        framedIPv4: String = "100.64.0.1"
    ) -> AccountingRecord {
        let id =
            id
            ?? UUID128.v7(
                at: start + .seconds(age),
                random: (UInt64(number), .random(in: 0...UInt64.max))
            )
        return AccountingRecord(
            id: EventID(id),
            tenantID: world.tenant,
            nasID: world.nas,
            statusType: status,
            receivedAt: start + .seconds(age),
            sessionSeconds: UInt32(age),
            acctSessionID: "session-\(number)",
            username: "user\(number)",
            serviceID: ServiceID(UUID128(high: 5, low: UInt64(number))),
            customerID: CustomerID(UUID128(high: 6, low: UInt64(number))),
            admissionID: AdmissionID(UUID128(high: 7, low: UInt64(number))),
            callingStationID: "02:00:00:00:00:01",
            nasPort: UInt32(number),
            framedIPv4: framedIPv4,
            inputOctets: Int64(age) * 1_000,
            outputOctets: Int64(age) * 100,
            hasGigawords: true,
            inputPackets: Int64(age),
            outputPackets: Int64(age)
        )
    }
}
