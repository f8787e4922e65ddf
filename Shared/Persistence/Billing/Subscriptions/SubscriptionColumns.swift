import Billing
import Domain
import Postgres

/// Rows of subscriptions and bills as values. All throw `UnexpectedRow` for what the schema does not promise.
enum SubscriptionColumns {
    /// Of subscriptions `s`, its versions `v` and `p`, its customer `c` and its service `d`.
    static let stored = """
        s.tenant_id, s.id, s.customer_id, s.service_id, s.state, s.time_zone, s.anchor, s.boundary, s.period_start, s.period_end,
        s.ordinal, s.period_count, s.still_seconds, s.stopped_at, s.credit, s.promise_until, s.promises, s.pending, s.ended_at,
        s.next_action_at, s.row_version, s.created_at, c.due_day, d.status AS service_status,
        \(terms("v")), \(terms("p"))
        """

    /// Every table that ``stored`` names.
    static let sources = """
        subscriptions s
        JOIN plan_versions v ON v.tenant_id = s.tenant_id AND v.id = s.plan_version_id
        LEFT JOIN plan_versions p ON p.tenant_id = s.tenant_id AND p.id = s.pending_version_id
        LEFT JOIN customers c ON c.tenant_id = s.tenant_id AND c.id = s.customer_id
        LEFT JOIN services d ON d.tenant_id = s.tenant_id AND d.id = s.service_id
        """

    static let bill = """
        b.tenant_id, b.id, b.subscription_id, b.customer_id, b.ordinal, b.period_start, b.period_end, b.currency, b.price, b.credit,
        b.amount, b.credited, b.issued_at, b.due_at, b.deadline, b.status, b.paid_at, b.attempt, b.sent, b.next_attempt_at,
        b.asks_again, b.refused_at, b.reminded, b.transfer_id, b.method, b.notes
        """

    /// A plan version's columns, each behind its table's name.
    static func terms(_ table: String) -> String {
        [
            "id", "plan_id", "price", "currency", "cycle_unit", "cycle_count", "mode", "periods", "grace_seconds",
            "suspension", "reminders", "promises", "longest_promise_seconds",
        ].map { "\(table).\($0) AS \(table)_\($0)" }.joined(separator: ", ")
    }

    static func terms(_ row: PGRow, _ table: String) throws -> PlanTerms {
        let currency = try LedgerColumns.currency(row, "\(table)_currency")
        let unit: BillingCycle.Unit = try row.choice("\(table)_cycle_unit")
        return PlanTerms(
            version: try row.need("\(table)_id") { $0.id() },
            planID: try row.need("\(table)_plan_id") { $0.id() },
            price: try LedgerColumns.money(row, "\(table)_price", currency),
            cycle: try row.need("\(table)_cycle_count") { cell in cell.int.flatMap { BillingCycle(unit, count: $0) } },
            mode: try row.choice("\(table)_mode"),
            periods: row["\(table)_periods"].int,
            grace: try row.need("\(table)_grace_seconds", seconds),
            suspension: try row.choice("\(table)_suspension"),
            reminders: try row.need("\(table)_reminders", \.int8Array).compactMap { $0.map { .seconds($0) } },
            promises: try row.need("\(table)_promises", \.int),
            longestPromise: try row.need("\(table)_longest_promise_seconds", seconds)
        )
    }

    static func subscription(_ row: PGRow) throws -> Subscription {
        let terms = try terms(row, "v")
        var subscription = Subscription(
            id: try row.need("id") { $0.id() },
            tenantID: try row.need("tenant_id") { $0.id() },
            customerID: try row.need("customer_id") { $0.id() },
            serviceID: try row.need("service_id") { $0.id() },
            terms: terms
        )
        subscription.state = try row.choice("state")
        if !row["anchor"].isNull { subscription.clock = try clock(row) }
        subscription.stoppedAt = row["stopped_at"].time
        subscription.credit = try LedgerColumns.money(row, "credit", terms.price.currency)
        subscription.promiseUntil = row["promise_until"].time
        subscription.promises = try row.need("promises", \.int)
        switch row["pending"].text {
        case "plan": subscription.pending = .plan(try Self.terms(row, "p"))
        case "cancel": subscription.pending = .cancel
        default: subscription.pending = nil
        }
        subscription.endedAt = row["ended_at"].time
        return subscription
    }

    private static func clock(_ row: PGRow) throws -> Subscription.Clock {
        Subscription.Clock(
            anchor: try row.need("anchor", \.time),
            boundary: try row.need("boundary", \.int),
            period: try period(row),
            ordinal: try row.need("ordinal", \.int),
            count: try row.need("period_count", \.int),
            still: try row.need("still_seconds", \.int64)
        )
    }

    private static func period(_ row: PGRow) throws -> BillingPeriod {
        BillingPeriod(start: try row.need("period_start", \.time), end: try row.need("period_end", \.time))
    }

    static func bill(_ row: PGRow) throws -> Bill {
        let currency = try LedgerColumns.currency(row, "currency")
        var bill = Bill(
            id: try row.need("id") { $0.id() },
            ordinal: try row.need("ordinal", \.int),
            period: try period(row),
            price: try LedgerColumns.money(row, "price", currency),
            credit: try LedgerColumns.money(row, "credit", currency),
            amount: try LedgerColumns.money(row, "amount", currency),
            issuedAt: try row.need("issued_at", \.time),
            dueAt: try row.need("due_at", \.time),
            deadline: try row.need("deadline", \.time)
        )
        bill.credited = try LedgerColumns.money(row, "credited", currency)
        bill.status = try row.choice("status")
        bill.paidAt = row["paid_at"].time
        bill.attempt = try row.need("attempt", \.int)
        bill.isSent = try row.need("sent", \.bool)
        bill.nextAttemptAt = row["next_attempt_at"].time
        bill.asksAgain = try row.need("asks_again", \.bool)
        bill.refusedAt = row["refused_at"].time
        bill.reminded = try row.need("reminded", \.int)
        return bill
    }

    private static func seconds(_ cell: PGCell) -> Duration? { cell.int64.map { .seconds($0) } }
}
