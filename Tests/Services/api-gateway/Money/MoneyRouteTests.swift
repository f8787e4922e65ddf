import Billing
import Domain
import Ledger
import Persistence
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// Money over HTTP, with a ledger in memory: what is asked, what is answered, and what a repetition does.
@Suite struct MoneyRouteTests {
    /// A provider of one's own: its commands may be met by silence without anybody else noticing.
    struct Desk: Sendable {
        let plot: Plot
        let customer: String
        var world: GatewayWorld { plot.world }
        var owner: AccountOwner { .customer(CustomerID(customer) ?? CustomerID(.zero)) }

        init() async throws {
            plot = try await Plot(try await GatewayWorld.shared(), customers: 1)
            customer = plot.customers[0]
            plot.world.memory.enrol(plot.tenant)
        }

        func post(
            _ path: String,
            _ body: String? = "{}",
            key: String? = nil,
            as person: GatewayWorld.Person? = nil,
            prefer: String = "wait=1"
        ) async throws -> Answer {
            let key = key ?? "k-\(Plot.number())"
            return try await world.send(
                "POST",
                "/api/v1/" + path,
                as: person ?? plot.admin,
                body,
                headers: ["Idempotency-Key": key, "Prefer": prefer]
            )
        }

        func get(_ path: String) async throws -> Answer {
            try await world.send("GET", "/api/v1/" + path, as: plot.admin)
        }

        /// Puts so much into the customer's wallet.
        func topUp(_ amount: String) async throws -> String {
            let answer = try await post(
                "customers/\(customer)/top-ups",
                "{\"amount\":\"\(amount)\",\"method\":\"manual\"}"
            )
            try #require(answer.status == 201, "\(answer.text)")
            return try #require(answer["data.payment.id"]?.text)
        }
    }

