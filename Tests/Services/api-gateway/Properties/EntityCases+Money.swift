import Domain
import Persistence
import WireFormat

@testable import APIGateway

/// What is meant to happen with money, and where it lies. Rows are made behind the API: what makes them has tests of its own.
extension EntityCase {
    static let wallets = EntityCase(Resource<Wallet>.wallets, time: "opened_at") { plot, count, draw in
        for _ in 0..<count {
            let held = draw.whole(0...9)
            try await plot.sql(
                """
                INSERT INTO ledger_accounts (tenant_id, id, root_id, currency, owner_kind, owner_id, kind, balance, held, floor,
                    opened_at)
                VALUES ('\(plot.tenant)', uuid_v7(), '\(plot.world.operatorID)', '\(draw.choice(["EUR", "USD"]))',
                    '\(draw.choice(["customer", "tenant"]))', gen_random_uuid(), 'wallet', \(draw.whole(9...99_999)), \(held), 0,
                    now() - interval '\(draw.whole(1...50)) minutes')
                """
            )
        }
        return count
    }

    static let payments = EntityCase(Resource<StoredPayment>.payments, time: "created_at") { plot, count, draw in
        for _ in 0..<count {
            let (isDone, hasCustomer) = (draw.chance(50), draw.chance(80))
            try await plot.sql(
                """
                INSERT INTO payments (tenant_id, id, customer_id, amount, currency, method, gateway, external_id, status,
                    transfer_id, description, created_by, created_at, completed_at)
                VALUES ('\(plot.tenant)', uuid_v7(), \(hasCustomer ? "gen_random_uuid()" : "NULL"), \(draw.whole(1...99_999)),
                    '\(draw.choice(["EUR", "USD"]))', '\(draw.choice(["transfer", "card", "manual"]))', '\(draw.plain())',
                    'x-\(Plot.number())', '\(isDone ? "completed" : "pending")', \(isDone ? "gen_random_uuid()" : "NULL"),
                    '\(draw.plain())', gen_random_uuid(), now() - interval '\(draw.whole(1...50)) minutes',
                    \(isDone ? "now()" : "NULL"))
                """
            )
        }
        return count
    }

    static let cashShifts = EntityCase(Resource<StoredCashShift>.cashShifts, time: "opened_at") { plot, count, draw in
        for _ in 0..<count {
            let isOpen = draw.chance(50)
            let closing = isOpen ? "NULL, NULL, NULL" : "'{\"EUR\":\"10.0000\"}', '{\"EUR\":\"9.5000\"}', now()"
            try await plot.sql(
                """
                INSERT INTO cash_shifts (tenant_id, id, user_id, opening, opened_at, expected, counted, closed_at)
                VALUES ('\(plot.tenant)', uuid_v7(), gen_random_uuid(), '{"EUR":"10.0000"}',
                    now() - interval '\(draw.whole(1...50)) minutes', \(closing))
                """
            )
        }
        return count
    }

    static let adjustments = EntityCase(Resource<StoredAdjustment>.adjustments, time: "created_at") {
        plot,
        count,
        draw in
        for _ in 0..<count {
            let isRejected = draw.chance(50)
            try await plot.sql(
                """
                INSERT INTO adjustment_requests (tenant_id, id, owner_kind, owner_id, amount, currency, reason, status,
                    requested_by, decided_by, decided_at, created_at)
                VALUES ('\(plot.tenant)', uuid_v7(), '\(draw.choice(["customer", "tenant"]))', gen_random_uuid(),
                    \(draw.chance(50) ? "-" : "")\(draw.whole(1...99_999)), '\(draw.choice(["EUR", "USD"]))', '\(draw.plain())',
                    '\(isRejected ? "rejected" : "requested")', gen_random_uuid(),
                    \(isRejected ? "gen_random_uuid(), now()" : "NULL, NULL"),
                    now() - interval '\(draw.whole(1...50)) minutes')
                """
            )
        }
        return count
    }

    static let conversions = EntityCase(Resource<StoredConversion>.conversions, time: "created_at", owners: 2) {
        plot,
        count,
        draw in
        for _ in 0..<count {
            let isRefused = draw.chance(50)
            try await plot.sql(
                """
                INSERT INTO conversions (tenant_id, id, customer_id, sold, sold_currency, bought, bought_currency, rate, sale_id,
                    purchase_id, status, failure, request_key, created_by, created_at, ended_at)
                VALUES ('\(plot.tenant)', uuid_v7(), '\(draw.choice(plot.customers))', 20000, '\(draw.choice(["EUR", "USD"]))', 40000,
                    'XOF', 20000000000, uuid_v7(), uuid_v7(), '\(isRefused ? "refused" : "selling")',
                    \(isRefused ? "'insufficient'" : "NULL"), 'entity-\(Plot.number())', gen_random_uuid(),
                    now() - interval '\(draw.whole(1...50)) minutes', \(isRefused ? "now()" : "NULL"))
                """
            )
        }
        return count
    }

    /// Suspended services that are paid for, and paused ones with an open session. Versions are numbered from 1001: lower ones are others'.
    static let exposures = EntityCase(
        Resource<BillingExposure.Case>.exposures,
        key: ["service_id", "kind"],
        time: nil,
        owners: 2
    ) { plot, count, draw in
        for _ in 0..<count {
            let (user, isPaid) = ("exposed-\(Plot.number())", draw.chance(50))
            let (tenant, plan) = (plot.tenant, draw.choice(plot.plans))
            try await plot.sql(
                """
                INSERT INTO services (tenant_id, customer_id, plan_id, username, status)
                    VALUES ('\(tenant)', '\(draw.choice(plot.customers))', '\(plan)', '\(user)', '\(isPaid ? "suspended" : "active")');
                INSERT INTO plan_versions (tenant_id, plan_id, number, price, currency, cycle_unit, cycle_count, mode,
                        grace_seconds, suspension, reminders, promises, longest_promise_seconds)
                    SELECT '\(tenant)', '\(plan)', coalesce(max(number), 1000) + 1, 1, 'EUR', 'month', 1, 'prepaid', 0, 'extend', '{}', 1, 1
                    FROM plan_versions WHERE tenant_id = '\(tenant)' AND plan_id = '\(plan)';
                INSERT INTO subscriptions (tenant_id, customer_id, service_id, plan_version_id, state)
                    SELECT s.tenant_id, s.customer_id, s.id, v.id, '\(isPaid ? draw.choice(["active", "grace"]) : "paused")'
                    FROM services s JOIN plan_versions v ON v.tenant_id = s.tenant_id AND v.plan_id = s.plan_id
                    WHERE s.tenant_id = '\(tenant)' AND s.username = '\(user)' ORDER BY v.number DESC LIMIT 1;
                INSERT INTO sessions (tenant_id, session_key, nas_id, acct_session_id, username, service_id, customer_id,
                        started_at, last_update_at)
                    SELECT tenant_id, uuid_v7(), '\(draw.id())', 'x', username, id, customer_id, now(), now() FROM services
                    WHERE tenant_id = '\(tenant)' AND username = '\(user)' AND status = 'active';
                """
            )
        }
        return count
    }
}
