import Domain
import SharedTesting
import Testing

@Suite(.proves("IAM-14", "IAM-17", "IAM-33")) struct RoleTests {
    @Test(.proves("IAM-18", "IAM-19", "IAM-20", "IAM-27"))
    func `who may give which role is this table and no other`() {
        let may: [Role: Set<Role>] = [
            .superAdmin: [
                .interceptOfficer, .tenantAdmin, .provider, .reseller, .operator, .nocEngineer, .support, .technician,
                .viewer, .customer,
            ],
            .tenantAdmin: [
                .provider, .reseller, .operator, .nocEngineer, .support, .technician, .viewer, .customer,
            ],
            .provider: [.reseller, .operator, .support, .technician, .viewer, .customer],
            .reseller: [.operator, .customer],
        ]
        for giver in Role.allCases {
            for given in Role.allCases {
                #expect(giver.mayAssign(given) == (may[giver]?.contains(given) ?? false), "\(giver) gives \(given)")
                if giver.mayAssign(given) { #expect(given.rank < giver.rank) }
            }
        }
    }

    @Test(.proves("IAM-17", "IAM-18", "IAM-27"))
    func `interception is the officer's alone, and he has nothing else`() {
        for role in Role.allCases {
            for permission in [Permission.interceptRead, .interceptManage] {
                #expect(role.permissions.contains(permission) == (role == .interceptOfficer), "\(role)")
            }
        }
        #expect(Role.interceptOfficer.permissions.allSatisfy { $0.belongsToInterception })
        let granted = PermissionGrants(granted: [.interceptRead, .auditRead])
        #expect(granted.effective(for: .viewer) == Role.viewer.permissions.union([.auditRead]))
    }

    @Test(.proves("IAM-21", "IAM-22", "IAM-23", "IAM-24", "IAM-25", "IAM-26"))
    func `each role holds what it is for, and nothing that it is not`() {
        let facts: [(Role, holds: Set<Permission>, lacks: Set<Permission>)] = [
            (.superAdmin, [.tenantsDelete, .auditRead, .usersSecure], [.interceptRead]),
            (.tenantAdmin, [.usersAssignRole, .auditRead, .settingsUpdate], [.tenantsDelete]),
            (.provider, [.tenantsCreate, .billingManage, .customersCreate], [.auditRead, .nasCreate, .ipamAllocate]),
            (
                .reseller, [.customersCreate, .servicesCreate],
                [.tenantsCreate, .nasRead, .billingManage, .plansCreate]
            ),
            (
                .operator, [.customersUpdate, .paymentsCreate, .ticketsUpdate],
                [.usersRead, .nasRead, .plansCreate, .radiusDisconnect]
            ),
            (
                .nocEngineer, [.nasUpdate, .ipamAllocate, .radiusDisconnect],
                [.customersUpdate, .billingRead, .usersRead]
            ),
            (
                .support, [.customersRead, .ticketsCreate, .radiusDisconnect],
                [.customersUpdate, .nasUpdate, .usersUpdate, .radiusChangePlan]
            ),
            (.technician, [.customersRead, .nasRead, .ticketsUpdate], [.customersUpdate, .radiusDisconnect]),
            (.viewer, [.customersRead, .nasRead, .usageRead], [.auditRead, .deadLettersRead]),
            (.customer, [.usageRead, .ticketsCreate, .paymentsCreate], [.customersUpdate, .nasRead, .usersRead]),
        ]
        for (role, holds, lacks) in facts {
            #expect(role.permissions.isSuperset(of: holds), "\(role) lacks \(holds.subtracting(role.permissions))")
            #expect(role.permissions.isDisjoint(with: lacks), "\(role) has \(lacks.intersection(role.permissions))")
        }
        #expect(Role.viewer.permissions.allSatisfy { $0.action == "read" || $0 == .exportsCreate })
        #expect(Set(facts.map(\.0)).union([.interceptOfficer]) == Set(Role.allCases))
    }

    @Test(.proves("IAM-17")) func `roles are known by every name the specifications have`() {
        for role in Role.allCases { #expect(Role(named: role.rawValue) == role) }
        let names: [(String, Role)] = [
            ("SuperAdmin", .superAdmin), ("platform_admin", .superAdmin), ("TenantAdmin", .tenantAdmin),
            ("Admin", .tenantAdmin), ("support_agent", .support), ("field_tech", .technician),
            ("subscriber", .customer), ("NOC-Engineer", .nocEngineer),
        ]
        for (name, role) in names { #expect(Role(named: name) == role, "\(name)") }
        #expect(Role(named: "root") == nil && Role(named: "") == nil)
    }

    @Test(.proves("IAM-15")) func `the spellings of other specifications mean the dotted permissions`() {
        #expect(Permission.named("users.create") == [.usersCreate])
        #expect(Permission.named("subscribers:write") == [.customersCreate, .customersUpdate])
        #expect(Permission.named("write:subscribers") == Permission.named("subscribers:write"))
        #expect(Permission.named("subscribers:read") == [.customersRead])
        #expect(Permission.named("read:wallet") == [.billingRead])
        #expect(Permission.named("write:transaction") == [.billingManage])
        #expect(Permission.named("users:delete") == [.usersDelete])
        #expect(Permission.named("nas:manage") == [.nasCreate, .nasRead, .nasUpdate, .nasDelete])
        for nothing in ["", ":", "read:", ":read", "a:b:c", "intercept:read", "read:intercept", "users.*", "*:*"] {
            #expect(Permission.named(nothing).isEmpty, "\(nothing)")
        }
        for permission in Permission.allCases {
            #expect(permission.rawValue.wholeMatch(of: /[a-z_]+\.[a-z_]+/) != nil)
            #expect(Permission.named(permission.rawValue) == [permission])
        }
    }

    @Test(.proves("IAM-14")) func `the permissions that are named by name are there`() {
        for name in [
            "users.create", "users.read", "users.update", "users.delete", "billing.read", "billing.manage",
            "radius.disconnect", "radius.change_plan", "audit.read", "ipam.allocate", "ipam.release",
        ] { #expect(Permission(rawValue: name) != nil, "\(name)") }
    }

    @Test(.proves("IAM-33")) func `nobody rises by what he gives: whoever is made holds no more than his maker`() {
        var random = SeededRandom()
        for _ in 0..<500 {
            let own = PermissionGrants(granted: some(&random), denied: some(&random))
            let role = Role.allCases.randomElement(using: &random) ?? .viewer
            let actor = Actor(
                userID: UserID(.zero),
                tenantID: TenantID(.zero),
                role: role,
                permissions: own.effective(for: role)
            )
            let given = Role.allCases.randomElement(using: &random) ?? .viewer
            let grants = PermissionGrants(granted: some(&random), denied: some(&random))
            guard actor.refusal(toAssign: given, grants) == nil else { continue }
            #expect(given.rank < role.rank)
            #expect(actor.permissions.contains(.usersAssignRole))
            let made = grants.effective(for: given)
            #expect(
                made.isSubset(of: actor.permissions) || (role == .superAdmin && given == .interceptOfficer),
                "seed \(random.seed): \(role) made \(given)"
            )
        }
    }

    private func some(_ random: inout SeededRandom) -> Set<Permission> {
        let count = Int.random(in: 0...4, using: &random)
        return Set((0..<count).compactMap { _ in Permission.allCases.randomElement(using: &random) })
    }
}
