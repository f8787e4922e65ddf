import Domain
import HTTPServer
import Persistence

/// How tenants and what they decide go out and come in.
enum TenantViews {
    static let tenant = View<Tenant>([
        .init("id", .uuid) { .id($0.id) }, .init("parent_id", .nullable(.uuid)) { .id($0.parentID) },
        .init("kind", kinds) { .text($0.kind.rawValue) }, .init("name", .text()) { .text($0.name) },
        .init("subdomain", .text()) { .text($0.subdomain) }, .init("is_active", .boolean) { .boolean($0.isActive) },
        .init("version", .integer(0...Int64.max)) { .integer($0.stamp?.version ?? 0) },
        .init("created_at", .nullable(.time)) { .time($0.stamp?.createdAt) },
        .init("updated_at", .nullable(.time)) { .time($0.stamp?.updatedAt) },
    ])

    static let kinds = Schema.choice(TenantKind.allCases.map(\.rawValue))

    static let settings = View<TenantSettings>([
        .init("session_policy", .choice(TenantPolicy.SessionPolicy.allCases.map(\.rawValue))) {
            .text($0.policy.sessionPolicy.rawValue)
        },
        .init("binds_device", .boolean) { .boolean($0.policy.bindsDevice) },
        .init("walled_garden_plan", .nullable(.uuid)) { .id($0.policy.walledGardenPlan) },
        .init("session_limit", .nullable(.integer(1...5))) { .integer($0.sessionLimit) },
        .init("fair_use", .boolean) { .boolean($0.fairUse) },
        .init("grace_days", .integer(0...365)) { .integer($0.graceDays) },
        .init("tax_country", .nullable(.text())) { .text($0.taxCountry) },
        .init("currency", .text()) { .text($0.currency) },
        .init("low_balance", .nullable(.fee)) { .text($0.lowBalance.flatMap(decimal)) },
        .init("time_zone", .nullable(.text())) { .text($0.timeZone) },
        .init("alert_thresholds", thresholds) { settings in
            let members = settings.alertThresholds.mapValues { AuditValue.integer(Int64($0)) }
            return .json(String(decoding: AuditValue.object(members).canonicalJSON, as: UTF8.self))
        },
        .init("notification_channels", .list(.text())) { .texts($0.notificationChannels.map(\.rawValue).sorted()) },
        .init("display_name", .nullable(.text())) { .text($0.branding.displayName) },
        .init("logo_url", .nullable(.text())) { .text($0.branding.logoURL) },
        .init("primary_colour", .nullable(.text())) { .text($0.branding.primaryColour) },
        .init("accent_colour", .nullable(.text())) { .text($0.branding.accentColour) },
        .init("support_email", .nullable(.text())) { .text($0.branding.supportEmail) },
        .init("support_phone", .nullable(.text())) { .text($0.branding.supportPhone) },
        .init("limit_client", .nullable(.integer(1...100_000_000))) { .integer($0.requestLimits.perClient) },
        .init("limit_tenant", .nullable(.integer(1...100_000_000))) { .integer($0.requestLimits.perTenant) },
        .init("limit_burst", .nullable(.integer(1...100_000_000))) { .integer($0.requestLimits.burst) },
    ])

    private static func decimal(_ tenThousandths: Int) -> String? {
        (try? Money(tenThousandths: Int64(tenThousandths), currency: .euro))?.decimal
    }

    /// Percent, by name.
    static let thresholds = Schema.object([], isOpen: true)

