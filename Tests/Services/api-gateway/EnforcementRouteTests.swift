import Domain
import Events
import Persistence
import SharedTesting
import Synchronization
import Testing
import WireFormat

@testable import APIGateway

/// What was asked of NASes, what they taught and how their breakers stand, over HTTP.
@Suite struct EnforcementRouteTests {
    /// A plot with a service, its NAS and an open session there.
    private struct Scene {
        let plot: Plot
        let service: String
        let nas: String
        let session: String

        init(_ world: GatewayWorld) async throws {
            plot = try await Plot(world, customers: 1, plans: 1)
            let number = Plot.number()
            service = try await world.service(
                as: plot.admin,
                customer: plot.customers[0],
                plan: plot.plans[0],
                "enforced-\(number)"
            )
            nas = try await world.nas(as: plot.admin, "edge \(number)", "10.77.\(number / 250).\(number % 250)")
            session = world.parts.ids.uuid().description
            try await plot.sql(
                """
                INSERT INTO sessions (tenant_id, id, session_key, nas_id, service_id, customer_id, username, acct_session_id,
                    started_at, last_update_at)
                VALUES ('\(plot.tenant)', '\(session)', '\(session)', '\(nas)', '\(service)', '\(plot.customers[0])', 'ann', 's1',
                    now(), now())
                """
            )
        }

        func order(_ state: String, _ reason: String, session: String) async throws {
            try await plot.sql(
                """
                INSERT INTO enforcements (tenant_id, id, kind, cause, nas_id, session_id, service_id, state, reason, error_cause,
                    trials, attempts, requested_at, stored_at, answered_at, ended_at)
                VALUES ('\(plot.tenant)', uuid_v7(), 'disconnect', 'requested', '\(nas)', '\(session)', '\(service)', '\(state)',
                    '\(reason)', 504, '[{"kind": "disconnect", "set": "user-name", "outcome": "refused_504"}]', 1,
                    now() - interval '3 seconds', now() - interval '3 seconds', now() - interval '1 second', now())
                """
            )
        }
    }

