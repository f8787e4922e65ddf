/// How a service's subscriber comes onto the network.
package enum ServiceKind: String, Hashable, Sendable, CaseIterable {
    case pppoe, hotspot, ipoe, mac, wifi
}

package enum ServiceStatus: String, Hashable, Sendable, CaseIterable {
    case pending, active, suspended, terminated
}

/// One access of a customer under one plan (table services). Its password is sealed in service_credentials.
package struct Service: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: ServiceID
    package var customerID: CustomerID
    package var planID: PlanID
    package var kind: ServiceKind
    /// What the NAS sends as User-Name; for kind mac the address in lower case with colons. Unique within the tenant.
    package var username: String
    package var status: ServiceStatus
    package var expiresAt: Timestamp?
    /// Instead of the plan's.
    package var sessionLimit: Int?
    package var staticIPv4: IPAddress?
    package var framedIPv6Prefix: IPPrefix?
    package var delegatedIPv6Prefix: IPPrefix?
    /// The device it is bound to (SES-01); stored by the first login, taken away by a reset.
    package var boundMAC: MACAddress?
    package var boundAt: Timestamp?
    /// How often the binding was reset.
    package var bindingGeneration: Int
    package var installation = Installation()
    /// The router in whose own PPP secrets it lives; nil for one that RADIUS alone lets in.
    package var routerID: DeviceID?
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(
        tenantID: TenantID,
        id: ServiceID,
        customerID: CustomerID,
        planID: PlanID,
        kind: ServiceKind = .pppoe,
        username: String,
        status: ServiceStatus = .active,
        expiresAt: Timestamp? = nil,
        sessionLimit: Int? = nil,
        staticIPv4: IPAddress? = nil,
        framedIPv6Prefix: IPPrefix? = nil,
        delegatedIPv6Prefix: IPPrefix? = nil,
        boundMAC: MACAddress? = nil,
        boundAt: Timestamp? = nil,
        bindingGeneration: Int = 0,
        stamp: RowStamp? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.customerID = customerID
        self.planID = planID
        self.kind = kind
        self.username = username
        self.status = status
        self.expiresAt = expiresAt
        self.sessionLimit = sessionLimit
        self.staticIPv4 = staticIPv4
        self.framedIPv6Prefix = framedIPv6Prefix
        self.delegatedIPv6Prefix = delegatedIPv6Prefix
        self.boundMAC = boundMAC
        self.boundAt = boundAt
        self.bindingGeneration = bindingGeneration
        self.stamp = stamp
    }
}

extension Service: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("username", username, maximum: 253)
        // RADIUS counts octets, the column characters.
        if username.utf8.count > 253 { checks.refuse("username", .tooLong(maximum: 253)) }
        if kind == .mac, MACAddress(username)?.description != username {
            checks.refuse("username", .malformed(expected: "a MAC address in lower case with colons"))
        }
        checks.number("session_limit", sessionLimit, in: 1...5)
        installation.check(&checks)
        if routerID != nil, kind != .pppoe {
            checks.refuse("router_id", .conflicts(reason: "is for services of kind pppoe"))
        }
        if let staticIPv4, staticIPv4.family != .ipv4 {
            checks.refuse("static_ipv4", .malformed(expected: "an IPv4 address"))
        }
        for (field, prefix) in [
            ("framed_ipv6_prefix", framedIPv6Prefix), ("delegated_ipv6_prefix", delegatedIPv6Prefix),
        ] where prefix.map({ $0.address.family != .ipv6 }) == true {
            checks.refuse(field, .malformed(expected: "an IPv6 prefix"))
        }
    }
}
