import Domain

/// What `bootstrap --demo` makes: fixed but for the secrets, so that examples and tests can name it.
enum DemoCatalogue {
    static let subscriberCount = 1_000
    static let providerSubdomain = "demo-net"
    static let resellerSubdomain = "demo-shop"
    static let localNAS = "local"
    /// Who the printed examples log in as.
    static let demoUser = username(1)

    /// The name of a tenant of the demo, by subdomain.
    static let tenantNames = [providerSubdomain: "Demo Net", resellerSubdomain: "Demo Shop"]

    /// The plans of the provider and the reseller.
    static func plans(provider: TenantID, reseller: TenantID, ids: IDGenerator) throws -> [DemoPlan] {
        [
            DemoPlan(
                try plan(provider, ids, "Home 50", download: 50, upload: 10, price: "19.90", features: ["IPv6"])
            ) {
                $0.burstEnabled = true
                $0.burstDownload = 80_000_000
                $0.burstUpload = 20_000_000
                $0.thresholdDownload = 40_000_000
                $0.thresholdUpload = 8_000_000
                $0.burstSeconds = 16
                $0.addressPool = "home"
            },
            DemoPlan(
                try plan(provider, ids, "Home 100", download: 100, upload: 25, price: "29.90", features: ["IPv6"])
            ) {
                $0.priority = 6
                $0.addressPool = "home"
            },
            DemoPlan(
                try plan(
                    provider,
                    ids,
                    "Business 300",
                    download: 300,
                    upload: 150,
                    price: "89",
                    features: ["IPv6", "static address"]
                )
            ) {
                $0.priority = 2
                $0.guaranteedDownload = 100_000_000
                $0.guaranteedUpload = 50_000_000
                $0.addressPool = "business"
                $0.dnsServers = [IPAddress("192.0.2.53"), IPAddress("2001:db8::53")].compactMap { $0 }
            },
            DemoPlan(try plan(reseller, ids, "Shop 20", download: 20, upload: 5, price: "12.50", features: [])) {
                $0.maxConnections = 200
            },
        ]
    }

    /// The NASes of the provider and the reseller. `local` answers to this machine, for trying things out.
    static func nases(provider: TenantID, reseller: TenantID, ids: IDGenerator) -> [NAS] {
        let places: [(TenantID, String, String, NASVendor)] = [
            (provider, localNAS, "127.0.0.0/8", .mikrotik), (provider, "core-1", "192.0.2.1", .mikrotik),
            (provider, "core-2", "192.0.2.2", .cisco), (provider, "access", "198.51.100.0/24", .huawei),
            (reseller, "shop-1", "203.0.113.1", .ubiquiti),
        ]
        return places.compactMap { tenant, name, address, vendor in
            IPPrefix(address).map { address in
                // The load that benchmarks and examples put on this machine's own NAS is not to be shed.
                NAS(
                    tenantID: tenant,
                    id: ids.next(),
                    name: name,
                    address: address,
                    vendor: vendor,
                    authRate: name == localNAS ? 0 : nil
                )
            }
        }
    }

    /// The import file of subscriber number 1 to 1,000 without his password.
    static func username(_ number: Int) -> String { "demo" + digits(number) }
    static func code(_ number: Int) -> String { "D" + digits(number) }

    static func digits(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }

    /// The plan of a subscriber: most have the small one.
    static func planName(_ number: Int) -> String {
        switch number % 10 {
        case 7, 8: "Home 100"
        case 9: "Business 300"
        default: "Home 50"
        }
    }

    private static func plan(
        _ tenant: TenantID,
        _ ids: IDGenerator,
        _ name: String,
        download: Int64,
        upload: Int64,
        price: String,
        features: [String]
    ) throws -> Plan {
        Plan(
            tenantID: tenant,
            id: ids.next(),
            name: name,
            description: "\(download) Mbit/s down, \(upload) Mbit/s up",
            downloadBitsPerSecond: download * 1_000_000,
            uploadBitsPerSecond: upload * 1_000_000,
            price: try Money(price, currency: .euro),
            features: features
        )
    }
}

/// A plan with its advanced settings.
struct DemoPlan {
    let plan: Plan
    let settings: PlanAdvancedSettings

    init(_ plan: Plan, _ advanced: (inout PlanAdvancedSettings) -> Void) {
        self.plan = plan
        var settings = PlanAdvancedSettings(tenantID: plan.tenantID, planID: plan.id)
        advanced(&settings)
        self.settings = settings
    }
}
