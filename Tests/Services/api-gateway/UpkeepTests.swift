import Crypto
import Domain
import Lifecycle
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

/// What gateways do by themselves, one after another and side by side.
@Suite(.serialized) struct UpkeepTests {
    private func work(_ world: GatewayWorld, _ name: String) async throws {
        let chores = Upkeep.chores(world.parts, keyring: world.keyring, keys: Health(version: "test").component("keys"))
        {}
        try await #require(chores.first { $0.name == name }).work()
    }

    @Test(.proves("TEN-10", "TEN-11", "AUD-07", "AUD-10"))
    func `a tenant beyond his licence is suspended by the system itself, and that is on record`() async throws {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        _ = try await world.customer(as: admin)
        let licence = TenantLicence(tenantID: world.one, plan: "tiny", limits: [.subscribers: 0], graceDays: 0)
        try await world.parts.database.transaction(in: world.operatorID) { transaction in
            let store = TenancyStore(transaction, ids: world.parts.ids, time: world.parts.time)
            try await store.setLicence(licence, of: world.one, by: AuditActor.system.id)
        }
        async let first: Void = work(world, "licences")
        async let second: Void = work(world, "licences")
        _ = try await (first, second)
        try await work(world, "licences")
        let (standing, usage, records) = try await world.parts.database.transaction(in: world.operatorID) {
            transaction in
            let store = TenancyStore(transaction, ids: world.parts.ids, time: world.parts.time)
            var filter = AuditFilter()
            filter.tenantID = world.one
            filter.actorID = AuditActor.system.id
            return (
                try await store.standing(of: world.one), try await store.usage(of: world.one),
                try await AuditLog(transaction).page(filter, after: nil, limit: 100)
            )
        }
        #expect(!standing.isActive && standing.suspensions.map(\.reason) == [.licence])
        #expect(usage.counts[.subscribers] == 1)
        #expect(records.filter { $0.entry.reason == "licence: suspend" }.count == 1)
        try await world.close()
    }

    @Test(.proves("AUD-15")) func `chains that moved are signed, and what nobody needs is forgotten`() async throws {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        _ = try await world.customer(as: admin)
        try await work(world, "checkpoints")
        try await work(world, "forgetting")
        try await work(world, "signing keys")
        let verdict = try await world.parts.database.transaction(in: world.operatorID) { transaction in
            try await AuditVerifier(transaction)
                .verify(world.one, keyring: world.keyring, kept: [], now: world.parts.time.now())
        }
        #expect(verdict.flaw == nil && verdict.checkpoints == 1)
        try await world.close()
    }
}
