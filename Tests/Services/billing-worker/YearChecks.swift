import Domain
import Postgres
import Testing

/// What a rehearsed year left in the database, against the oracle.
struct YearChecks {
    private let world: YearWorld
    /// Each subscriber's bills, in the order of their numbers.
    private let bills: [[YearBill]]

    init(_ world: YearWorld) async throws {
        self.world = world
        let rows = try await world.money.billing.query(
            """
            SELECT customer_id::text AS customer, ordinal, period_start, period_end, due_at, amount, status FROM bills
            ORDER BY customer_id, ordinal
            """
        )
        var found: [String: [YearBill]] = [:]
        for row in rows {
            let bill = YearBill(
                ordinal: try #require(row["ordinal"].int),
                start: try #require(row["period_start"].timestamptz) / 1_000_000,
                end: try #require(row["period_end"].timestamptz) / 1_000_000,
                due: try #require(row["due_at"].timestamptz) / 1_000_000,
                amount: try #require(row["amount"].int64),
                status: try #require(row["status"].text)
            )
            found[try #require(row["customer"].text), default: []].append(bill)
        }
        bills = world.money.customers.map { found["\($0)"] ?? [] }
    }

    private func number(_ sql: String) async throws -> Int64 { try await world.money.number(sql) }

    /// Of whoever always had enough, each bill is the predicted one.
    func predictedBills() {
        for (number, subscriber) in world.script.subscribers.enumerated() where subscriber.isRich {
            let expected = subscriber.bills(until: world.now)
            #expect(bills[number].count == expected.count, "bills of \(number): \(subscriber)")
            for (bill, other) in zip(bills[number], expected) {
                #expect(bill == other, "bill \(other.ordinal) of \(number): \(subscriber)")
            }
        }
    }

    /// Nobody's periods leave a gap or overlap, and each is charged at the plan's price.
    func periods() {
        for (number, subscriber) in world.script.subscribers.enumerated() {
            for (place, bill) in bills[number].enumerated() {
                #expect(bill.ordinal == place + 1, "bills of \(number)")
                #expect(bill.end > bill.start && bill.amount == subscriber.terms.price, "bill \(bill) of \(number)")
                if place > 0 { #expect(bill.start == bills[number][place - 1].end, "bill \(bill) of \(number)") }
            }
        }
    }

    /// Each wallet holds what commands moved, without the bills that were paid, and none was ever below zero.
    func wallets() async throws {
        let rows = try await world.money.billing.query(
            """
            SELECT owner_id::text AS customer, balance FROM ledger_accounts
            WHERE owner_kind = 'customer' AND kind = 'wallet'
            """
        )
        var balances: [String: Int64] = [:]
        for row in rows { balances[try #require(row["customer"].text)] = row["balance"].int64 }
        for (number, subscriber) in world.script.subscribers.enumerated() {
            let paid = subscriber.isRich ? subscriber.bills(until: world.now) : bills[number]
            let spent = paid.filter { $0.status == "paid" }.reduce(0) { $0 + $1.amount }
            let balance = balances["\(world.money.customers[number])"] ?? 0
            #expect(balance == world.diary.wallets[number] - spent, "wallet of \(number): \(subscriber)")
        }
        let belowZero = """
            SELECT count(*) FROM ledger_entries e JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
            WHERE a.owner_kind = 'customer' AND e.balance_after < 0
            """
        #expect(try await number(belowZero) == 0)
        // What is stored is the sum of what was posted.
        let differing = """
            SELECT count(*) FROM ledger_accounts a WHERE a.balance <> (SELECT coalesce(sum(e.amount), 0) FROM ledger_entries e
                WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id)
            """
        #expect(try await number(differing) == 0)
    }

    /// One decision a key, and one effect: the commands' and the bills' attempts.
    func keys() async throws {
        let attempts = try await number("SELECT coalesce(sum(attempt), 0)::bigint FROM bills")
        let paid = try await number("SELECT count(*) FROM bills WHERE status = 'paid'")
        #expect(try await number("SELECT count(*) FROM ledger_keys") == Int64(world.diary.entries.count) + attempts)
        #expect(try await number("SELECT count(*) FROM ledger_transfers") == Int64(world.diary.posted) + paid)
        #expect(paid > 0 && attempts > paid, "somebody was short of money")
    }

    /// Each paid bill has one transfer of its amount, and each transfer for a bill paid it.
    func payments() async throws {
        let right = """
            SELECT count(*) FROM bills b
            JOIN ledger_transfers t ON t.tenant_id = b.tenant_id AND t.id = b.transfer_id AND t.kind = 'post'
                AND t.purpose = 'subscription' AND t.reference = b.id::text
            JOIN ledger_entries e ON e.transfer_tenant_id = t.tenant_id AND e.transfer_id = t.id AND e.amount = -b.amount
            JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id AND a.kind = 'wallet'
                AND a.owner_id = b.customer_id
            WHERE b.status = 'paid' AND b.method = 'e_wallet'
            """
        let paid = try await number("SELECT count(*) FROM bills WHERE status = 'paid'")
        #expect(try await number(right) == paid)
        #expect(try await number("SELECT count(*) FROM ledger_transfers WHERE purpose = 'subscription'") == paid)
        #expect(try await number("SELECT count(DISTINCT transfer_id) FROM bills") == paid)
        #expect(try await number("SELECT count(*) FROM bills WHERE status = 'void' OR sent OR credit <> 0") == 0)
        // Whoever owes nothing that is overdue is not cut off.
        let cutOff = """
            SELECT count(*) FROM subscriptions s WHERE s.state IN ('grace', 'suspended') AND NOT EXISTS (SELECT FROM bills b
                WHERE b.tenant_id = s.tenant_id AND b.subscription_id = s.id AND b.status = 'overdue')
            """
        #expect(try await number(cutOff) == 0)
        // Some were cut off and came back with their payment.
        let back = """
            SELECT count(*) FROM subscription_events WHERE state_before = 'suspended' AND state_after = 'active'
            """
        #expect(try await number(back) > 0)
    }

    /// The operator's side of everything.
    func sums() async throws {
        let paid = bills.joined().filter { $0.status == "paid" }.reduce(0) { $0 + $1.amount }
        // Nobody has a commission, so that all of it is the operator's.
        #expect(try await sum("revenue") == world.diary.charged + paid)
        #expect(try await sum("clearing") == -world.diary.toppedUp)
        #expect(try await sum("adjustment") == -world.diary.adjusted)
    }

    private func sum(_ kind: String) async throws -> Int64 {
        try await number(
            "SELECT coalesce(sum(balance), 0)::bigint FROM ledger_accounts WHERE owner_kind = 'tenant' AND kind = '\(kind)'"
        )
    }
}
