import Billing
import Domain
import Postgres
import Testing

/// What a rehearsed year left in the database, against the oracle.
struct YearChecks {
    private let world: YearWorld
    /// Each subscriber's bills, in the order of their numbers.
    private let bills: [[YearBill]]
    /// The contracts as they should be by now.
    private let accounts: [YearAccount]

    init(_ world: YearWorld) async throws {
        self.world = world
        accounts = world.accounts.map { account in
            var account = account
            account.pass(to: world.now)
            account.pay(to: world.now)
            return account
        }
        let rows = try await world.money.billing.query(
            """
            SELECT customer_id::text AS customer, ordinal, period_start, period_end, due_at, price, credit, amount, credited, status
            FROM bills ORDER BY customer_id, ordinal
            """
        )
        var found: [String: [YearBill]] = [:]
        for row in rows {
            let bill = YearBill(
                ordinal: try #require(row["ordinal"].int),
                start: try #require(row["period_start"].timestamptz) / 1_000_000,
                end: try #require(row["period_end"].timestamptz) / 1_000_000,
                due: try #require(row["due_at"].timestamptz) / 1_000_000,
                price: try #require(row["price"].int64),
                credit: try #require(row["credit"].int64),
                amount: try #require(row["amount"].int64),
                credited: try #require(row["credited"].int64),
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
            let expected = accounts[number].bills
            #expect(bills[number].count == expected.count, "bills of \(number): \(subscriber)")
            for (bill, other) in zip(bills[number], expected) {
                #expect(bill == other, "bill \(other.ordinal) of \(number): \(subscriber)")
            }
        }
    }

    /// Nobody's periods leave a gap or overlap; each is charged at the price of a plan of his kind unless a change cut it.
    func periods() async throws {
        for (number, subscriber) in world.script.subscribers.enumerated() {
            let prices = YearPlan.alike(subscriber.plan).map { YearPlan.all[$0].price }
            let cuts = Set(world.asked[number].filter(\.isNow).map(\.at))
            for (place, bill) in bills[number].enumerated() {
                let isWhole = bill.end > bill.start && bill.credited == 0 && prices.contains(bill.price)
                #expect(isWhole || cuts.contains(bill.end), "bill \(bill) of \(number): \(subscriber)")
                #expect(bill.price == bill.credit + bill.amount && bill.credited <= bill.price, "\(bill) of \(number)")
                guard place > 0 else {
                    #expect(bill.start == subscriber.start || !subscriber.isRich, "bill \(bill) of \(number)")
                    continue
                }
                let before = bills[number][place - 1]
                #expect(bill.start == before.end && bill.ordinal > before.ordinal, "bill \(bill) of \(number)")
            }
        }
        // What was credited has paid for something, or is still there: of the short as of the rich.
        let lost = """
            SELECT count(*) FROM subscriptions s WHERE s.credit <> (SELECT coalesce(sum(b.credited - b.credit), 0) FROM bills b
                WHERE b.tenant_id = s.tenant_id AND b.subscription_id = s.id)
            """
        #expect(try await number(lost) == 0)
    }

    /// Of whoever always had enough, the contract stands where it is predicted to, and his service has its plan.
    func contracts() async throws {
        let rows = try await world.money.billing.query(
            """
            SELECT s.customer_id::text AS customer, s.state, s.credit, s.ordinal, s.period_start, s.period_end,
                v.plan_id::text AS plan, p.plan_id::text AS next, d.plan_id::text AS service_plan
            FROM subscriptions s JOIN plan_versions v ON v.tenant_id = s.tenant_id AND v.id = s.plan_version_id
            LEFT JOIN plan_versions p ON p.tenant_id = s.tenant_id AND p.id = s.pending_version_id
            JOIN services d ON d.tenant_id = s.tenant_id AND d.id = s.service_id
            """
        )
        let places = Dictionary(uniqueKeysWithValues: world.money.customers.enumerated().map { ("\($1)", $0) })
        #expect(rows.count == accounts.count)
        for row in rows {
            let number = try #require(row["customer"].text.flatMap { places[$0] })
            let account = accounts[number]
            #expect(row["plan"].text == row["service_plan"].text, "service of \(number)")
            guard account.subscriber.isRich else { continue }
            #expect(row["state"].text == "active", "state of \(number)")
            #expect(row["credit"].int64 == account.credit, "credit of \(number)")
            #expect(row["ordinal"].int == account.ordinal, "period of \(number)")
            #expect(row["period_start"].timestamptz == account.begins * 1_000_000, "period of \(number)")
            #expect(row["period_end"].timestamptz == account.ends * 1_000_000, "period of \(number)")
            #expect(row["plan"].text == "\(world.terms[account.plan].planID)", "plan of \(number)")
            #expect(row["next"].text == account.next.map { "\(world.terms[$0].planID)" }, "next plan of \(number)")
        }
    }

    /// Each contract's history has the changes that were asked for, in their order, and there were some of each kind.
    func histories() async throws {
        let rows = try await world.money.billing.query(
            """
            SELECT subscription_id::text AS subscription, kind, at FROM subscription_events
            WHERE kind IN ('change_now', 'change_later', 'keep') ORDER BY subscription_id, at, id
            """
        )
        var found: [String: [String]] = [:]
        for row in rows {
            let line = "\(try #require(row["at"].timestamptz) / 1_000_000) \(try #require(row["kind"].text))"
            found[try #require(row["subscription"].text), default: []].append(line)
        }
        var (again, replaced) = (0, 0)
        for (number, asked) in world.asked.enumerated() {
            let expected = asked.map { "\($0.at) \($0.change.kind)" }
            #expect(found["\(world.subscriptions[number])"] ?? [] == expected, "history of \(number)")
            for (first, second) in zip(asked, asked.dropFirst()) {
                if first.isNow, second.isNow, second.at - first.at < 43_200 { again += 1 }
                if first.change.kind == "change_later" { replaced += 1 }
            }
        }
        #expect(Set(rows.compactMap { $0["kind"].text }) == ["change_now", "change_later", "keep"])
        #expect(again > 0 && replaced > 0, "plans were changed twice a day, and changes replaced")
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
            let paid = subscriber.isRich ? accounts[number].bills : bills[number]
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
        let paid = try await number("SELECT count(*) FROM bills WHERE status = 'paid' AND amount > 0")
        #expect(try await number("SELECT count(*) FROM ledger_keys") == Int64(world.diary.entries.count) + attempts)
        #expect(try await number("SELECT count(*) FROM ledger_transfers") == Int64(world.diary.posted) + paid)
        #expect(paid > 0 && attempts > paid, "somebody was short of money")
    }

    /// Each bill that the wallet paid has one transfer of its amount, and each transfer for a bill paid it.
    func payments() async throws {
        let right = """
            SELECT count(*) FROM bills b
            JOIN ledger_transfers t ON t.tenant_id = b.tenant_id AND t.id = b.transfer_id AND t.kind = 'post'
                AND t.purpose = 'subscription' AND t.reference = b.id::text
            JOIN ledger_entries e ON e.transfer_tenant_id = t.tenant_id AND e.transfer_id = t.id AND e.amount = -b.amount
            JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id AND a.kind = 'wallet'
                AND a.owner_id = b.customer_id
            WHERE b.status = 'paid' AND b.method = 'e_wallet' AND b.amount > 0
            """
        let paid = try await number("SELECT count(*) FROM bills WHERE status = 'paid' AND amount > 0")
        #expect(try await number(right) == paid)
        #expect(try await number("SELECT count(*) FROM ledger_transfers WHERE purpose = 'subscription'") == paid)
        #expect(try await number("SELECT count(DISTINCT transfer_id) FROM bills") == paid)
        // Credit alone pays without the wallet; void is what no time passed of, or nothing that costs a cent.
        #expect(try await number("SELECT count(*) FROM bills WHERE amount = 0 AND (method IS NOT NULL OR sent)") == 0)
        #expect(try await number("SELECT count(*) FROM bills WHERE sent OR (status = 'void' AND price <> 0)") == 0)
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

extension YearAsked {
    fileprivate var isNow: Bool { change.kind == "change_now" }
}
