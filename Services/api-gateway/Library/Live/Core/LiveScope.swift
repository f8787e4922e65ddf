import Domain

/// What somebody may watch: whose events, and which kinds of them.
struct LiveScope: Hashable, Sendable {
    let reach: Reach
    let permissions: Set<Permission>

    /// Whether the event is one that he may see. `tree` holds the tenants as they stand now, with ``nobody`` below the
    /// operator, for what is about the installation as a whole.
    func covers(_ event: LiveEvent, in tree: TenantTree) -> Bool {
        guard let needed = Self.permission(for: event.kind), permissions.contains(needed) else { return false }
        let owner = RecordOwner(tenantID: event.tenantID, customerID: event.about.onlyCustomer)
        return reach.covers(owner, in: tree)
    }

    /// How he sees people in what he watches.
    var mask: EventMask { permissions.contains(.tailReveal) ? .revealed : .masked }

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
        needed[String(kind.prefix { $0 != "." })]
    }

    private static let needed: [String: Permission] = [
        "session": .tailRead, "usage": .tailRead, "radius": .tailRead, "access": .tailRead, "ipam": .tailRead,
        "directory": .tailRead, "messaging": .deadLettersRead, "identity": .usersRead, "tenancy": .tenantsRead,
    ]
}
