/// Whose attributes and control messages a NAS understands.
package enum NASVendor: String, Hashable, Sendable, CaseIterable {
    case generic, mikrotik, ubiquiti, cisco, huawei, juniper, nokia, coovachilli
}

/// A network access server that may ask us (table nas_devices). Its secret is no part of it: it is sealed in the row and
/// opened by radius-server alone.
package struct NAS: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: NASID
    package var name: String
    /// Where its packets come from: one address or a range.
    package var address: IPPrefix
    /// The NAS-Identifier it must send, to tell NASes behind one address apart; nil matches any.
    package var identifier: String?
    package var vendor: NASVendor
    /// Where it takes CoA and Disconnect requests.
    package var coaPort: Int
    package var requireMessageAuthenticator: Bool
    package var limitProxyState: Bool
    /// The NAS counts from the subscriber's side: its input is our output.
    package var octetsSwapped: Bool
    /// A Message-Authenticator is asked for by itself, for good, once everything had one. For a single address only: behind
    /// a range stand devices that may not have sent anything yet.
    package var ratchetsMessageAuthenticator: Bool
    /// Access-Requests a second; 0 is no limit, nil follows radius-server's setting.
    package var authRate: Int?
    /// How many may come at once; nil follows radius-server's setting.
    package var authBurst: Int?
    package var isActive: Bool
    /// The pools of its subscribers' addresses, by name: of our own, else of the NAS's. They win over the plan's.
    package var addressPool: String?
    package var ipv6Pool: String?
    package var delegatedIPv6Pool: String?
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(
        tenantID: TenantID,
        id: NASID,
        name: String,
        address: IPPrefix,
        identifier: String? = nil,
        vendor: NASVendor = .generic,
        coaPort: Int = 3799,
        requireMessageAuthenticator: Bool = true,
        limitProxyState: Bool = true,
        octetsSwapped: Bool = false,
        ratchetsMessageAuthenticator: Bool = false,
        authRate: Int? = nil,
        authBurst: Int? = nil,
        isActive: Bool = true,
        addressPool: String? = nil,
        ipv6Pool: String? = nil,
        delegatedIPv6Pool: String? = nil,
        stamp: RowStamp? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.name = name
        self.address = address
        self.identifier = identifier
        self.vendor = vendor
        self.coaPort = coaPort
        self.requireMessageAuthenticator = requireMessageAuthenticator
        self.limitProxyState = limitProxyState
        self.octetsSwapped = octetsSwapped
        self.ratchetsMessageAuthenticator = ratchetsMessageAuthenticator
        self.authRate = authRate
        self.authBurst = authBurst
        self.isActive = isActive
        self.addressPool = addressPool
        self.ipv6Pool = ipv6Pool
        self.delegatedIPv6Pool = delegatedIPv6Pool
        self.stamp = stamp
    }
}

extension NAS: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 100)
        checks.oneLine("name", name)
        checks.optional("identifier", identifier, maximum: 253, emptyAllowed: false)
        checks.oneLine("identifier", identifier)
        checks.number("coa_port", coaPort, in: 1...65_535)
        checks.number("auth_rate", authRate, in: 0...Int64(Int32.max))
        checks.number("auth_burst", authBurst, in: 1...Int64(Int32.max))
        if ratchetsMessageAuthenticator, address.length < address.address.family.bits {
            checks.refuse("ratchets_message_authenticator", .malformed(expected: "off for a range of addresses"))
        }
        checks.optional("address_pool", addressPool, maximum: 253, emptyAllowed: false)
        checks.optional("ipv6_pool", ipv6Pool, maximum: 253, emptyAllowed: false)
        checks.optional("delegated_ipv6_pool", delegatedIPv6Pool, maximum: 253, emptyAllowed: false)
    }
}

/// How hard a shared secret is to guess from captured packets (draft-ietf-radext-deprecating-radius).
package enum SharedSecretStrength: Hashable, Sendable {
    /// Empty, which no packet may be trusted with, or longer than the 253 octets that every NAS can take.
    case unusable
    /// At most 12 octets: found offline within a day.
    case weak
    /// Below the 32 octets that are asked for.
    case fair
    case strong

    /// Judges by length alone: the secret itself tells nothing about how it was made.
    package init(octets: Int) {
        self =
            switch octets {
            case 1...12: .weak
            case 13...31: .fair
            case 32...253: .strong
            default: .unusable
            }
    }
}
