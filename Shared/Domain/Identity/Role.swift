/// What somebody is within a tenant (IAM-17 to IAM-27).
package enum Role: String, Hashable, Sendable, CaseIterable {
    /// Everything in every tenant, but for the content of lawful interception.
    case superAdmin = "super_admin"
    /// Sole access to lawful interception; implied by no other role and implying none.
    case interceptOfficer = "intercept_officer"
    /// Everything inside the tenant and below.
    case tenantAdmin = "tenant_admin"
    /// Manages resellers and customers, billing included.
    case provider
    /// Manages the customers of the own tenant alone.
    case reseller
    /// Customers, payments, tickets.
    case `operator`
    /// Devices, monitoring, addresses, sessions.
    case nocEngineer = "noc_engineer"
    /// Reads, works on tickets, may disconnect.
    case support
    /// Reads customers and devices, works on tickets.
    case technician
    /// Reads everything but audit and interception.
    case viewer
    /// Reads and manages what is his own.
    case customer

    /// The role of that name, as the specifications spell it: `SuperAdmin`, `platform_admin`, `Admin`, `support_agent`.
    package init?(named name: String) {
        let plain = String(name.lowercased().unicodeScalars.filter { $0 != "_" && $0 != "-" && $0 != " " })
        guard let role = Self.names[plain] else { return nil }
        self = role
    }

    private static let names: [String: Role] = {
        var names: [String: Role] = [
            "platformadmin": .superAdmin, "admin": .tenantAdmin, "supportagent": .support, "fieldtech": .technician,
            "subscriber": .customer, "noc": .nocEngineer,
        ]
        for role in Role.allCases { names[String(role.rawValue.unicodeScalars.filter { $0 != "_" })] = role }
        return names
    }()

    /// Where the role stands; only greater against smaller means something.
    package var rank: Int {
        switch self {
        case .superAdmin: 100
        case .interceptOfficer: 90
        case .tenantAdmin: 80
        case .provider: 60
        case .reseller: 40
        case .operator, .nocEngineer: 30
        case .support, .technician: 20
        case .viewer: 10
        case .customer: 0
        }
    }

    /// Whether somebody of this role may ever give `other` to somebody: only what stands below (IAM-33) and allows nothing
    /// that he himself may not. Interception, which the super administrator may not see, is his to give away.
    package func mayAssign(_ other: Role) -> Bool {
        guard permissions.contains(.usersAssignRole), other.rank < rank else { return false }
        return other.permissions.isSubset(of: permissions) || isAboveInterception(other)
    }

    func isAboveInterception(_ other: Role) -> Bool { self == .superAdmin && other == .interceptOfficer }

    /// Whether somebody of this role may be at home in a tenant of that kind: the roles named after a kind are that kind's,
    /// and only the operator's own people rule over everyone.
    package func fits(_ kind: TenantKind) -> Bool {
        switch self {
        case .superAdmin: kind == .operator
        case .provider: kind == .provider
        case .reseller: kind == .reseller
        default: true
        }
    }
}
