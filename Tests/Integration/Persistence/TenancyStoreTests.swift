import Domain
import Events
import Persistence
import Postgres
import SharedTesting
import Testing

/// Standing, settings and partners of tenants, by whom they may be decided.
@Suite(.serialized) struct TenancyStoreTests {
    private static let actor = UUID128(high: 7, low: 7)

    private static func tenancy<Success: Sendable>(
        _ world: AuditWorld,
        in root: TenantID,
        _ body: (TenancyStore) async throws -> Success
    ) async throws -> Success {
        try await world.database.transaction(in: root) {
            try await body(TenancyStore($0, ids: world.ids, time: .fixed(AuditWorld.now)))
        }
    }

    private static func active(_ world: AuditWorld) async throws -> Set<TenantID> {
        Set(
            try await world.database.transaction(in: world.operatorID) {
                try await TenantRepository($0).all().filter(\.isActive).map(\.id)
            }
        )
    }

    private static func events(_ world: AuditWorld, _ subject: String) async throws -> Set<TenantID> {
        let rows = try await world.superuser.query(
            "DELETE FROM outbox WHERE subject = $1 RETURNING tenant_id",
            [.text(subject)]
        )
        return Set(rows.compactMap { $0["tenant_id"].id(TenantID.self) })
    }

    @Test(.proves("TEN-07", "TEN-16")) func `a suspension stops the tenant and all below it, and ends for them too`()
        async throws
    {
        let world = try await AuditWorld()
        let all: Set = [world.operatorID, world.one, world.two, world.below]
        let stopped = try await Self.tenancy(world, in: world.operatorID) {
            try await $0.suspend(world.one, reason: .payment, note: "unpaid", by: Self.actor)
        }
        #expect(Set(stopped) == [world.one, world.below])
        #expect(try await Self.active(world) == [world.operatorID, world.two])
        #expect(try await Self.events(world, "tenancy.suspended") == [world.one, world.below])
        let standing = try await Self.tenancy(world, in: world.below) { try await $0.standing(of: world.below) }
        #expect(!standing.isActive && standing.suspensions.map(\.sourceID) == [world.one])
        #expect(standing.suspensions.first?.note == "unpaid" && standing.suspensions.first?.actorID == Self.actor)
        let again = try await Self.tenancy(world, in: world.operatorID) {
            try await $0.suspend(world.one, reason: .manual, by: Self.actor)
        }
        #expect(again.isEmpty)
        _ = try await Self.tenancy(world, in: world.operatorID) { try await $0.resume(world.one, by: Self.actor) }
        #expect(try await Self.active(world) == all)
        #expect(try await Self.events(world, "tenancy.resumed") == [world.one, world.below])
        await world.close()
    }

    @Test(.proves("TEN-16")) func `of several suspensions all must end, in whatever order they came and go`()
        async throws
    {
        let world = try await AuditWorld()
        var random = SeededRandom()
        var suspended: Set<TenantID> = []
        let chain = [world.one, world.below]
        for _ in 0..<100 {
            let tenant = [world.one, world.two, world.below][Int(random.next() % 3)]
            if random.next() % 2 == 0 {
                _ = try await Self.tenancy(world, in: world.operatorID) {
                    try await $0.suspend(tenant, reason: .manual, by: Self.actor)
                }
                suspended.insert(tenant)
            } else {
                _ = try await Self.tenancy(world, in: world.operatorID) {
                    try await $0.resume(tenant, by: Self.actor)
                }
                suspended.remove(tenant)
            }
            var expected: Set = [world.operatorID]
            if !suspended.contains(world.one) { expected.insert(world.one) }
            if !suspended.contains(world.two) { expected.insert(world.two) }
            if suspended.isDisjoint(with: chain) { expected.insert(world.below) }
            #expect(try await Self.active(world) == expected)
        }
        await world.close()
    }

