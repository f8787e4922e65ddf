import CoA
import Domain
import Events
import Observability
import Persistence
import Postgres
import RADIUS
import SharedTesting
import Sockets
import Testing

@testable import Provisioner

/// What sessions have against what they should have, over a real database and a real stream; the NASes are models.
@Suite(.serialized, .proves("COA-02", "COA-06", "COA-08", "FUP-01", "RAD-18")) struct ReconcilerTests {
    private static let home = SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 10_000_000))

    private func text(_ order: ControlOrder?) -> String? {
        order?.request.changes.first.map { String(decoding: $0.value.dropFirst(6), as: UTF8.self) }
    }

    @Test func `another plan reaches a live session, and what it carries proves it`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            let session = try await world.subscriberSession(Self.home)
            try await world.sql("UPDATE services SET plan_id = '\(world.faster.id)'")
            try await world.announce(.service, world.service.id.value)
            try await eventually { try await world.orders() == ["change plan acknowledged"] }
            #expect(nases.asked.map(\.request.kind) == [.change])
            #expect(text(nases.asked.first)?.contains("200") == true)
            // Told again it is nothing new.
            try await world.announce(.plan, world.faster.id.value)
            try await world.announce(.customer, world.service.customerID.value)
            let back = SessionTerms(Self.home, from: .plan)
            try await world.sql("UPDATE services SET plan_id = '\(world.plan.id)'")
            try await world.announce(.service, world.service.id.value)
            try await eventually {
                try await world.orders() == ["change plan superseded replaced", "change plan acknowledged"]
            }
            #expect(nases.count == 2)
            let terms = try await world.sql("SELECT digest::text, evidence FROM session_terms").first
            #expect(terms?[0].text == "\(Int64(bitPattern: back.digest.rawValue))" && terms?[1].text == "changed")
            try await world.end(session)
            try await eventually { try await world.orders().last == "change plan confirmed session_over" }
        }
        await world.close()
    }

    @Test func `a quota slows a session down within one round, and its end gives the speed back`() async throws {
        let world = try await ProvisionerWorld()
        try await world.sql(
            """
            INSERT INTO plan_quotas (tenant_id, plan_id, position, name, allowance, policy, throttle_download_bps, throttle_upload_bps)
            VALUES ('\(world.tenant)', '\(world.plan.id)', 1, 'Fair use', 1000, 'throttle', 1000000, 500000)
            """
        )
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            _ = try await world.subscriberSession(Self.home)
            try await eventually { try await world.sql("SELECT FROM session_terms").count == 1 }
            try await world.sql(
                """
                UPDATE services SET restriction = 'throttled', restricted_position = 1,
                    restricted_until = clock_timestamp() + interval '1 hour'
                """
            )
            try await world.restricted(.throttled)
            try await eventually { try await world.orders() == ["change quota acknowledged"] }
            #expect(text(nases.asked.last)?.hasPrefix("500") == true)
            try await world.sql(
                "UPDATE services SET restriction = 'none', restricted_position = NULL, restricted_until = NULL"
            )
            try await world.restricted(.restored)
            try await eventually {
                try await world.orders() == ["change quota superseded replaced", "change restored acknowledged"]
            }
        }
        await world.close()
    }

    @Test func `who is suspended is thrown out, and who is not suspended any more is not`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            let session = try await world.subscriberSession(Self.home)
            try await world.sql("UPDATE customers SET status = 'suspended'")
            try await world.announce(.customer, world.service.customerID.value)
            try await eventually { try await world.orders() == ["disconnect suspended acknowledged"] }
            #expect(nases.asked.map(\.request.kind) == [.disconnect])
            try await world.end(session)
            try await eventually { try await world.orders() == ["disconnect suspended confirmed session_over"] }
        }
        await world.close()
    }

    @Test func `a session that was admitted under terms of before is corrected at its start`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            let old = SpeedProfile(rate: SpeedPair(download: 20_000_000, upload: 5_000_000))
            _ = try await world.subscriberSession(old)
            try await eventually { try await world.orders() == ["change plan acknowledged"] }
            #expect(nases.count == 1)
        }
        await world.close()
    }

    @Test func `a sweep finds what nobody told, and takes what nobody knows for what it should be`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases, sweep: .seconds(1)) {
            // Nothing changed since it began.
            for table in ["services", "plans", "customers"] {
                try await world.sql("ALTER TABLE \(table) DISABLE TRIGGER USER")
                try await world.sql("UPDATE \(table) SET updated_at = updated_at - interval '1 hour'")
                try await world.sql("ALTER TABLE \(table) ENABLE TRIGGER USER")
            }
            _ = try await world.subscriberSession(nil, isTold: false, since: .seconds(-60))
            try await eventually {
                try await world.sql("SELECT FROM session_terms WHERE evidence = 'presumed'").count == 1
            }
            #expect(nases.count == 0)
            try await world.sql("UPDATE plans SET download_bps = 60000000 WHERE id = '\(world.plan.id)'")
            try await eventually(within: .seconds(30)) { try await world.orders() == ["change plan acknowledged"] }
        }
        await world.close()
    }

    @Test func `of a session that nobody told about, what changed since is told again, nobody thrown out`() async throws
    {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes { _ in .refused(Refusal(.administrativelyProhibited)) }
        try await world.withEnforcer(nases) {
            try await world.sql("UPDATE services SET plan_id = '\(world.faster.id)'")
            _ = try await world.subscriberSession(nil, since: .seconds(-5))
            try await eventually { try await world.orders() == ["change plan failed refused"] }
            #expect(nases.asked.map(\.request.kind) == [.change])
            #expect(text(nases.asked.first)?.contains("200") == true)
        }
        await world.close()
    }

    @Test func `what a NAS refuses is not asked for again in each sweep`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes { _ in .refused(Refusal(.resourcesUnavailable)) }
        try await world.withEnforcer(nases, sweep: .seconds(1)) {
            _ = try await world.subscriberSession(Self.home)
            try await world.sql("UPDATE services SET plan_id = '\(world.faster.id)'")
            try await world.announce(.service, world.service.id.value)
            try await eventually { try await world.orders() == ["change plan failed refused"] }
            let looks = { try await world.sql("SELECT FROM session_terms WHERE refused_digest IS NOT NULL").count }
            #expect(try await looks() == 1)
            // Other terms are another matter.
            try await world.announce(.service, world.service.id.value)
            try await world.sql("UPDATE plans SET download_bps = 210000000 WHERE id = '\(world.faster.id)'")
            try await world.announce(.plan, world.faster.id.value)
            try await eventually {
                try await world.orders() == ["change plan failed refused", "change plan failed refused"]
            }
        }
        #expect(nases.count == 2)
        await world.close()
    }

    @Test func `a NAS that cannot change a session ends it`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes { order in
            order.request.kind == .change
                ? .refused(Refusal(.administrativelyProhibited)) : .acknowledged(terminateCause: nil)
        }
        try await world.withEnforcer(nases) {
            let session = try await world.subscriberSession(Self.home)
            try await world.sql("UPDATE services SET plan_id = '\(world.faster.id)'")
            try await world.announce(.service, world.service.id.value)
            try await eventually { try await world.orders() == ["change plan acknowledged"] }
            #expect(nases.asked.map(\.request.kind) == [.change, .disconnect])
            try await world.end(session)
            try await eventually { try await world.orders() == ["change plan confirmed session_over"] }
        }
        await world.close()
    }

    @Test func `an operator's own attribute says the speed, and nothing is changed`() async throws {
        let world = try await ProvisionerWorld()
        try await world.sql(
            """
            INSERT INTO service_reply_attributes (tenant_id, service_id, position, name, operator, value)
            VALUES ('\(world.tenant)', '\(world.service.id)', 1, 'Mikrotik-Rate-Limit', ':=', '1M/1M')
            """
        )
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            _ = try await world.subscriberSession(Self.home)
            try await world.sql("UPDATE services SET plan_id = '\(world.faster.id)'")
            try await world.announce(.service, world.service.id.value)
            // What may not be is ended all the same.
            try await world.sql("UPDATE services SET status = 'suspended'")
            try await world.announce(.service, world.service.id.value)
            try await eventually { try await world.orders() == ["disconnect suspended acknowledged"] }
            #expect(nases.asked.map(\.request.kind) == [.disconnect])
        }
        await world.close()
    }

    @Test func `a clock that is a month ahead throws nobody out`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        let metrics = MetricsRegistry()
        try await world.sql("UPDATE services SET expires_at = clock_timestamp() + interval '1 day'")
        _ = try await world.subscriberSession(Self.home)
        try await world.withEnforcer(nases, sweep: .seconds(1), ahead: .seconds(30 * 86_400), metrics: metrics) {
            try await eventually {
                String(decoding: metrics.render(), as: UTF8.self).contains("\nenforcement_clock_off 1")
            }
        }
        #expect(try await world.orders() == [] && nases.count == 0)
        await world.close()
    }

    @Test func `who asks for it has his session told again what it should have`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            let session = try await world.subscriberSession(Self.home)
            try await world.tell(
                ReconcileRequested(sessionID: session, nasID: world.nas.id, serviceID: world.service.id)
            )
            try await eventually { try await world.orders() == ["change requested acknowledged"] }
            #expect(nases.count == 1 && text(nases.asked.first)?.contains("50") == true)
        }
        await world.close()
    }

    @Test(.proves("COA-07")) func `a renewed service's session is told its new end, near the old one and once`()
        async throws
    {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            let until = Timestamp(secondsSince1970: ProvisionerWorld.clock.now().microseconds / 1_000_000 + 1_800)
            let far = until + .seconds(86_400)
            try await world.expire(at: until)
            let near = try await world.subscriberSession(Self.home, until: until)
            let ends = "SELECT ends_at FROM session_terms WHERE session_id = '\(near)'"
            try await eventually { try await world.sql(ends).first?[0].time == until }
            // Of one whose end is a day away nobody is told.
            let early = try await world.subscriberSession(Self.home, until: far)
            try await world.expire(at: until + .seconds(30 * 86_400))
            try await world.announce(.service, world.service.id.value)
            try await eventually { try await world.orders() == ["change renewed acknowledged"] }
            try await world.announce(.service, world.service.id.value)
            try await eventually {
                try await world.sql(ends).first?[0].time == until + .seconds(30 * 86_400)
            }
            let order = try #require(nases.asked.first)
            #expect(nases.count == 1 && order.request.kind == .change)
            let change = try #require(order.request.changes.first)
            #expect(order.request.changes.count == 1 && change.type == AttributeType.sessionTimeout)
            let seconds = change.value.reduce(0) { $0 << 8 | Int64($1) }
            #expect(abs(seconds - 30 * 86_400 - 1_800) < 120)
            let stored = try await world.sql("SELECT goal_ends_at > before_ends_at, cause FROM enforcements").first
            #expect(stored?[0].bool == true)
            // With its speed the other one is told its end too.
            try await world.end(near)
            try await world.sql("UPDATE services SET plan_id = '\(world.faster.id)'")
            try await world.announce(.service, world.service.id.value)
            try await eventually { try await world.orders().last == "change plan acknowledged" }
            #expect(
                nases.asked.last?.request.changes.map(\.type) == [
                    AttributeType.vendorSpecific, AttributeType.sessionTimeout,
                ]
            )
            let moved = try await world.sql("SELECT ends_at, evidence FROM session_terms WHERE session_id = '\(early)'")
            #expect(moved.first?[0].time == until + .seconds(30 * 86_400) && moved.first?[1].text == "changed")
        }
        await world.close()
    }

    @Test(.proves("COA-08")) func `a NAS that moves no ends is not asked, and one that refuses is asked once`()
        async throws
    {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes { _ in .refused(Refusal(.administrativelyProhibited)) }
        try await world.withEnforcer(nases, sweep: .seconds(1)) {
            let until = ProvisionerWorld.clock.now() + .seconds(1_800)
            try await world.expire(at: until)
            let session = try await world.subscriberSession(Self.home, until: until)
            try await eventually {
                try await world.sql("SELECT FROM session_terms WHERE ends_at IS NOT NULL").count == 1
            }
            try await world.expire(at: until + .seconds(30 * 86_400))
            try await eventually { try await world.orders() == ["change renewed failed refused"] }
            #expect(nases.asked.map(\.request.kind) == [.change], "nobody is thrown out for it")
            let lesson = try await world.sql("SELECT FROM nas_capabilities WHERE lesson = 'takes-no-change'").count
            #expect(lesson == 1)
            // Another one of the same NAS is looked at, and left alone.
            let second = try await world.subscriberSession(Self.home, until: until)
            try await world.announce(.service, world.service.id.value)
            try await eventually {
                try await world.sql("SELECT FROM session_terms WHERE session_id = '\(second)'").count == 1
            }
            try await world.end(session)
            #expect(try await world.orders() == ["change renewed failed refused"] && nases.count == 1)
        }
        await world.close()
    }

    @Test(.proves("COA-01")) func `a session's NAS behind a range is asked at its own address`() async throws {
        let world = try await ProvisionerWorld()
        let nases = ModelNASes.obedient()
        try await world.sql("UPDATE nas_devices SET address = '10.9.0.0/16'")
        try await world.withEnforcer(nases) {
            for (source, outcome) in [("10.9.8.7", "acknowledged"), ("10.8.8.7", "failed no_address")] {
                let session = try await world.session()
                try await world.sql("UPDATE sessions SET nas_address = '\(source)' WHERE id = '\(session)'")
                try await world.ask(session)
                try await eventually { try await world.orders().last == "disconnect requested \(outcome)" }
            }
            #expect(nases.asked.map(\.destination) == [SourceAddress(high: 0, low: 0xffff_0a09_0807, port: 3799)])
        }
        await world.close()
    }

    @Test func `a killed process's change is carried out by the next, as it is wanted then`() async throws {
        let world = try await ProvisionerWorld()
        let mute = ModelNASes.mute()
        try await world.withEnforcer(mute, isKilled: true) {
            _ = try await world.subscriberSession(Self.home)
            try await world.sql("UPDATE services SET plan_id = '\(world.faster.id)'")
            try await world.announce(.service, world.service.id.value)
            try await eventually { mute.count == 1 }
        }
        #expect(try await world.orders() == ["change plan sent"])
        try await world.sql("UPDATE plans SET download_bps = 90000000 WHERE id = '\(world.faster.id)'")
        let nases = ModelNASes.obedient()
        try await world.withEnforcer(nases) {
            try await eventually { try await world.orders() == ["change plan acknowledged"] }
        }
        #expect(nases.count == 1 && text(nases.asked.first)?.contains("90") == true)
        await world.close()
    }
}
