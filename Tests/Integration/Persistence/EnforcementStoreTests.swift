import Domain
import Events
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

/// Orders to end sessions, over the real tables and as the pipelines' role.
@Suite(.proves("COA-05", "COA-07", "PLT-35")) struct EnforcementStoreTests {
    private static let now = DirectoryWorld.now
    private static let rules = EnforcementRules()
    private static let since = now - .seconds(86_400)

    /// One provider with an open session and the operation of somebody who wants its end.
    private struct Scene {
        let world: DirectoryWorld
        let pipeline: PostgresSession
        let store: EnforcementStore
        let session: SessionID
        let admission: AdmissionID
        var tenant: TenantID { world.one.tenant }

        init() async throws {
            world = try await DirectoryWorld()
            pipeline = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline"))
            let own = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_pipeline"))
            store = EnforcementStore(own, ids: world.ids)
            (session, admission) = (world.ids.next(), world.ids.next())
            try await pipeline.query(
                """
                INSERT INTO sessions (tenant_id, id, session_key, nas_id, service_id, username, acct_session_id, admission_id,
                    started_at, last_update_at, framed_ipv4, nas_port, calling_station_id)
                VALUES ($1, $2, $2, $3, $4, 'ann', '8000002a', $5, $6, $6, '100.64.0.7', 4294967295, '02:00:00:00:00:01')
                """,
                [
                    .id(world.one.tenant), .id(session), .id(world.one.nas.id), .id(world.one.service.id),
                    .id(admission), .time(now),
                ]
            )
        }

        func order(
            session: SessionID? = nil,
            admission: AdmissionID? = nil,
            operation: UUID128? = nil,
            cause: EnforcementCause = .requested
        ) -> EnforcementOrder {
            EnforcementOrder(
                tenantID: tenant,
                id: world.ids.next(),
                kind: .disconnect,
                cause: cause,
                nasID: world.one.nas.id,
                sessionID: session,
                admissionID: admission,
                operationID: operation,
                correlationID: "request-1",
                requestedAt: now,
                storedAt: now
            )
        }

        func operation() async throws -> UUID128 {
            let id = world.ids.uuid()
            let operation = StoredOperation(
                tenantID: tenant,
                id: id,
                kind: "session_disconnect",
                resourceType: "session",
                resourceID: session.value,
                requestedBy: world.ids.uuid()
            )
            return try await world.within(tenant) { try await OperationRepository($0).insert(operation).id }
        }

        func found(_ operation: UUID128) async throws -> StoredOperation? {
            try await world.within(tenant) { try await OperationRepository($0).find(operation) }
        }

        func told() async throws -> [EnforcementEnded] {
            try await pipeline.query("SELECT data FROM outbox WHERE subject = 'provisioning.completed' ORDER BY id").map
            {
                var reader = JSONReader(Array(($0[0].text ?? "").utf8))
                return try EnforcementEnded(from: &reader)
            }
        }

        func audited() async throws -> [AuditRecord] {
            var filter = AuditFilter()
            filter.action = .disconnect
            return try await world.within(tenant) { try await AuditLog($0).page(filter, after: nil, limit: 50) }
        }

        /// The orders as they are carried out: looked at, and told what the NAS said.
        func carryOut(_ refs: [EnforcementRef], _ answer: EnforcementAnswer?) async throws -> [EnforcementOrder] {
            var ended: [EnforcementOrder] = []
            for target in try await store.targets(refs, lessonsSince: since) {
                var order = target.order
                let step = order.step(seeing: target.sight, at: now, rules)
                ended += try await store.write([EnforcementOutcome(order)], at: now)
                guard step == .send, let answer else { continue }
                order.take(answer, at: now + .seconds(1), rules)
                let trial = EnforcementTrial(kind: .disconnect, set: "user-name", outcome: "answered")
                ended += try await store.write([EnforcementOutcome(order, trials: [trial])], at: now + .seconds(1))
            }
            return ended
        }

        func end() async throws {
            try await pipeline.query(
                "UPDATE sessions SET ended_at = last_update_at, closed_by = 'stop' WHERE id = $1",
                [.id(session)]
            )
        }

        func close() async {
            await pipeline.close()
            await world.close()
        }
    }

    @Test func `an intent is one order however often it comes, with what is needed to carry it out`() async throws {
        let scene = try await Scene()
        let order = scene.order(admission: scene.admission, cause: .sessionLimit)
        #expect(try await scene.store.store([order, order]) == [order])
        #expect(try await scene.store.store([order]) == [])
        let due = try await scene.store.due(at: Self.now, limit: 10)
        #expect(due == [EnforcementRef(order)])
        let target = try #require(try await scene.store.targets(due, lessonsSince: Self.since).first)
        #expect(target.order.sessionID == scene.session && target.sight == .open(heardAt: Self.now))
        #expect(target.order.serviceID == scene.world.one.service.id)
        #expect(target.session?.username == "ann" && target.session?.acctSessionID == "8000002a")
        #expect(target.session?.nasPort == .max && target.session?.framedIPv4 == IPAddress("100.64.0.7"))
        let device = try #require(target.device)
        #expect(device.vendor == .mikrotik && device.coaPort == 3799 && device.address.length == 32)
        let opened = try DirectorySecrets(scene.world.keyring).open(
            secret: device.sealedSecret,
            of: scene.world.one.nas.id,
            tenant: scene.tenant
        )
        #expect(opened == Array(DirectoryWorld.secret.utf8))
        await scene.close()
    }

    @Test func `the session's end ends it once, with event, operation and audit`() async throws {
        let scene = try await Scene()
        let operation = try await scene.operation()
        let order = scene.order(session: scene.session, admission: scene.admission, operation: operation)
        _ = try await scene.store.store([order])
        #expect(try await scene.carryOut([EnforcementRef(order)], .acknowledged).isEmpty)
        #expect(try await scene.found(operation)?.state == .running)
        #expect(try await scene.store.over(limit: 10).isEmpty)
        try await scene.end()
        let over = try await scene.store.over(limit: 10)
        #expect(over == [EnforcementRef(order)])
        let ended = try await scene.carryOut(over, nil)
        #expect(ended.map(\.state) == [.confirmed])
        // What comes after it changes nothing.
        #expect(try await scene.store.write([EnforcementOutcome(ended[0])], at: Self.now).isEmpty)
        let told = try await scene.told()
        #expect(told.count == 1 && told.first?.outcome == "confirmed" && told.first?.reason == "session_over")
        #expect(told.first?.answeredAfter == 1_000 && told.first?.sessionID == scene.session)
        let stored = try await scene.found(operation)
        #expect(stored?.state == .succeeded && stored?.outcome == "Done: the session is over.")
        let audited = try await scene.audited()
        #expect(audited.count == 1 && audited.first?.entry.origin.actor == .system)
        #expect(audited.first?.entry.resource.id == scene.session.description)
        await scene.close()
    }

    @Test func `a refusal fails the operation and says its cause`() async throws {
        let scene = try await Scene()
        let operation = try await scene.operation()
        let order = scene.order(session: scene.session, operation: operation)
        _ = try await scene.store.store([order])
        #expect(try await scene.carryOut([EnforcementRef(order)], .refused(504)).map(\.reason) == [.refused])
        #expect(try await scene.found(operation)?.state == .failed)
        #expect(try await scene.told().first?.errorCause == 504)
        #expect(try await scene.audited().first?.entry.outcome == .failed)
        await scene.close()
    }

    @Test func `a second order for the session joins the first and ends as it does`() async throws {
        let scene = try await Scene()
        let operations = [try await scene.operation(), try await scene.operation()]
        let first = scene.order(admission: scene.admission, cause: .sessionLimit)
        let others = operations.map {
            scene.order(session: scene.session, admission: scene.admission, operation: $0)
        }
        #expect(try await scene.store.store([first]) == [first])
        // Two that come together, as well as after another.
        #expect(try await scene.store.store(others) == [])
        #expect(try await scene.store.due(at: Self.now, limit: 10) == [EnforcementRef(first)])
        let ended = try await scene.carryOut([EnforcementRef(first)], .refused(501))
        #expect(Set(ended.map(\.id)) == Set(([first] + others).map(\.id)))
        for operation in operations { #expect(try await scene.found(operation)?.state == .failed) }
        #expect(try await scene.told().count == 3)
        await scene.close()
    }

    @Test func `what was sent when its process died is found again`() async throws {
        let scene = try await Scene()
        let order = scene.order(session: scene.session)
        _ = try await scene.store.store([order])
        _ = try await scene.carryOut([EnforcementRef(order)], nil)
        #expect(try await scene.store.due(at: Self.now, limit: 10).isEmpty)
        let found = try await scene.store.due(at: Self.now, limit: 10, isRecovering: true)
        #expect(found == [EnforcementRef(order)])
        let figures = try await scene.store.figures()
        #expect(figures.waiting == 1 && figures.oldest == Self.now)
        await scene.close()
    }

    @Test func `one connection leads at a time, and the next one once it is gone`() async throws {
        let scene = try await Scene()
        let session = PostgresSession(PostgresConfiguration(url: scene.world.url, role: "nexora_pipeline"))
        let other = EnforcementStore(session, ids: scene.world.ids)
        #expect(try await other.lead())
        #expect(try await other.lead())
        #expect(try await !scene.store.lead())
        await session.close()
        try await eventually { try await scene.store.lead() }
        await scene.close()
    }

    @Test func `lessons are kept for their NAS until they are unlearned or old`() async throws {
        let scene = try await Scene()
        let order = scene.order(session: scene.session)
        _ = try await scene.store.store([order])
        let second = Self.now.microseconds / 1_000_000
        let lessons = ["takes-no-change": second, "proven:user-name+acct-session-id": second - 100_000]
        try await scene.store.write([EnforcementOutcome(order, learned: lessons)], at: Self.now)
        func known(_ time: Timestamp) async throws -> [String: Int64]? {
            try await scene.store.targets([EnforcementRef(order)], lessonsSince: time).first?.lessons
        }
        #expect(try await known(.epoch) == lessons)
        #expect(try await known(Self.since) == ["takes-no-change": second])
        try await scene.store.write([EnforcementOutcome(order, unlearned: ["takes-no-change"])], at: Self.now)
        #expect(try await known(Self.since) == [:])
        #expect(try await scene.store.forget(before: Self.now, lessonsBefore: Self.now, limit: 10) == 0)
        #expect(try await known(.epoch) == [:])
        await scene.close()
    }

    @Test(.proves("COA-06")) func `when a session ends is kept with what it has, and with what orders want`()
        async throws
    {
        let scene = try await Scene()
        let speed = SpeedProfile(rate: SpeedPair(download: 1_000_000, upload: 500_000))
        let (terms, session) = (SessionTerms(speed, from: .plan), SessionRef(tenantID: scene.tenant, id: scene.session))
        func row(_ evidence: SessionTermsRow.Evidence, _ end: Timestamp?) -> SessionTermsRow {
            SessionTermsRow(
                session: session,
                nasID: scene.world.one.nas.id,
                terms: terms,
                evidence: evidence,
                endsAt: end
            )
        }
        func known() async throws -> Timestamp? { try await scene.store.live([session], at: Self.now).first?.endsAt }
        let (first, second) = (Self.now + .seconds(600), Self.now + .seconds(86_400))
        // What was presumed goes before a login's word, which ends by itself otherwise; a change of the speed leaves the end.
        for (evidence, end, wanted) in [
            (SessionTermsRow.Evidence.presumed, second, second), (.granted, nil, nil), (.changed, first, first),
            (.changed, nil, first), (.granted, second, first),
        ] as [(SessionTermsRow.Evidence, Timestamp?, Timestamp?)] {
            try await scene.store.store([row(evidence, end)], at: Self.now)
            #expect(try await known() == wanted, "\(evidence)")
        }
        let order = EnforcementOrder(
            tenantID: scene.tenant,
            id: scene.world.ids.next(),
            kind: .change,
            cause: .renewed,
            nasID: scene.world.one.nas.id,
            sessionID: scene.session,
            requestedAt: Self.now,
            storedAt: Self.now
        )
        _ = try await scene.store.store([order])
        let goal = EnforcementGoal(terms: terms, before: nil, end: EnforcementGoal.End(at: second, before: first))
        var stored = try #require(
            try await scene.store.targets([EnforcementRef(order)], lessonsSince: Self.since).first
        )
        let acknowledged = stored.order.standing(
            EnforcementOrder.Standing(
                state: .acknowledged,
                reason: nil,
                errorCause: nil,
                attempts: 1,
                sentAt: Self.now,
                answeredAt: Self.now,
                endedAt: nil,
                nextAt: Self.now,
                goal: goal,
                way: .change
            )
        )
        try await scene.store.write([EnforcementOutcome(acknowledged, isAnswer: true)], at: Self.now)
        stored = try #require(try await scene.store.targets([EnforcementRef(order)], lessonsSince: Self.since).first)
        #expect(stored.order.goal == goal && stored.order.way == .change)
        #expect(try await known() == second)
        await scene.close()
    }

    @Test func `a NAS that is a range is where its session's packets come from, if that is within`() async throws {
        let scene = try await Scene()
        let order = scene.order(session: scene.session)
        _ = try await scene.store.store([order])
        func destination() async throws -> IPAddress? {
            try await scene.store.targets([EnforcementRef(order)], lessonsSince: Self.since).first?.destination
        }
        func turn(_ range: String, _ source: String) async throws {
            let id = scene.world.one.nas.id
            try await scene.world.within(scene.tenant) {
                _ = try await $0.query("UPDATE nas_devices SET address = '\(range)' WHERE id = '\(id)'")
            }
            try await scene.pipeline.query("UPDATE sessions SET nas_address = \(source)")
        }
        #expect(try await destination() == scene.world.one.nas.address.address)
        for (range, source, wanted) in [
            ("10.7.0.0/16", "NULL", nil), ("10.7.0.0/16", "'10.7.8.9'", "10.7.8.9"), ("10.7.0.0/16", "'10.8.0.1'", nil),
            ("2001:db8::/32", "'2001:db8::9'", "2001:db8::9"), ("10.7.0.1", "'10.7.8.9'", "10.7.0.1"),
        ] as [(String, String, String?)] {
            try await turn(range, source)
            #expect(try await destination() == wanted.flatMap { IPAddress($0) }, "\(range) \(source)")
        }
        await scene.close()
    }

    @Test(.proves("TEN-03")) func `tenants see their own orders, and nobody changes one that has ended`() async throws {
        let scene = try await Scene()
        let order = scene.order(session: scene.session)
        _ = try await scene.store.store([order])
        _ = try await scene.carryOut([EnforcementRef(order)], .refused(nil))
        for (tenant, count) in [(scene.tenant, 1), (scene.world.two.tenant, 0)] {
            let seen = try await scene.world.within(tenant) { try await $0.query("SELECT id FROM enforcements").count }
            #expect(seen == count)
        }
        for statement in ["UPDATE enforcements SET state = 'pending'", "UPDATE enforcements SET nas_id = uuid_v7()"] {
            await #expect(throws: PostgresError.self) { try await scene.pipeline.query(statement) }
        }
        await #expect(throws: (any Error).self) {
            try await scene.world.within(scene.tenant) { _ = try await $0.query("DELETE FROM enforcements") }
        }
        await scene.close()
    }
}
