/// What a tenant is in the tree: the operator at its root, everyone else below someone.
package enum TenantKind: String, Hashable, Sendable, CaseIterable {
    case `operator`, provider, reseller, festival
}

/// A company or event whose data nobody beside or above its own branch's rules sees (table tenants).
package struct Tenant: Hashable, Sendable {
    package var id: TenantID
    /// Nil for the operator alone.
    package var parentID: TenantID?
    package var kind: TenantKind
    package var name: String
    /// A DNS label in lower case, unique over all tenants.
    package var subdomain: String
    package var isActive: Bool
    /// A JSON object.
    package var settings: String
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(
        id: TenantID,
        parentID: TenantID?,
        kind: TenantKind,
        name: String,
        subdomain: String,
        isActive: Bool = true,
        settings: String = "{}",
        stamp: RowStamp? = nil
    ) {
        self.id = id
        self.parentID = parentID
        self.kind = kind
        self.name = name
        self.subdomain = subdomain
        self.isActive = isActive
        self.settings = settings
        self.stamp = stamp
    }
}

extension Tenant: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 200)
        if !Self.isSubdomain(subdomain) {
            checks.refuse(
                "subdomain",
                .malformed(expected: "1 to 63 of a-z, 0-9 and hyphen, neither first nor last a hyphen")
            )
        }
        if TenantHost.reserved.contains(subdomain) {
            checks.refuse("subdomain", .conflicts(reason: "is a name of the installation's own"))
        }
        if kind == .operator, parentID != nil {
            checks.refuse("parent_id", .conflicts(reason: "must be empty for the operator"))
        }
        if kind != .operator, parentID == nil { checks.refuse("parent_id", .missing) }
        if parentID == id { checks.refuse("parent_id", .conflicts(reason: "must be another tenant")) }
    }

    static func isSubdomain(_ text: String) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(text.utf8.count) && text.utf8.first != hyphen && text.utf8.last != hyphen
            && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == hyphen }
    }
}
