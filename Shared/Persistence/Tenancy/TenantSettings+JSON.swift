import Domain
import WireFormat

/// How settings stand in `tenants.settings`. Members that are not ours are left as they are.
enum TenantSettingsJSON {
    /// Every member that `write` may make.
    static let members = [
        "session_policy", "bind_device", "walled_garden_plan", "time_zone", "session_limit", "fair_use", "grace_days",
        "tax_country", "currency", "alert_thresholds", "notification_channels", "branding",
        "limit_client", "limit_tenant", "limit_burst", "low_balance",
    ]

    /// The members that say something; defaults are written too, so that a later default changes nobody's settings.
    static func write(_ settings: TenantSettings) -> String {
        var members: [String: AuditValue] = [
            "session_policy": .text(settings.policy.sessionPolicy.rawValue),
            "bind_device": .bool(settings.policy.bindsDevice),
            "fair_use": .bool(settings.fairUse),
            "grace_days": .integer(Int64(settings.graceDays)),
            "currency": .text(settings.currency),
            "alert_thresholds": .object(settings.alertThresholds.mapValues { .integer(Int64($0)) }),
            "notification_channels": .list(settings.notificationChannels.map(\.rawValue).sorted().map(AuditValue.text)),
        ]
        members["walled_garden_plan"] = settings.policy.walledGardenPlan.map { .text($0.description) }
        members["time_zone"] = settings.timeZone.map(AuditValue.text)
        members["session_limit"] = settings.sessionLimit.map { .integer(Int64($0)) }
        members["tax_country"] = settings.taxCountry.map(AuditValue.text)
        members["low_balance"] = settings.lowBalance.map { .integer(Int64($0)) }
        members["limit_client"] = settings.requestLimits.perClient.map { .integer(Int64($0)) }
        members["limit_tenant"] = settings.requestLimits.perTenant.map { .integer(Int64($0)) }
        members["limit_burst"] = settings.requestLimits.burst.map { .integer(Int64($0)) }
        let branding = write(settings.branding)
        if !branding.isEmpty { members["branding"] = .object(branding) }
        return String(decoding: AuditValue.object(members).canonicalJSON, as: UTF8.self)
    }

    /// Reads settings; what is missing or has no shape that means something is the default.
    static func read(_ json: String) -> TenantSettings {
        guard case .object(let members) = AuditValue(json: Array(json.utf8)) else { return TenantSettings() }
        var settings = TenantSettings()
        if let policy = members.text("session_policy").flatMap(TenantPolicy.SessionPolicy.init) {
            settings.policy.sessionPolicy = policy
        }
        settings.policy.bindsDevice = members.flag("bind_device") ?? settings.policy.bindsDevice
        settings.policy.walledGardenPlan = members.text("walled_garden_plan").flatMap { PlanID($0) }
        settings.timeZone = members.text("time_zone")
        settings.sessionLimit = members.number("session_limit")
        settings.fairUse = members.flag("fair_use") ?? settings.fairUse
        settings.graceDays = members.number("grace_days") ?? settings.graceDays
        settings.taxCountry = members.text("tax_country")
        settings.requestLimits = TenantRequestLimits(
            perClient: members.limit("limit_client"),
            perTenant: members.limit("limit_tenant"),
            burst: members.limit("limit_burst")
        )
        settings.lowBalance = members.number("low_balance")
        settings.currency = members.text("currency") ?? settings.currency
        if case .object(let thresholds) = members["alert_thresholds"] {
            settings.alertThresholds = thresholds.compactMapValues { value in
                if case .integer(let percent) = value { Int(percent) } else { nil }
            }
        }
        if case .list(let channels) = members["notification_channels"] {
            settings.notificationChannels = Set(
                channels.compactMap { value in
                    if case .text(let name) = value { NotificationChannel(rawValue: name) } else { nil }
                }
            )
        }
        if case .object(let branding) = members["branding"] { settings.branding = read(branding) }
        return settings
    }

    private static func write(_ branding: Branding) -> [String: AuditValue] {
        var members: [String: AuditValue] = [:]
        members["display_name"] = branding.displayName.map(AuditValue.text)
        members["logo_url"] = branding.logoURL.map(AuditValue.text)
        members["primary_colour"] = branding.primaryColour.map(AuditValue.text)
        members["accent_colour"] = branding.accentColour.map(AuditValue.text)
        members["support_email"] = branding.supportEmail.map(AuditValue.text)
        members["support_phone"] = branding.supportPhone.map(AuditValue.text)
        return members
    }

    private static func read(_ members: [String: AuditValue]) -> Branding {
        Branding(
            displayName: members.text("display_name"),
            logoURL: members.text("logo_url"),
            primaryColour: members.text("primary_colour"),
            accentColour: members.text("accent_colour"),
            supportEmail: members.text("support_email"),
            supportPhone: members.text("support_phone")
        )
    }
}

extension [String: AuditValue] {
    func text(_ name: String) -> String? {
        if case .text(let text) = self[name] { text } else { nil }
    }

    func flag(_ name: String) -> Bool? {
        if case .bool(let flag) = self[name] { flag } else { nil }
    }

    /// A number of requests that is one.
    func limit(_ name: String) -> Int? {
        number(name).flatMap { TenantRequestLimits.range.contains(Int64($0)) ? $0 : nil }
    }

    func number(_ name: String) -> Int? {
        if case .integer(let number) = self[name] { Int(number) } else { nil }
    }
}
