import Domain
import NexoraCommand
import SharedTesting
import Testing

@Suite(.serialized) struct CommissionCommandTests {
    @Test(.proves("COM-01", "COM-05", "AUD-07"))
    func `rates are set from the operator's place, no higher than above, and on the record`() async throws {
        let run = try await CommandRun()
        try await run.expect(.success, "bootstrap --name Op --subdomain op")
        try await run.expect(.success, "tenant add Acme --subdomain acme")
        try await run.expect(.success, "tenant add Corner --subdomain corner --kind reseller --parent acme")
        #expect(try await run.expect(.success, "commission show corner --json").list().isEmpty)
        try await run.expect(.success, "commission set acme 80")
        let set = try await run.expect(.success, "commission set corner 60.5 --json").json()
        #expect(set["tenant"] == .text("corner") && set["ratePercent"] == .text("60.5"))
        try await run.expect(.conflict, "commission set corner 80.0001")
        try await run.expect(.conflict, "commission set op 50")
        try await run.expect(.conflict, "commission set corner 1 --from 2001-01-01T00:00:00Z")
        try await run.expect(.notFound, "commission set nobody 50")
        for wrong in ["corner", "corner 101", "corner x", "corner 50 --none"] {
            try await run.expect(.usage, "commission set \(wrong)")
        }
        try await run.expect(.success, "commission set corner --none")
        let past = try await run.expect(.success, "commission show corner --json").list()
        #expect(past.map { $0["ratePercent"] } == [.null, .text("60.5")])
        #expect(try await run.expect(.success, "commission statement acme --json").list().isEmpty)
        let trail = try await run.expect(.success, "audit search --type tenant_commission --json").list()
        #expect(trail.count == 3)
        await run.close()
    }
}
