import Concurrency
import Domain
import Events
import Observability
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing

@testable import AccountingConsumer

@Suite struct CounterJudgeTests {
    /// Plans for everybody, and what was told.
    private final class Register: CounterRegister {
        let asked = Mutex<[[ServiceID]]>([])
        let told = Mutex<[CounterAlarms.Alarm]>([])

        func speeds(of services: [ServiceID]) async throws(StorageFault) -> [ServiceID: SpeedPair] {
            asked.withLock { $0.append(services) }
            let plan = SpeedPair(download: 50_000_000, upload: 10_000_000)
            return Dictionary(uniqueKeysWithValues: services.map { ($0, plan) })
        }

        func tell(_ alarms: [CounterAlarms.Alarm]) async throws(StorageFault) {
            told.withLock { $0 += alarms }
        }
    }

    private struct Quiet: LogSink {
        func write(_ line: [UInt8]) {}
    }

    private func observation(
        _ session: UInt64,
        upload: Int64 = 40_000_000,
        download: Int64 = 1_000_000,
        nas: UInt64 = 1
    ) -> CounterObservation {
        CounterObservation(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            nasID: NASID(UUID128(high: 2, low: nas)),
            sessionID: SessionID(UUID128(high: 3, low: session)),
            serviceID: ServiceID(UUID128(high: 4, low: session)),
            seconds: 300,
            inputOctets: upload / 8 * 301,
            outputOctets: download / 8 * 301
        )
    }

    private func judge(_ register: any CounterRegister, _ registry: MetricsRegistry = MetricsRegistry()) -> CounterJudge
    {
        CounterJudge(
            register: register,
            metrics: CounterJudge.Metrics(registry),
            clock: .fixed(Timestamp(secondsSince1970: 1_790_000_000)),
            logger: Logger(service: "test", level: .fatal, sink: Quiet())
        )
    }

    @Test(.proves("ACC-05", "PLT-09"))
    func `one session of a NAS is told for all of them, and every one is counted`() async {
        let register = Register()
        let registry = MetricsRegistry()
        let judge = judge(register, registry)
        for _ in 0..<3 { judge.offer((0..<20).map { observation($0) } + [observation(99, nas: 2)]) }
        await judge.lookOnce()
        let told = register.told.withLock { $0 }
        #expect(told.map(\.suspicion) == [.swappedDirections, .swappedDirections])
        #expect(Set(told.map(\.observation.nasID.value.low)) == [1, 2])
        #expect(register.asked.withLock { $0.map(\.count) } == [21])
        let text = String(decoding: registry.render(), as: UTF8.self)
        let tenant = TenantID(UUID128(high: 1, low: 1))
        #expect(
            text.contains(
                "accounting_counters_implausible_total{tenant=\"\(tenant)\",suspicion=\"swapped_directions\"} 21"
            ),
            "\(text)"
        )
    }

    @Test(.proves("ACC-05")) func `what comes faster than it is judged is left out and counted`() async {
        let registry = MetricsRegistry()
        let judge = judge(Register(), registry)
        judge.offer((0..<25_000).map { observation($0) })
        judge.offer((0..<10).map { observation($0) })
        #expect(String(decoding: registry.render(), as: UTF8.self).contains("accounting_counters_unseen_total 5010"))
    }

    @Test(.proves("ACC-02", "ACC-05", "PLT-09"))
    func `committed updates lead to an event, and the octets are those reported`() async throws {
        let world = try await AccountingWorld()
        let service = ServiceID(UUID128(high: 5, low: 1))
        let (plan, customer) = (UUID128(high: 6, low: 6), UUID128(high: 6, low: 1))
        for statement in [
            "INSERT INTO plans (tenant_id, id, name, download_bps, upload_bps, price) VALUES ('\(world.tenant)', '\(plan)', 'Home', 20000000, 5000000, 1)",
            "INSERT INTO plan_speed_windows (tenant_id, plan_id, position, days, start_minute, end_minute, download_bps, upload_bps) VALUES ('\(world.tenant)', '\(plan)', 1, 127, 0, 0, 50000000, 4000000)",
            "INSERT INTO customers (tenant_id, id, code, name, phone, address) VALUES ('\(world.tenant)', '\(customer)', 'C1', 'Ann', '1', 'Street')",
            "INSERT INTO services (tenant_id, id, customer_id, plan_id, username) VALUES ('\(world.tenant)', '\(service)', '\(customer)', '\(plan)', 'ann')",
        ] {
            try await world.owner.transaction(settings: [("nexora.tenants", "{\(world.tenant)}")]) { transaction in
                try await transaction.query("SET LOCAL ROLE nexora_gateway")
                try await transaction.query(statement)
            }
        }
        let session = world.session()
        let alarms = CounterAlarms(session)
        #expect(try await alarms.speeds(of: [service]) == [service: SpeedPair(download: 50_000_000, upload: 5_000_000)])
        let profile = UUID128(high: 6, low: 9)
        for statement in [
            "INSERT INTO bandwidth_profiles (tenant_id, id, name, download_bps, upload_bps, burst_download_bps, burst_upload_bps) VALUES ('\(world.tenant)', '\(profile)', 'Fast', 1000000, 2000000, 3000000, 1000000)",
            "INSERT INTO bandwidth_profile_windows (tenant_id, profile_id, position, days, start_minute, end_minute, download_bps, upload_bps) VALUES ('\(world.tenant)', '\(profile)', 1, 127, 0, 60, 1000000, 7000000)",
            "UPDATE plans SET bandwidth_profile_id = '\(profile)'",
        ] {
            try await world.owner.transaction(settings: [("nexora.tenants", "{\(world.tenant)}")]) { transaction in
                try await transaction.query("SET LOCAL ROLE nexora_gateway")
                try await transaction.query(statement)
            }
        }
        #expect(try await alarms.speeds(of: [service]) == [service: SpeedPair(download: 3_000_000, upload: 7_000_000)])
        try await world.owner.transaction(settings: [("nexora.tenants", "{\(world.tenant)}")]) { transaction in
            try await transaction.query("SET LOCAL ROLE nexora_gateway")
            try await transaction.query("UPDATE plans SET bandwidth_profile_id = NULL")
        }
        let judge = judge(alarms)
        let writer = world.writer()
        let subscriber = Subscriber(world, 1, start: Timestamp(secondsSince1970: 1_790_000_000))
        for (index, age) in [0, 300, 600, 900, 1_200].enumerated() {
            var record = subscriber.record(index == 0 ? .start : .interimUpdate, age: age)
            // 40 Mbit/s up: eight times what the plan allows, and hardly anything down.
            (record.inputOctets, record.outputOctets) = (Int64(age) * 5_000_000, Int64(age) * 10_000)
            judge.offer(try await writer.commit([record]).observations)
        }
        await judge.lookOnce()
        let data = try await world.texts("SELECT data FROM outbox WHERE subject = 'session.counters_implausible'")
        #expect(data.count == 1)
        let text = try #require(data.first ?? nil)
        #expect(text.contains("COUNTER_SUSPICION_SWAPPED_DIRECTIONS") && text.contains(service.description), "\(text)")
        #expect(text.contains(#""planUploadBps":"5000000""#), "\(text)")
        #expect(try await world.number("SELECT input_octets FROM sessions") == 1_200 * 5_000_000)
        #expect(try await world.number("SELECT output_octets FROM sessions") == 1_200 * 10_000)
        await session.close()
    }
}
