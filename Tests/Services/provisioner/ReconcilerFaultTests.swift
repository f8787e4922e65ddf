import CoA
import Concurrency
import Domain
import Events
import Lifecycle
import Observability
import Persistence
import Postgres
import SharedTesting
import Synchronization
import Testing

@testable import Provisioner

/// What a fault, of data or of ours, does to live sessions: as little as can be.
@Suite(.serialized, .proves("COA-06", "FUP-01", "RAD-18")) struct ReconcilerFaultTests {
    private static let home = SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 10_000_000))

    private static func sessions(_ count: Int, _ world: ProvisionerWorld) async throws {
        for _ in 0..<count { _ = try await world.subscriberSession(home) }
        try await eventually { try await world.sql("SELECT FROM session_terms").count == count }
    }

    @Test func `of many that are to end at once the most are held back, but who is asked for by name, until a release`()
        async throws
    {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        let (metrics, log, health) = (MetricsRegistry(), MemoryLogSink(), Health(version: "test").component("brake"))
        let brake = SessionBrake.testing(
            DisconnectBrake.Rules(floor: 2, trickle: 0),
            registry: metrics,
            health: health,
            sink: log
        )
        let nas = NASRef(tenantID: world.tenant, id: world.nas.id)
        try await world.withEnforcer(nases, sweep: .seconds(1), brake: brake) {
            try await Self.sessions(5, world)
            try await world.sql("UPDATE customers SET status = 'suspended'")
            try await world.announce(.customer, world.service.customerID.value)
            try await eventually { brake.standing(nas).held == 3 && nases.count == 2 }
            #expect(brake.standing(nas).holdsSince != nil && health.status != .ready)
            let figures = String(decoding: metrics.render(), as: UTF8.self)
            #expect(figures.contains("\nenforcement_brake_held 3\n"))
            #expect(figures.contains("\nenforcement_brake_holding{scope=\"nas\"} 1\n"))
            // A person's word is not held back.
            let held = try await world.sql(
                "SELECT id FROM sessions s WHERE NOT EXISTS (SELECT FROM enforcements e WHERE e.session_id = s.id) LIMIT 1"
            )
            let kicked: SessionID = try #require(held.first?[0].id())
            try await world.ask(kicked)
            try await eventually { nases.count == 3 }
            #expect(try await world.orders().filter { $0.hasPrefix("disconnect suspended") }.count == 2)
            brake.release(nas)
            try await eventually(within: .seconds(30)) { nases.count == 5 }
            #expect(health.status == .ready)
        }
        let words = log.lines.filter { $0.contains("too many sessions are to be ended at once") }
        #expect(words.count == 2, "once of the tenant, once of the NAS: \(words)")
        await world.close()
    }

    @Test func `changes go on while it holds, and the ends that NASes make of them are held back`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes { order in
            order.request.kind == .change
                ? .refused(Refusal(.administrativelyProhibited)) : .acknowledged(terminateCause: nil)
        }
        let brake = SessionBrake.testing(DisconnectBrake.Rules(floor: 2, trickle: 0))
        try await world.withEnforcer(nases, brake: brake) {
            try await Self.sessions(5, world)
            try await world.sql("UPDATE services SET plan_id = '\(world.faster.id)'")
            try await world.announce(.service, world.service.id.value)
            try await eventually {
                let orders = try await world.orders()
                return orders.filter { $0 == "change plan pending braked" }.count == 3
                    && orders.filter { $0 == "change plan acknowledged" }.count == 2
            }
            #expect(nases.asked.filter { $0.request.kind == .disconnect }.count == 2)
            let waits = try await world.sql("SELECT FROM enforcements WHERE reason = 'braked' AND next_at > now()")
                .count
            #expect(waits == 3)
        }
        await world.close()
    }

    @Test func `a plan that cannot be read leaves its sessions as they are, and everybody else's are compared`()
        async throws
    {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        let (metrics, log) = (MetricsRegistry(), MemoryLogSink())
        try await world.withEnforcer(nases, metrics: metrics, sink: log) {
            try await Self.sessions(1, world)
            try await world.sql("ALTER TABLE plan_quotas DROP CONSTRAINT plan_quotas_position_check")
            try await world.sql(
                """
                INSERT INTO plan_quotas (tenant_id, plan_id, position, name, allowance, policy, throttle_download_bps, throttle_upload_bps)
                VALUES ('\(world.tenant)', '\(world.plan.id)', 300, 'Fair use', 1000, 'throttle', 1000000, 500000)
                """
            )
            let store = EnforcementStore(world.pipeline, ids: world.ids)
            let plans = try await store.plans([world.plan.id, world.faster.id])
            #expect(plans[world.plan.id] == nil && plans.unreadable[world.plan.id] != nil)
            #expect(plans[world.faster.id] != nil && plans.unreadable.count == 1)
            for _ in 0..<3 { try await world.announce(.plan, world.plan.id.value) }
            try await eventually {
                String(decoding: metrics.render(), as: UTF8.self).contains("\nenforcement_plans_unreadable 1\n")
            }
            #expect(try await world.orders() == [])
            // What does not hang on the plan is done: who is suspended is thrown out.
            try await world.sql("UPDATE customers SET status = 'suspended'")
            try await world.announce(.customer, world.service.customerID.value)
            try await eventually { try await world.orders() == ["disconnect suspended acknowledged"] }
            // Another plan is another matter.
            try await world.sql("UPDATE customers SET status = 'active'")
            try await world.sql("UPDATE services SET plan_id = '\(world.faster.id)'")
            _ = try await world.subscriberSession(Self.home)
            try await eventually { try await world.orders().last == "change plan acknowledged" }
        }
        #expect(log.lines.filter { $0.contains("a plan cannot be read") }.count == 1)
        await world.close()
    }

    @Test func `where the tenant's time zone is missing the hours' end is told as theirs, and nobody is thrown out`()
        async throws
    {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes { order in
            order.request.kind == .change
                ? .refused(Refusal(.administrativelyProhibited)) : .acknowledged(terminateCause: nil)
        }
        try await world.sql(
            """
            INSERT INTO plan_speed_windows (tenant_id, plan_id, position, days, start_minute, end_minute, download_bps, upload_bps)
            VALUES ('\(world.tenant)', '\(world.plan.id)', 1, 127, 0, 1439, 80000000, 10000000)
            """
        )
        try await world.sql(
            "UPDATE tenants SET settings = settings || '{\"time_zone\": \"Nowhere/Lost\"}' WHERE id = '\(world.tenant)'"
        )
        let (metrics, log) = (MetricsRegistry(), MemoryLogSink())
        try await world.withEnforcer(nases, sweep: .seconds(1), metrics: metrics, zones: { _ in nil }, sink: log) {
            // A server that knows the zone let it in.
            let night = SpeedProfile(rate: SpeedPair(download: 80_000_000, upload: 10_000_000))
            _ = try await world.subscriberSession(night)
            try await eventually { try await world.orders().first?.hasPrefix("change window failed") == true }
            #expect(nases.asked.allSatisfy { $0.request.kind == .change })
            try await eventually {
                String(decoding: metrics.render(), as: UTF8.self).contains("\nenforcement_zones_missing 1\n")
            }
        }
        #expect(log.lines.filter { $0.contains("Nowhere") }.count == 1, "told once, however often it is looked for")
        await world.close()
    }

    // MARK: - Looks alone

    private struct Desk {
        let world: ProvisionerWorld
        let desk: LookDesk
        let service: Look

        init(_ world: ProvisionerWorld) {
            self.world = world
            let logger = Logger(service: "test", sink: MemoryLogSink())
            let metrics = ReconcilerMetrics(MetricsRegistry())
            desk = LookDesk(
                keeping: EnforcementStore(world.pipeline, ids: world.ids),
                zones: ZoneBook(logger) { _ in .utc },
                ids: world.ids,
                time: ProvisionerWorld.clock,
                again: .seconds(3_600),
                metrics: metrics,
                brake: .testing(),
                unreadable: UnreadablePlans(metrics, logger),
                orders: { _ in }
            )
            service = Look(.services([ServiceRef(tenantID: world.tenant, serviceID: world.service.id)]))
        }

        func look() async throws -> LookReport { try await desk.carryOut(service) }
    }

    @Test func `what is only guessed is asked for later each time, up to a day`() async throws {
        let world = try await ProvisionerWorld()
        let desk = Desk(world)
        let session = try await world.subscriberSession(nil, isTold: false, since: .seconds(-60))
        let goal = Int64(bitPattern: SessionTerms(Self.home, from: .plan).digest.rawValue)
        try await world.sql(
            """
            INSERT INTO session_terms (tenant_id, session_id, nas_id, is_confined, evidence, since, refused_digest, refused_at, refusals)
            VALUES ('\(world.tenant)', '\(session)', '\(world.nas.id)', false, 'presumed', now(), \(goal), now(), 1)
            """
        )
        let cases = [
            (0, 30, false), (1, 30, false), (1, 90, true), (2, 90, false), (2, 150, true), (4, 450, false),
            (4, 510, true), (30, 1_400, false), (30, 1_450, true),
        ]
        for (refusals, minutes, isAsked) in cases {
            try await world.sql(
                "UPDATE session_terms SET refusals = \(refusals), refused_at = now() - interval '\(minutes) minutes'"
            )
            let report = try await desk.look()
            #expect(report.drifted == 1, "its service changed after it began")
            #expect(report.ordered == (isAsked ? 1 : 0), "\(refusals) \(minutes)")
            #expect(report.refused == (isAsked ? 0 : 1), "\(refusals) \(minutes)")
        }
        // What is known to be wrong is asked for each hour.
        try await world.sql(
            """
            UPDATE session_terms SET refusals = 30, refused_at = now() - interval '90 minutes', digest = 1, evidence = 'granted'
            """
        )
        #expect(try await desk.look().ordered == 1)
        await world.close()
    }

    @Test func `a NAS that would not is counted, for the same terms alone`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes { _ in .refused(Refusal(.resourcesUnavailable)) }
        try await world.withEnforcer(nases) {
            _ = try await world.subscriberSession(Self.home)
            try await world.sql("UPDATE services SET plan_id = '\(world.faster.id)'")
            for count in 1...3 {
                try await world.announce(.service, world.service.id.value)
                try await eventually { try await world.orders().count == count }
                try await eventually { try await world.refusals() == count }
                guard count < 3 else { break }
                try await world.sql("UPDATE session_terms SET refused_at = now() - interval '2 days'")
            }
            try await world.sql("UPDATE plans SET download_bps = 210000000 WHERE id = '\(world.faster.id)'")
            try await world.announce(.plan, world.faster.id.value)
            try await eventually { try await world.orders().count == 4 }
            try await eventually { try await world.refusals() == 1 }
        }
        await world.close()
    }

    @Test func `in the walled garden the attributes of its plan say the speed, not those of the service's own`()
        async throws
    {
        let world = try await ProvisionerWorld()
        let desk = Desk(world)
        let session = try await world.subscriberSession(nil, isTold: false, since: .seconds(-60))
        try await world.sql("UPDATE services SET status = 'suspended'")
        try await world.sql(
            """
            UPDATE tenants SET settings = settings || '{"walled_garden_plan": "\(world.faster.id)"}' WHERE id = '\(world.tenant)'
            """
        )
        // It is in the garden, at a speed that is not its plan's.
        try await world.sql(
            """
            INSERT INTO session_terms (tenant_id, session_id, nas_id, digest, is_confined, evidence, since)
            VALUES ('\(world.tenant)', '\(session)', '\(world.nas.id)', 1, true, 'granted', now())
            """
        )
        func attribute(_ owner: String, _ id: String) async throws {
            try await world.sql(
                """
                INSERT INTO \(owner)_reply_attributes (tenant_id, \(owner)_id, position, name, operator, value)
                VALUES ('\(world.tenant)', '\(id)', 1, 'Mikrotik-Rate-Limit', ':=', '1M/1M')
                """
            )
        }
        #expect(try await desk.look().drifted == 1)
        try await attribute("service", world.service.id.description)
        try await attribute("plan", world.plan.id.description)
        #expect(try await desk.look().drifted == 1, "what is its own does not follow it into the garden")
        try await attribute("plan", world.faster.id.description)
        #expect(try await desk.look().drifted == 0)
        await world.close()
    }
}

extension ProvisionerWorld {
    /// How often in a row the one session's NAS would not.
    fileprivate func refusals() async throws -> Int? {
        try await sql("SELECT refusals FROM session_terms").first?[0].int
    }
}
