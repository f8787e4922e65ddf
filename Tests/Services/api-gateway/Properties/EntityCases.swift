import Domain
import Persistence
import WireFormat

@testable import APIGateway

extension EntityCase {
    static let all = [
        customers, plans, profiles, services, nases, devices, pools, users, contacts, notes, history, sessions, usage,
        leases,
        operations, deadLetters, tenants, keys, audit, wallets, payments, cashShifts, adjustments, conversions,
        exposures, enforcements,
    ]

    /// What is made and changed over HTTP.
    static var written: [EntityCase] { all.filter { $0.writing != nil } }

    /// Lists that are no entity's: an answer to one question about one address, what somebody asked for himself, and what stands
    /// in the ledger or leads there, subscriptions, their bills, boosts and quotas among it, which have tests of their own, and what
    /// was asked for one session or service.
    static let questions: Set = [
        "listAddressHolders", "listExports", "listTenantCommissionRates", "listTenantCommissions", "listPayoutRequests",
        "listWalletTransactions", "listMyTransactions", "listSubscriptions", "listMySubscriptions", "listBills",
        "listMyBills", "listBoosts", "listMyBoosts",
        "listMyQuota", "listProjects", "listSessionEnforcements", "listServiceEnforcements", "listDeviceOperations",
        "listServiceLifecycleRuns", "listWebhooks", "listWebhookDeliveries", "listWebhookReplays",
        "listNotices", "listMyNotices", "listNoticeCampaigns",
    ]

    // MARK: - Made over HTTP

    static let customers = EntityCase(
        Resource<Customer>.customers,
        searched: ["name", "code", "phone", "email"],
        writing: Writing(
            required: ["name", "phone", "address"],
            positive: ["due_day"],
            texts: ["name", "address", "notes"],
            body: { _, draw in
                var body: JSONRow = [
                    "name": .text(draw.phrase()), "phone": .text("+49 30 \(draw.whole(1_000_000...9_999_999))"),
                    "address": .text(draw.phrase()), "status": .text(draw.choice(CustomerStatus.allCases).rawValue),
                    "due_day": .whole(draw.whole(1...31)), "notes": .text(draw.phrase()),
                ]
                if draw.chance(60) { body["email"] = .text("\(draw.plain())\(draw.whole(1...99))@example.net") }
                if draw.chance(40) { body["tags"] = .list([.text(draw.plain())]) }
                if draw.chance(40) { body["code"] = .text("K-\(Plot.number())") }
                if draw.chance(30) { body["installed_on"] = .text("2026-0\(draw.whole(1...9))-1\(draw.whole(0...9))") }
                if draw.chance(30) {
                    body["monthly_fee"] = .text("\(draw.whole(1...90)).50")
                    body["currency"] = .text("EUR")
                }
                return body
            },
            change: { ["name": .text($0.phrase()), "phone": .text("+49 40 \($0.whole(1_000_000...9_999_999))")] },
            isSoftlyDeleted: true,
            depend: { plot, id, draw in
                let plan = draw.choice(plot.plans)
                _ = try await plot.world.service(as: plot.admin, customer: id, plan: plan, "user-\(Plot.number())")
            },
            kind: "CUSTOMER"
        )
    )

    static let plans = EntityCase(
        Resource<Plan>.plans,
        searched: ["name", "description"],
        writing: Writing(
            required: ["name", "download_bps", "upload_bps", "price"],
            positive: [
                "download_bps", "upload_bps", "price", "session_limit", "session_timeout_seconds",
                "idle_timeout_seconds", "interim_interval_seconds",
            ],
            texts: ["name", "description"],
            body: { _, draw in
                [
                    "name": .text("\(draw.phrase()) \(Plot.number())"), "description": .text(draw.phrase()),
                    "download_bps": .whole(draw.whole(1...9) * 1_000_000), "upload_bps": .whole(draw.whole(1...99_999)),
                    "price": .text("\(draw.whole(1...60)).\(draw.whole(10...99))"),
                    "currency": .text(draw.choice(["EUR", "USD", "XOF"])), "is_active": .bool(draw.chance(70)),
                    "session_limit": .whole(draw.whole(1...5)),
                ]
            },
            change: { ["description": .text($0.phrase()), "download_bps": .whole($0.whole(1...1_000_000))] },
            depend: { plot, id, draw in
                let owner = draw.choice(plot.customers)
                _ = try await plot.world.service(as: plot.admin, customer: owner, plan: id, "user-\(Plot.number())")
            },
            kind: "PLAN"
        )
    )

