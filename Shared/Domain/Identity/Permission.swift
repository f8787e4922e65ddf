/// What may be allowed, as `resource.action` (IAM-14). Further resources add cases here and lines to ``Role/permissions``.
package enum Permission: String, Hashable, Sendable, CaseIterable {
    case usersCreate = "users.create"
    case usersRead = "users.read"
    case usersUpdate = "users.update"
    case usersDelete = "users.delete"
    /// Give roles and single permissions, within the rule of ranks.
    case usersAssignRole = "users.assign_role"
    /// End other people's sessions, unlock accounts, take away a lost second factor.
    case usersSecure = "users.secure"
    case rolesRead = "roles.read"
    case tenantsCreate = "tenants.create"
    case tenantsRead = "tenants.read"
    case tenantsUpdate = "tenants.update"
    case tenantsDelete = "tenants.delete"
    case tenantsSuspend = "tenants.suspend"
    /// Set how much a tenant below one's own may have, and its share of what its customers pay.
    case tenantsLicense = "tenants.license"
    case apiKeysCreate = "api_keys.create"
    case apiKeysRead = "api_keys.read"
    case apiKeysRevoke = "api_keys.revoke"
    case customersCreate = "customers.create"
    case customersRead = "customers.read"
    case customersUpdate = "customers.update"
    case customersDelete = "customers.delete"
    case customersImport = "customers.import"
    /// See all that is held about a person as one document, on the record.
    case personalDataExport = "personal_data.export"
    /// Take a person out of everything for good.
    case personalDataErase = "personal_data.erase"
    case plansCreate = "plans.create"
    case plansRead = "plans.read"
    case plansUpdate = "plans.update"
    case plansDelete = "plans.delete"
    case servicesCreate = "services.create"
    case servicesRead = "services.read"
    case servicesUpdate = "services.update"
    case servicesDelete = "services.delete"
    /// Generate and rotate a subscriber's network password.
    case credentialsRotate = "credentials.rotate"
    /// See it in clear, once, on the record.
    case credentialsReveal = "credentials.reveal"
    case nasCreate = "nas.create"
    case nasRead = "nas.read"
    case nasUpdate = "nas.update"
    case nasDelete = "nas.delete"
    case nasRevealSecret = "nas.reveal_secret"
    case devicesCreate = "devices.create"
    case devicesRead = "devices.read"
    case devicesUpdate = "devices.update"
    case devicesDelete = "devices.delete"
    case sessionsRead = "sessions.read"
    case radiusDisconnect = "radius.disconnect"
    case radiusChangePlan = "radius.change_plan"
    case usageRead = "usage.read"
    case poolsCreate = "pools.create"
    case poolsRead = "pools.read"
    case poolsUpdate = "pools.update"
    case poolsDelete = "pools.delete"
    case leasesRead = "leases.read"
    case ipamAllocate = "ipam.allocate"
    case ipamRelease = "ipam.release"
    case profilesCreate = "profiles.create"
    case profilesRead = "profiles.read"
    case profilesUpdate = "profiles.update"
    case profilesDelete = "profiles.delete"
    case explainRead = "explain.read"
    /// Watch events as they happen.
    case tailRead = "tail.read"
    /// See people's addresses and names unmasked in what is watched.
    case tailReveal = "tail.reveal"
    case auditRead = "audit.read"
    case deadLettersRead = "dead_letters.read"
    case deadLettersReplay = "dead_letters.replay"
    case exportsCreate = "exports.create"
    case exportsRead = "exports.read"
    case settingsRead = "settings.read"
    case settingsUpdate = "settings.update"
    /// See where events are sent to other systems, and what became of it.
    case webhooksRead = "webhooks.read"
    /// Say where, and have it sent again.
    case webhooksManage = "webhooks.manage"
    case noticesRead = "notices.read"
    /// Decide who carries notices, which are told, and in which words; see addresses in full.
    case noticesManage = "notices.manage"
    /// Have something told: tests, what failed once more, announcements.
    case noticesSend = "notices.send"
    case billingRead = "billing.read"
    case billingManage = "billing.manage"
    case paymentsCreate = "payments.create"
    case paymentsRead = "payments.read"
    case ticketsCreate = "tickets.create"
    case ticketsRead = "tickets.read"
    case ticketsUpdate = "tickets.update"
    case interceptRead = "intercept.read"
    case interceptManage = "intercept.manage"

    /// The part before the dot.
    package var resource: Substring { rawValue.prefix { $0 != "." } }
    /// The part behind it.
    package var action: Substring { rawValue.drop { $0 != "." }.dropFirst() }

    /// Only those who were given the intercept officer's role hold it: it is granted by role, never one by one.
    package var belongsToInterception: Bool { resource == "intercept" }

    /// What a name stands for: the dotted one itself, or the spellings of other specifications (IAM-15), `customers:write`
    /// as well as `write:customers`. `read` is every action that only looks, `write` creating and changing but never
    /// removing or revealing; any other word is the action of that name. Empty for what nobody knows, and never interception.
    package static func named(_ name: String) -> Set<Permission> {
        if let exact = Permission(rawValue: name) { return [exact] }
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return [] }
        let (resource, action) =
            verbs.contains(String(parts[0])) ? (parts[1], parts[0]) : (parts[0], parts[1])
        if let whole = money[String(resource)] { return whole[String(action)] ?? [] }
        let plain = aliases[String(resource)] ?? String(resource)
        return Set(
            allCases.filter {
                $0.resource == plain && !$0.belongsToInterception && means($0, by: String(action))
            }
        )
    }

    private static let verbs: Set = ["read", "write", "create", "update", "delete", "manage"]

    private static let aliases = [
        "subscribers": "customers", "subscriber": "customers", "customer": "customers", "user": "users",
        "plan": "plans", "service": "services", "device": "devices", "routers": "devices",
        "session": "sessions", "pool": "pools", "ip_pools": "pools", "lease": "leases", "apikeys": "api_keys",
        "tenant": "tenants", "nases": "nas", "live": "tail", "ticket": "tickets", "payment": "payments",
        "export": "exports", "bandwidth": "profiles",
    ]

    private static let money: [String: [String: Set<Permission>]] = {
        let meaning: [String: Set<Permission>] = [
            "read": [.billingRead], "write": [.billingManage], "manage": [.billingRead, .billingManage],
        ]
        return [
            "wallet": meaning, "wallets": meaning, "transaction": meaning, "transactions": meaning, "billing": meaning,
        ]
    }()

    private static func means(_ permission: Permission, by verb: String) -> Bool {
        switch verb {
        case "write": permission.action == "create" || permission.action == "update"
        case "manage": !["reveal", "reveal_secret", "assign_role", "erase"].contains(permission.action)
        default: permission.action == verb
        }
    }
}
