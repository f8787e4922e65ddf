import Concurrency
import Crypto
import Domain
import Lifecycle
import Observability
import Persistence
import Postgres
import RouterOS
import RouterOSEmulator
import SharedTesting

@testable import Provisioner

/// A migrated database with a tenant, a plan, a customer and devices, emulated routers, and workers over both.
struct RouterWorld {
    static let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }
    private static let login = "correct horse"

    let url: String
    let database: Database
    let pipeline: PostgresSession
    let keyring = Keyring.ephemeral()
    let ids = IDGenerator(time: clock)
    let tenant: TenantID
    let plan: Plan
    let customer: Customer

    init() async throws {
        url = try await RealPostgres.shared().createMigratedDatabase()
        database = Database(url: url, applicationName: "tests")
        pipeline = PostgresSession(PostgresConfiguration(url: url, role: "nexora_pipeline"))
        tenant = try await database.plantOperator(
            Tenant(id: ids.next(), parentID: nil, kind: .operator, name: "Op", subdomain: "op")
        )
        plan = Plan(
            tenantID: tenant,
            id: ids.next(),
            name: "Home 50",
            downloadBitsPerSecond: 50_000_000,
            uploadBitsPerSecond: 10_000_000,
            price: try Money("19.9", currency: .euro)
        )
        customer = Customer(
            tenantID: tenant,
            id: ids.next(),
            code: "C1",
            name: "Ann",
            email: nil,
            phone: "+1",
            address: "Street 1"
        )
        let (plan, customer) = (plan, customer)
        try await database.transaction(in: tenant) { transaction in
            try await PlanRepository(transaction).insert(plan)
            try await CustomerRepository(transaction).insert(customer)
        }
    }

    /// A router that answers as the emulator does.
    static func emulator(port: UInt16 = 0) throws -> EmulatedRouter {
        var settings = EmulatedRouter.Settings()
        settings.user = "nexora"
        settings.password = login
        settings.port = port
        return try EmulatedRouter(settings)
    }

    /// The device that is reached at a port of this machine.
    func device(_ name: String, port: UInt16) async throws -> DeviceID {
        let device = Device(
            tenantID: tenant,
            id: DeviceID(.zero),
            name: name,
            kind: .router,
            vendor: .mikrotik,
            host: .address(IPAddress(ipv4: 0x7f00_0001)),
            port: Int(port),
            username: "nexora"
        )
        return try await database.transaction(in: tenant) { transaction in
            let change = try await DeviceWriter(transaction, ids: ids).create(
                device,
                tenant: tenant,
                password: Array(Self.login.utf8),
                secrets: DirectorySecrets(keyring)
            )
            guard let made = change.after else { throw NothingThere() }
            return made.id
        }
    }

    /// Says that a device is reached elsewhere.
    func move(_ id: DeviceID, to port: UInt16) async throws {
        try await database.transaction(in: tenant) { transaction in
            _ = try await DeviceWriter(transaction, ids: ids).update(id, secrets: DirectorySecrets(keyring)) {
                $0.port = Int(port)
                return .kept
            }
        }
    }

    func service(_ name: String, on router: DeviceID, _ edit: (inout Domain.Service) -> Void = { _ in }) async throws
        -> ServiceID
    {
        var service = Domain.Service(
            tenantID: tenant,
            id: ids.next(),
            customerID: customer.id,
            planID: plan.id,
            username: name
        )
        service.routerID = router
        edit(&service)
        let made = service
        let secrets = DirectorySecrets(keyring)
        try await database.transaction(in: tenant) { transaction in
            try await ServiceRepository(transaction).insert(made)
            try await ServiceRepository(transaction).setPassword(
                of: made,
                sealed: try secrets.seal(password: Array("pw of \(name)".utf8), of: made.id, tenant: made.tenantID)
            )
        }
        return made.id
    }

    func change(_ id: ServiceID, _ edit: @escaping @Sendable (inout Domain.Service) -> Void) async throws {
        try await database.transaction(in: tenant) { transaction in
            _ = try await ServiceWriter(transaction, ids: ids).update(id) { edit(&$0) }
        }
    }

    /// Of the operations of a service, or of all: kind and state in their order.
    func operations(of service: ServiceID? = nil) async throws -> [String] {
        try await pipeline.query(
            """
            SELECT kind || ' ' || state FROM router_operations WHERE $1::uuid IS NULL OR service_id = $1 ORDER BY number
            """,
            [.id(service)]
        ).compactMap { $0[0].text }
    }

    func open() async throws -> Int {
        try await pipeline.query("SELECT count(*) FROM router_operations WHERE ended_at IS NULL").first?[0].int ?? 0
    }

    func reasons() async throws -> Set<String> {
        Set(
            try await pipeline.query("SELECT DISTINCT reason FROM router_operations WHERE ended_at IS NULL")
                .compactMap { $0[0].text }
        )
    }

    func told() async throws -> Int {
        try await pipeline.query("SELECT count(*) FROM outbox WHERE subject = 'provisioning.router_completed'")
            .first?[0].int ?? 0
    }

    func standing(_ service: ServiceID) async throws -> RouterStanding {
        let tenant = tenant
        return try await database.transaction(in: tenant) {
            try await RouterOperationRepository($0).standing(of: service, tenant: tenant)
        }
    }

    /// One process's worker, until the body has ended or it is killed with its task.
    func withWorker(isKilled: Bool = false, _ body: @escaping @Sendable () async throws -> Void) async throws {
        let session = PostgresSession(PostgresConfiguration(url: url, role: "nexora_pipeline"))
        let registry = MetricsRegistry()
        let client = try RouterOSClient(metrics: RouterOSMetrics(registry))
        let worker = worker(session, client, registry)
        let signal = ShutdownSignal()
        let failure = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                await GracefulShutdown.$signal.withValue(signal) {
                    do {
                        try await worker.run()
                        return nil
                    } catch {
                        return error is CancellationError ? nil : error
                    }
                }
            }
            group.addTask {
                do {
                    try await client.run()
                    return nil
                } catch {
                    return error
                }
            }
            var failure: (any Error)?
            do { try await body() } catch { failure = error }
            if isKilled { group.cancelAll() } else { signal.raise() }
            // The client ends after whoever speaks through it.
            if let ended = await group.next() { failure = failure ?? ended }
            client.stop()
            for await ended in group { failure = failure ?? ended }
            return failure
        }
        await session.close()
        if let failure { throw failure }
    }

    private func worker(
        _ session: PostgresSession,
        _ client: RouterOSClient,
        _ registry: MetricsRegistry
    ) -> RouterWorker {
        let secrets = DirectorySecrets(keyring)
        var pool = RouterPoolSettings()
        pool.firstPause = .milliseconds(1)
        pool.longestPause = .milliseconds(20)
        pool.breaker = CircuitBreaker.Settings(
            threshold: 1,
            pause: .milliseconds(1),
            longestPause: .milliseconds(10)
        )
        return RouterWorker(
            keeping: RouterOperationStore(session, ids: ids),
            connections: RouterConnections(client, pool: pool, reachesLocal: true) { target in
                guard let sealed = target.sealedPassword,
                    let octets = try? secrets.open(
                        password: sealed,
                        of: target.ref.deviceID,
                        tenant: target.ref.tenantID
                    )
                else { return nil }
                return String(decoding: octets, as: UTF8.self)
            },
            conduct: RouterConduct { entry, tenant in
                guard let sealed = entry.sealedPassword,
                    let octets = try? secrets.open(password: sealed, of: entry.service.id, tenant: tenant)
                else { return nil }
                return String(decoding: octets, as: UTF8.self)
            },
            roster: RouterRoster(
                most: 16,
                waits: Backoff(initial: .milliseconds(5), maximum: .milliseconds(50))
            ),
            rules: RouterOperationRules(retry: .milliseconds(10), longestRetry: .milliseconds(20)),
            pace: RouterWorker.Pace(interval: .milliseconds(20), retention: .seconds(90 * 86_400)),
            time: Self.clock,
            metrics: RouterMetrics(registry),
            health: Health(version: "test").component("routers"),
            logger: Logger(service: "test", sink: MemoryLogSink())
        )
    }

    func close() async {
        await pipeline.close()
        await database.close()
    }
}

private struct NothingThere: Error {}
