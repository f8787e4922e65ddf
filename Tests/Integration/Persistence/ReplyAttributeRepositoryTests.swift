import Domain
import Persistence
import Postgres
import SharedTesting
import Testing

@Suite(.proves("RAD-10", "RAD-18", "TEN-03")) struct ReplyAttributeRepositoryTests {
    private func attribute(
        _ name: String,
        _ action: ReplyOperator = .add,
        _ value: String = "a",
        vendor: NASVendor? = nil
    ) -> ReplyAttribute {
        ReplyAttribute(name: name, action: action, value: value, vendor: vendor)
    }

    @Test func `attributes keep their order, and a change is one of their owner`() async throws {
        let world = try await DirectoryWorld()
        let branch = world.one
        let owners: [ReplyAttributeOwner] = [
            .plan(branch.tenant, branch.plan.id), .nas(branch.tenant, branch.nas.id),
            .service(branch.tenant, branch.service.id),
        ]
        func versions() async throws -> [Int64] {
            try await world.within(branch.tenant) { transaction in
                let plan = try await PlanRepository(transaction).find(branch.plan.id)
                let nas = try await NASRepository(transaction).find(branch.nas.id)
                let service = try await ServiceRepository(transaction).find(branch.service.id)
                return [plan?.stamp?.version, nas?.stamp?.version, service?.stamp?.version].compactMap { $0 }
            }
        }
        for (index, owner) in owners.enumerated() {
            let before = try await versions()
            let added = try await world.within(branch.tenant) { transaction in
                let repository = ReplyAttributeRepository(transaction)
                return [
                    try await repository.append(attribute("Filter-Id"), to: owner),
                    try await repository.append(attribute("Filter-Id", .remove, ""), to: owner),
                    try await repository.append(attribute("Framed-MTU", .set, "1492", vendor: .cisco), to: owner),
                ]
            }
            #expect(added.map(\.position) == [1, 2, 3])
            let kept = try await world.within(branch.tenant) { try await ReplyAttributeRepository($0).list(of: owner) }
            #expect(kept == added)
            let after = try await versions()
            for other in after.indices { #expect((after[other] > before[other]) == (other == index)) }
            try await world.within(branch.tenant) {
                try await ReplyAttributeRepository($0).remove(position: 2, of: owner)
            }
            #expect(try await versions()[index] > after[index])
            let left = try await world.within(branch.tenant) { try await ReplyAttributeRepository($0).list(of: owner) }
            #expect(left.map(\.position) == [1, 3])
            await #expect(throws: PersistenceError.notFound) {
                try await world.within(branch.tenant) {
                    try await ReplyAttributeRepository($0).remove(position: 2, of: owner)
                }
            }
        }
        let kinds = try await world.asRole("nexora_pipeline") { transaction in
            try await transaction.query(
                """
                SELECT DISTINCT data::json ->> 'kind' FROM outbox WHERE data::json ->> 'kind' IN ('PLAN', 'NAS', 'SERVICE')
                    AND data::json -> 'rows' -> 0 ->> 'id' = ANY ($1::text[]) ORDER BY 1
                """,
                [
                    .textArray([
                        branch.plan.id.description, branch.nas.id.description, branch.service.id.description,
                    ])
                ]
            ).map { $0[0].text }
        }
        #expect(kinds == ["NAS", "PLAN", "SERVICE"])
        // They go with their owner.
        try await world.within(branch.tenant) { transaction in
            try await NASRepository(transaction).remove(branch.nas)
            #expect(try await transaction.query("SELECT FROM nas_reply_attributes").count == 0)
        }
        await world.close()
    }

    @Test func `nothing is kept for another tenant's plan, nor what no column may hold`() async throws {
        let world = try await DirectoryWorld()
        let foreign = ReplyAttributeOwner.plan(world.two.tenant, world.two.plan.id)
        await #expect(throws: (any Error).self) {
            try await world.within(world.one.tenant) {
                _ = try await ReplyAttributeRepository($0).append(attribute("Filter-Id"), to: foreign)
            }
        }
        let own = ReplyAttributeOwner.plan(world.one.tenant, world.one.plan.id)
        for refused in [
            attribute(""), attribute("Filter-Id", .add, ""), attribute("Filter-Id", .add, "a\u{1f}b"),
            attribute("Filter-Id", .set, String(repeating: "a", count: 1025)),
        ] {
            await #expect(throws: ValidationError.self) {
                try await world.within(world.one.tenant) {
                    _ = try await ReplyAttributeRepository($0).append(refused, to: own)
                }
            }
        }
        // As many as one may have, and no more.
        await #expect(throws: ValidationError.self) {
            try await world.within(world.one.tenant) { transaction in
                for _ in 0...ReplyAttribute.most {
                    _ = try await ReplyAttributeRepository(transaction).append(attribute("Filter-Id"), to: own)
                }
            }
        }
        await world.close()
    }

    @Test func `windows are kept with all they are`() async throws {
        let world = try await DirectoryWorld()
        let night = SpeedWindow(
            days: try #require(Weekdays("mon-fri")),
            start: 22 * 60,
            end: 6 * 60,
            profile: SpeedProfile(
                rate: SpeedPair(download: 100_000_000, upload: 50_000_000),
                burst: .init(
                    rate: SpeedPair(download: 200_000_000, upload: 60_000_000),
                    threshold: SpeedPair(download: 90_000_000, upload: 40_000_000),
                    seconds: 8
                ),
                priority: 2,
                guaranteed: SpeedPair(download: 1_000_000, upload: 0)
            )
        )
        let plain = SpeedWindow(
            days: .all,
            start: 0,
            end: 0,
            profile: SpeedProfile(rate: SpeedPair(download: 1, upload: 2))
        )
        let plan = world.one.plan
        try await world.within(world.one.tenant) { transaction in
            let plans = PlanRepository(transaction)
            #expect(try await plans.addWindow(night, to: plan) == 1)
            #expect(try await plans.addWindow(plain, to: plan) == 2)
            #expect(try await plans.windows(of: plan).map(\.window) == [night, plain])
            try await plans.removeWindow(position: 1, of: plan)
            #expect(try await plans.windows(of: plan).map(\.position) == [2])
            #expect(try await plans.windows(of: world.two.plan).isEmpty)
        }
        await #expect(throws: ValidationError.self) {
            try await world.within(world.one.tenant) { transaction in
                let broken = SpeedWindow(days: [], start: 0, end: 1440, profile: night.profile)
                _ = try await PlanRepository(transaction).addWindow(broken, to: plan)
            }
        }
        await world.close()
    }
}
