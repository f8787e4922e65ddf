import Domain
import Notices
import Persistence
import Postgres
import SharedTesting
import Testing

/// Alarms that are held and the digests that they become, in Postgres as the notifier's role.
@Suite struct NoticeGatheringsTests {
    private static let gathering = Gathering()
    private static let later = DirectoryWorld.now + .seconds(60)

    private struct Scene {
        let world: DirectoryWorld
        let superuser: PostgresSession
        let sessions: [PostgresSession]
        let all: [NoticeGatherings]
        let tenant: TenantID

        init() async throws {
            let world = try await DirectoryWorld()
            self.world = world
            superuser = try await world.superuser()
            sessions = (0..<2).map { _ in
                PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_notifier"))
            }
            all = sessions.map { NoticeGatherings($0, ids: world.ids) }
            tenant = world.one.tenant
        }

        func row(_ sql: String, _ values: [PGValue] = []) async throws {
            try await superuser.transaction { transaction in
                try await transaction.query("SET LOCAL session_replication_role = replica")
                try await transaction.query(sql, values)
            }
        }

        /// Devices that are offline, the first of which all others hang on.
        func devices(_ count: Int) async throws {
            try await row(
                """
                INSERT INTO devices (tenant_id, id, name, kind, host, parent_id)
                SELECT $1, \(Self.device), 'device-' || n, 'router', 'h', CASE WHEN n > 1 THEN ('00000000-0000-7000-9000-000000000001')::uuid END
                FROM generate_series(1, $2) n
                """,
                [.id(tenant), .int4(Int32(count))]
            )
            try await row(
                "INSERT INTO device_status (tenant_id, device_id, status) SELECT tenant_id, id, 'offline' FROM devices"
            )
        }

        /// One alarm of each device for so many people by e-mail, as it is planned.
        func alarms(_ people: Int, kind: String = "device_offline", at seconds: Int = 0) async throws {
            try await row(
                """
                INSERT INTO notices (tenant_id, cause, kind, channel, recipient_kind, recipient_id, address, language, priority, facts,
                    about, digest_key, state, reason, next_at, created_at, expires_at)
                SELECT d.tenant_id, $1::text || d.id, $1::text, 'email', 'user', ('00000000-0000-7000-a000-' || lpad(p::text, 12, '0'))::uuid,
                    'p' || p || '@example.net', 'en', 2, jsonb_build_object('device', jsonb_build_object('text', d.name)),
                    jsonb_build_object('device', d.id, 'status', substr($1::text, 8), 'at', $3::text), 'alarm', 'held', 'gathering', $2::timestamptz, $2::timestamptz,
                    $2::timestamptz + interval '1 day'
                FROM devices d CROSS JOIN generate_series(1, $4) p WHERE d.tenant_id = $5
                """,
                [
                    .text(kind), .time(DirectoryWorld.now + .seconds(seconds)), .text("\(seconds)"),
                    .int4(Int32(people)), .id(tenant),
                ]
            )
        }

        func status(_ status: String, of numbers: ClosedRange<Int>) async throws {
            try await row(
                "UPDATE device_status SET status = $1 WHERE device_id IN (SELECT \(Self.device) FROM generate_series($2, $3) n)",
                [.text(status), .int4(Int32(numbers.lowerBound)), .int4(Int32(numbers.upperBound))]
            )
        }

        /// All that may be told, told by one of two processes; what each came to.
        @discardableResult
        func look(_ process: Int = 0, at now: Timestamp) async throws -> [GatheringResult] {
            let gathering = NoticeGatheringsTests.gathering
            var results: [GatheringResult] = []
            for group in try await all[process].groups(after: .first, limit: 100, rest: gathering.rest, at: now) {
                results.append(
                    try await all[process].tell(
                        group.key,
                        rest: gathering.rest,
                        at: now,
                        validity: .seconds(86_400)
                    ) { gathering.decision(on: $0.held, at: now) }
                )
            }
            return results
        }

        func states() async throws -> [String] {
            try await superuser.query(
                "SELECT kind || ' ' || state || coalesce(' ' || reason, '') || ' ' || count(*) FROM notices GROUP BY kind, state, reason ORDER BY 1"
            ).compactMap { $0[0].text }
        }