    @Test(.proves("WAL-11", "WAL-06", "PAY-22")) func `a top-up tells the balance after it, and once`() async throws {
        let desk = try await Desk()
        let path = "customers/\(desk.customer)/top-ups"
        let body = "{\"amount\":\"25.50\",\"method\":\"manual\",\"description\":\"at the door\"}"
        let first = try await desk.post(path, body, key: "once-\(desk.customer)")
        #expect(first.status == 201, "\(first.text)")
        #expect(first["data.payment.status"]?.text == "completed")
        #expect(first["data.transaction.balance_after"]?.text == "25.5000")
        let again = try await desk.post(path, body, key: "once-\(desk.customer)")
        #expect(again.status == 201 && again.headers["idempotent-replayed"] == "true")
        #expect(
            again["data.payment"] == first["data.payment"] && again.headers["location"] == first.headers["location"]
        )
        #expect(again["data.transaction.transaction_id"] == first["data.transaction.transaction_id"])
        #expect(desk.world.memory.balance(desk.owner) == 255_000)
        let other = try await desk.post(path, "{\"amount\":\"1\",\"method\":\"manual\"}", key: "once-\(desk.customer)")
        #expect(other.status == 422 && other["error.code"]?.text == "IDEMPOTENCY_MISMATCH")
        let id = try #require(first["data.payment.id"]?.text)
        let stored = try await desk.get("payments/\(id)")
        #expect(stored["data.amount"]?.text == "25.5000" && stored["data.completed_at"]?.text != nil)
        let list = try await desk.get("payments?filter=customer_id:eq:\(desk.customer)")
        #expect(list.list("data").count == 1)
    }

    @Test(.proves("WAL-06"))
    func `the same top-up sent a thousand times at once has one effect and a thousand equal answers`()
        async throws
    {
        let desk = try await Desk()
        let path = "customers/\(desk.customer)/top-ups"
        let body = "{\"amount\":\"7\",\"method\":\"manual\"}"
        // As many at a time as a desk's tenant may have under way.
        for _ in 0..<10 {
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<100 { group.addTask { try await desk.post(path, body, key: "same-\(desk.customer)") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 201 }, "\(answers.first { $0.status != 201 }?.text ?? "")")
            #expect(Set(answers.compactMap { $0["data.payment.id"]?.text }).count == 1)
            #expect(Set(answers.compactMap { $0["data.payment.completed_at"]?.text }).count == 1)
            #expect(Set(answers.compactMap { $0["data.transaction.transaction_id"]?.text }).count == 1)
        }
        #expect(desk.world.memory.balance(desk.owner) == 70_000)
        let list = try await desk.get("payments?filter=customer_id:eq:\(desk.customer)")
        #expect(list.list("data").count == 1)
        let trail = try await desk.get("audit-logs?resource_type=payment&limit=100")
        #expect(trail.list("data").count == 2, "opened once, ended once")
    }

    @Test(.proves("WAL-11", "AUD-05"))
    func `what comes together is kept each for itself, and one refused refuses nobody else`()
        async throws
    {
        let desk = try await Desk()
        let path = "customers/\(desk.customer)/top-ups"
        let answers = try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            for number in 0..<60 {
                group.addTask {
                    // Every tenth names a bank's number that another has; every eleventh a customer who is not there.
                    let external = number % 10 == 0 ? ",\"external_id\":\"bank-1\"" : ""
                    let whose = number % 11 == 5 ? "customers/\(UUID128(high: 7, low: UInt64(number)))/top-ups" : path
                    return (number, try await desk.post(whose, "{\"amount\":\"1\",\"method\":\"manual\"\(external)}"))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for (number, answer) in answers where number % 10 != 0 {
            #expect(answer.status == (number % 11 == 5 ? 404 : 201), "\(number): \(answer.text)")
        }
        let named = answers.filter { $0.0 % 10 == 0 && $0.0 % 11 != 5 }.map(\.1)
        #expect(named.count { $0.status == 201 } == 1 && named.allSatisfy { [201, 409].contains($0.status) })
        let good = answers.count { $0.1.status == 201 }
        #expect(desk.world.memory.balance(desk.owner) == Int64(good) * 10_000)
        let list = try await desk.get("payments?filter=customer_id:eq:\(desk.customer)&limit=100")
        #expect(list.list("data").count == good)
    }

    @Test(.proves("WAL-06")) func `nothing that moves money goes without a key`() async throws {
        let desk = try await Desk()
        for path in ["customers/\(desk.customer)/top-ups", "customers/\(desk.customer)/debits", "adjustments"] {
            let answer = try await desk.world.send("POST", "/api/v1/" + path, as: desk.plot.admin, "{\"amount\":\"1\"}")
            #expect(answer.status == 400 && answer["error.code"]?.text == "IDEMPOTENCY_KEY_REQUIRED", "\(path)")
        }
        #expect(desk.world.memory.balance(desk.owner) == 0)
    }

    @Test(.proves("WAL-06")) func `an answer that was lost is asked for again, and the money moved once`() async throws
    {
        let desk = try await Desk()
        let (path, key) = ("customers/\(desk.customer)/top-ups", "lost-\(desk.customer)")
        let body = "{\"amount\":\"10\",\"method\":\"manual\"}"
        desk.world.memory.silence(desk.plot.tenant, true)
        let first = try await desk.post(path, body, key: key)
        #expect(first.status == 202 && first["data.payment.status"]?.text == "processing", "\(first.text)")
        let id = try #require(first["data.payment.id"]?.text)
        #expect(first.headers["location"] == "/api/v1/payments/\(id)")
        // While the money is on its way nobody cancels it.
        let cancelled = try await desk.post("payments/\(id)/cancel", nil)
        #expect(cancelled.status == 409 && cancelled["error.code"]?.text == "PAYMENT_MOVING")
        desk.world.memory.silence(desk.plot.tenant, false)
        let second = try await desk.post(path, body, key: key)
        #expect(second.status == 201 && second["data.payment.id"]?.text == id, "\(second.text)")
        #expect(second["data.payment.status"]?.text == "completed")
        #expect(desk.world.memory.balance(desk.owner) == 100_000)
        // The same for what is no payment.
        desk.world.memory.silence(desk.plot.tenant, true)
        let debits = "customers/\(desk.customer)/debits"
        let debit = try await desk.post(debits, "{\"amount\":\"4\"}", key: key + "-d")
        #expect(debit.status == 202 && debit["data.status"]?.text == "pending", "\(debit.text)")
        let transfer = try #require(debit["data.transaction_id"]?.text)
        #expect(debit.headers["location"] == "/api/v1/transactions/\(transfer)")
        desk.world.memory.silence(desk.plot.tenant, false)
        let told = try await desk.post(debits, "{\"amount\":\"4\"}", key: key + "-d")
        #expect(told.status == 201 && told["data.transaction_id"]?.text == transfer, "\(told.text)")
        #expect(desk.world.memory.balance(desk.owner) == 60_000)
    }

    @Test func `what could not be stored is told as such, and goes on under the same key`() async throws {
        let desk = try await Desk()
        let (path, key) = ("customers/\(desk.customer)/top-ups", "away-\(desk.customer)")
        desk.world.memory.turnAway(desk.plot.tenant, true)
        let body = "{\"amount\":\"10\",\"method\":\"manual\"}"
        #expect(try await desk.post(path, body, key: key).status == 503)
        desk.world.memory.turnAway(desk.plot.tenant, false)
        #expect(try await desk.post(path, body, key: key).status == 201)
        #expect(try await desk.get("payments?filter=customer_id:eq:\(desk.customer)").list("data").count == 1)
        #expect(desk.world.memory.balance(desk.owner) == 100_000)
    }

    @Test(.proves("WAL-03", "WAL-06")) func `a debit beyond the wallet is refused, and stays refused under its key`()
        async throws
    {
        let desk = try await Desk()
        _ = try await desk.topUp("5")
        let (path, key) = ("customers/\(desk.customer)/debits", "much-\(desk.customer)")
        for _ in 0..<2 {
            let answer = try await desk.post(path, "{\"amount\":\"5.01\"}", key: key)
            #expect(answer.status == 422 && answer["error.code"]?.text == "INSUFFICIENT_FUNDS", "\(answer.text)")
        }
        _ = try await desk.topUp("5")
        #expect(try await desk.post(path, "{\"amount\":\"5.01\"}", key: key).status == 422)
        let other = try await desk.post(path, "{\"amount\":\"1\"}", key: key)
        #expect(other.status == 422 && other["error.code"]?.text == "IDEMPOTENCY_MISMATCH")
        let taken = try await desk.post(path, "{\"amount\":\"5.01\"}")
        #expect(taken.status == 201 && taken["data.balance_after"]?.text == "4.9900")
        #expect(try await desk.post(path, "{\"amount\":\"0\"}").status == 400)
    }

    @Test(.proves("PAY-10", "PAY-15")) func `a payment is completed once, and given back no more than once`()
        async throws
    {
        let desk = try await Desk()
        let made = try await desk.post(
            "payments",
            "{\"customer_id\":\"\(desk.customer)\",\"amount\":\"30\",\"method\":\"transfer\",\"external_id\":\"b-\(desk.customer)\"}"
        )
        #expect(made.status == 201 && made["data.status"]?.text == "pending", "\(made.text)")
        let id = try #require(made["data.id"]?.text)
        #expect(desk.world.memory.balance(desk.owner) == 0)
        let early = try await desk.post("payments/\(id)/refund")
        #expect(early.status == 409 && early["error.code"]?.text == "PAYMENT_NOT_COMPLETED")
        for _ in 0..<2 {
            let done = try await desk.post("payments/\(id)/complete", nil)
            #expect(done.status == 201 && done["data.payment.status"]?.text == "completed", "\(done.text)")
        }
        #expect(desk.world.memory.balance(desk.owner) == 300_000)
        for path in ["cancel", "fail"] {
            let answer = try await desk.post("payments/\(id)/\(path)", path == "fail" ? "{}" : nil)
            #expect(answer.status == 409 && answer["error.code"]?.text == "PAYMENT_ENDED")
        }
        let part = try await desk.post("payments/\(id)/refund", "{\"amount\":\"12\"}")
        #expect(part.status == 201 && part["data.transaction.balance_after"]?.text == "18.0000", "\(part.text)")
        #expect(part["data.payment.refund_of"]?.text == id)
        let more = try await desk.post("payments/\(id)/refund", "{\"amount\":\"18.0001\"}")
        #expect(more.status == 422 && more["error.code"]?.text == "OVER_REFUND")
        #expect(try await desk.post("payments/\(id)/refund").status == 201)
        #expect(desk.world.memory.balance(desk.owner) == 0)
        #expect(try await desk.post("payments/\(id)/refund").status == 422)
    }

    @Test func `cash goes into an open shift, and the difference is stated`() async throws {
        let desk = try await Desk()
        let path = "customers/\(desk.customer)/top-ups"
        let none = try await desk.post(path, "{\"amount\":\"10\"}")
        #expect(none.status == 409 && none["error.code"]?.text == "NO_OPEN_SHIFT", "\(none.text)")
        let opened = try await desk.post("cash-shifts", "{\"opening\":{\"EUR\":\"100\"}}")
        #expect(opened.status == 201, "\(opened.text)")
        let shift = try #require(opened["data.id"]?.text)
        let second = try await desk.post("cash-shifts", "{}")
        #expect(second.status == 409 && second["error.code"]?.text == "SHIFT_OPEN")
        let paid = try await desk.post(path, "{\"amount\":\"10\"}")
        #expect(paid.status == 201 && paid["data.payment.shift_id"]?.text == shift, "\(paid.text)")
        let id = try #require(paid["data.payment.id"]?.text)
        #expect(try await desk.post("payments/\(id)/refund", "{\"amount\":\"3\"}").status == 201)
        let current = try await desk.get("cash-shifts/current")
        #expect(current["data.expected.EUR"]?.text == "107.0000", "\(current.text)")
        let closed = try await desk.post("cash-shifts/\(shift)/close", "{\"counted\":{\"EUR\":\"106.50\"}}")
        #expect(closed.status == 200 && closed["data.difference.EUR"]?.text == "-0.5000", "\(closed.text)")
        #expect(try await desk.post("cash-shifts/\(shift)/close", "{\"counted\":{}}").status == 409)
        #expect(try await desk.get("cash-shifts/current").status == 404)
    }

    @Test func `a shift waits for payments whose outcome nobody knows`() async throws {
        let desk = try await Desk()
        let opened = try await desk.post("cash-shifts", "{}")
        let shift = try #require(opened["data.id"]?.text)
        desk.world.memory.silence(desk.plot.tenant, true)
        let (path, key) = ("customers/\(desk.customer)/top-ups", "shift-\(desk.customer)")
        #expect(try await desk.post(path, "{\"amount\":\"10\"}", key: key).status == 202)
        let early = try await desk.post("cash-shifts/\(shift)/close", "{\"counted\":{}}")
        #expect(early.status == 409 && early["error.code"]?.text == "PAYMENTS_UNDER_WAY", "\(early.text)")
        desk.world.memory.silence(desk.plot.tenant, false)
        #expect(try await desk.post(path, "{\"amount\":\"10\"}", key: key).status == 201)
        let closed = try await desk.post("cash-shifts/\(shift)/close", "{\"counted\":{\"EUR\":\"10\"}}")
        #expect(closed.status == 200 && closed["data.difference.EUR"]?.text == "0.0000", "\(closed.text)")
    }

    @Test(.proves("WAL-11")) func `a correction takes somebody else's eyes, and a house corrects no wallet of its own`()
        async throws
    {
        let desk = try await Desk()
        let other = try await desk.world.person(.tenantAdmin, in: desk.plot.tenant)
        let body = "{\"customer_id\":\"\(desk.customer)\",\"amount\":\"7.5\",\"reason\":\"paid twice\"}"
        let asked = try await desk.post("adjustments", body)
        #expect(asked.status == 201, "\(asked.text)")
        let id = try #require(asked["data.id"]?.text)
        for path in ["approve", "reject"] {
            let own = try await desk.post("adjustments/\(id)/\(path)", nil)
            #expect(own.status == 409 && own["error.code"]?.text == "FOUR_EYES", "\(own.text)")
        }
        #expect(desk.world.memory.balance(desk.owner) == 0)
        for _ in 0..<2 {
            let agreed = try await desk.post("adjustments/\(id)/approve", nil, key: "agree-\(id)", as: other)
            #expect(agreed.status == 201 && agreed["data.adjustment.status"]?.text == "approved", "\(agreed.text)")
        }
        #expect(desk.world.memory.balance(desk.owner) == 75_000)
        #expect(try await desk.post("adjustments/\(id)/reject", nil, as: other).status == 409)
        let house = "{\"tenant_id\":\"\(desk.plot.tenant)\",\"amount\":\"7.5\",\"reason\":\"for us\"}"
        #expect(try await desk.post("adjustments", house).status == 403)
        #expect(try await desk.post("adjustments", house, as: desk.plot.above).status == 201)
        let back = try await desk.post("adjustments", body)
        let mine = try #require(back["data.id"]?.text)
        #expect(try await desk.post("adjustments/\(mine)/withdraw", nil, as: other).status == 409)
        #expect(try await desk.post("adjustments/\(mine)/withdraw", nil).status == 200)
    }

    @Test(.proves("WAL-11")) func `a correction that the ledger refuses is kept with its reason`() async throws {
        let desk = try await Desk()
        let other = try await desk.world.person(.tenantAdmin, in: desk.plot.tenant)
        let body = "{\"customer_id\":\"\(desk.customer)\",\"amount\":\"-7.5\",\"reason\":\"too much\"}"
        let id = try #require(try await desk.post("adjustments", body)["data.id"]?.text)
        let agreed = try await desk.post("adjustments/\(id)/approve", nil, as: other)
        #expect(agreed.status == 422 && agreed["error.code"]?.text == "INSUFFICIENT_FUNDS", "\(agreed.text)")
        let stored = try await desk.get("adjustments/\(id)")
        #expect(stored["data.status"]?.text == "approved" && stored["data.failure"]?.text == "insufficient")
        #expect(try await desk.post("adjustments/\(id)/approve", nil, as: other).status == 409)
    }

    @Test(.proves("TEN-05", "IAM-34")) func `a customer sees his own and moves nothing, and a stranger sees nothing`()
        async throws
    {
        let desk = try await Desk()
        let payment = try await desk.topUp("5")
        let person = try await desk.world.person(.customer, in: desk.plot.tenant, customer: CustomerID(desk.customer))
        for path in [
            "me/wallets", "me/transactions", "customers/\(desk.customer)/wallets", "wallets", "payments/\(payment)",
        ] {
            #expect(try await desk.world.send("GET", "/api/v1/" + path, as: person).status == 200, "\(path)")
        }
        let own = try await desk.world.send("GET", "/api/v1/payments/\(payment)", as: person)
        #expect(own["data.created_by"] == nil && own["data.amount"]?.text == "5.0000")
        for path in ["cash-shifts", "adjustments"] {
            #expect(try await desk.world.send("GET", "/api/v1/" + path, as: person).status == 403, "\(path)")
        }
        for path in ["customers/\(desk.customer)/top-ups", "customers/\(desk.customer)/debits"] {
            #expect(try await desk.post(path, "{\"amount\":\"1\"}", as: person).status == 403, "\(path)")
        }
        let stranger = try await Desk()
        #expect(try await stranger.get("payments/\(payment)").status == 404)
        for path in ["customers/\(desk.customer)/top-ups", "customers/\(desk.customer)/debits"] {
            #expect(try await stranger.post(path, "{\"amount\":\"1\"}").status == 404, "\(path)")
        }
        for path in ["complete", "cancel"] {
            #expect(try await stranger.post("payments/\(payment)/\(path)", nil).status == 404)
        }
        #expect(desk.world.memory.balance(desk.owner) == 50_000)
    }

    @Test(.proves("PAY-13")) func `somebody makes so many payments a minute`() async throws {
        var policy = GatewayWorld.unlimited
        policy.limits.payments = 3
        let world = try await GatewayWorld(policy)
        world.memory.enrol(world.one)
        let admin = try await world.person(.tenantAdmin)
        let customer = try await world.customer(as: admin)
        var statuses: [Int] = []
        for number in 0..<4 {
            let answer = try await world.send(
                "POST",
                "/api/v1/customers/\(customer)/top-ups",
                as: admin,
                "{\"amount\":\"1\",\"method\":\"manual\"}",
                headers: ["Idempotency-Key": "limit-\(number)"]
            )
            statuses.append(answer.status)
        }
        #expect(statuses == [201, 201, 201, 429])
        #expect(try await world.send("GET", "/api/v1/payments", as: admin).status == 200)
        try await world.close()
    }
}