    static let profiles = EntityCase(
        Resource<BandwidthProfile>.bandwidthProfiles,
        searched: ["name", "description"],
        writing: Writing(
            required: ["name", "download_bps", "upload_bps"],
            positive: ["download_bps", "upload_bps", "burst_seconds", "priority"],
            texts: ["name", "description"],
            body: { _, draw in
                [
                    "name": .text("\(draw.phrase()) \(Plot.number())"), "description": .text(draw.phrase()),
                    "download_bps": .whole(draw.whole(1...9) * 1_000_000), "upload_bps": .whole(draw.whole(1...99_999)),
                ]
            },
            change: { ["upload_bps": .whole($0.whole(1...99_999))] },
            depend: { plot, id, _ in
                let plan = try await plot.world.plan(as: plot.admin)
                try await plot.sql("UPDATE plans SET bandwidth_profile_id = '\(id)' WHERE id = '\(plan)'")
            },
            // It is told as a change of the plans that have it.
            isBroadcast: false
        )
    )

    static let services = EntityCase(
        Resource<Service>.services,
        lists: ["listServices", "listSubscribers"],
        searched: ["username", "static_ipv4"],
        owners: 3,
        writing: Writing(
            required: ["customer_id", "plan_id", "username"],
            positive: ["session_limit"],
            texts: ["username"],
            references: ["customer_id", "plan_id"],
            body: { plot, draw in
                var body: JSONRow = [
                    "customer_id": .text(draw.choice(plot.customers)), "plan_id": .text(draw.choice(plot.plans)),
                    "username": .text("\(draw.plain()).\(draw.plain())-\(Plot.number())@example.net"),
                    "kind": .text(draw.choice(["pppoe", "hotspot", "ipoe", "wifi"])),
                    "status": .text(draw.choice(ServiceStatus.allCases).rawValue),
                ]
                if draw.chance(30) { body["expires_at"] = .text("2027-0\(draw.whole(1...9))-01T00:00:00Z") }
                if draw.chance(30) { body["static_ipv4"] = .text(address(12, Plot.number())) }
                if draw.chance(30) { body["session_limit"] = .whole(draw.whole(1...5)) }
                return body
            },
            change: { ["expires_at": .text("2028-0\($0.whole(1...9))-01T00:00:0\($0.whole(0...9))Z")] },
            kind: "SERVICE"
        )
    )

    static let nases = EntityCase(
        Resource<NAS>.nases,
        searched: ["name", "identifier", "address"],
        writing: Writing(
            required: ["name", "address"],
            positive: ["coa_port", "auth_burst"],
            texts: ["name", "identifier"],
            body: { _, draw in
                var body: JSONRow = [
                    "name": .text("\(draw.phrase()) \(Plot.number())"), "address": .text(address(10, Plot.number())),
                    "vendor": .text(draw.choice(NASVendor.allCases).rawValue), "is_active": .bool(draw.chance(70)),
                ]
                if draw.chance(50) { body["identifier"] = .text(draw.phrase()) }
                return body
            },
            change: { ["coa_port": .whole($0.whole(1...65_535)), "auth_rate": .whole($0.whole(0...9_999))] },
            kind: "NAS"
        )
    )

    static let devices = EntityCase(
        Resource<Device>.devices,
        searched: ["name", "host", "location"],
        writing: Writing(
            required: ["name", "kind", "host"],
            positive: ["port"],
            texts: ["name"],
            body: { _, draw in
                var body: JSONRow = [
                    "name": .text("\(draw.phrase()) \(Plot.number())"),
                    "kind": .text(draw.choice(DeviceKind.allCases).rawValue),
                    "vendor": .text(draw.choice(DeviceVendor.allCases).rawValue),
                    "host": .text(address(10, Plot.number())), "is_active": .bool(draw.chance(70)),
                ]
                if draw.chance(30) { body["host"] = .text("r\(Plot.number()).example.net") }
                if draw.chance(50) { body["location"] = .text(draw.phrase()) }
                if draw.chance(30) { body["tags"] = .list([.text(draw.plain())]) }
                if draw.chance(40) {
                    body["username"] = .text("admin")
                    body["password"] = .text(draw.plain())
                }
                return body
            },
            change: { ["port": .whole($0.whole(1...65_535)), "location": .text($0.plain())] },
            depend: { plot, id, _ in
                let body = JSONValue.object([
                    "name": .text("below \(Plot.number())"), "kind": .text("ap"), "host": .text("192.0.2.2"),
                    "parent_id": .text(id),
                ])
                _ = try await plot.world.must(201, "POST", "/api/v1/devices", as: plot.admin, body.written)
            },
            told: ("device.changed", "device.changed", "device.changed")
        )
    )