        func close() async {
            for session in sessions { await session.close() }
            await superuser.close()
            await world.close()
        }

        private static let device = "('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid"
    }

    @Test(.proves("NTF-07")) func `ten thousand alarms for three people become three digests that name them`()
        async throws
    {
        let scene = try await Scene()
        try await scene.devices(10_000)
        try await scene.alarms(3)
        // They wait for each other first.
        #expect(try await scene.look(at: DirectoryWorld.now + .seconds(5)).allSatisfy { !$0.isTold })
        async let first = scene.look(0, at: Self.later)
        async let second = scene.look(1, at: Self.later)
        let results = try await first + second
        #expect(results.map(\.digested).filter { $0 > 0 } == [10_000, 10_000, 10_000])
        #expect(try await scene.states() == ["device_offline digested 30000", "digest queued 3"])
        let digests = try await scene.superuser.query(
            """
            SELECT n.address, n.facts -> 'count' ->> 'count', n.facts -> 'items' ->> 'text', (SELECT count(*) FROM notices a
                WHERE a.tenant_id = n.tenant_id AND a.digest_id = n.id AND a.recipient_id = n.recipient_id)
            FROM notices n WHERE n.kind = 'digest' ORDER BY n.address
            """
        )
        #expect(digests.map { $0[0].text } == ["p1@example.net", "p2@example.net", "p3@example.net"])
        #expect(digests.allSatisfy { $0[1].text == "10000" && $0[3].int == 10_000 })
        #expect(digests.allSatisfy { $0[2].text?.hasPrefix("device-1 (+9999)\n") == true })
        let told = try await scene.superuser.query("SELECT count(*) FROM outbox WHERE subject = 'notice.ended'")
        #expect(told.first?[0].int == 30_000)
        // The sender takes them.
        let queue = NoticeQueue(scene.sessions[0], ids: scene.world.ids)
        let claimed = try await queue.claim(NoticeShare(10), at: Self.later, until: Self.later + .seconds(60))
        #expect(claimed.map(\.kind) == ["digest", "digest", "digest"])
        #expect(claimed.allSatisfy { $0.digestKey == "alarm" && $0.priority == 2 })
        await scene.close()
    }

    @Test(.proves("NTF-07")) func `what comes after a digest rests, and one alone is told as itself`() async throws {
        let scene = try await Scene()
        try await scene.devices(2)
        try await scene.alarms(1)
        #expect(try await scene.look(at: Self.later).map(\.digested) == [2])
        try await scene.row("DELETE FROM devices WHERE name = 'device-1'")
        try await scene.row("UPDATE notices SET cause = 'old' || id")
        try await scene.alarms(1, at: 90)
        #expect(try await scene.look(at: Self.later + .seconds(60)).allSatisfy { !$0.isTold })
        let result = try await scene.look(1, at: Self.later + Self.gathering.rest)
        #expect(result.map(\.isTold) == [true] && result.map(\.digested) == [0])
        #expect(try await scene.states().contains("device_offline queued 1"))
        await scene.close()
    }

