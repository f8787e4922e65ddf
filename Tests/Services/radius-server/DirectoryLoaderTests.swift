import Crypto
import Domain
import Observability
import Persistence
import Postgres
import Profiles
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// The directory's own queries against the released schema.
@Suite struct DirectoryLoaderTests {
    private let registry = MetricsRegistry()

    private var unusable: Double? {
        String(decoding: registry.render(), as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("directory_unusable_rows_total ")
        }
        .flatMap { Double($0.split(separator: " ")[1]) }
    }

    /// Gives the plan a profile and takes it away again: its speed, shaping and windows are the profile's as a whole.
    private func profiled(
        _ plan: Domain.Plan,
        _ loader: DirectoryLoader,
        _ database: Database,
        _ root: TenantID,
        _ ids: IDGenerator
    ) async throws {
        let enforcements = EnforcementStore(database.session, ids: ids)
        func row() async throws -> PlanRow? {
            guard case .plan(let row) = try await loader.fetch(.plans, ids: [plan.id.value]).found.first else {
                return nil
            }
            // Provisioner reads the same plan with a statement of its own: a difference would change every session of it.
            let stored = try #require(try await enforcements.plans([plan.id])[plan.id])
            let speeds = stored.speeds(zone: .utc)
            #expect(speeds.profiles == RadiusServer.Plan(row: row).speeds.profiles)
            return row
        }
        let before = try #require(try await row())
        let speed = SpeedProfile(
            rate: SpeedPair(download: 7_000_000, upload: 3_000_000),
            burst: SpeedProfile.Burst(
                rate: SpeedPair(download: 9_000_000, upload: 4_000_000),
                threshold: SpeedPair(download: 6_000_000, upload: 2_000_000),
                seconds: 8
            ),
            priority: 2,
            guaranteed: SpeedPair(download: 1_000_000, upload: 0)
        )
        var night = ExtrasWorld.night
        night.start += 30
        let window = night
        let made = try await database.transaction(in: root) { transaction in
            try await BandwidthProfileWriter(transaction, ids: ids).create(tenant: root, speed: speed) {
                $0.name = "Fast"
                $0.windows = [window]
            }.after
        }
        let profile = try #require(made)
        func attach(_ id: BandwidthProfileID?) async throws {
            try await database.transaction(in: root) { transaction in
                _ = try await PlanWriter(transaction, ids: ids).update(plan.id) { $0.bandwidthProfileID = id }
            }
        }
        try await attach(profile.id)
        let after = try #require(try await row())
        #expect(after.speed == speed && after.windows == [window])
        #expect(after.version > before.version && after.extras == before.extras)
        try await database.transaction(in: root) { transaction in
            _ = try await BandwidthProfileWriter(transaction, ids: ids).update(profile.id) {
                $0.speed = SpeedProfile(rate: SpeedPair(download: 8_000_000, upload: 3_000_000))
                $0.windows = []
            }
        }
        let changed = try #require(try await row())
        #expect(changed.speed == SpeedProfile(rate: SpeedPair(download: 8_000_000, upload: 3_000_000)))
        #expect(changed.windows.isEmpty && changed.version > after.version)
        let whole = try await loader.load().directory
        #expect(try await loader.checksum() == whole.checksum)
        try await attach(nil)
        let again = try #require(try await row())
        #expect(again.speed == before.speed && again.windows == before.windows)
    }

    @Test(.proves("RAD-10", "RAD-18", "RAD-23"))
    func `attributes, windows and time zones are loaded, and what cannot be used is left out and counted`() async throws
    {
        let url = try await RealPostgres.shared().createMigratedDatabase()
        let database = Database(url: url, applicationName: "tests")
        let ids = IDGenerator(time: .fixed(Timestamp(microseconds: ExtrasWorld.noon)))
        var tenant = Tenant(id: ids.next(), parentID: nil, kind: .operator, name: "Op", subdomain: "op")
        tenant.settings = #"{"time_zone": "Europe/Rome"}"#
        let plan = Plan(
            tenantID: tenant.id,
            id: ids.next(),
            name: "Home",
            downloadBitsPerSecond: 50_000_000,
            uploadBitsPerSecond: 10_000_000,
            price: try Money("19.9", currency: .euro)
        )
        let root = try await database.plantOperator(tenant)
        try await database.transaction(in: root) { transaction in
            let plans = PlanRepository(transaction)
            try await plans.insert(plan)
            _ = try await plans.addWindow(ExtrasWorld.night, to: plan)
            let owner = ReplyAttributeOwner.plan(tenant.id, plan.id)
            let attributes = ReplyAttributeRepository(transaction)
            for attribute in [
                ReplyAttribute(name: "Filter-Id", action: .set, value: "a,b;c d"),
                ReplyAttribute(name: "No-Such-Attribute", action: .add, value: "1"),
                ReplyAttribute(name: "Class", action: .set, value: "0x00"),
                ReplyAttribute(name: "Mikrotik-Rate-Limit", action: .remove, value: "", vendor: .mikrotik),
            ] {
                _ = try await attributes.append(attribute, to: owner)
            }
        }
        let session = PostgresSession(
            PostgresConfiguration(url: url, role: "nexora_pipeline", applicationName: "tests"),
            name: "pg-test"
        )
        let loader = DirectoryLoader(
            session: session,
            keyring: .ephemeral(),
            attributes: ReplyAttributeEncoder(try BuiltInDictionary.load()),
            logger: Logger(service: "test", level: .fatal, sink: QuietSink()),
            registry: registry
        )
        let directory = try await loader.load().directory
        let loaded = try #require(directory.plans.first { $0.row?.id == plan.id.value })
        #expect(loaded.row?.windows == [ExtrasWorld.night])
        #expect(loaded.speeds.schedule?.zone == SystemFiles.timeZone("Europe/Rome"))
        #expect(loaded.row?.extras.map(\.action) == [.set, .remove] && loaded.row?.extras.last?.vendor == .mikrotik)
        #expect(loaded.row?.extras.first?.octets == [11, 9] + Array("a,b;c d".utf8))
        #expect(unusable == 2)
        #expect(try await loader.checksum() == directory.checksum)
        // An event's row is the same.
        let changes = try await loader.fetch(.plans, ids: [plan.id.value])
        guard case .plan(let again) = changes.found.first else {
            Issue.record("the plan is not there")
            return
        }
        #expect(again == loaded.row)
        try await profiled(plan, loader, database, root, ids)
        // A change of an attribute is one of the plan: its version and the checksum tell.
        try await database.transaction(in: root) { transaction in
            try await ReplyAttributeRepository(transaction).remove(position: 1, of: .plan(tenant.id, plan.id))
        }
        #expect(try await loader.checksum() != directory.checksum)
        await database.close()
    }
}
