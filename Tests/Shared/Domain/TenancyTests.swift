import Domain
import SharedTesting
import Testing

@Suite struct TenancyTests {
    private static let one = TenantID(UUID128(high: 1, low: 1))
    private static let two = TenantID(UUID128(high: 2, low: 2))
    private static let claims: [TenantClaim] = [.absent, .unknown, .named(one), .named(two)]

    @Test(.proves("TEN-02")) func `all sources that speak must name the same tenant that there is`() {
        for subdomain in Self.claims {
            for header in Self.claims {
                for token in Self.claims {
                    let all = [subdomain, header, token]
                    let spoken = Set(all.filter { $0 != .absent })
                    let outcome = Result { () throws(TenantResolutionError) in
                        try TenantResolution.resolve(subdomain: subdomain, header: header, token: token)
                    }
                    switch outcome {
                    case .success(nil): #expect(spoken.isEmpty)
                    case .success(let tenant?): #expect(spoken == [.named(tenant)])
                    case .failure(.disagreement(let sources)):
                        #expect(spoken.isSuperset(of: [.named(Self.one), .named(Self.two)]) && sources.count >= 2)
                    case .failure(.unknown(let sources)):
                        #expect(spoken.contains(.unknown) && sources.count == all.count { $0 == .unknown })
                        #expect(!spoken.isSuperset(of: [.named(Self.one), .named(Self.two)]))
                    }
                }
            }
        }
    }

    @Test(
        .proves("TEN-02"),
        arguments: [
            ("acme.isp.example", TenantHost.Label.named("acme")), ("ACME.ISP.Example:8443", .named("acme")),
            ("acme.isp.example.", .named("acme")), ("a-1.isp.example", .named("a-1")), ("isp.example", .none),
            ("isp.example:80", .none), ("www.isp.example", .none), ("api.isp.example", .none), ("192.0.2.1", .none),
            ("192.0.2.1:8080", .none), ("[2001:db8::1]:8080", .none), ("a.b.isp.example", .malformed),
            (".isp.example", .malformed), ("-a.isp.example", .malformed), ("a_b.isp.example", .malformed),
            ("acme.other.example", .foreign), ("evilisp.example", .foreign), ("acme.isp.example.evil.com", .foreign),
            ("", .foreign), ("acme.isp.example:", .named("acme")), ("a.b.isp.example.:80", .malformed),
            ("acmé.isp.example", .malformed),
        ]
    )
    func `a host names a tenant by one label below the domain`(host: String, label: TenantHost.Label) {
        #expect(TenantHost.label(of: host, under: "ISP.example") == label)
    }

    @Test(.proves("TEN-08")) func `settings of a tenant that says nothing are valid`() throws {
        try TenantSettings().validate()
    }

    @Test(.proves("TEN-08", "SEC-04")) func `settings that mean nothing are refused, field by field`() throws {
        let faults: [(String, (inout TenantSettings) -> Void)] = [
            ("session_limit", { $0.sessionLimit = 6 }), ("session_limit", { $0.sessionLimit = 0 }),
            ("grace_days", { $0.graceDays = -1 }), ("currency", { $0.currency = "eur" }),
            ("currency", { $0.currency = "EURO" }),
            ("low_balance", { $0.lowBalance = 0 }), ("tax_country", { $0.taxCountry = "Fr" }),
            ("time_zone", { $0.timeZone = "../etc/passwd" }), ("time_zone", { $0.timeZone = "" }),
            ("alert_thresholds", { $0.alertThresholds = ["pool": 101] }),
            ("alert_thresholds", { $0.alertThresholds = ["Pool'--": 50] }),
            ("branding.logo_url", { $0.branding.logoURL = "http://a.example/l.png" }),
            ("branding.logo_url", { $0.branding.logoURL = "javascript:alert(1)" }),
            ("branding.logo_url", { $0.branding.logoURL = "https://a.example/\"><script>" }),
            ("branding.logo_url", { $0.branding.logoURL = "https:///x" }),
            ("branding.primary_colour", { $0.branding.primaryColour = "red" }),
            ("branding.accent_colour", { $0.branding.accentColour = "#12345g" }),
            ("branding.support_email", { $0.branding.supportEmail = "nobody" }),
            ("branding.display_name", { $0.branding.displayName = "" }),
        ]
        for (field, fault) in faults {
            var settings = TenantSettings()
            fault(&settings)
            let error = #expect(throws: ValidationError.self, "\(field)") { try settings.validate() }
            #expect(error?.fields.map(\.field) == [field])
        }
        var good = TenantSettings()
        good.lowBalance = 999_999_999_999_999_999
        good.timeZone = "America/Argentina/Buenos_Aires"
        good.branding = Branding(
            displayName: "Acme",
            logoURL: "https://cdn.acme.example/logo.svg?v=2",
            primaryColour: "#00aAff",
            supportEmail: "help@acme.example"
        )
        try good.validate()
    }

    @Test(.proves("TEN-09")) func `a licence is exceeded by what is over a limit that it has, and by nothing else`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            var limits: [LicensedResource: Int] = [:]
            var counts: [LicensedResource: Int] = [:]
            for resource in LicensedResource.allCases {
                if random.next() % 2 == 0 { limits[resource] = Int(random.next() % 5) }
                counts[resource] = Int(random.next() % 5)
            }
            let exceeded = TenantLicence(tenantID: Self.one, plan: "p", limits: limits).exceeded(
                by: TenantUsage(counts)
            )
            for resource in LicensedResource.allCases {
                let isOver = counts[resource, default: 0] > limits[resource, default: .max]
                #expect(exceeded.contains(resource) == isOver)
            }
        }
        #expect(LicenceLimit(constraint: "licence_max_nases")?.resource == .nases)
        #expect(LicenceLimit(constraint: "idx_tenant_code") == nil)
    }
}
