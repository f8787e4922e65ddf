import Billing
import Domain
import Identity
import Ledger
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

/// Conversions over HTTP, with a ledger in memory.
@Suite struct ConversionRouteTests {
    private static let dollar = try? Currency("USD")

    private static func body(_ amount: String, rate: String = "1.25", to: String = "USD", currency: String = "EUR")
        -> String
    {
        "{\"amount\":\"\(amount)\",\"currency\":\"\(currency)\",\"to\":\"\(to)\",\"rate\":\"\(rate)\"}"
    }

    @Test(.proves("WAL-15")) func `what is sold is bought for at the rate that is recorded, once`() async throws {
        let desk = try await MoneyRouteTests.Desk()
        _ = try await desk.topUp("100")
        let dollar = try #require(Self.dollar)
        let (path, key) = ("customers/\(desk.customer)/conversions", "convert-\(desk.customer)")
        let first = try await desk.post(path, Self.body("60"), key: key)
        #expect(first.status == 201, "\(first.text)")
        #expect(first["data.status"]?.text == "completed" && first["data.bought"]?.text == "75.0000")
        #expect(first["data.rate"]?.text == "1.2500000000" && first["data.sold_currency"]?.text == "EUR")
        #expect(desk.world.memory.balance(desk.owner) == 400_000)
        #expect(desk.world.memory.balance(desk.owner, dollar) == 750_000)
        let again = try await desk.post(path, Self.body("60"), key: key)
        #expect(again.status == 201 && again["data"] == first["data"])
        #expect(again.headers["idempotent-replayed"] == "true")
        let other = try await desk.post(path, Self.body("60", rate: "1.26"), key: key)
        #expect(other.status == 422 && other["error.code"]?.text == "IDEMPOTENCY_MISMATCH")
        let id = try #require(first["data.id"]?.text)
        #expect(try await desk.get("conversions/\(id)")["data"] == first["data"])
        let list = try await desk.get("conversions?filter=customer_id:eq:\(desk.customer)")
        #expect(list.list("data").count == 1 && desk.world.memory.balance(desk.owner) == 400_000)
    }

    @Test(.proves("WAL-15", "WAL-03")) func `nobody sells what is not there, and nothing is bought then`() async throws
    {
        let desk = try await MoneyRouteTests.Desk()
        _ = try await desk.topUp("5")
        let dollar = try #require(Self.dollar)
        let (path, key) = ("customers/\(desk.customer)/conversions", "much-\(desk.customer)")
        for _ in 0..<2 {
            let answer = try await desk.post(path, Self.body("5.01"), key: key)
            #expect(answer.status == 422 && answer["error.code"]?.text == "INSUFFICIENT_FUNDS", "\(answer.text)")
        }
        #expect(desk.world.memory.balance(desk.owner) == 50_000 && desk.world.memory.balance(desk.owner, dollar) == 0)
        for (body, field) in [
            (Self.body("1", to: "EUR"), "/to"), (Self.body("1", rate: "0"), "/rate"), (Self.body("0"), "/amount"),
            (Self.body("0.0001", rate: "0.0001"), "/amount"), (Self.body("1", rate: "-1"), "/rate"),
        ] {
            let answer = try await desk.post(path, body)
            #expect(answer.status == 400 && answer.text.contains("\"\(field)\""), "\(body): \(answer.text)")
        }
        let list = try await desk.get("conversions?filter=customer_id:eq:\(desk.customer)")
        #expect(list.list("data").count == 1 && list["data.0.failure"]?.text == "insufficient")
    }

    @Test(.proves("WAL-15")) func `what nobody heard the answer of goes on, by the same request or by itself`()
        async throws
    {
        let desk = try await MoneyRouteTests.Desk()
        _ = try await desk.topUp("100")
        let dollar = try #require(Self.dollar)
        let (path, key) = ("customers/\(desk.customer)/conversions", "lost-\(desk.customer)")
        desk.world.memory.silence(desk.plot.tenant, true)
        let lost = try await desk.post(path, Self.body("10"), key: key)
        #expect(lost.status == 202 && lost["data.status"]?.text == "selling", "\(lost.text)")
        let alone = try await desk.post(path, Self.body("20"))
        #expect(alone.status == 202)
        desk.world.memory.silence(desk.plot.tenant, false)
        let told = try await desk.post(path, Self.body("10"), key: key)
        #expect(told.status == 201 && told["data.id"]?.text == lost["data.id"]?.text, "\(told.text)")
        #expect(desk.world.memory.balance(desk.owner, dollar) == 125_000)
        // The other has nobody who asks again.
        let id = try #require(alone["data.id"]?.text)
        let moves = ConversionMoves(desk.world.parts)
        try await eventually {
            try await moves.resume(olderThan: .zero)
            return try await desk.get("conversions/\(id)")["data.status"]?.text == "completed"
        }
        #expect(desk.world.memory.balance(desk.owner, dollar) == 375_000)
        #expect(desk.world.memory.balance(desk.owner) == 700_000)
        let trail = try await desk.get("audit-logs?resource_type=conversion&limit=100")
        #expect(trail.list("data").count == 6, "made, sold, bought, of each")
    }
}
