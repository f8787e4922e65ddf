/// Who is to be told of what: the endpoints that are enabled, and the tree of tenants. Made anew when either changes.
package struct WebhookRoster: Sendable {
    /// What of an endpoint decides.
    package struct Entry: Hashable, Sendable {
        package var tenantID: TenantID
        package var id: WebhookEndpointID
        package var events: [String]
        package var includesChildren: Bool
        package var revealsPeople: Bool

        package init(
            tenantID: TenantID,
            id: WebhookEndpointID,
            events: [String],
            includesChildren: Bool = false,
            revealsPeople: Bool = false
        ) {
            self.tenantID = tenantID
            self.id = id
            self.events = events
            self.includesChildren = includesChildren
            self.revealsPeople = revealsPeople
        }
    }

    private let entries: [TenantID: [Entry]]
    private let parents: [TenantID: TenantID]

    /// `parents` of those that have one.
    package init(_ entries: [Entry], parents: [TenantID: TenantID]) {
        self.entries = Dictionary(grouping: entries, by: \.tenantID)
        self.parents = parents
    }

    /// One endpoint alone, in the same tree.
    package func only(_ entry: Entry) -> WebhookRoster { WebhookRoster([entry], parents: parents) }

    package var isEmpty: Bool { entries.isEmpty }

    /// The endpoints that want an event of that kind of that tenant: its own, and those above it that ask for what is below them.
    package func entries(for kind: String, of tenant: TenantID) -> [Entry] {
        guard !entries.isEmpty else { return [] }
        var found: [Entry] = []
        var place: TenantID? = tenant
        // No tree is deeper; one that went round in a circle would not end.
        for _ in 0..<64 {
            guard let at = place else { break }
            found += (entries[at] ?? []).filter {
                (at == tenant || $0.includesChildren) && WebhookFilter.matches($0.events, kind)
            }
            place = parents[at]
        }
        return found
    }
}
