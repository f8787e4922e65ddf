import Domain
import Postgres

/// Draws customers' codes: `C000001` and so on, one counter for each tenant. Codes that people gave are passed over.
struct CustomerCodes {
    /// How often to draw again where codes are taken. Each time the counter moves on by as many as are missing, then by
    /// twice as many and so on, so that a range of taken codes is soon behind it.
    private static let attempts = 24

    private let transaction: ScopedTransaction

    init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// That many codes of the tenant that no customer has. Until the transaction ends no other draws any of his.
    func draw(_ count: Int, for tenant: TenantID) async throws -> [String] {
        guard count > 0 else { return [] }
        var codes: [String] = []
        var wanted = count
        for _ in 0..<Self.attempts {
            let rows = try await transaction.query(
                """
                INSERT INTO customer_code_counters AS c (tenant_id, last) VALUES ($1, $2)
                ON CONFLICT (tenant_id) DO UPDATE SET last = c.last + $2 RETURNING last
                """,
                [.id(tenant), .int8(Int64(wanted))]
            )
            let last = Int(try (rows.first?["last"].int64).found())
            let drawn = ((last - wanted + 1)...last).map(Self.code)
            let taken = try await transaction.query(
                "SELECT code FROM customers WHERE tenant_id = $1 AND code = ANY ($2)",
                [.id(tenant), .textArray(drawn)]
            )
            let refused = Set(taken.map { $0["code"].text ?? "" })
            codes += drawn.lazy.filter { !refused.contains($0) }.prefix(count - codes.count)
            if codes.count == count { return codes }
            wanted = min(max(wanted, count - codes.count) * 2, 10_000)
        }
        throw PersistenceError.alreadyExists(constraint: "idx_tenant_code")
    }

    private static func code(_ number: Int) -> String {
        let digits = String(number)
        return "C" + String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }
}
