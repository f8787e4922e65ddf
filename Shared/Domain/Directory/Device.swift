extension IDTag {
    package enum Device {}
}

package typealias DeviceID = ID<IDTag.Device>

/// What a device is in a provider's network (DEV-01).
package enum DeviceKind: String, Hashable, Sendable, CaseIterable {
    case olt, router, `switch`, ap, bridge, server, other
}

/// Whose commands a device understands.
package enum DeviceVendor: String, Hashable, Sendable, CaseIterable {
    case generic, mikrotik, ubiquiti, cisco, huawei, juniper, nokia, zte, fiberhome, bdcom, vsol, tplink, cambium
}

/// A device of a provider's network and how it is managed (table devices; DEV-01, MTK-01). Its password is no part of it: it is sealed
/// in the row, and opened by who works on the device alone.
package struct Device: Hashable, Sendable {
    package var tenantID: TenantID
    package var id: DeviceID
    /// Unique within the tenant.
    package var name: String
    package var kind: DeviceKind
    package var vendor: DeviceVendor
    package var host: NetworkHost
    /// Where its management interface listens: RouterOS' API unless said otherwise, which is on 8729 with TLS.
    package var port: Int
    package var usesTLS: Bool
    /// SHA-256 of the certificate that it must show, in small hexadecimal digits; nil trusts who a certificate authority vouches for.
    package var certificateFingerprint: String?
    package var username: String?
    /// When its password was set; nil where it has none. Set by who stores the password.
    package var credentialsSetAt: Timestamp?
    package var location: String
    /// Up to 50 words.
    package var tags: [String]
    /// The NAS that it is, where it is one; no two devices are the same NAS.
    package var nasID: NASID?
    /// The device that it hangs on; never itself, however far around.
    package var parentID: DeviceID?
    /// Nobody looks whether an inactive one answers.
    package var isActive: Bool
    /// What checks found; written by whoever checks.
    package var health: DeviceHealth
    /// Nil until stored.
    package var stamp: RowStamp?

    package init(
        tenantID: TenantID,
        id: DeviceID,
        name: String,
        kind: DeviceKind,
        vendor: DeviceVendor = .generic,
        host: NetworkHost,
        port: Int = 8_728,
        usesTLS: Bool = false,
        certificateFingerprint: String? = nil,
        username: String? = nil,
        credentialsSetAt: Timestamp? = nil,
        location: String = "",
        tags: [String] = [],
        nasID: NASID? = nil,
        parentID: DeviceID? = nil,
        isActive: Bool = true,
        health: DeviceHealth = DeviceHealth(),
        stamp: RowStamp? = nil
    ) {
        self.tenantID = tenantID
        self.id = id
        self.name = name
        self.kind = kind
        self.vendor = vendor
        self.host = host
        self.port = port
        self.usesTLS = usesTLS
        self.certificateFingerprint = certificateFingerprint
        self.username = username
        self.credentialsSetAt = credentialsSetAt
        self.location = location
        self.tags = tags
        self.nasID = nasID
        self.parentID = parentID
        self.isActive = isActive
        self.health = health
        self.stamp = stamp
    }

    /// Whether services may live on it: a router of MikroTik.
    package var isRouterOS: Bool { kind == .router && vendor == .mikrotik }

    /// The fingerprint of a certificate as people paste it, with or without colons, in either case; nil unless it is one of SHA-256.
    package static func fingerprint(_ text: String) -> String? {
        let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
        guard digits.count == 64, text.utf8.count == 64 || text.utf8.count == 95 else { return nil }
        let plain = String(decoding: digits, as: UTF8.self).lowercased()
        return isFingerprint(plain) ? plain : nil
    }

    private static func isFingerprint(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }
}

extension Device: Validated {
    package func check(_ checks: inout FieldChecks) {
        checks.text("name", name, maximum: 100)
        checks.oneLine("name", name)
        if case .address(let address) = host, !address.isUnicast {
            checks.refuse("host", .conflicts(reason: "is an address that nobody has"))
        }
        checks.number("port", port, in: 1...65_535)
        if let certificateFingerprint, !Self.isFingerprint(certificateFingerprint) {
            checks.refuse("certificate_fingerprint", .malformed(expected: "a certificate's SHA-256 in hexadecimal"))
        }
        if certificateFingerprint != nil, !usesTLS {
            checks.refuse("certificate_fingerprint", .conflicts(reason: "means nothing without uses_tls"))
        }
        checks.optional("username", username, maximum: 100, emptyAllowed: false)
        checks.oneLine("username", username)
        checks.optional("location", location, maximum: 200)
        checks.oneLine("location", location)
        checks.tags("tags", tags)
        if parentID == id { checks.refuse("parent_id", .conflicts(reason: "must be another device")) }
    }
}
