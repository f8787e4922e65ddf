import Domain
import Events

/// What somebody may be told.
enum LiveScope: Hashable, Sendable {
    /// What happens to others: whose events, and which kinds of them.
    case watched(Reach, Set<Permission>)
    /// What happens to the account of that user of that tenant, and nothing else.
    case own(UserID, TenantID)

    /// Whether the event is one that he may see. `tree` holds the tenants as they stand now, with ``nobody`` below the
    /// operator, for what is about the installation as a whole.
    func covers(_ event: LiveEvent, in tree: TenantTree) -> Bool {
        switch self {
        case .watched(let reach, let permissions):
            guard let needed = Self.permission(for: event.kind), permissions.contains(needed) else { return false }
            let owner = RecordOwner(tenantID: event.tenantID, customerID: event.about.onlyCustomer)
            return reach.covers(owner, in: tree)
        case .own(let user, let tenant):
            return event.about.user == user && event.tenantID == tenant
                && Self.addressed.contains(Self.domain(of: event.kind))
        }
    }

    /// How he sees people in what he is told. What is about himself alone shows nobody else.
    var mask: EventMask {
        switch self {
        case .watched(_, let permissions): permissions.contains(.tailReveal) ? .revealed : .masked
        case .own: .revealed
        }
    }

    /// The tenant of events that are about no tenant.
    static let nobody = TenantID(UUID128(high: 0, low: 0))

    /// The tree of these tenants, for ``covers(_:in:)``.
    static func tree(_ parents: [TenantID: TenantID?]) -> TenantTree {
        var parents = parents
        if let top = parents.first(where: { $0.value == nil })?.key { parents[nobody] = .some(top) }
        return TenantTree(parents)
    }

    /// What one must be allowed to see events of that kind; nil for those that nobody watches: what concerns interception, and
    /// any domain that has no row here yet.
    static func permission(for kind: String) -> Permission? {
        needed[domain(of: kind)]
    }

    private static func domain(of kind: String) -> String { String(kind.prefix { $0 != "." }) }

    /// The domains whose events say with `userId` whose account they are about. Another domain may mean somebody else by it, who
    /// is not to be told: it stands here once somebody decided.
    private static let addressed: Set = ["identity", "notice"]

    private static let needed: [String: Permission] = [
        "session": .tailRead, "usage": .tailRead, "radius": .tailRead, "access": .tailRead, "ipam": .tailRead,
        "directory": .tailRead, "quota": .tailRead, "messaging": .deadLettersRead, "identity": .usersRead,
        "tenancy": .tenantsRead, "provisioning": .tailRead,
        "ledger": .billingRead, "billing": .billingRead, "wallet": .billingRead,
        "device": .devicesRead, "webhook": .webhooksRead,
        // Who took what is about people.
        "export": .usersRead,
        // So is who is told what.
        "notice": .usersRead,
    ]
}
