import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@testable import Provisioner

/// What may be asked of routers again, and how often.
@Suite(.serialized) struct RouterQueueTests {
    private func sync(_ world: RouterWorld, _ id: DeviceID) async throws -> Int {
        try await world.database.transaction(in: world.tenant) { transaction in
            guard let device = try await DeviceRepository(transaction).find(id) else { throw PersistenceError.notFound }
            return try await RouterOperationRepository(transaction).sync(device)
        }
    }

    /// The router refuses everything that waits.
    private func refuseAll(_ world: RouterWorld) async throws {
        try await world.pipeline.query(
            """
            UPDATE router_operations SET state = 'failed', reason = 'failure', ended_at = clock_timestamp(), next_at = NULL
            WHERE ended_at IS NULL
            """
        )
    }

    private func newest(_ world: RouterWorld, _ service: ServiceID, _ state: RouterOperationState) async throws
        -> RouterOperation
    {
        let device: DeviceID? = nil
        let found = try await world.database.transaction(in: world.tenant) {
            try await RouterOperationRepository($0).list(of: device, state: state, after: nil, limit: 500)
        }
        return try #require(found.first { $0.serviceID == service })
    }

    @Test(.proves("MTK-04", "MTK-06")) func `what waits is not asked for twice, however often a router is synced`()
        async throws
    {
        let world = try await RouterWorld()
        let device = try await world.device("tower", port: 1)
        _ = try await world.service("ann", on: device)
        _ = try await sync(world, device)
        let waiting = try await world.open()
        for _ in 0..<3 { #expect(try await sync(world, device) == 0) }
        #expect(try await world.open() == waiting)
        try await refuseAll(world)
        // The profile and the service; both at once ask for it once.
        async let one = sync(world, device)
        async let other = sync(world, device)
        let (first, second) = try await (one, other)
        #expect(first + second == 2)
        await world.close()
    }

    @Test(.proves("MTK-04", "MTK-06"))
    func `what a router still has of a service that is gone is taken away by a sync, once`()
        async throws
    {
        let world = try await RouterWorld()
        let device = try await world.device("tower", port: 1)
        let id = try await world.service("ann", on: device)
        try await world.change(id) { $0.routerID = nil }
        try await refuseAll(world)
        #expect(try await sync(world, device) == 1)
        #expect(try await world.operations(of: id).last == "remove_service pending")
        let name = try await world.pipeline.query(
            "SELECT username FROM router_operations WHERE service_id = $1 AND state = 'pending'",
            [.id(id)]
        ).first?[0].text
        #expect(name == "ann")
        #expect(try await sync(world, device) == 0)
        // It fails once more: that is asked for, and the first not again.
        try await refuseAll(world)
        #expect(try await sync(world, device) == 1)
        await world.close()
    }

    @Test(.proves("MTK-04", "MTK-06")) func `one that failed is asked for again once; nothing else is`() async throws {
        let world = try await RouterWorld()
        let device = try await world.device("tower", port: 1)
        let id = try await world.service("ann", on: device)
        let waiting = try await newest(world, id, .pending)
        let retry = { @Sendable (operation: RouterOperation) in
            try await world.database.transaction(in: world.tenant) {
                try await RouterOperationRepository($0).retry(operation)
            }
        }
        #expect(try await retry(waiting) == nil)
        try await refuseAll(world)
        let failed = try await newest(world, id, .failed)
        let made = try #require(try await retry(failed))
        let again = try await newest(world, id, .pending)
        #expect(again.id == made && again.kind == failed.kind && again.number > failed.number)
        #expect(try await retry(failed) == nil)
        #expect(try await world.standing(id).unfinished == 1)
        await world.close()
    }

    /// Locks and plans that no result shows.
    @Test(.proves("MTK-01")) func `the checks of services hold their router, and history is not written row by row`()
        async throws
    {
        let world = try await RouterWorld()
        let source = try await world.pipeline.query("SELECT pg_get_functiondef('check_service_router'::regproc)")
            .first?[0].text
        #expect(source?.contains("FOR SHARE") == true)
        let settings = try await world.pipeline.query(
            "SELECT array_to_string(proconfig, ',') FROM pg_proc WHERE proname = 'remember_service_change'"
        ).first?[0].text
        #expect(settings?.contains("enable_nestloop=off") == true)
        await world.close()
    }
}
