import Billing
import Concurrency
import Domain
import Glibc
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// What the process that leads a lane does unasked.
@Suite(.serialized) struct LaneCareTests {
    @Test(.proves("WAL-09", "WAL-11"))
    func `holds end when their time is over, and refunds take back what was charged`() async throws {
        let world = try await MoneyWorld()
        let worker = try await world.worker(settings: ["NEXORA_LANES_CARE=20ms"])
        let customer = AccountOwner.customer(world.customers[0])
        #expect(try await world.settle(world.topUp("a", "100.0000")).isPosted)
        let now = Timestamp(microseconds: SystemClock.microsecondsSince1970())
        let hold = try world.command(
            "hold",
            .hold(customer, amount: world.euro("60"), expiresAt: now + .milliseconds(300)),
            purpose: .invoice
        )
        #expect(try await world.settle(hold).isPosted)
        try await eventually {
            try await world.number("SELECT held FROM ledger_accounts WHERE kind = 'wallet' AND balance = 1000000") == 0
        }
        #expect(try await world.number("SELECT count(*) FROM ledger_transfers WHERE kind = 'expire'") == 1)

        let charge = try world.charge("charge", "90.0000")
        #expect(try await world.settle(charge).isPosted)
        func refund(_ key: String, _ amount: String?) async throws -> MoneyAnswer.Outcome {
            let command = try world.command(key, .refund(charge.id, amount: amount.map(world.euro)), purpose: .refund)
            return try await world.settle(command).outcome
        }
        guard case .decided(.posted, _, _) = try await refund("first", "30.0001") else {
            Issue.record("a part is given back")
            return
        }
        guard case .decided(.overRefund, _, _) = try await refund("more", "60.0000") else {
            Issue.record("never more than was taken")
            return
        }
        guard case .decided(.posted, _, _) = try await refund("rest", nil) else {
            Issue.record("the rest is given back")
            return
        }
        #expect(try await world.balance() == 1_000_000)
        try await world.verify()
        #expect(try await worker.stop() == 0)
        try await world.close()
    }

    @Test(.proves("WAL-13"))
    func `a row that was changed behind the ledger's back is found and told`() async throws {
        let world = try await MoneyWorld()
        let log = world.folder.file("proof.log")
        let worker = try await world.worker("proof", settings: ["NEXORA_LANES_CARE=20ms"], log: log)
        #expect(try await world.settle(world.topUp("a", "100.0000")).isPosted)
        #expect(try await world.settle(world.charge("b", "1.0000")).isPosted)
        #expect(!text(of: log).contains("the ledger is wrong"))
        // What was proved is kept for whoever looks at the books.
        try await eventually {
            try await world.number(
                """
                SELECT count(*) FROM ledger_verifications v JOIN ledger_lanes l USING (tenant_id, currency)
                WHERE v.is_at_end AND v.verified_through = l.last_batch AND v.discrepancy IS NULL AND v.balance_sum = 0
                """
            ) == 1
        }
        let name = String(world.url.split(separator: "@/")[1].prefix { $0 != "?" })
        let superuser = PostgresSession(
            PostgresConfiguration(url: world.postgres.url(user: "postgres", database: name))
        )
        for statement in [
            "ALTER TABLE ledger_entries DISABLE TRIGGER ALL",
            "UPDATE ledger_entries SET amount = amount - 1 WHERE sequence = 1 AND amount > 0",
            "ALTER TABLE ledger_entries ENABLE TRIGGER ALL",
        ] { _ = try await superuser.query(statement) }
        await superuser.close()
        try await eventually { text(of: log).contains("the ledger is wrong") }
        try await eventually {
            try await world.number("SELECT count(*) FROM ledger_verifications WHERE discrepancy IS NOT NULL") == 1
        }
        #expect(try await worker.stop() == 0)
        try await world.close()
    }

    private func text(of path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var octets = [UInt8](repeating: 0, count: 1 << 20)
        // SAFETY: the kernel writes at most octets.count octets into the array.
        let count = unsafe octets.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        return String(decoding: octets.prefix(max(0, count)), as: UTF8.self)
    }
}
