import Domain
import SharedTesting
import Testing

@Suite struct DirectoryTests {
    private let tenant = TenantID(UUID128(high: 1, low: 1))
    private let other = TenantID(UUID128(high: 1, low: 2))

    private func fields(_ row: some Validated) -> [String] {
        do {
            try row.validate()
            return []
        } catch {
            return error.fields.map(\.field)
        }
    }

    @Test(.proves("TEN-01")) func `a tenant stands below another, the operator alone`() {
        var row = Tenant(id: tenant, parentID: other, kind: .provider, name: "North", subdomain: "north-1")
        #expect(fields(row) == [])
        row.parentID = nil
        #expect(fields(row) == ["parent_id"])
        row.kind = .operator
        #expect(fields(row) == [])
        row.parentID = tenant
        #expect(fields(row) == ["parent_id", "parent_id"])
        for subdomain in TenantHost.reserved.sorted() + [
            "", "-a", "a-", "A", "a.b", "ä", String(repeating: "a", count: 64),
        ] {
            row = Tenant(id: tenant, parentID: other, kind: .reseller, name: "N", subdomain: subdomain)
            #expect(fields(row) == ["subdomain"])
        }
        row = Tenant(id: tenant, parentID: other, kind: .reseller, name: " ", subdomain: "a")
        #expect(fields(row) == ["name"])
        row.name = String(repeating: "é", count: 201)
        #expect(fields(row) == ["name"])
        row.name = String(repeating: "é", count: 200)
        #expect(fields(row) == [])
    }

    @Test func `all that is wrong with a NAS is told at once, in words`() throws {
        let address = try #require(IPPrefix("192.0.2.1"))
        let good = NAS(tenantID: tenant, id: NASID(.zero), name: "edge-1", address: address)
        #expect(fields(good) == [])
        #expect(good.requireMessageAuthenticator && good.authRate == nil && good.authBurst == nil)
        let bad = NAS(
            tenantID: tenant,
            id: NASID(.zero),
            name: "",
            address: address,
            identifier: "",
            coaPort: 0,
            ratchetsMessageAuthenticator: true,
            authRate: -1,
            authBurst: 0
        )
        #expect(fields(bad) == ["name", "identifier", "coa_port", "auth_rate", "auth_burst"])
        for text in ["a\nb", "a\rb", "a\tb", "\u{1b}[A", "a\u{85}b", "a\u{2028}b", "a\u{202e}b", "\u{7f}a"] {
            var planted = good
            (planted.name, planted.identifier) = (text, text)
            #expect(fields(planted) == ["name", "identifier"])
        }
        let error = #expect(throws: ValidationError.self) { try bad.validate() }
        #expect(error?.description.contains("coa_port must be between 1 and 65535") == true)
        #expect(
            [0, 12, 13, 31, 32, 253, 254].map { SharedSecretStrength(octets: $0) }
                == [.unusable, .weak, .fair, .fair, .strong, .strong, .unusable]
        )
    }

    @Test(.proves("PLN-01", "PLN-02", "PLN-09")) func `a plan has positive speeds and a positive price`() throws {
        let price = try Money("19.90", currency: .euro)
        var plan = Plan(
            tenantID: tenant,
            id: PlanID(.zero),
            name: "Home 100",
            downloadBitsPerSecond: 100_000_000,
            uploadBitsPerSecond: 20_000_000,
            price: price
        )
        #expect(fields(plan) == [])
        plan.downloadBitsPerSecond = 0
        plan.uploadBitsPerSecond = -1
        plan.price = .zero(.euro)
        plan.sessionLimit = 6
        plan.sessionTimeoutSeconds = 0
        plan.idleTimeoutSeconds = 3_000_000_000
        plan.interimIntervalSeconds = 59
        #expect(
            fields(plan) == [
                "download_bps", "upload_bps", "price", "session_limit", "session_timeout_seconds",
                "idle_timeout_seconds",
                "interim_interval_seconds",
            ]
        )
    }

    @Test(.proves("PLN-04")) func `a burst needs both its speeds`() throws {
        var settings = PlanAdvancedSettings(tenantID: tenant, planID: PlanID(.zero))
        #expect(fields(settings) == [])
        #expect(settings.priority == 8 && settings.queueType == "pcq" && settings.burst == nil)
        settings.burstEnabled = true
        #expect(fields(settings) == ["burst_download_bps", "burst_upload_bps"])
        settings.burstDownload = 2
        settings.burstUpload = 1
        #expect(fields(settings) == [])
        #expect(settings.burst == SpeedPair(download: 2, upload: 1))
        settings.priority = 9
        settings.dnsServers = [IPAddress](repeating: try #require(IPAddress("192.0.2.53")), count: 5)
        settings.addressPool = ""
        #expect(fields(settings) == ["priority", "address_pool", "dns_servers"])
    }

    @Test func `a customer can be reached and pays on a day that exists`() {
        var row = Customer(
            tenantID: tenant,
            id: CustomerID(.zero),
            code: "C-1",
            name: "Ada",
            email: "ada@example.net",
            phone: "+1 555",
            address: "1 Main St"
        )
        #expect(fields(row) == [])
        row.email = nil
        #expect(fields(row) == [])
        row.email = "ada at example"
        row.phone = ""
        row.dueDay = 32
        row.notes = "a\0b"
        #expect(fields(row) == ["email", "phone", "due_day", "notes"])
    }

    @Test func `a service's name and addresses are of the right kind`() throws {
        var row = Service(
            tenantID: tenant,
            id: ServiceID(.zero),
            customerID: CustomerID(.zero),
            planID: PlanID(.zero),
            username: "ada"
        )
        #expect(fields(row) == [])
        row.kind = .mac
        #expect(fields(row) == ["username"])
        row.username = "00:1a:2b:3c:4d:5e"
        #expect(fields(row) == [])
        row.staticIPv4 = IPAddress("::1")
        row.delegatedIPv6Prefix = IPPrefix("10.0.0.0/8")
        row.sessionLimit = 0
        #expect(fields(row) == ["session_limit", "static_ipv4", "delegated_ipv6_prefix"])
        row = Service(
            tenantID: tenant,
            id: ServiceID(.zero),
            customerID: CustomerID(.zero),
            planID: PlanID(.zero),
            username: String(repeating: "é", count: 200)
        )
        #expect(fields(row) == ["username"])
    }
}
