/// Which role holds which permissions: one table, so that it can be read and enumerated.
extension Role {
    /// What the role allows. What is allowed to whom about whose records is ``Reach``'s.
    package var permissions: Set<Permission> { Self.matrix[self] ?? [] }

    private static let matrix: [Role: Set<Permission>] = {
        let all = Set(Permission.allCases)
        let interception = Set(all.filter(\.belongsToInterception))
        let admin = all.subtracting(interception)
        let reads = Set(admin.filter { $0.action == "read" })
            .subtracting([.auditRead, .deadLettersRead, .apiKeysRead, .webhooksRead])

        let people: Set<Permission> = [
            .usersCreate, .usersRead, .usersUpdate, .usersDelete, .usersAssignRole, .usersSecure, .rolesRead,
        ]
        let customers: Set<Permission> = [
            .customersCreate, .customersRead, .customersUpdate, .customersDelete, .customersImport,
            .servicesCreate, .servicesRead, .servicesUpdate, .servicesDelete, .credentialsRotate,
        ]
        let looks: Set<Permission> = [.sessionsRead, .usageRead, .plansRead, .explainRead]
        let tickets: Set<Permission> = [.ticketsCreate, .ticketsRead, .ticketsUpdate]
        let money: Set<Permission> = [.billingRead, .billingManage, .paymentsCreate, .paymentsRead]

        return [
            .superAdmin: admin,
            .interceptOfficer: interception,
            // A whole tenant is removed from above.
            .tenantAdmin: admin.subtracting([.tenantsDelete]),
            .provider: people.union(customers).union(looks).union(tickets).union(money).union([
                .tenantsCreate, .tenantsRead, .tenantsUpdate, .tenantsSuspend, .tenantsLicense, .plansCreate,
                .plansUpdate,
                .plansDelete, .credentialsReveal, .nasRead, .devicesRead, .poolsRead, .leasesRead, .profilesRead,
                .radiusDisconnect,
                .radiusChangePlan, .tailRead, .exportsCreate, .exportsRead, .settingsRead, .settingsUpdate,
                .apiKeysCreate, .apiKeysRead, .apiKeysRevoke, .webhooksRead, .webhooksManage,
                .noticesRead, .noticesManage, .noticesSend,
            ]),
            .reseller: customers.union(looks).union(tickets).union([
                .usersCreate, .usersRead, .usersUpdate, .usersAssignRole, .rolesRead, .billingRead, .paymentsCreate,
                .paymentsRead, .radiusDisconnect, .radiusChangePlan, .exportsCreate, .exportsRead,
            ]),
            .operator: customers.union(looks).union(tickets).union([
                .billingRead, .paymentsCreate, .paymentsRead, .exportsCreate, .exportsRead,
            ]),
            .nocEngineer: looks.union(tickets).union([
                .customersRead, .servicesRead, .nasCreate, .nasRead, .nasUpdate, .nasDelete, .nasRevealSecret,
                .devicesCreate, .devicesRead, .devicesUpdate, .devicesDelete,
                .radiusDisconnect, .radiusChangePlan, .poolsCreate, .poolsRead, .poolsUpdate, .poolsDelete, .leasesRead,
                .ipamAllocate, .ipamRelease, .profilesCreate, .profilesRead, .profilesUpdate, .profilesDelete,
                .tailRead, .tailReveal, .deadLettersRead, .deadLettersReplay, .exportsCreate, .exportsRead,
                .credentialsRotate, .noticesRead,
            ]),
            .support: looks.union(tickets).union([
                .usersRead, .customersRead, .servicesRead, .nasRead, .devicesRead, .poolsRead, .leasesRead,
                .profilesRead,
                .billingRead,
                .paymentsRead, .radiusDisconnect, .tailRead, .noticesRead,
            ]),
            .technician: looks.union(tickets).union([
                .customersRead, .servicesRead, .nasRead, .devicesRead, .leasesRead,
            ]),
            .viewer: reads.union([.exportsCreate]),
            .customer: [
                .customersRead, .servicesRead, .credentialsRotate, .sessionsRead, .usageRead, .plansRead, .billingRead,
                .paymentsCreate, .paymentsRead, .ticketsCreate, .ticketsRead, .exportsCreate, .exportsRead,
            ],
        ]
    }()
}

/// A role's permissions with what was granted to or taken from one person.
package struct PermissionGrants: Hashable, Sendable {
    package var granted: Set<Permission>
    /// Wins over what the role and `granted` allow.
    package var denied: Set<Permission>

    package init(granted: Set<Permission> = [], denied: Set<Permission> = []) {
        self.granted = granted
        self.denied = denied
    }

    /// What the person may do. Interception comes with the officer's role alone: granting it to another has no effect.
    package func effective(for role: Role) -> Set<Permission> {
        role.permissions.union(granted.filter { !$0.belongsToInterception }).subtracting(denied)
    }
}
