import Billing
import Domain
import Observability
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

/// Payments are counted when they have ended, once each.
@Suite(.proves("OBS-05", "OBS-06", "PAY-16")) struct PaymentMetricsTests {
    private static let tenant = TenantID(UUID128(high: 1, low: 1))

    private func payment(
        _ status: PaymentStatus,
        _ amount: String = "25.50",
        _ currency: Currency = .euro,
        refundOf: PaymentID? = nil
    ) throws -> StoredPayment {
        var payment = StoredPayment(
            tenantID: Self.tenant,
            id: PaymentID(UUID128(high: 1, low: 2)),
            customerID: nil,
            amount: try Money(amount, currency: currency),
            method: .card,
            refundOf: refundOf,
            createdBy: UserID(UUID128(high: 1, low: 3)),
            createdAt: .epoch
        )
        payment.state = PaymentState(status: status, transferID: nil, failure: nil)
        return payment
    }

    private func lines(_ registry: MetricsRegistry) -> Set<String> {
        Set(String(decoding: registry.render(), as: UTF8.self).split(separator: "\n").map(String.init))
    }

    @Test func `what ended is counted by how, and what has not is not`() throws {
        let registry = MetricsRegistry()
        let metrics = PaymentMetrics(registry)
        for status in PaymentStatus.allCases { metrics.ended(try payment(status)) }
        metrics.ended(try payment(.completed, "1", refundOf: PaymentID(UUID128(high: 1, low: 9))))
        metrics.ended(try payment(.failed, "1", refundOf: PaymentID(UUID128(high: 1, low: 9))))
        let counts = lines(registry).filter { $0.hasPrefix("payment_total{") }
        func line(_ status: String) -> String {
            "payment_total{tenant=\"\(Self.tenant)\",gateway=\"card\",status=\"\(status)\"} 1"
        }
        #expect(counts == Set(["completed", "failed", "cancelled", "refunded", "refund_failed"].map(line)))
    }

    @Test func `amounts are those of completed payments in euros`() throws {
        let registry = MetricsRegistry()
        let metrics = PaymentMetrics(registry)
        for amount in ["5", "5.0001", "500", "500.01"] { metrics.ended(try payment(.completed, amount)) }
        metrics.ended(try payment(.failed, "7"))
        metrics.ended(try payment(.completed, "7", try Currency("XOF")))
        metrics.ended(try payment(.completed, "7", refundOf: PaymentID(UUID128(high: 1, low: 9))))
        let labels = "tenant=\"\(Self.tenant)\",gateway=\"card\""
        let lines = lines(registry)
        for (bound, count) in [("5", 1), ("10", 2), ("20", 2), ("200", 2), ("500", 3), ("+Inf", 4)] {
            let line = "payment_amount_eur_bucket{\(labels),le=\"\(bound)\"} \(count)"
            #expect(lines.contains(line), "\(line)")
        }
        #expect(lines.contains("payment_amount_eur_count{\(labels)} 4"))
    }

    @Test func `a payment over HTTP is counted once, however often it is sent`() async throws {
        let desk = try await MoneyRouteTests.Desk()
        let (path, body) = ("customers/\(desk.customer)/top-ups", "{\"amount\":\"3\",\"method\":\"manual\"}")
        for _ in 0..<3 { #expect(try await desk.post(path, body, key: "counted-\(desk.customer)").status == 201) }
        let made = try await desk.post(
            "payments",
            "{\"customer_id\":\"\(desk.customer)\",\"amount\":\"4\",\"method\":\"card\"}"
        )
        let id = try #require(made["data.id"]?.text, "\(made.text)")
        for status in [200, 409] { #expect(try await desk.post("payments/\(id)/cancel", nil).status == status) }
        let tenant = "tenant=\"\(desk.plot.tenant)\""
        let lines = lines(desk.world.registry).filter { $0.contains(tenant) && $0.hasPrefix("payment_total") }
        #expect(
            lines == [
                "payment_total{\(tenant),gateway=\"manual\",status=\"completed\"} 1",
                "payment_total{\(tenant),gateway=\"card\",status=\"cancelled\"} 1",
            ]
        )
    }
}
