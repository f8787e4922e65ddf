package import Crypto
package import Domain
package import Notices
import WireFormat

/// What a link that ends messages of a category says: whose, to which address.
package struct UnsubscribeWish: Hashable, Sendable {
    package let tenantID: TenantID
    /// Of the address, as ``NoticeAddress/digest(_:_:)`` has it.
    package let digest: [UInt8]
    package let category: NoticeKind.Category

    package init(tenantID: TenantID, digest: [UInt8], category: NoticeKind.Category) {
        (self.tenantID, self.digest, self.category) = (tenantID, digest, category)
    }
}

/// Signs and reads what stands in such links (RFC 8058): nobody but who has the keyring makes one, and it needs no table.
package struct UnsubscribeTokens: Sendable {
    private static let version: UInt8 = 1
    /// Version, tenant and digest; the category's name follows.
    private static let head = 1 + 16 + 32

    /// The active key's first.
    private let keys: [[UInt8]]

    /// Links that were signed with older keys of the keyring still hold.
    package init(_ keyring: Keyring) {
        keys = keyring.sharedSecrets(for: "unsubscribe")
    }

    /// Nil for a category that may not be refused.
    package func token(_ wish: UnsubscribeWish) -> String? {
        guard wish.category.mayBeRefused, wish.digest.count == 32, let key = keys.first else { return nil }
        let message =
            [Self.version] + wish.tenantID.value.bytes + wish.digest + Array(wish.category.rawValue.utf8)
        return Base64URL.encode(message + HMAC.sha256(message, key: key))
    }

    /// Nil for what nobody here signed.
    package func read(_ token: String) -> UnsubscribeWish? {
        guard token.utf8.count <= 200, let octets = Base64URL.decode(token), octets.count > Self.head + 32 else {
            return nil
        }
        let message = Array(octets.dropLast(32))
        let tag = Array(octets.suffix(32))
        guard keys.contains(where: { constantTimeEquals(HMAC.sha256(message, key: $0), tag) }),
            message[0] == Self.version, let tenant = UUID128(bytes: message[1..<17]),
            let category = NoticeKind.Category(rawValue: String(decoding: message[Self.head...], as: UTF8.self)),
            category.mayBeRefused
        else { return nil }
        return UnsubscribeWish(tenantID: TenantID(tenant), digest: Array(message[17..<Self.head]), category: category)
    }
}

/// Addresses as they are compared.
package enum NoticeAddress {
    /// SHA-256 of an e-mail address in small letters, or of a number's digits.
    package static func digest(_ channel: NoticeChannel, _ address: String) -> [UInt8] {
        let plain =
            channel == .sms
            ? String(address.filter { $0.isASCII && $0.isNumber })
            : String(address.lowercased().drop { $0 == " " }.prefix { $0 != " " })
        return Digest.sha256(Array(plain.utf8))
    }

    /// What somebody may know who may not see it: `a•••@example.net`, `•••1234`.
    package static func masked(_ channel: NoticeChannel, _ address: String) -> String {
        switch channel {
        case .email:
            guard let at = address.lastIndex(of: "@"), at > address.startIndex else { return "•••" }
            return "\(address.prefix(1))•••\(address[at...])"
        case .sms: return "•••\(address.suffix(address.count > 8 ? 4 : 0))"
        default: return "•••"
        }
    }
}