    @Test(.proves("NTF-07", "NTF-10"))
    func `a device that answers again is left out of it, and who was told nothing hears nothing`() async throws {
        let scene = try await Scene()
        try await scene.devices(5)
        try await scene.alarms(1)
        try await scene.status("online", of: 1...2)
        try await scene.status("unknown", of: 3...3)
        let result = try #require(try await scene.look(at: Self.later).first)
        #expect(result.digested == 2 && result.dropped == 3)
        // Now all answer: of those of which he was told he is told that as well.
        try await scene.status("online", of: 3...5)
        try await scene.alarms(1, kind: "device_online", at: 90)
        let again = try #require(try await scene.look(at: Self.later + Self.gathering.rest).first)
        #expect(again.digested == 2 && again.dropped == 3)
        #expect(
            try await scene.states() == [
                "device_offline digested 2", "device_offline dropped device_online_again 2",
                "device_offline dropped not_checked 1", "device_online digested 2",
                "device_online dropped never_told 3", "digest queued 2",
            ]
        )
        await scene.close()
    }

    @Test(.proves("NTF-07")) func `what somebody was told counts in his hour`() async throws {
        let scene = try await Scene()
        try await scene.devices(2)
        try await scene.alarms(1)
        try await scene.look(at: Self.later)
        let recipient = UUID128("00000000-0000-7000-a000-000000000001") ?? .zero
        let asked = [(tenant: scene.tenant, recipient: recipient, channel: "email")]
        var loads = try await scene.all[0].loads(asked, at: Self.later + .seconds(1))
        #expect(loads.map(\.told) == [1] && loads.map(\.waits) == [false])
        loads = try await scene.all[0].loads(asked, at: Self.later + Gathering.hour)
        #expect(loads.map(\.told) == [0])
        await scene.close()
    }

    @Test(.proves("NTF-04")) func `staff are the tenant's own, by the roles that its rule names`() async throws {
        let scene = try await Scene()
        let plans = NoticePlans(scene.sessions[0])
        let ids = (0..<4).map { _ -> UserID in scene.world.ids.next() }
        for (id, role, tenant, isActive) in [
            (ids[0], "tenant_admin", scene.tenant, true), (ids[1], "viewer", scene.tenant, true),
            (ids[2], "tenant_admin", scene.world.operatorID, true), (ids[3], "tenant_admin", scene.tenant, false),
        ] {
            try await scene.row(
                "INSERT INTO users (tenant_id, id, email, name, role, is_active) VALUES ($1, $2, $5, 'A', $3, $4)",
                [.id(tenant), .id(id), .text(role), .bool(isActive), .text("\(id)@x.example")]
            )
        }
        let asked = [
            (tenant: scene.world.two.tenant, kind: "device_offline", roles: ["tenant_admin"]),
            (tenant: scene.tenant, kind: "device_offline", roles: ["tenant_admin", "noc_engineer"]),
        ]
        #expect(try await plans.staff(asked) == [1: [ids[0]]])
        try await scene.row(
            "INSERT INTO notice_rules (tenant_id, kind, roles) VALUES ($1, 'device_offline', '{viewer}')",
            [.id(scene.tenant)]
        )
        #expect(try await plans.staff(asked) == [1: [ids[1]]])
        // The Slack of one above is not its.
        let team = [(tenant: scene.tenant, recipient: NoticeRecipient.team(scene.tenant), kind: "device_offline")]
        for tenant in [scene.world.operatorID, scene.tenant] {
            try await scene.row(
                "INSERT INTO notice_providers (tenant_id, channel, kind, name) VALUES ($1, 'slack', 'slack', 'Slack')",
                [.id(tenant)]
            )
            let found = try #require(try await plans.addressees(team)[0])
            #expect(found.hasSlack == (tenant == scene.tenant) && !found.hasPages && found.email == nil)
        }
        await scene.close()
    }

    @Test(.proves("NTF-10")) func `a device is looked at again just before one alarm is sent`() async throws {
        let scene = try await Scene()
        try await scene.devices(1)
        let device = DeviceID(UUID128("00000000-0000-7000-9000-000000000001") ?? .zero)
        let recipient = UUID128("00000000-0000-7000-a000-000000000001") ?? .zero
        func verdict(_ isOnline: Bool, at seconds: Int) async throws -> NoticeVerdict {
            try await NoticeSources(scene.sessions[0]).verdict(
                on: .device(device, isOnline: isOnline, at: Timestamp(microseconds: Int64(seconds))),
                in: scene.tenant,
                recipient: recipient,
                at: DirectoryWorld.now
            )
        }
        #expect(try await verdict(false, at: 0) == .holds)
        try await scene.status("online", of: 1...1)
        #expect(try await verdict(false, at: 0) == .ended("device_online_again"))
        #expect(try await verdict(true, at: 90) == .ended("never_told"))
        try await scene.alarms(1)
        try await scene.row("UPDATE notices SET state = 'sent', next_at = NULL, sent_at = now(), ended_at = now()")
        #expect(try await verdict(true, at: 90) == .holds)
        try await scene.row("DELETE FROM device_status")
        #expect(try await verdict(false, at: 0) == .ended("gone"))
        await scene.close()
    }
}
