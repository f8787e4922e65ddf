import Billing
import Domain
import Events
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

/// The end of a payment is told in the commit that it happens in, once.
@Suite(.proves("PAY-16", "MSG-11")) struct PaymentEventTests {
    private func told(_ desk: MoneyRouteTests.Desk) async throws -> [PaymentChanged] {
        var told: [PaymentChanged] = []
        for row in try await desk.world.outbox(of: desk.plot.tenant) where row.subject == PaymentChanged.subject {
            #expect(row.type == PaymentChanged.type)
            var reader = JSONReader(row.data)
            told.append(try PaymentChanged(from: &reader))
        }
        return told
    }

    @Test func `a top-up is told once, however often it is sent, with what it was`() async throws {
        let desk = try await MoneyRouteTests.Desk()
        let path = "customers/\(desk.customer)/top-ups"
        let body = "{\"amount\":\"25.50\",\"method\":\"manual\"}"
        for _ in 0..<3 { #expect(try await desk.post(path, body, key: "told-\(desk.customer)").status == 201) }
        let told = try await told(desk)
        let one = try #require(told.first)
        #expect(told.count == 1 && one.state == "completed" && one.amount.decimal == "25.5000")
        #expect(one.customerID == CustomerID(desk.customer) && one.method == "manual" && one.refundOf == nil)
    }

    @Test func `top-ups that share a transaction are told each`() async throws {
        let desk = try await MoneyRouteTests.Desk()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try await desk.topUp("1") } }
            try await group.waitForAll()
        }
        let told = try await told(desk)
        #expect(told.count == 20 && Set(told.map(\.paymentID)).count == 20)
        #expect(told.allSatisfy { $0.state == "completed" && $0.version > 0 })
    }

    @Test func `what fails, is taken back or given back is told as that, and what has not ended is not`() async throws {
        let desk = try await MoneyRouteTests.Desk()
        func made() async throws -> String {
            let answer = try await desk.post(
                "payments",
                "{\"customer_id\":\"\(desk.customer)\",\"amount\":\"4\",\"method\":\"card\"}"
            )
            return try #require(answer["data.id"]?.text, "\(answer.text)")
        }
        let (failed, cancelled) = (try await made(), try await made())
        #expect(try await told(desk).isEmpty)
        let reason = "{\"reason\":\"The card was declined.\"}"
        for status in [200, 409] { #expect(try await desk.post("payments/\(failed)/fail", reason).status == status) }
        for status in [200, 409] {
            #expect(try await desk.post("payments/\(cancelled)/cancel", nil).status == status)
        }
        var told = try await told(desk)
        #expect(told.map(\.paymentID) == [failed, cancelled].compactMap { PaymentID($0) })
        #expect(told.map(\.state) == ["failed", "cancelled"])
        #expect(told.map(\.note) == ["The card was declined.", ""])
        let paid = try await desk.topUp("3")
        #expect(try await desk.post("payments/\(paid)/refund", "{}").status == 201)
        told = try await self.told(desk)
        #expect(told.count == 4 && told.last?.refundOf == PaymentID(paid) && told.last?.state == "completed")
    }

    @Test func `what the ledger ended while nobody heard it is answered as that, and told once`() async throws {
        let desk = try await MoneyRouteTests.Desk()
        desk.world.memory.silence(desk.plot.tenant, true)
        let (path, body) = ("customers/\(desk.customer)/top-ups", "{\"amount\":\"10\",\"method\":\"manual\"}")
        let key = "unheard-\(desk.customer)"
        let asked = try await desk.post(path, body, key: key)
        let id = try #require(PaymentID(asked["data.payment.id"]?.text ?? ""), "\(asked.text)")
        #expect(asked.status == 202)
        #expect(try await told(desk).isEmpty)
        let owner = AccountOwner.customer(try #require(CustomerID(desk.customer)))
        for _ in 0..<2 {
            try await desk.world.post { book in
                [try await book.topUp(owner, in: desk.plot.tenant, "10", key: StoredPayment.ledgerKey(id))]
            }
        }
        let told = try await told(desk)
        #expect(told.map(\.paymentID) == [id] && told.first?.state == "completed")
        desk.world.memory.silence(desk.plot.tenant, false)
        let again = try await desk.post(path, body, key: key)
        #expect(again.status == 201 && again["data.payment.status"]?.text == "completed", "\(again.text)")
    }
}
