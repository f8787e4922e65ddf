import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Whether the books are right, as the API tells it.
@Suite(.serialized) struct LedgerRouteTests {
    private static let path = "/api/v1/ledger/verification"

    /// A gateway with one lane of two batches, and what works there as billing-worker does.
    private func filled() async throws -> (world: GatewayWorld, billing: PostgresSession, lane: Lane) {
        let world = try await GatewayWorld()
        let admin = try await world.person(.tenantAdmin)
        let customer = try #require(CustomerID(try await world.customer(as: admin)))
        for amount in ["10", "2.5000"] {
            try await world.post { [try await $0.topUp(.customer(customer), in: world.one, amount)] }
        }
        let billing = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_billing"))
        return (world, billing, Lane(rootID: world.operatorID, currency: .euro))
    }

    @Test(.proves("WAL-13")) func `a lane is told as unknown, whole and wrong, with what was proved and signed`()
        async throws
    {
        let (world, billing, lane) = try await filled()
        let root = try await world.person(.superAdmin)
        let unknown = try await world.must(200, "GET", Self.path, as: root)
        #expect(unknown.list("data").count == 1)
        #expect(unknown.text.contains("\"state\":\"unknown\"") && unknown.text.contains("\"batches\":2"))
        #expect(unknown.text.contains("\"checked_at\":null") && unknown.text.contains("\"sum\":null"))

        let kept = LedgerVerifications(billing)
        let now = GatewayWorld.clock.now()
        _ = try await LedgerCheckpoints(billing).sign(with: world.keyring, now: now)
        let verdict = try await LedgerVerifier.verify(
            on: billing,
            since: .beginning(of: lane),
            keyring: world.keyring
        )
        try #require(verdict.discrepancy == nil && verdict.isAtEnd)
        try await kept.record(stretch: verdict, of: lane, at: now)
        try await kept.record(sample: verdict, of: lane, at: now)
        try await kept.record(try await LedgerFigures(billing).read(), at: now)
        let whole = try await world.must(200, "GET", Self.path, as: root).text
        for part in [
            "\"state\":\"whole\"", "\"verified_through\":2", "\"checkpoint\":2", "\"difference\":null",
            "\"sum\":\"0.0000\"", "\"verified_batches\":4", "\"verified_rows\":\(2 * verdict.rows)",
            "\"unsigned_since\":null", "\"operator_id\":\"\(world.operatorID)\"",
        ] { #expect(whole.contains(part), "\(part) in \(whole)") }
        #expect(whole.contains("\"till\"") && whole.contains("\"-12.5000\""), "\(whole)")

        // Tampered with behind the ledger's back: found, and told until a run over everything finds nothing.
        try await world.superuser.script("ALTER TABLE ledger_entries DISABLE TRIGGER ALL")
        try await world.superuser.script(
            "UPDATE ledger_entries SET amount = amount + 1 WHERE sequence = 1 AND amount > 0"
        )
        let broken = try await LedgerVerifier.verify(
            on: billing,
            since: .beginning(of: lane),
            keyring: world.keyring
        )
        try #require(broken.discrepancy != nil)
        try await kept.record(stretch: broken, of: lane, at: now + .seconds(1))
        try await world.superuser.script(
            "UPDATE ledger_entries SET amount = amount - 1 WHERE sequence = 1 AND amount > 0"
        )
        try await kept.record(stretch: verdict, of: lane, at: now + .seconds(2))
        let wrong = try await world.must(200, "GET", Self.path, as: root).text
        #expect(wrong.contains("\"state\":\"wrong\"") && wrong.contains("\"difference\":\"batch 1 is not as it was"))
        var runs: [LaneVerdict] = []
        try await LedgerVerifier.run(on: billing, keyring: world.keyring) { runs.append($0) }
        let run = try #require(runs.first)
        try #require(run.discrepancy == nil)
        // One that began before the finding says nothing about it.
        try await kept.record(run: run, since: now, at: now + .seconds(3))
        #expect(try await world.must(200, "GET", Self.path, as: root).text.contains("\"state\":\"wrong\""))
        try await kept.record(run: run, since: now + .seconds(3), at: now + .seconds(4))
        let mended = try await world.must(200, "GET", Self.path, as: root).text
        #expect(mended.contains("\"state\":\"whole\"") && mended.contains("\"difference\":null"))
        await billing.close()
        try await world.close()
    }

    @Test(.proves("TEN-05"))
    func `the books are the operator's: nobody below sees a lane, and customers not the route`()
        async throws
    {
        let (world, billing, _) = try await filled()
        for role in [Role.tenantAdmin, .provider, .reseller, .support, .viewer] {
            let person = try await world.person(role)
            #expect(try await world.must(200, "GET", Self.path, as: person).list("data").isEmpty, "\(role)")
        }
        let admin = try await world.person(.tenantAdmin)
        let customer = CustomerID(try await world.customer(as: admin))
        let himself = try await world.person(.customer, customer: customer)
        for path in [Self.path, "/api/v1/ledger/exposures"] {
            #expect(try await world.send("GET", path, as: himself).status == 404, "\(path)")
        }
        await billing.close()
        try await world.close()
    }

    @Test func `what a lane comes to follows from what was found, and from when`() throws {
        var draw = SeededRandom("states of lanes")
        var seen: Set<LaneVerification.State> = []
        for _ in 0..<200 {
            let now = Timestamp(secondsSince1970: 1_790_000_000)
            let age = Bool.random(using: &draw) ? Int64.random(in: 0...120, using: &draw) : nil
            let (isAtEnd, isWrong) = (Bool.random(using: &draw), Int.random(in: 0..<5, using: &draw) == 0)
            let sum = Int.random(in: 0..<5, using: &draw) == 0 ? Int128(-1) : 0
            let lane = LaneVerification(
                lane: Lane(rootID: TenantID(.zero), currency: .euro),
                batches: 3,
                proved: LaneVerification.Proved(
                    through: 3,
                    isAtEnd: isAtEnd,
                    checkedAt: age.map { now + .seconds(-$0) },
                    discrepancy: isWrong ? "batch 1 is not as it was written" : nil
                ),
                sum: sum
            )
            let state = lane.state(at: now)
            seen.insert(state)
            let expected: LaneVerification.State =
                if isWrong || sum != 0 { .wrong } else if (age ?? 60) >= 60 { .unknown } else if isAtEnd { .whole } else
                {
                    .behind
                }
            #expect(state == expected, "\(String(describing: age)) \(isAtEnd) \(isWrong) \(sum)")
        }
        #expect(seen == Set(LaneVerification.State.allCases))
    }
}