    static let pools = EntityCase(
        Resource<IPPool>.pools,
        searched: ["name", "range"],
        writing: Writing(
            required: ["name", "range", "use"],
            positive: ["unit_length"],
            texts: ["name"],
            body: { _, draw in
                [
                    "name": .text("\(draw.phrase()) \(Plot.number())"), "use": .text("ipv4"),
                    "range": .text(address(11, Plot.number() << 8) + "/24"), "is_active": .bool(draw.chance(70)),
                    "sticky_seconds": .whole(draw.whole(0...90_000)),
                ]
            },
            change: { ["sticky_seconds": .whole($0.whole(0...90_000)), "dns_servers": .list([.text("192.0.2.53")])] },
            depend: { plot, id, draw in
                try await plot.sql(
                    """
                    INSERT INTO ip_allocations (tenant_id, id, pool_id, unit, service_id, status, allocated_at)
                    SELECT '\(plot.tenant)', gen_random_uuid(), id, set_masklen(range, 32), '\(draw.id())', 'allocated', now()
                    FROM ip_pools WHERE id = '\(id)'
                    """
                )
            },
            kind: "POOL"
        )
    )

    private static let userWriting = Writing(
        required: ["email", "name", "role"],
        texts: ["name"],
        references: ["customer_id"],
        body: { _, draw in
            [
                "email": .text("\(draw.plain())-\(Plot.number())@example.net"), "name": .text(draw.phrase()),
                "role": .text(draw.choice(["viewer", "support", "technician"])),
            ]
        },
        change: { ["name": .text("\($0.phrase()) \(Plot.number())")] },
        actions: ("user_create", "user_delete"),
        told: ("identity.user_created", "identity.user_changed", "identity.user_deleted")
    )

    static let users = EntityCase(
        name: "user",
        path: "/api/v1/users",
        list: "listUsers",
        equalities: ["role", "is_active", "tenant_id"],
        writing: userWriting
    ) { plot, count, draw in
        for _ in 0..<count {
            let body = JSONValue.object(userWriting.body(plot, &draw)).written
            _ = try await plot.world.must(201, "POST", "/api/v1/users", as: plot.admin, body)
        }
        // Who made them is one too.
        return count + 1
    }

    // MARK: - Read only, or made in passing

    static let notes = EntityCase(
        Resource<CustomerNote>.customerNotes,
        path: { "/api/v1/customers/\($0.customers.first ?? "")/notes" },
        owners: 1
    ) { plot, count, draw in
        for _ in 0..<count {
            let body = JSONValue.object(["text": .text(draw.phrase())]).written
            let path = "/api/v1/customers/\(plot.customers[0])/notes"
            _ = try await plot.world.must(201, "POST", path, as: plot.admin, body)
        }
        return count
    }

    static let contacts = EntityCase(
        Resource<CustomerContact>.customerContacts,
        path: { "/api/v1/customers/\($0.customers.first ?? "")/contacts" },
        owners: 1
    ) { plot, count, draw in
        for _ in 0..<count {
            let body = JSONValue.object([
                "name": .text(draw.phrase()), "role": .text(draw.plain()), "phone": .text("+49 30 1"),
            ]).written
            let path = "/api/v1/customers/\(plot.customers[0])/contacts"
            _ = try await plot.world.must(201, "POST", path, as: plot.admin, body)
        }
        return count
    }

    static let history = EntityCase(
        Resource<ServiceChange>.serviceHistory,
        path: { "/api/v1/customers/\($0.customers.first ?? "")/service-history" },
        time: "changed_at",
        owners: 1
    ) { plot, count, draw in
        let (customer, plan) = (plot.customers[0], plot.plans[0])
        let name = "history-\(Plot.number())"
        let service = try await plot.world.service(as: plot.admin, customer: customer, plan: plan, name)
        for number in 0..<count {
            let status = number.isMultiple(of: 2) ? "suspended" : "active"
            try await plot.sql("UPDATE services SET status = '\(status)' WHERE id = '\(service)'")
        }
        return count
    }

    static let sessions = EntityCase(
        Resource<SessionDetail>.sessions,
        // A text is sought within a time only.
        base: ["filter=\("started_at:gte:2000-01-01T00:00:00Z".encodedForQuery)"],
        time: "started_at"
    ) { plot, count, draw in
        for number in 0..<count {
            let isOpen = draw.chance(50)
            try await plot.sql(
                """
                INSERT INTO \(number.isMultiple(of: 3) && !isOpen ? "sessions_history" : "sessions") (tenant_id, session_key,
                    nas_id, username, acct_session_id, started_at, last_update_at, ended_at, closed_by, session_seconds,
                    input_octets, output_octets, framed_ipv4, calling_station_id)
                VALUES ('\(plot.tenant)', gen_random_uuid(), '\(draw.id())', '\(draw.plain())', 's\(Plot.number())',
                    now() - interval '\(draw.whole(60...90)) minutes', now() - interval '\(draw.whole(1...50)) minutes',
                    \(isOpen ? "NULL, NULL" : "now(), 'stop'"), \(draw.whole(1...9)), \(draw.whole(1...9)),
                    \(draw.whole(1...9)), '\(address(12, UInt32(draw.whole(1...9))))', '\(draw.plain())')
                """
            )
        }
        return count
    }