    static let settingsInput = InputShape<TenantSettings>([
        InputField("session_policy", .choice(), \.policy.sessionPolicy),
        InputField("binds_device", .flag, \.policy.bindsDevice),
        InputField("walled_garden_plan", .id(), clearable: \.policy.walledGardenPlan),
        InputField("session_limit", .whole(1...5), clearable: \.sessionLimit),
        InputField("fair_use", .flag, \.fairUse),
        InputField("grace_days", .whole(0...365), \.graceDays),
        InputField("tax_country", .text(2, minimum: 2), clearable: \.taxCountry),
        InputField("currency", .text(3, minimum: 3), \.currency),
        InputField("low_balance", .tenThousandths, clearable: \.lowBalance),
        InputField("time_zone", .text(100, minimum: 1), clearable: \.timeZone),
        InputField("alert_thresholds", .thresholds, \.alertThresholds),
        InputField("notification_channels", .channels, \.notificationChannels),
        InputField("display_name", .text(100, minimum: 1), clearable: \.branding.displayName),
        InputField("logo_url", .text(500, minimum: 1), clearable: \.branding.logoURL),
        InputField("primary_colour", .text(7, minimum: 7), clearable: \.branding.primaryColour),
        InputField("accent_colour", .text(7, minimum: 7), clearable: \.branding.accentColour),
        InputField("support_email", .text(254, minimum: 1), clearable: \.branding.supportEmail),
        InputField("support_phone", .text(40, minimum: 1), clearable: \.branding.supportPhone),
        InputField("limit_client", .whole(1...100_000_000), clearable: \.requestLimits.perClient),
        InputField("limit_tenant", .whole(1...100_000_000), clearable: \.requestLimits.perTenant),
        InputField("limit_burst", .whole(1...100_000_000), clearable: \.requestLimits.burst),
    ])

    /// A licence with what is used of it.
    struct Licensed: Sendable {
        let licence: TenantLicence?
        let usage: TenantUsage
    }

    static let licence = View<Licensed>(
        [
            .init("plan", .nullable(.text())) { .text($0.licence?.plan) },
            .init("grace_days", .nullable(.integer())) { .integer($0.licence?.graceDays) },
            .init("ends_at", .nullable(.time)) { .time($0.licence?.endsAt) },
            .init("exceeded_since", .nullable(.time)) { .time($0.licence?.exceededSince) },
        ]
            + LicensedResource.allCases.flatMap { resource in
                [
                    .init("max_\(resource.rawValue)", .nullable(.integer(0...Int64.max))) {
                        .integer($0.licence?.limits[resource])
                    },
                    .init("used_\(resource.rawValue)", .integer(0...Int64.max)) {
                        .integer($0.usage.counts[resource] ?? 0)
                    },
                ]
            }
    )
}

/// What a body says about a licence.
struct LicenceInput: Sendable {
    var plan = ""
    var graceDays = 7
    var endsAt: Timestamp?
    var subscribers, nases, tenants, sessions: Int?

    static let shape = InputShape<LicenceInput>([
        InputField("plan", .text(100, minimum: 1), \.plan, isRequired: true),
        InputField("grace_days", .whole(0...365), \.graceDays),
        InputField("ends_at", .time, clearable: \.endsAt),
        InputField("max_subscribers", .whole(0...Int(Int32.max)), clearable: \.subscribers),
        InputField("max_nases", .whole(0...Int(Int32.max)), clearable: \.nases),
        InputField("max_tenants", .whole(0...Int(Int32.max)), clearable: \.tenants),
        InputField("max_sessions", .whole(0...Int(Int32.max)), clearable: \.sessions),
    ])

    func licence(of tenant: TenantID) -> TenantLicence {
        let limits: [LicensedResource: Int?] = [
            .subscribers: subscribers, .nases: nases, .tenants: tenants, .sessions: sessions,
        ]
        return TenantLicence(
            tenantID: tenant,
            plan: plan,
            limits: limits.compactMapValues { $0 },
            graceDays: graceDays,
            endsAt: endsAt
        )
    }
}

extension InputKind where Value == Int {
    /// An amount of more than zero, as text.
    static var tenThousandths: InputKind {
        InputKind(.fee, "an amount above zero such as \"5.00\"") { value in
            guard let text = value.text, let money = try? Money(text, currency: .euro), money.isPositive else {
                return nil
            }
            return Int(money.tenThousandths)
        }
    }
}

extension InputKind where Value == [String: Int] {
    static var thresholds: InputKind {
        InputKind(TenantViews.thresholds, "an object of at most 50 names with percents from 1 to 100") { value in
            guard case .object(let members) = value, members.count <= 50 else { return nil }
            let read = members.compactMapValues { value in
                value.integer.flatMap { Int(exactly: $0) }.flatMap { (1...100).contains($0) ? $0 : nil }
            }
            return read.count == members.count ? read : nil
        }
    }
}

extension InputKind where Value == Set<NotificationChannel> {
    static var channels: InputKind {
        let one = InputKind<NotificationChannel>.choice()
        return InputKind(.list(one.schema), "a list of channels") { value in
            one.list(NotificationChannel.allCases.count).read(value).map { Set($0) }
        }
    }
}
