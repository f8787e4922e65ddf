/// How a tenant's pages and messages look (TEN-08, white label).
package struct Branding: Hashable, Sendable {
    package var displayName: String?
    /// By https only: the pages' policy lets nothing else in.
    package var logoURL: String?
    /// `#rrggbb`.
    package var primaryColour: String?
    package var accentColour: String?
    package var supportEmail: String?
    package var supportPhone: String?

    package init(
        displayName: String? = nil,
        logoURL: String? = nil,
        primaryColour: String? = nil,
        accentColour: String? = nil,
        supportEmail: String? = nil,
        supportPhone: String? = nil
    ) {
        self.displayName = displayName
        self.logoURL = logoURL
        self.primaryColour = primaryColour
        self.accentColour = accentColour
        self.supportEmail = supportEmail
        self.supportPhone = supportPhone
    }
}

/// Ways to reach people.
package enum NotificationChannel: String, Hashable, Sendable, CaseIterable {
    case email, sms, push, webhook
}

/// What a tenant decides for itself (TEN-08). ``init()`` is what holds where it says nothing.
package struct TenantSettings: Hashable, Sendable {
    /// What radius-server goes by.
    package var policy = TenantPolicy()
    /// Sessions of a service whose plan and row say nothing, 1 to 5.
    package var sessionLimit: Int?
    /// Fair use is enforced.
    package var fairUse = true
    /// Days between a bill's due date and the suspension (F-38).
    package var graceDays = 3
    /// ISO 3166-1, two capital letters.
    package var taxCountry: String?
    package var currency = "EUR"
    /// A customer's wallet in ``currency`` with less than this available is low, in ten-thousandths; none is when nil.
    package var lowBalance: Int?
    /// A name of the time zone database; UTC when nil.
    package var timeZone: String?
    /// Percent at which things are warned of, by name such as `pool_utilisation`.
    package var alertThresholds: [String: Int] = [:]
    package var notificationChannels: Set<NotificationChannel> = [.email]
    package var branding = Branding()
    package var requestLimits = TenantRequestLimits()

    package init() {}
}

extension TenantSettings: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.number("session_limit", sessionLimit, in: 1...5)
        checks.number("grace_days", graceDays, in: 0...365)
        if !Self.isCapitals(currency, 3) {
            checks.refuse("currency", .malformed(expected: "three capital letters (ISO 4217)"))
        }
        checks.number("low_balance", lowBalance, in: 1...Money.range.upperBound)
        if let taxCountry, !Self.isCapitals(taxCountry, 2) {
            checks.refuse("tax_country", .malformed(expected: "two capital letters (ISO 3166-1)"))
        }
        if let timeZone, !Self.isTimeZone(timeZone) {
            checks.refuse("time_zone", .malformed(expected: "a name such as Europe/Rome"))
        }
        if alertThresholds.count > 50 {
            checks.refuse("alert_thresholds", .conflicts(reason: "has more than 50 members"))
        }
        for (name, percent) in alertThresholds {
            if AuditAction(name) == nil {
                checks.refuse("alert_thresholds", .malformed(expected: "named by small letters, digits, _ and ."))
            }
            checks.number("alert_thresholds", percent, in: 1...100)
        }
        branding.check(&checks)
        checks.number("limit_client", requestLimits.perClient, in: TenantRequestLimits.range)
        checks.number("limit_tenant", requestLimits.perTenant, in: TenantRequestLimits.range)
        checks.number("limit_burst", requestLimits.burst, in: TenantRequestLimits.range)
    }

    static func isCapitals(_ text: String, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (0x41...0x5a).contains($0) }
    }

    /// What the database's own constraint asks for: one to three parts of letters, digits, `_`, `+` and `-`.
    static func isTimeZone(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return (1...3).contains(parts.count)
            && parts.allSatisfy { part in
                part.utf8.first.map { (0x41...0x5a).contains($0 & 0xdf) } == true
                    && part.utf8.allSatisfy {
                        (0x41...0x5a).contains($0 & 0xdf) || (0x30...0x39).contains($0)
                            || [0x5f, 0x2b, 0x2d].contains($0)
                    }
            }
    }
}

extension Branding {
    func check(_ checks: inout FieldChecks) {
        checks.optional("branding.display_name", displayName, maximum: 100, emptyAllowed: false)
        checks.optional("branding.logo_url", logoURL, maximum: 500, emptyAllowed: false)
        if let logoURL, !Self.isSecureURL(logoURL) {
            checks.refuse("branding.logo_url", .malformed(expected: "an address that begins with https://"))
        }
        for (field, colour) in [("primary_colour", primaryColour), ("accent_colour", accentColour)] {
            if let colour, !Self.isColour(colour) {
                checks.refuse("branding.\(field)", .malformed(expected: "# and six hexadecimal digits"))
            }
        }
        checks.optional("branding.support_email", supportEmail, maximum: 254, emptyAllowed: false)
        if let supportEmail, supportEmail.split(separator: "@", omittingEmptySubsequences: false).count != 2 {
            checks.refuse("branding.support_email", .malformed(expected: "an e-mail address"))
        }
        checks.optional("branding.support_phone", supportPhone, maximum: 40, emptyAllowed: false)
    }

    private static func isColour(_ text: String) -> Bool {
        text.utf8.count == 7 && text.hasPrefix("#") && text.dropFirst().allSatisfy { $0.isASCII && $0.isHexDigit }
    }

    /// https, a host, and nothing that could end an attribute or begin a header.
    private static func isSecureURL(_ text: String) -> Bool {
        let scheme = "https://"
        return text.hasPrefix(scheme) && text.utf8.count > scheme.utf8.count
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && ![0x22, 0x27, 0x3c, 0x3e, 0x5c, 0x60].contains($0) }
            && !["/", "?", "#", "@", ":"].contains(text.dropFirst(scheme.count).prefix(1))
    }
}

/// How many requests of its people a tenant wants served, in place of what the installation says (RTL-12); nil follows that.
package struct TenantRequestLimits: Hashable, Sendable {
    /// A minute, of one user or key.
    package var perClient: Int?
    /// A minute, of all together.
    package var perTenant: Int?
    /// At once, of all together.
    package var burst: Int?

    package init(perClient: Int? = nil, perTenant: Int? = nil, burst: Int? = nil) {
        self.perClient = perClient
        self.perTenant = perTenant
        self.burst = burst
    }

    /// Far beyond any server.
    package static let range: ClosedRange<Int64> = 1...100_000_000
}
