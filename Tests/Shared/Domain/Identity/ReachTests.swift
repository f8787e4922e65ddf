import Domain
import SharedTesting
import Testing

@Suite(.proves("IAM-34", "TEN-07")) struct ReachTests {
    private static func tenant(_ number: UInt64) -> TenantID { TenantID(UUID128(high: 1, low: number)) }
    private static let (op, one, two, shop, other) = (tenant(1), tenant(2), tenant(3), tenant(4), tenant(5))
    /// op > one > shop > other, op > two
    private static let tree = TenantTree([op: nil, one: op, two: op, shop: one, other: shop])
    private static let ann = CustomerID(UUID128(high: 2, low: 1))
    private static let bob = CustomerID(UUID128(high: 2, low: 2))

    private func actor(_ role: Role, _ tenant: TenantID, _ customer: CustomerID? = nil) -> Actor {
        Actor(userID: UserID(.zero), tenantID: tenant, role: role, customerID: customer)
    }

    @Test func `every role reaches down, none up or sideways`() {
        for role in Role.allCases where role != .customer && role != .reseller {
            let reach = Reach(of: actor(role, Self.one))
            for (tenant, reached) in [
                (Self.one, true), (Self.shop, true), (Self.other, true), (Self.op, false), (Self.two, false),
            ] {
                for customer in [nil, Self.ann] {
                    let owner = RecordOwner(tenantID: tenant, customerID: customer)
                    #expect(reach.covers(owner, in: Self.tree) == reached, "\(role)")
                }
            }
        }
    }

    @Test func `a reseller reaches his own customers, a customer himself`() {
        let reseller = Reach(of: actor(.reseller, Self.shop))
        #expect(reseller.covers(RecordOwner(tenantID: Self.shop, customerID: Self.ann), in: Self.tree))
        for tenant in [Self.op, Self.one, Self.two, Self.other] {
            #expect(!reseller.covers(RecordOwner(tenantID: tenant), in: Self.tree))
        }
        let customer = Reach(of: actor(.customer, Self.one, Self.ann))
        #expect(customer.covers(RecordOwner(tenantID: Self.one, customerID: Self.ann), in: Self.tree))
        for owner in [
            RecordOwner(tenantID: Self.one, customerID: Self.bob), RecordOwner(tenantID: Self.one),
            RecordOwner(tenantID: Self.shop, customerID: Self.ann),
            RecordOwner(tenantID: Self.op, customerID: Self.ann),
        ] { #expect(!customer.covers(owner, in: Self.tree)) }
        #expect(Reach(of: actor(.customer, Self.one)) == .nothing)
        #expect(!Reach.nothing.covers(RecordOwner(tenantID: Self.one), in: Self.tree))
    }

    @Test func `a permission counts only within reach`() {
        let admin = actor(.tenantAdmin, Self.one)
        #expect(admin.may(.customersDelete, to: RecordOwner(tenantID: Self.shop), in: Self.tree))
        #expect(!admin.may(.customersDelete, to: RecordOwner(tenantID: Self.two), in: Self.tree))
        #expect(!actor(.viewer, Self.one).may(.customersDelete, to: RecordOwner(tenantID: Self.one), in: Self.tree))
    }

    @Test(.proves("IAM-33")) func `accounts are managed from above alone, and never one's own`() {
        func user(_ role: Role, _ tenant: TenantID) -> User {
            User(tenantID: tenant, id: UserID(.zero), email: "a@b", name: "A", role: role)
        }
        for actorRole in Role.allCases {
            for role in Role.allCases {
                let found = actor(actorRole, Self.one, Self.ann).refusal(
                    toManage: user(role, Self.one),
                    by: .usersUpdate,
                    in: Self.tree
                )
                let within = role.permissions.isSubset(of: actorRole.permissions)
                let may =
                    actorRole.permissions.contains(.usersUpdate) && role.rank < actorRole.rank
                    && (within || (actorRole, role) == (.superAdmin, .interceptOfficer))
                #expect((found == nil) == may, "\(actorRole) manages \(role)")
            }
        }
        // An officer is shut and removed; nobody gets hold of his password, second factor or keys.
        let root = actor(.superAdmin, Self.one)
        for permission in Permission.allCases where root.permissions.contains(permission) {
            let refusal = root.refusal(toManage: user(.interceptOfficer, Self.one), by: permission, in: Self.tree)
            let may = permission == .usersUpdate || permission == .usersDelete
            #expect(refusal == (may ? nil : .beyondOwnPermissions), "\(permission)")
        }
        let admin = actor(.tenantAdmin, Self.one)
        #expect(admin.refusal(toManage: user(.viewer, Self.two), by: .usersUpdate, in: Self.tree) == .outOfReach)
        #expect(admin.refusal(toManage: user(.tenantAdmin, Self.one), by: .usersUpdate, in: Self.tree) == .notBelow)
        // Below by rank, and yet with more than he has: its mailbox in his hands would make him an engineer.
        let reseller = actor(.reseller, Self.one)
        #expect(
            reseller.refusal(toManage: user(.nocEngineer, Self.one), by: .usersUpdate, in: Self.tree)
                == .beyondOwnPermissions
        )
        var granted = user(.operator, Self.one)
        #expect(reseller.refusal(toManage: granted, by: .usersUpdate, in: Self.tree) == nil)
        granted.grants.granted = [.auditRead]
        #expect(reseller.refusal(toManage: granted, by: .usersUpdate, in: Self.tree) == .beyondOwnPermissions)
    }

    @Test func `trees of any shape are searched to their end`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let count = UInt64.random(in: 1...12, using: &random)
            var parents: [TenantID: TenantID?] = [:]
            for number in 1...count {
                // Now and then a circle, which no database holds: the search must end all the same.
                let parent = UInt64.random(in: 0...count, using: &random)
                parents[Self.tenant(number)] = .some(parent == 0 ? nil : Self.tenant(parent))
            }
            let tree = TenantTree(parents)
            for number in 1...count {
                let tenant = Self.tenant(number)
                #expect(tree.stands(tenant, atOrBelow: tenant))
                if let parent = parents[tenant] ?? nil { #expect(tree.stands(tenant, atOrBelow: parent)) }
                #expect(!tree.stands(tenant, atOrBelow: Self.tenant(99)))
            }
        }
    }

    @Test func `roles named after a kind of tenant are at home there alone`() {
        #expect(Role.superAdmin.fits(.operator) && !Role.superAdmin.fits(.provider))
        #expect(Role.reseller.fits(.reseller) && !Role.reseller.fits(.provider) && !Role.provider.fits(.reseller))
        for kind in TenantKind.allCases { #expect(Role.tenantAdmin.fits(kind) && Role.customer.fits(kind)) }
    }
}