    static let usage = EntityCase(Resource<UsageDay>.usage, key: ["service_id", "day"], time: "day") {
        plot,
        count,
        draw in
        let service = draw.id()
        for number in 0..<count {
            try await plot.sql(
                """
                INSERT INTO usage_daily (tenant_id, service_id, day, input_octets, output_octets, sessions)
                VALUES ('\(plot.tenant)', '\(draw.chance(50) ? service : draw.id())', date '2026-01-01' + \(number),
                    \(draw.whole(0...9)), \(draw.whole(0...9)), 1)
                """
            )
        }
        return count
    }

    static let leases = EntityCase(Resource<Lease>.leases, time: "allocated_at") { plot, count, draw in
        try await plot.sql(
            """
            INSERT INTO ip_pools (tenant_id, name, range, use, unit_length)
            VALUES ('\(plot.tenant)', 'leased', '192.0.2.0/24', 'ipv4', 32)
            """
        )
        for number in 0..<count {
            let status = draw.choice(["allocated", "reserved", "released"])
            try await plot.sql(
                """
                INSERT INTO ip_allocations (tenant_id, id, pool_id, unit, service_id, status, allocated_at, released_at)
                SELECT tenant_id, gen_random_uuid(), id, '192.0.2.\(number + 1)/32', '\(draw.id())', '\(status)',
                    now() - interval '\(draw.whole(1...60)) minutes', \(status == "allocated" ? "NULL" : "now()")
                FROM ip_pools WHERE tenant_id = '\(plot.tenant)'
                """
            )
        }
        return count
    }

    static let operations = EntityCase(Resource<StoredOperation>.operations, time: "created_at") { plot, count, draw in
        for _ in 0..<count {
            try await plot.sql(
                """
                INSERT INTO operations (tenant_id, kind, state, resource_type, resource_id, requested_by)
                VALUES ('\(plot.tenant)', 'session_disconnect', '\(draw.choice(["pending", "running", "failed"]))', 'session',
                    '\(draw.id())', '\(draw.id())')
                """
            )
        }
        return count
    }

    static let deadLetters = EntityCase(Resource<BuriedMessage>.deadLetters, time: "failed_at") { plot, count, draw in
        for _ in 0..<count {
            try await plot.sql(
                """
                INSERT INTO dead_letters (tenant_id, stream, consumer, subject, message_id, reason, payload)
                VALUES ('\(plot.tenant)', 'DOMAIN', '\(draw.plain())', '\(draw.plain()).x', 'm\(Plot.number())',
                    '\(draw.plain())', '{}')
                """
            )
        }
        return count
    }

    static let tenants = EntityCase(name: "tenant", path: "/api/v1/tenants", list: "listTenants", equalities: []) {
        plot,
        count,
        draw in
        for _ in 0..<count {
            let body: JSONRow = [
                "name": .text(draw.phrase()), "subdomain": .text("shop-\(Plot.number())"), "kind": .text("reseller"),
                "parent_id": .text(plot.tenant.description),
            ]
            _ = try await plot.world.must(
                201,
                "POST",
                "/api/v1/tenants",
                as: plot.above,
                JSONValue.object(body).written
            )
        }
        // Itself and those below.
        return count + 1
    }

    static let keys = EntityCase(
        name: "api_key",
        path: "/api/v1/api-keys",
        list: "listAPIKeys",
        equalities: ["user_id"]
    ) {
        plot,
        count,
        draw in
        // One user may have only so many.
        var owner = plot.admin
        for number in 0..<count {
            if number.isMultiple(of: 10) { owner = try await plot.world.person(.tenantAdmin, in: plot.tenant) }
            let body: JSONRow = ["name": .text(draw.phrase()), "scopes": .list([.text("customers.read")])]
            _ = try await plot.world.must(201, "POST", "/api/v1/api-keys", as: owner, JSONValue.object(body).written)
        }
        return count
    }

    /// Of customers alone: that the trail is read stands in the trail.
    static let audit = EntityCase(
        name: "audit",
        path: "/api/v1/audit-logs",
        list: "listAuditLogs",
        base: ["resource_type=customer"],
        equalities: ["actor_id", "action", "outcome", "tenant_id"]
    ) { plot, count, draw in
        for _ in 0..<count { _ = try await plot.world.customer(as: plot.admin, draw.plain()) }
        return count
    }

    /// An IPv4 address below a first octet.
    private static func address(_ first: Int, _ number: UInt32) -> String {
        "\(first).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
    }
}