    @Test(.proves("COA-07", "SES-07")) func `what was asked for a session is told in words, to its own people alone`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let (scene, other) = (try await Scene(world), try await Scene(world))
        try await scene.order("failed", "refused", session: scene.session)
        try await scene.order("confirmed", "session_over", session: world.parts.ids.uuid().description)
        let list = try await scene.plot.rows("/api/v1/enforcements")
        #expect(list.count == 2 && list[0]["state"]?.text == "confirmed")
        let below = "/api/v1/radius/sessions/\(scene.session)/enforcements"
        let told = try #require(try await scene.plot.rows(below).first)
        #expect(try await scene.plot.rows(below).count == 1)
        #expect(told["summary"]?.text == "Failed: the NAS refused (Error-Cause 504).")
        #expect(told["error_cause"]?.integer == 504 && told["latency_ms"]?.integer == 2_000)
        #expect(told["nas_id"]?.text == scene.nas && told["is_open"] == .bool(false))
        #expect(told["trials"]?.written.contains("refused_504") == true)
        let ofService = "/api/v1/services/\(scene.service)/enforcements"
        #expect(try await scene.plot.rows(ofService).count == 2)
        #expect(try await scene.plot.rows("\(ofService)?filter=\("state:eq:failed".encodedForQuery)").count == 1)
        let id = try #require(told["id"]?.text)
        #expect(try await scene.plot.send("GET", "/api/v1/enforcements/\(id)")["data.id"]?.text == id)
        for target in [below, ofService, "/api/v1/enforcements/\(id)"] {
            #expect(try await other.plot.send("GET", target).status == 404, "\(target)")
        }
        #expect(try await other.plot.rows("/api/v1/enforcements").isEmpty)
    }

    @Test(.proves("COA-02", "COA-09")) func `a session is asked to get what it should have, once`() async throws {
        let world = try await GatewayWorld.shared()
        let scene = try await Scene(world)
        let target = "/api/v1/radius/sessions/\(scene.session)/coa"
        let key = ["Idempotency-Key": "coa-\(scene.session)"]
        let asked = try await scene.plot.send("POST", target, headers: key)
        let operation = try #require(asked["data.id"]?.text, "\(asked.text)")
        #expect(asked.status == 202 && asked["data.kind"]?.text == "session_reconcile")
        #expect(asked.headers["location"] == "/api/v1/operations/\(operation)")
        #expect(try await scene.plot.send("POST", target, headers: key)["data.id"]?.text == operation)
        let told = try await world.outbox(of: scene.plot.tenant).filter { $0.subject == ReconcileRequested.subject }
        try #require(told.count == 1)
        var reader = JSONReader(told[0].data)
        let intent = try ReconcileRequested(from: &reader)
        #expect(intent.sessionID.description == scene.session && intent.nasID.description == scene.nas)
        #expect(intent.serviceID?.description == scene.service && intent.operationID?.description == operation)
        let support = try await world.person(.support, in: scene.plot.tenant)
        #expect(try await world.send("POST", target, as: support).status == 403)
        try await scene.plot.sql(
            "UPDATE sessions SET ended_at = now(), closed_by = 'stop' WHERE id = '\(scene.session)'"
        )
        #expect(try await scene.plot.send("POST", target)["error.code"]?.text == "SESSION_ENDED")
    }

    @Test(.proves("COA-08")) func `what a NAS taught is shown in words, and forgotten on record`() async throws {
        let scene = try await Scene(try await GatewayWorld.shared())
        try await scene.plot.sql(
            "INSERT INTO nas_capabilities VALUES ('\(scene.plot.tenant)', '\(scene.nas)', 'takes-no-change', now())"
        )
        let target = "/api/v1/nas/\(scene.nas)/capabilities"
        let told = try await scene.plot.send("GET", target)
        #expect(told.text.contains("It takes no CoA-Request."), "\(told.text)")
        #expect(told["data.vendor"]?.text == "generic")
        let viewer = try await scene.plot.world.person(.support, in: scene.plot.tenant)
        #expect(try await scene.plot.world.send("DELETE", target, as: viewer).status == 403)
        for _ in 0..<2 { #expect(try await scene.plot.send("DELETE", target).status == 200) }
        #expect(try await scene.plot.send("GET", target).text.contains("\"lessons\":[]"))
        let trail = try await scene.plot.rows("/api/v1/audit-logs?resource_type=nas_capabilities")
        #expect(trail.count == 1 && trail.first?["action"]?.text == "delete")
    }

    @Test(.proves("COA-05", "COA-09", "TEN-05"))
    func `a breaker is asked of the provisioner for one's own NASes, and reset on record`() async throws {
        let world = try await GatewayWorld()
        let (scene, other) = (try await Scene(world), try await Scene(world))
        let target = "/api/v1/nas/\(scene.nas)/breaker"
        #expect(try await scene.plot.send("GET", target).status == 503)
        let asked = Mutex<[BreakerQuery]>([])
        let isShared = Mutex(false)
        world.messages.answering { subject, question in
            guard let query = try? BreakerQuery(json: question) else { return nil }
            asked.withLock { $0.append(query) }
            let isReset = subject == BreakerQuery.Action.reset.subject
            return BreakerAnswer.breakers(
                query.nases.map {
                    NASBreaker(
                        nasID: $0.nasID,
                        endpoint: "10.77.0.1:3799",
                        state: isReset ? "closed" : "open",
                        failures: isReset ? 0 : 3,
                        openings: 1,
                        until: isReset ? nil : Timestamp(secondsSince1970: 1_790_000_000),
                        isShared: isShared.withLock { $0 },
                        outstanding: 0,
                        waiting: 2,
                        wasReset: isReset && !isShared.withLock { $0 },
                        brake: subject == BreakerQuery.Action.release.subject
                            ? .init(releasedUntil: Timestamp(secondsSince1970: 1_790_000_900))
                            : .init(holdsSince: Timestamp(secondsSince1970: 1_790_000_000), held: 120)
                    )
                }
            ).json
        }
        let told = try await scene.plot.send("GET", target)
        #expect(told["data.state"]?.text == "open" && told["data.waiting"]?.integer == 2, "\(told.text)")
        #expect(told["data.opens_until"]?.text?.hasPrefix("2026-") == true)
        #expect(try await scene.plot.send("POST", "\(target)/reset")["data.state"]?.text == "closed")
        #expect(told["data.brake"]?.text == "holding" && told["data.held_back"]?.integer == 120)
        let release = "/api/v1/nas/\(scene.nas)/brake/release"
        let released = try await scene.plot.send("POST", release)
        #expect(released["data.brake"]?.text == "released" && released["data.held_back"]?.integer == 0)
        // Nobody is asked about what is another's.
        let count = asked.withLock { $0.count }
        for (method, path) in [("GET", target), ("POST", "\(target)/reset"), ("POST", release)] {
            #expect(try await other.plot.send(method, path).status == 404)
        }
        let support = try await world.person(.support, in: scene.plot.tenant)
        #expect(try await world.send("POST", "\(target)/reset", as: support).status == 403)
        #expect(try await world.send("POST", release, as: support).status == 403)
        asked.withLock { asked in
            #expect(asked.count == count && asked.allSatisfy { !$0.includesShared })
            #expect(asked.allSatisfy { $0.nases.map(\.nasID.description) == [scene.nas] })
            #expect(asked.allSatisfy { $0.nases.map(\.tenantID) == [scene.plot.tenant] })
        }
        isShared.withLock { $0 = true }
        #expect(try await scene.plot.send("POST", "\(target)/reset")["error.code"]?.text == "BREAKER_SHARED")
        let trail = try await scene.plot.rows("/api/v1/audit-logs?resource_type=nas_breaker")
        #expect(trail.count == 2 && trail.allSatisfy { $0["action"]?.text == "update" })
        #expect(try await scene.plot.rows("/api/v1/audit-logs?resource_type=nas_brake").count == 1)
        try await world.close()
    }
}
