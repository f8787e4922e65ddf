/// What one source says about the tenant of a request.
package enum TenantClaim: Hashable, Sendable {
    /// Says nothing.
    case absent
    /// Says something that names no tenant.
    case unknown
    case named(TenantID)
}

/// Where a request may name its tenant (TEN-02).
package enum TenantSource: String, Hashable, Sendable, CaseIterable {
    case subdomain, header, token
}

/// Why no tenant can be told.
package enum TenantResolutionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// These sources name different tenants.
    case disagreement([TenantSource])
    /// These sources name none that there is. Told only where the others do not disagree.
    case unknown([TenantSource])

    /// One sentence for people; never tells which tenants were named.
    package var description: String {
        switch self {
        case .disagreement(let sources): "\(Self.list(sources)) name different tenants"
        case .unknown(let sources): "\(Self.list(sources)) names no tenant"
        }
    }

    private static func list(_ sources: [TenantSource]) -> String {
        sources.map(\.rawValue).joined(separator: " and ")
    }
}

/// Which tenant a request is for, from all that say so. All that speak must say the same: nothing outranks anything.
package enum TenantResolution {
    /// The tenant, nil when nobody says anything.
    package static func resolve(
        subdomain: TenantClaim,
        header: TenantClaim,
        token: TenantClaim
    ) throws(TenantResolutionError) -> TenantID? {
        let claims = zip(TenantSource.allCases, [subdomain, header, token])
        var named: [(source: TenantSource, tenant: TenantID)] = []
        var unknown: [TenantSource] = []
        for (source, claim) in claims {
            switch claim {
            case .absent: continue
            case .unknown: unknown.append(source)
            case .named(let tenant): named.append((source, tenant))
            }
        }
        if Set(named.map(\.tenant)).count > 1 { throw .disagreement(named.map(\.source)) }
        guard unknown.isEmpty else { throw .unknown(unknown) }
        return named.first?.tenant
    }
}

/// The tenant's label within a Host header.
package enum TenantHost {
    /// Labels that are the installation's own.
    package static let reserved: Set<String> = ["www", "api", "app", "admin", "static", "status"]

    /// What a host says.
    package enum Label: Hashable, Sendable {
        /// The bare domain, one of its reserved names, or an address: no tenant is named.
        case none
        case named(String)
        /// A name below this domain that no tenant can have: deeper, or no label at all.
        case malformed
        /// A name of another domain.
        case foreign
    }

    /// Reads a Host header: any case, with or without port and final dot. `domain` is the installation's own.
    package static func label(of host: String, under domain: String) -> Label {
        guard let name = name(of: host) else { return .none }
        let domain = domain.lowercased()
        if name == domain { return .none }
        guard name.hasSuffix("." + domain) else { return .foreign }
        let label = String(name.dropLast(domain.utf8.count + 1))
        if reserved.contains(label) { return .none }
        return Tenant.isSubdomain(label) ? .named(label) : .malformed
    }

    /// The name in small letters; nil for an address.
    private static func name(of host: String) -> String? {
        var name = Substring(host.lowercased())
        if name.hasPrefix("[") { return nil }
        if let colon = name.lastIndex(of: ":"),
            name[name.index(after: colon)...].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        {
            name = name[..<colon]
        }
        if name.hasSuffix(".") { name = name.dropLast() }
        return IPAddress(String(name)) == nil ? String(name) : nil
    }
}
