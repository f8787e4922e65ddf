import Crypto
package import Domain
import WireFormat

/// A token that is known by its digest alone: `nxr_…`, `nxl_…` or `nxk_…`. It names its tenant, so that it can be looked up
/// within the tenant's own scope and nowhere else, and holds 256 random bits, so that its plain digest may be stored.
package struct OpaqueToken: Sendable, CustomStringConvertible {
    /// What a token is for, and what its text begins with.
    package enum Kind: String, Sendable, CaseIterable {
        /// Row: the session's id.
        case refresh = "nxr_"
        /// Row: the link's id.
        case link = "nxl_"
    }

    package let kind: Kind
    package let tenantID: TenantID
    /// The id of the row that the token belongs to.
    package let row: UUID128
    private let secret: [UInt8]
    private static let secretLength = 32

    /// A fresh token.
    package init(_ kind: Kind, tenant: TenantID, row: UUID128) {
        self.init(kind, tenant, row, Randomness.bytes(Self.secretLength))
    }

    /// Reads a token; nil for anything but the one canonical text of one of that kind.
    package init?(_ text: String, _ kind: Kind) {
        let octets = Array(text.utf8)
        // 64 octets in base 64.
        guard octets.count == 4 + 86, octets.starts(with: kind.rawValue.utf8),
            let bytes = Base64URL.decode(octets[4...]), bytes.count == 64,
            let tenant = UUID128(bytes: bytes[0..<16]), let row = UUID128(bytes: bytes[16..<32])
        else { return nil }
        self.init(kind, TenantID(tenant), row, Array(bytes[32...]))
    }

    private init(_ kind: Kind, _ tenant: TenantID, _ row: UUID128, _ secret: [UInt8]) {
        (self.kind, tenantID, self.row, self.secret) = (kind, tenant, row, secret)
    }

    /// The token itself, for its holder alone.
    package var text: String { kind.rawValue + Base64URL.encode(tenantID.value.bytes + row.bytes + secret) }

    /// What is stored: 32 octets.
    package var digest: [UInt8] { Digest.sha256(Array(kind.rawValue.utf8) + secret) }

    /// Never the secret.
    package var description: String { "\(kind.rawValue)<\(row)>" }
}

/// A key for programs: `nxk_`, eight characters that people tell keys apart by, `_`, and the rest.
package struct APIKeyToken: Sendable, CustomStringConvertible {
    /// The eight characters.
    package let prefix: String
    package let tenantID: TenantID
    private let secret: [UInt8]
    private static let beginning = "nxk_"

    /// A fresh key.
    package init(tenant: TenantID) {
        prefix = Base32.encode(Randomness.bytes(5)).lowercased()
        tenantID = tenant
        secret = Randomness.bytes(32)
    }

    /// Reads a key; nil for anything but the one canonical text of one.
    package init?(_ text: String) {
        let octets = Array(text.utf8)
        // 48 octets in base 64.
        guard octets.count == 13 + 64, octets.starts(with: Self.beginning.utf8), octets[12] == UInt8(ascii: "_"),
            octets[4..<12].allSatisfy({ (0x61...0x7a).contains($0) || (0x32...0x37).contains($0) }),
            let bytes = Base64URL.decode(octets[13...]), bytes.count == 48,
            let tenant = UUID128(bytes: bytes[0..<16])
        else { return nil }
        prefix = String(decoding: octets[4..<12], as: UTF8.self)
        tenantID = TenantID(tenant)
        secret = Array(bytes[16...])
    }

    /// The key itself, shown once.
    package var text: String { Self.beginning + prefix + "_" + Base64URL.encode(tenantID.value.bytes + secret) }

    /// What is stored: 32 octets.
    package var digest: [UInt8] { Digest.sha256(Array((Self.beginning + prefix).utf8) + secret) }

    /// Whether a stored digest is this key's; only the lengths may be learnt from the duration.
    package func matches(_ stored: [UInt8]) -> Bool { constantTimeEquals(stored, digest) }

    /// Never the secret.
    package var description: String { "\(Self.beginning)\(prefix)_…" }
}