    @Test(.proves("TEN-07", "TEN-16")) func `nobody decides his own standing, nor a neighbour's, nor the operator's`()
        async throws
    {
        let world = try await AuditWorld()
        for (root, tenant, error) in [
            (world.one, world.one, TenancyError.notBelow as any Error),
            (world.operatorID, world.operatorID, TenancyError.notBelow),
            (world.one, world.two, PersistenceError.notFound), (world.below, world.one, PersistenceError.notFound),
        ] {
            for deed in [
                { try await $0.suspend(tenant, reason: .manual, by: Self.actor) },
                { try await $0.resume(tenant, by: Self.actor) },
                { try await $0.setLicence(nil, of: tenant, by: Self.actor) },
                { _ = try await $0.requestDeletion(of: tenant, waitingDays: 30, by: Self.actor) },
                {
                    try await $0.setPartner(
                        Partner(tenantID: tenant, kind: .retail, contact: "", commissionBasisPoints: 1)
                    )
                },
            ] as [(TenancyStore) async throws -> Void] {
                let found = await #expect(throws: (any Error).self) {
                    try await Self.tenancy(world, in: root) { try await deed($0) }
                }
                #expect(found.map { "\($0)" } == "\(error)")
            }
        }
        _ = try await Self.tenancy(world, in: world.operatorID) {
            try await $0.suspend(world.one, reason: .manual, by: Self.actor)
        }
        // Not by the table's own door either.
        for statement in [
            "UPDATE tenants SET is_active = true WHERE id = '\(world.one)'",
            "UPDATE tenants SET is_active = true WHERE id = '\(world.below)'",
            "INSERT INTO tenant_licences (tenant_id, plan) VALUES ('\(world.one)', 'mine')",
            "INSERT INTO tenant_suspensions (tenant_id, source_id, reason, actor_id) VALUES ('\(world.below)', '\(world.one)', 'manual', '\(world.one)')",
            "UPDATE tenant_settings_history SET version = 9", "DELETE FROM legal_archives",
            "SELECT * FROM legal_archive_parts", "SELECT purge_tenant('\(world.one)')",
            "SELECT enforce_licences('nases', '{}')", "UPDATE tenant_deletions SET due_at = now()",
            "INSERT INTO tenants (parent_id, kind, name, subdomain) VALUES ('\(world.one)', 'reseller', 'x', 'x')",
        ] {
            await #expect(throws: (any Error).self, "\(statement)") {
                try await world.database.transaction(in: world.one) { _ = try await $0.query(statement) }
            }
        }
        let lifted = try await world.database.transaction(in: world.one) {
            try await $0.query("DELETE FROM tenant_suspensions").affectedRows
        }
        #expect(lifted == 0)
        #expect(try await Self.active(world) == [world.operatorID, world.two])
        await world.close()
    }

    @Test(.proves("TEN-08")) func `settings are read back as they were set, each change under a version of its own`()
        async throws
    {
        let world = try await AuditWorld()
        var random = SeededRandom()
        // What another maker keeps there stays.
        try await world.database.transaction(in: world.one) {
            _ = try await $0.query("UPDATE tenants SET settings = '{\"mine\": [1.5, \"x\"]}' WHERE subdomain = 'one'")
        }
        var (last, version) = try await Self.tenancy(world, in: world.one) { try await $0.settings(of: world.one) }
        #expect(last == TenantSettings() && version == 2)
        var known: [TenantSettings] = []
        for _ in 0..<100 {
            let new = Self.settings(&random)
            let changed = try await Self.tenancy(world, in: world.one) { [version] in
                try await $0.setSettings(new, of: world.one, ifVersion: version, by: Self.actor)
            }
            let read = try await Self.tenancy(world, in: world.one) { try await $0.settings(of: world.one) }
            #expect(read.settings == new && read.version == changed)
            if new != last { #expect(changed == version + 1) }
            if changed != version { known.append(last) }
            (last, version) = (new, changed)
        }
        let history = try await Self.tenancy(world, in: world.one) {
            try await $0.settingsHistory(of: world.one, limit: 1_000)
        }
        #expect(history.map(\.settings) == known.reversed() + [TenantSettings()])
        #expect(history.first?.replacedBy == Self.actor && history.map(\.version) == (1..<version).reversed())
        let kept = try await world.superuser.query(
            "SELECT (settings -> 'mine')::text FROM tenants WHERE subdomain = 'one'"
        )
        #expect(kept.first?[0].text == "[1.5, \"x\"]")
        await world.close()
    }

    @Test(.proves("TEN-08")) func `a change made from an old version is refused, and a garden of another's plan`()
        async throws
    {
        let world = try await AuditWorld()
        var settings = TenantSettings()
        settings.graceDays = 9
        _ = try await Self.tenancy(world, in: world.one) { [settings] in
            try await $0.setSettings(settings, of: world.one, ifVersion: 1, by: Self.actor)
        }
        await #expect(throws: TenancyError.versionConflict(current: 2)) {
            try await Self.tenancy(world, in: world.one) { [settings] in
                try await $0.setSettings(settings, of: world.one, ifVersion: 1, by: Self.actor)
            }
        }
        settings.policy.walledGardenPlan = PlanID(UUID128(high: 1, low: 1))
        await #expect(throws: ValidationError.self) {
            try await Self.tenancy(world, in: world.one) { [settings] in
                try await $0.setSettings(settings, of: world.one, ifVersion: nil, by: Self.actor)
            }
        }
        await #expect(throws: PersistenceError.notFound) {
            try await Self.tenancy(world, in: world.two) { try await $0.settings(of: world.one).version }
        }
        await world.close()
    }

    @Test(.proves("TEN-14", "TEN-18")) func `a partner is read back as it was set`() async throws {
        let world = try await AuditWorld()
        for kind in Partner.Kind.allCases {
            let partner = Partner(tenantID: world.below, kind: kind, contact: "Eve", commissionBasisPoints: 1_250)
            try await Self.tenancy(world, in: world.one) { try await $0.setPartner(partner) }
            #expect(try await Self.tenancy(world, in: world.below) { try await $0.partner(of: world.below) } == partner)
        }
        #expect(try await Self.tenancy(world, in: world.two) { try await $0.partner(of: world.below) } == nil)
        await world.close()
    }

    private static func settings(_ random: inout SeededRandom) -> TenantSettings {
        var settings = TenantSettings()
        func flip() -> Bool { random.next() % 2 == 0 }
        settings.policy.bindsDevice = flip()
        settings.policy.sessionPolicy = flip() ? .rejectNew : .disconnectOldest
        settings.sessionLimit = flip() ? nil : Int(random.next() % 5) + 1
        settings.fairUse = flip()
        settings.graceDays = Int(random.next() % 30)
        settings.taxCountry = flip() ? "FR" : nil
        settings.currency = flip() ? "XOF" : "EUR"
        settings.lowBalance = flip() ? Int(random.next() % 1_000_000) + 1 : nil
        settings.timeZone = flip() ? "Europe/Rome" : nil
        settings.alertThresholds = flip() ? ["pool": Int(random.next() % 100) + 1] : [:]
        settings.notificationChannels = Set(NotificationChannel.allCases.filter { _ in flip() })
        settings.branding = Branding(
            displayName: flip() ? "Acme \"é\"" : nil,
            primaryColour: flip() ? "#012345" : nil,
            supportPhone: flip() ? "+1 2" : nil
        )
        return settings
    }
}
