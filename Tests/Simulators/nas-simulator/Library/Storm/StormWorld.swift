import WireFormat

/// Who takes part in a storm of logins: two tenants, one of either session policy, whose pools have the same ranges. A pure
/// function of the seed and the number of subscribers.
package struct StormWorld: Sendable {
    package struct Tenant: Sendable {
        package let subdomain: String
        /// A newcomer sends the oldest session away; else he is refused.
        package let replacesOldest: Bool
    }

    package struct Pool: Sendable {
        package let name: String
        package let range: String
        package let use: String
        package let unit: Int
        package let stickySeconds: Int
    }

    package struct Plan: Sendable {
        package let name: String
        package let limit: Int
        package let pool: String
        package let delegatedPool: String?
        /// How many of a hundred subscribers have it.
        package let share: Int
    }

    package struct NAS: Sendable {
        package let number: Int
        package let tenant: Int
        package let name: String
        package let address: UInt32
        package let addressText: String
        package let secret: String
    }

    package struct Subscriber: Sendable {
        package let number: Int
        package let tenant: Int
        package let plan: Int
        package let username: String
        package let password: String
    }

    package static let tenants = [
        Tenant(subdomain: "storm-oldest", replacesOldest: true),
        Tenant(subdomain: "storm-reject", replacesOldest: false),
    ]
    package static let nasesOfTenant = 8
    /// Devices a service has at most: one more than it may have sessions.
    package static let devices = 6
    package static let plans = [
        Plan(name: "storm-1", limit: 1, pool: "homes", delegatedPool: "prefixes", share: 50),
        Plan(name: "storm-2", limit: 2, pool: "homes", delegatedPool: nil, share: 20),
        Plan(name: "storm-3", limit: 3, pool: "short", delegatedPool: "short-prefixes", share: 15),
        Plan(name: "storm-4", limit: 4, pool: "tight", delegatedPool: nil, share: 5),
        Plan(name: "storm-5", limit: 5, pool: "sticky", delegatedPool: "sticky-prefixes", share: 10),
    ]

    package let seed: UInt64
    package let pools: [Pool]
    package let nases: [NAS]
    package let subscribers: [Subscriber]

    package init(seed: UInt64, subscribers count: Int) {
        self.seed = seed
        var chance = Chance(seed: seed, "storm world")
        // A twentieth of the subscribers, some two sessions each, share what holds four fifths of that at most.
        var tight = 29
        while tight > 16, 1 << (32 - tight) < count / 30 { tight -= 1 }
        pools = [
            Pool(name: "homes", range: "100.64.0.0/12", use: "ipv4", unit: 32, stickySeconds: 0),
            Pool(name: "short", range: "100.80.0.0/13", use: "ipv4", unit: 32, stickySeconds: 20),
            Pool(name: "sticky", range: "100.96.0.0/13", use: "ipv4", unit: 32, stickySeconds: 86_400),
            Pool(name: "tight", range: "100.112.0.0/\(tight)", use: "ipv4", unit: 32, stickySeconds: 0),
            Pool(name: "prefixes", range: "2001:db8::/34", use: "delegated", unit: 56, stickySeconds: 0),
            Pool(name: "short-prefixes", range: "2001:db8:4000::/34", use: "delegated", unit: 56, stickySeconds: 20),
            Pool(
                name: "sticky-prefixes",
                range: "2001:db8:8000::/34",
                use: "delegated",
                unit: 56,
                stickySeconds: 86_400
            ),
        ]
        var nases: [NAS] = []
        for tenant in Self.tenants.indices {
            for number in 0..<Self.nasesOfTenant {
                nases.append(
                    NAS(
                        number: nases.count,
                        tenant: tenant,
                        name: "storm-\(tenant)-\(number)",
                        address: 127 << 24 | 51 << 16 | UInt32(tenant) << 8 | UInt32(number + 1),
                        addressText: "127.51.\(tenant).\(number + 1)",
                        secret: chance.word(24)
                    )
                )
            }
        }
        self.nases = nases
        subscribers = (0..<count).map { number in
            let drawn = chance.below(100)
            var plan = 0
            var below = Self.plans[0].share
            while drawn >= below {
                plan += 1
                below += Self.plans[plan].share
            }
            return Subscriber(
                number: number,
                tenant: number % Self.tenants.count,
                plan: plan,
                username: "storm\(number)",
                password: chance.word(12)
            )
        }
    }

    package func limit(_ subscriber: Int) -> Int { Self.plans[subscribers[subscriber].plan].limit }

    /// The name that a device is known by to its NAS.
    package static func station(_ subscriber: Int, _ device: Int) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bits = UInt64(2) << 40 | UInt64(device) << 32 | UInt64(subscriber)
        var text: [UInt8] = []
        for octet in 0..<6 {
            if octet > 0 { text.append(UInt8(ascii: "-")) }
            let value = Int(bits >> UInt64(40 - 8 * octet) & 0xFF)
            text += [digits[value >> 4], digits[value & 15]]
        }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: - Files for nexora

    /// A line of JSON for each tenant, pool, plan and NAS: what is created, its name, and its options.
    package var directory: [UInt8] {
        var lines: [UInt8] = []
        for tenant in Self.tenants {
            let policy = tenant.replacesOldest ? "disconnect_oldest" : "reject_new"
            lines += Self.line(
                "tenant",
                tenant.subdomain,
                nil,
                [("subdomain", tenant.subdomain), ("settings", "{\"session_policy\":\"\(policy)\"}")]
            )
            for pool in pools {
                lines += Self.line(
                    "pool",
                    pool.name,
                    tenant.subdomain,
                    [
                        ("", pool.range), ("use", pool.use), ("unit", String(pool.unit)),
                        ("sticky", String(pool.stickySeconds)),
                    ]
                )
            }
            for plan in Self.plans {
                var options = [
                    ("download", "100M"), ("upload", "20M"), ("session-limit", String(plan.limit)),
                    ("price", "10.00"), ("address-pool", plan.pool),
                ]
                if let pool = plan.delegatedPool { options.append(("delegated-ipv6-pool", pool)) }
                lines += Self.line("plan", plan.name, tenant.subdomain, options)
            }
        }
        for nas in nases {
            lines += Self.line(
                "nas",
                nas.name,
                Self.tenants[nas.tenant].subdomain,
                [("address", nas.addressText), ("vendor", "cisco"), ("auth-rate", "0"), ("secret", nas.secret)]
            )
        }
        return lines
    }

    /// CSV for `nexora import`: the tenant's customers with their services.
    package func customers(ofTenant tenant: Int) -> [UInt8] {
        var text = "code,name,phone,address,username,password,plan\n"
        for subscriber in subscribers where subscriber.tenant == tenant {
            text += "C\(subscriber.number),Subscriber \(subscriber.number),+39\(1_000_000 + subscriber.number),"
            text += "Via Po \(subscriber.number % 99 + 1),\(subscriber.username),\(subscriber.password),"
            text += "\(Self.plans[subscriber.plan].name)\n"
        }
        return Array(text.utf8)
    }

    private static func line(
        _ kind: String,
        _ name: String,
        _ tenant: String?,
        _ options: [(String, String)]
    ) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("kind")
        json.value(kind)
        json.key("name")
        json.value(name)
        if let tenant {
            json.key("tenant")
            json.value(tenant)
        }
        for (name, value) in options {
            json.key(string: name)
            json.value(value)
        }
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }
}
