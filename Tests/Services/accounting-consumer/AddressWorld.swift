import Concurrency
import Domain
import Observability
import Persistence
import Postgres
import Redis
import SharedTesting
import Testing

@testable import AccountingConsumer
@testable import Admission

/// Redis and Postgres with two pools, 20 services and a NAS, and what keeps the addresses of both one.
struct AddressWorld {
    let accounting: AccountingWorld
    let server: RealRedis
    let redis: RedisSession
    let keeper: AdmissionKeeper
    let store: AllocationStore
    let metrics: AddressMetrics
    let registry: MetricsRegistry
    let persister: LogPersister
    let warmUp: WarmUp
    let reconciliation: Reconciliation
    let clock: TimeSource
    let pools: PoolCatalogue
    let homes, delegated: AddressPool

    init() async throws {
        accounting = try await AccountingWorld()
        server = try await RealRedis.start()
        let place = try RedisPlace(server.url)
        redis = RedisSession(place, scripts: AdmissionChannel.scripts)
        keeper = AdmissionKeeper(place)
        store = AllocationStore(accounting.session())
        registry = MetricsRegistry()
        metrics = AddressMetrics(registry)
        let logger = Logger(service: "test", sink: MemoryLogSink())
        clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }
        persister = LogPersister(keeper: keeper, store: store, metrics: metrics, logger: logger)
        warmUp = WarmUp(
            keeper: keeper,
            store: store,
            logger: logger,
            clock: clock,
            replay: .milliseconds(1),
            leaseSeconds: 900
        )
        reconciliation = Reconciliation(
            keeper: keeper,
            store: store,
            persister: persister,
            metrics: metrics,
            clock: clock,
            leaseSeconds: 900
        )
        try await Self.fill(accounting)
        pools = PoolCatalogue(try await store.pools())
        homes = try #require(pools.all.first { $0.row.name == "homes" }?.pool)
        delegated = try #require(pools.all.first { $0.row.name == "homes6" }?.pool)
        try await warmUp.run(pools)
        try await loadBlocks()
    }

    private static func fill(_ world: AccountingWorld) async throws {
        let tenant = world.tenant.description
        try await TenantScope(root: world.tenant).transaction(on: world.owner) { transaction in
            for statement in [
                "INSERT INTO ip_pools (tenant_id, name, range, use, unit_length) VALUES ('\(tenant)', 'homes', '192.168.0.0/26', 'ipv4', 32)",
                "INSERT INTO ip_pools (tenant_id, name, range, use, unit_length, sticky_seconds) VALUES ('\(tenant)', 'homes6', '2001:db8::/48', 'delegated', 56, 0)",
                "INSERT INTO nas_devices (tenant_id, id, name, address, secret) VALUES ('\(tenant)', '\(world.nas)', 'nas', '10.0.0.1', '\\x00')",
                "INSERT INTO plans (tenant_id, name, download_bps, upload_bps, price) VALUES ('\(tenant)', 'p', 2, 1, 9.9)",
                "INSERT INTO customers (tenant_id, code, name, phone, address) VALUES ('\(tenant)', 'c', 'n', '1', 'a')",
                """
                INSERT INTO services (tenant_id, id, customer_id, plan_id, username)
                SELECT c.tenant_id, ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, c.id, p.id, 'user' || i
                FROM customers c, plans p, generate_series(1, 20) i
                """,
            ] { _ = try await transaction.query(statement) }
        }
    }

    static func service(_ number: Int) -> UUID128 {
        UUID128("00000000-0000-7000-8000-" + String(repeating: "0", count: 12 - "\(number)".count) + "\(number)")
            ?? .zero
    }

    static func admission(_ number: Int) -> UUID128 { UUID128(high: 7 << 32 | 0x7000, low: 1 << 63 | UInt64(number)) }

    static func station(_ number: Int) -> String { "02-00-00-00-00-" + (number < 10 ? "0" : "") + "\(number)" }

    /// Admits a service's login, as a server does: a unit of each pool.
    func login(_ number: Int, admission: Int, device: Int? = nil, binds: Bool = false) async throws -> AdmissionResult {
        var request = AdmissionRequest(
            service: Self.service(number),
            device: DeviceKey(callingStationID: Self.station(device ?? number), nas: accounting.nas, port: nil),
            nas: accounting.nas.value,
            admission: Self.admission(admission)
        )
        request.pools = [PoolTerms(homes), nil, PoolTerms(delegated)]
        request.bindsDevice = binds
        request.hardwareAddress = 0x0200_0000_0000 | UInt64(device ?? number)
        var batch = AdmissionBatch()
        _ = batch.append(request)
        let answer = try await redis.run(
            0,
            keys: [Array("ipam:ready".utf8)],
            arguments: [[batch.requests, batch.terms]]
        )
        let octets = answer.first?.octets ?? []
        let result = unsafe octets.withUnsafeBytes { octets in
            var reader = unsafe AdmissionResults(octets)
            return reader.next()
        }
        return try #require(result)
    }

    /// Loads every block of the pools, as servers do one by one.
    func loadBlocks() async throws {
        for pool in [homes, delegated] {
            let name = "pool:\(pool.id):"
            let usable = (0..<pool.blockCount).flatMap { pool.usable(inBlock: $0) }
            let owners = try await keeper.owners(usable.map { AllocationLedger.Unit(pool: pool.id, offset: $0) })
            let free = zip(usable, owners).filter { $1 == nil }.map { Array(String($0.0).utf8) }
            _ = try await redis.pipeline([
                [Array("SADD".utf8), Array((name + "available").utf8)] + free,
                ["SET", name + "blocks", String(pool.blockCount)].map { Array($0.utf8) },
            ])
        }
    }

    /// The accounting of that login, as the consumer commits it.
    func record(_ number: Int, admission: Int, _ status: AccountingStatus, age: Int = 0) async throws {
        var record = Subscriber(accounting, admission, start: clock.now() - .seconds(age)).record(status, age: age)
        record.serviceID = ServiceID(Self.service(number))
        record.admissionID = AdmissionID(Self.admission(admission))
        record.callingStationID = Self.station(number)
        record.framedIPv4 = nil
        _ = try await accounting.writer().commit([record])
    }

    func report(_ kind: SessionReport.Kind, _ number: Int, admission: Int) async throws {
        _ = try await keeper.report([
            SessionReport(
                kind,
                service: Self.service(number),
                device: DeviceKey(callingStationID: Self.station(number), nas: accounting.nas, port: nil),
                admission: Self.admission(admission),
                nas: accounting.nas.value
            )
        ])
    }

    /// Who has which unit, as Redis has it: `user1 homes 4`, and `kept` where it is only kept for him.
    func leases() async throws -> Set<String> {
        var all: Set<String> = []
        for pool in [homes, delegated] {
            let pairs = try await redis.command("HGETALL", "pool:\(pool.id):leased").elements ?? []
            let kept = try await redis.command("ZRANGE", "pool:\(pool.id):idle", "0", "-1").elements ?? []
            for index in stride(from: 0, to: pairs.count, by: 2) {
                let service = pairs[index + 1].octets.flatMap { UUID128(bytes: $0) } ?? .zero
                let isKept = kept.contains(pairs[index])
                all.insert("\(service) \(pool.use.name) \(pairs[index].number ?? -1)\(isKept ? " kept" : "")")
            }
        }
        return all
    }

    /// The same, as Postgres has it.
    func allocations() async throws -> Set<String> {
        Set(
            try await store.openAllocations(after: .start, limit: 1_000, pools: pools).page.map(\.allocation).map {
                "\($0.service) \(pools.pool($0.pool)?.use.name ?? "?") \($0.offset)\($0.status == .reserved ? " kept" : "")"
            }
        )
    }

    func repairs(_ kind: Repair) -> Int {
        let line = String(decoding: registry.render(), as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("ipam_repairs_total{kind=\"\(kind.rawValue)\"}")
        }
        return line.flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
    }

    func reconcile() async throws {
        var cursor = BlockCursor()
        try await reconciliation.run(pools, &cursor)
    }

    func close() async throws {
        try await server.kill()
        await accounting.owner.close()
    }
}
