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
}
