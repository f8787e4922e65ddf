import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

/// Profiles, and the plans that refer to them.
@Suite struct BandwidthProfileTests {
    private static let fast = SpeedProfile(
        rate: SpeedPair(download: 50_000_000, upload: 10_000_000),
        burst: SpeedProfile.Burst(
            rate: SpeedPair(download: 80_000_000, upload: 20_000_000),
            threshold: SpeedPair(download: 40_000_000, upload: 8_000_000),
            seconds: 16
        ),
        priority: 3,
        guaranteed: SpeedPair(download: 1_000_000, upload: 0)
    )
    private static let night = SpeedWindow(
        days: .all,
        start: 22 * 60,
        end: 6 * 60,
        profile: SpeedProfile(rate: SpeedPair(download: 100_000_000, upload: 20_000_000))
    )

    private static func writer(_ transaction: ScopedTransaction, _ world: DirectoryWorld) -> BandwidthProfileWriter {
        BandwidthProfileWriter(transaction, ids: world.ids)
    }

    private static func make(_ world: DirectoryWorld, _ name: String = "Fast") async throws -> BandwidthProfile {
        try await world.within(world.one.tenant) { transaction in
            try #require(
                try await writer(transaction, world).create(tenant: world.one.tenant, speed: fast) {
                    $0.name = name
                    $0.parentQueue = "uplink"
                    $0.windows = [night]
                }.after
            )
        }
    }

    private static func attach(_ id: BandwidthProfileID?, _ world: DirectoryWorld) async throws -> Plan? {
        try await world.within(world.one.tenant) { transaction in
            try await PlanWriter(transaction, ids: world.ids).update(world.one.plan.id) { $0.bandwidthProfileID = id }
                .after
        }
    }

    private static func planEvents(_ world: DirectoryWorld) async throws -> Int {
        try await world.asRole("nexora_pipeline") { transaction in
            try await transaction.query(
                "SELECT count(*) FROM outbox WHERE data::json ->> 'kind' = 'PLAN' AND data LIKE '%\(world.one.plan.id)%'"
            ).first?[0].int ?? 0
        }
    }

    @Test(.proves("RAD-18", "PLN-02")) func `a profile comes back as it was stored, and is changed as a whole`()
        async throws
    {
        let world = try await DirectoryWorld()
        let made = try await Self.make(world)
        #expect(made.speed == Self.fast && made.windows == [Self.night] && made.parentQueue == "uplink")
        let changed = try await world.within(world.one.tenant) { transaction in
            try await Self.writer(transaction, world).update(made.id, expecting: made.stamp?.version) {
                $0.speed.burst = nil
                $0.windows.append(
                    SpeedWindow(days: Weekdays("sat,sun") ?? [], start: 720, end: 780, profile: Self.night.profile)
                )
            }
        }
        #expect(changed.before == made && changed.after?.speed.burst == nil && changed.after?.windows.count == 2)
        await #expect(throws: VersionConflict.self) {
            try await world.within(world.one.tenant) { transaction in
                _ = try await Self.writer(transaction, world).update(made.id, expecting: made.stamp?.version) { _ in }
            }
        }
        await #expect(throws: PersistenceError.alreadyExists(constraint: "bandwidth_profiles_tenant_id_name_key")) {
            _ = try await Self.make(world)
        }
        let seen = try await world.within(world.two.tenant) { try await BandwidthProfileRepository($0).find(made.id) }
        #expect(seen == nil)
        await world.close()
    }

    @Test(.proves("PLN-02")) func `speeds that are none and windows that share an hour are refused`() async throws {
        let world = try await DirectoryWorld()
        let made = try await Self.make(world)
        func refused(_ edit: @escaping (inout BandwidthProfile) -> Void) async -> [String] {
            let error = await #expect(throws: ValidationError.self) {
                try await world.within(world.one.tenant) { transaction in
                    _ = try await Self.writer(transaction, world).update(made.id) { edit(&$0) }
                }
            }
            return error?.fields.map(\.description) ?? []
        }
        #expect(await refused { $0.speed.rate.upload = 0 } == ["upload_bps must be at least 1"])
        var late = Self.night
        late.days = Weekdays("mon") ?? []
        (late.start, late.end) = (5 * 60 + 59, 7 * 60)
        #expect(
            await refused { $0.windows.append(late) } == ["windows overlap: numbers 1 and 2 share an hour of the week"]
        )
        late.start = 6 * 60
        let allowed = late
        _ = try await world.within(world.one.tenant) { transaction in
            try await Self.writer(transaction, world).update(made.id) { $0.windows.append(allowed) }
        }
        await world.close()
    }

    @Test(.proves("PLN-06", "PLN-10", "CCH-02"))
    func `a change of a profile is one of the plans that refer to it, and of no others`() async throws {
        let world = try await DirectoryWorld()
        let made = try await Self.make(world)
        let before = try await Self.planEvents(world)
        func touch(_ edit: @escaping (inout BandwidthProfile) -> Void) async throws {
            _ = try await world.within(world.one.tenant) { transaction in
                try await Self.writer(transaction, world).update(made.id) { edit(&$0) }
            }
        }
        try await touch { $0.speed.rate.download = 60_000_000 }
        #expect(try await Self.planEvents(world) == before, "no plan has it")
        let plan = try #require(try await Self.attach(made.id, world))
        let attached = try await Self.planEvents(world)
        #expect(attached == before + 1)
        try await touch { $0.speed.rate.download = 70_000_000 }
        let again = try #require(
            try await world.within(world.one.tenant) { try await PlanRepository($0).find(plan.id) }
        )
        let versions = (try #require(plan.stamp).version, try #require(again.stamp).version)
        #expect(versions.0 < versions.1)
        #expect(try await Self.planEvents(world) == attached + 1)
        try await touch { $0.windows = [] }
        #expect(try await Self.planEvents(world) > attached + 1)
        await world.close()
    }

    @Test(.proves("PLN-10")) func `a profile stays while a plan has it, and a plan has none of another tenant's`()
        async throws
    {
        let world = try await DirectoryWorld()
        let made = try await Self.make(world)
        _ = try await Self.attach(made.id, world)
        await #expect(throws: PersistenceError.stillReferenced(constraint: "plans_bandwidth_profile")) {
            try await world.within(world.one.tenant) { transaction in
                _ = try await Self.writer(transaction, world).delete(made.id)
            }
        }
        let refused = await #expect(throws: ValidationError.self) {
            try await world.within(world.operatorID) { transaction in
                _ = try await PlanWriter(transaction, ids: world.ids).update(world.two.plan.id) {
                    $0.bandwidthProfileID = made.id
                }
            }
        }
        #expect(refused?.fields.map(\.field) == ["bandwidth_profile_id"])
        _ = try await Self.attach(nil, world)
        let gone = try await world.within(world.one.tenant) { transaction in
            try await Self.writer(transaction, world).delete(made.id)
        }
        #expect(gone.after == nil && gone.before?.id == made.id)
        await world.close()
    }
}
