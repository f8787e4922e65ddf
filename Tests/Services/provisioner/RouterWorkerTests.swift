import Concurrency
import Domain
import Persistence
import Postgres
import RouterOSEmulator
import SharedTesting
import Testing

@testable import Provisioner

/// The worker over a real database and emulated routers.
@Suite(.serialized) struct RouterWorkerTests {
    /// Runs a router on a thread of its own until the body has ended.
    private func running(_ router: EmulatedRouter, _ body: () async throws -> Void) async throws {
        let thread = try PlatformThread.start(name: "emulator") { try? router.run() }
        var failure: (any Error)?
        do { try await body() } catch { failure = error }
        router.stop()
        await thread.joined()
        if let failure { throw failure }
    }

    private func secret(_ router: EmulatedRouter, _ name: String) -> [String: String]? {
        router.rows("/ppp/secret").first { $0["name"] == name }
    }

    @Test(.proves("MTK-02", "MTK-05", "MTK-07", "LCY-07", "LCY-08"))
    func `a service's life is its secret's life`() async throws {
        let world = try await RouterWorld()
        let router = try RouterWorld.emulator()
        try await running(router) {
            let device = try await world.device("tower", port: router.port)
            let id = try await world.service("ann", on: device) { $0.status = .pending }
            try await world.withWorker {
                try await eventually { try await world.open() == 0 }
                #expect(secret(router, "ann") == nil)
                try await world.change(id) { $0.status = .active }
                try await eventually { secret(router, "ann")?["disabled"] == "false" }
                let made = try #require(secret(router, "ann"))
                #expect(made["profile"] == "nexora-\(world.plan.id)" && made["password"] == "pw of ann")
                let profile = router.rows("/ppp/profile").first { $0["name"] == made["profile"] }
                #expect(profile?["rate-limit"]?.isEmpty == false)
                try await world.change(id) { $0.status = .suspended }
                try await eventually { secret(router, "ann")?["disabled"] == "true" }
                try await world.change(id) { $0.username = "anna" }
                try await eventually { secret(router, "ann") == nil && secret(router, "anna") != nil }
                try await world.change(id) { $0.status = .terminated }
                try await eventually { secret(router, "anna") == nil }
                try await eventually { try await world.open() == 0 }
            }
            let standing = try await world.standing(id)
            #expect(standing.unfinished == 0 && standing.failure == nil)
            // One event for each, and nobody's name is left behind.
            #expect(try await world.told() == (try await world.operations()).count)
            let names = try await world.pipeline.query("SELECT FROM router_operations WHERE username IS NOT NULL")
            #expect(names.isEmpty)
        }
        await world.close()
    }

    @Test(.proves("MTK-07")) func `a plan's change reaches its profile, and the queue of a fixed address`() async throws
    {
        let world = try await RouterWorld()
        let router = try RouterWorld.emulator()
        try await running(router) {
            // The parent is the operator's own queue.
            router.type(["/queue/simple/add", "=name=tower-total", "=target=192.0.2.0/24"])
            let device = try await world.device("tower", port: router.port)
            var settings = PlanAdvancedSettings(tenantID: world.tenant, planID: world.plan.id)
            settings.parentQueue = "tower-total"
            let stored = settings
            try await world.database.transaction(in: world.tenant) {
                try await PlanRepository($0).setAdvanced(stored)
            }
            let ann = try await world.service("ann", on: device)
            let bob = try await world.service("bob", on: device) { $0.staticIPv4 = IPAddress("192.0.2.9") }
            try await world.withWorker {
                try await eventually { try await world.open() == 0 }
                #expect(try await world.standing(ann).failure == nil)
                let standing = try await world.standing(bob)
                #expect(standing.failure == nil, "\(standing)")
                #expect(secret(router, "bob")?["profile"] == "nexora-\(world.plan.id)-queued")
                var plan = world.plan
                plan.downloadBitsPerSecond = 70_000_000
                let faster = plan
                try await world.database.transaction(in: world.tenant) { try await PlanRepository($0).update(faster) }
                try await eventually {
                    let queue = router.rows("/queue/simple").first { $0["name"] == "nexora-\(bob)" }
                    return queue?["max-limit"] == "10000000/70000000"
                }
                try await eventually {
                    let name = "nexora-\(world.plan.id)"
                    let limit = router.rows("/ppp/profile").first { $0["name"] == name }?["rate-limit"]
                    return limit?.contains("70") == true
                }
            }
        }
        await world.close()
    }

    @Test(.proves("MTK-04", "MTK-06")) func `a router that is away keeps its operations and holds up no other`()
        async throws
    {
        let world = try await RouterWorld()
        let here = try RouterWorld.emulator()
        try await running(here) {
            let near = try await world.device("near", port: here.port)
            // Nobody listens at port 1.
            let far = try await world.device("far", port: 1)
            let lost = try await world.service("lost", on: far)
            let ann = try await world.service("ann", on: near)
            try await world.withWorker {
                try await eventually { secret(here, "ann") != nil }
                try await eventually { try await world.reasons() == ["unreachable"] }
                try await world.change(lost) { $0.status = .suspended }
                try await world.change(ann) { $0.status = .suspended }
                try await eventually { secret(here, "ann")?["disabled"] == "true" }
                let standing = try await world.standing(lost)
                #expect(standing.unfinished > 0 && standing.failure == nil)
                // It moved, or its row was wrong: what waited is done there.
                try await world.move(far, to: here.port)
                try await eventually { secret(here, "lost")?["disabled"] == "true" }
                try await eventually { try await world.open() == 0 }
            }
            let attempts = try await world.pipeline.query("SELECT max(attempts) FROM router_operations")
            #expect(attempts.first?[0].int == 0)
        }
        await world.close()
    }

    @Test(.proves("MTK-04")) func `what a killed process was at is done by the next, each once`() async throws {
        let world = try await RouterWorld()
        let router = try RouterWorld.emulator()
        try await running(router) {
            let device = try await world.device("tower", port: router.port)
            for number in 0..<30 { _ = try await world.service("user\(number)", on: device) }
            try await world.withWorker(isKilled: true) {
                try await eventually { router.rows("/ppp/secret").count >= 3 }
            }
            try await world.withWorker {
                try await eventually(within: .seconds(60)) { try await world.open() == 0 }
            }
            #expect(router.rows("/ppp/secret").filter { $0["name"]?.hasPrefix("user") == true }.count == 30)
            #expect(Set(try await world.operations()) == ["sync_service done", "sync_service superseded"])
            #expect(try await world.told() == 60)
        }
        await world.close()
    }

    @Test(.proves("MTK-05")) func `a service's end disables its secret though nobody changes a row`() async throws {
        let world = try await RouterWorld()
        let router = try RouterWorld.emulator()
        try await running(router) {
            let device = try await world.device("tower", port: router.port)
            let id = try await world.service("ann", on: device)
            try await world.withWorker {
                try await eventually { secret(router, "ann")?["disabled"] == "false" }
                try await eventually { try await world.open() == 0 }
            }
            // The end lies behind, and no operation was asked for since: as if it came while nobody looked.
            let past = RouterWorld.clock.now() - .seconds(60)
            try await world.change(id) { $0.expiresAt = past }
            _ = try await world.pipeline.query(
                "DELETE FROM router_operations WHERE service_id = $1",
                [.id(id)]
            )
            try await world.withWorker {
                try await eventually { secret(router, "ann")?["disabled"] == "true" }
            }
            #expect(try await world.operations(of: id) == ["sync_service done"])
        }
        await world.close()
    }
}
