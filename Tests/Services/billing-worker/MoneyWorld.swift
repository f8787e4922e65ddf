import Billing
import Concurrency
import Crypto
import Domain
import Events
import Glibc
import Ledger
import Messaging
import NATS
import Observability
import Persistence
import Postgres
import SharedTesting
import Testing

/// A migrated database with an operator, a provider and customers, a NATS and a Redis, and who sends commands to billing-worker.
struct MoneyWorld {
    let postgres: RealPostgres
    let nats: RealNATS
    let redis: RealRedis
    let folder: TemporaryDirectory
    let url: String
    let database: Database
    let billing: PostgresSession
    let client: NATSClient
    let desk: CommandDesk
    let keyring: Keyring
    let keyringPath: String
    let ids: IDGenerator
    let operatorID, provider: TenantID
    let customers: [CustomerID]

    var lane: Lane { Lane(rootID: operatorID, currency: .euro) }

    /// On the shared Postgres unless a test brings one that it is going to stop.
    init(on server: RealPostgres? = nil, customers count: Int = 3) async throws {
        postgres = if let server { server } else { try await RealPostgres.shared() }
        nats = try await RealNATS.start()
        redis = try await RealRedis.start()
        folder = try TemporaryDirectory()
        url = try await postgres.createMigratedDatabase()
        database = Database(url: url, applicationName: "tests")
        billing = PostgresSession(PostgresConfiguration(url: url, role: "nexora_billing"))
        client = try NATSClient(
            NATSConfiguration(url: nats.url, name: "test", reconnectWait: .milliseconds(20)),
            logger: Logger(service: "test", sink: MemoryLogSink())
        )
        let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }
        ids = IDGenerator(time: clock)
        desk = try CommandDesk(client, ids: ids)
        try await Streams.ensureWhenReady(on: client)
        keyringPath = folder.file("keyring")
        try Keyring.create(at: keyringPath)
        keyring = try Keyring(path: keyringPath)
        operatorID = try await database.plantOperator(
            Tenant(id: ids.next(), parentID: nil, kind: .operator, name: "Op", subdomain: "op")
        )
        let tenant = Tenant(id: ids.next(), parentID: operatorID, kind: .provider, name: "one", subdomain: "one")
        try await database.transaction(in: operatorID, joining: [tenant.id]) {
            try await TenantRepository($0).insert(tenant)
        }
        provider = tenant.id
        let customers: [CustomerID] = (0..<count).map { [ids] _ in ids.next() }
        self.customers = customers
        try await database.transaction(in: tenant.id) { transaction in
            for (number, id) in customers.enumerated() {
                _ = try await transaction.query(
                    """
                    INSERT INTO customers (tenant_id, id, code, name, phone, address)
                    VALUES ($1, $2, $3, 'A customer', '+33 1', 'A street')
                    """,
                    [.id(tenant.id), .id(id), .text("C\(number)")]
                )
            }
        }
    }

    /// The real daemon as a process of its own, so that it can be killed.
    func worker(_ name: String = "worker", settings: [String] = [], log: String? = nil) async throws -> ChildProcess {
        let environment =
            [
                "DATABASE_URL=\(url)", "NATS_URL=\(nats.url)", "REDIS_URL=redis://127.0.0.1:\(redis.port)",
                "NEXORA_ADMIN_PORT=0", "NEXORA_KEYRING_PATH=\(keyringPath)", "NEXORA_LANES_HOLDER=\(name)",
                "NEXORA_LANES_LEASE=1s", "NEXORA_LANES_ACK_WAIT=1s", "NEXORA_LANES_DISCOVERY=20ms",
                "NEXORA_SHUTDOWN_DEADLINE=10s",
            ] + settings
        return try await ChildProcess.start(
            BuiltPrograms.path("billing-worker"),
            [],
            log: log ?? folder.file("\(name)-\(UInt32.random(in: 0...UInt32.max)).log"),
            environment: environment
        )
    }

    func euro(_ text: String) throws -> Money { try Money(text, currency: .euro) }

    func command(
        _ key: String,
        _ action: MoneyCommand.Action,
        purpose: TransferPurpose = .topUp,
        lane: Lane? = nil
    ) throws -> MoneyCommand {
        MoneyCommand(
            id: ids.next(),
            tenantID: provider,
            lane: lane ?? self.lane,
            key: try #require(IdempotencyKey(key)),
            action: action,
            details: TransferDetails(purpose)
        )
    }

    func topUp(_ key: String, _ amount: String, customer: Int = 0) throws -> MoneyCommand {
        try command(key, .topUp(.customer(customers[customer]), amount: euro(amount), gateway: "cash"))
    }

    func charge(_ key: String, _ amount: String, customer: Int = 0) throws -> MoneyCommand {
        try command(
            key,
            .charge(.customer(customers[customer]), amount: euro(amount), shared: true),
            purpose: .subscription
        )
    }

    /// Sends it again until it is answered: what a sender does who was told nothing.
    func settle(_ command: MoneyCommand, within limit: Duration = .seconds(90)) async throws -> MoneyAnswer {
        let end = Deadline.after(limit)
        while !end.hasPassed {
            if let answer = try? await desk.submit(command, within: .seconds(3)) { return answer }
        }
        throw NeverAnswered(key: command.key)
    }

    /// What is in a customer's wallet, in ten-thousandths; zero where he has none.
    func balance(customer: Int = 0) async throws -> Int64 {
        try await billing.query(
            "SELECT balance FROM ledger_accounts WHERE owner_id = $1 AND kind = 'wallet'",
            [.id(customers[customer])]
        ).first?["balance"].int64 ?? 0
    }

    func number(_ sql: String) async throws -> Int64 {
        try await billing.query(sql).first?[0].int64 ?? 0
    }

    /// Nothing is wrong with the ledger, and the whole of it sums to zero.
    func verify() async throws {
        try await LedgerVerifier.run(on: billing, keyring: keyring) { #expect($0.discrepancy == nil) }
        #expect(try await number("SELECT coalesce(sum(balance), 0)::bigint FROM ledger_accounts") == 0)
    }

    func close() async throws {
        await desk.close()
        await client.close()
        await billing.close()
        await database.close()
        try await nats.stop()
        try await redis.stop()
    }
}

/// Nobody said what became of a command.
struct NeverAnswered: Error {
    let key: IdempotencyKey
}
