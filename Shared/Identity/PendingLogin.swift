import Crypto
package import Domain
import WireFormat

/// A login whose password was right and that waits for a second factor. Nothing of it is stored: who holds its text has shown the
/// password, of that account, a moment ago.
struct PendingLogin: Hashable, Sendable {
    static let lifetime: Duration = .seconds(600)

    let tenantID: TenantID
    let userID: UserID
    let id: UUID128
    /// In seconds since 1970.
    let expires: Int64
    private let tag: [UInt8]

    /// A new one, signed for the password that was shown: with another password it is over.
    init(of user: User, id: UUID128, passwordHash: String, key: [UInt8], at now: Timestamp) {
        (tenantID, userID, self.id) = (user.tenantID, user.id, id)
        expires = (now + Self.lifetime).wholeSeconds
        tag = Self.tag(Self.claims(tenantID, userID, id, expires), passwordHash, key)
    }

    /// Reads one; what it claims is to be held against the account.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, let tenant = TenantID(parts[0]), let user = UserID(parts[1]),
            let id = ID<IDTag.LoginCode>(parts[2]), let seconds = Int64(parts[3]), (0...1 << 40).contains(seconds),
            let tag = Hex.decode(parts[4])
        else { return nil }
        (tenantID, userID, self.id, expires, self.tag) = (tenant, user, id.value, seconds, tag)
    }

    var text: String { "\(Self.claims(tenantID, userID, id, expires)).\(Hex.encode(tag))" }

    /// Whether it was made here for that account with the password that it has, and is not over.
    func holds(for user: User, passwordHash: String, key: [UInt8], at now: Timestamp) -> Bool {
        let expected = Self.tag(Self.claims(tenantID, userID, id, expires), passwordHash, key)
        return constantTimeEquals(expected, tag) && user.id == userID && user.tenantID == tenantID
            && now.wholeSeconds < expires
    }

    private static func claims(_ tenant: TenantID, _ user: UserID, _ id: UUID128, _ expires: Int64) -> String {
        "\(tenant).\(user).\(id).\(expires)"
    }

    private static func tag(_ claims: String, _ passwordHash: String, _ key: [UInt8]) -> [UInt8] {
        HMAC.sha256(Array("\(claims):\(passwordHash)".utf8), key: key)
    }
}

/// What whoever has shown his password can show next.
package struct SecondFactorChoice: Hashable, Sendable {
    /// His authenticator: the way that is offered first.
    package let hasTOTP: Bool
    /// The ways that a code can be sent to him.
    package let ways: [CodeWay]
    /// Where to, as far as he needs it to know the address again.
    package let hints: [CodeWay: String]
    /// Brought back with the wish for a code, and with the code.
    package let pending: String
}
