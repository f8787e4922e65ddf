package import Crypto
package import Domain

/// Seals and opens what accounts keep secret, each bound to its own row and tenant (SEC-01).
package struct IdentitySecrets: Sendable {
    private let keyring: Keyring

    /// Works with that keyring. Check it against the database's canary first: `KeyringCanary`.
    package init(_ keyring: Keyring) {
        self.keyring = keyring
    }

    /// What challenges of the login are signed with.
    package var challengeKey: [UInt8] { keyring.sharedSecret(for: "login-challenge") }

    /// What logins that wait for a second factor are signed with.
    package var pendingKey: [UInt8] { keyring.sharedSecret(for: "login-pending") }

    package func seal(totpKey: [UInt8], of user: UserID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.seal(totpKey, for: Self.place("users", "totp_secret", user.value, tenant))
    }

    package func open(totpKey sealed: [UInt8], of user: UserID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.open(sealed, for: Self.place("users", "totp_secret", user.value, tenant))
    }

    package func seal(token: String, of link: OneTimeLinkID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.seal(Array(token.utf8), for: Self.place("one_time_links", "sealed_token", link.value, tenant))
    }

    package func open(token sealed: [UInt8], of link: OneTimeLinkID, tenant: TenantID) throws(KeyringError) -> String {
        String(
            decoding: try keyring.open(sealed, for: Self.place("one_time_links", "sealed_token", link.value, tenant)),
            as: UTF8.self
        )
    }

    package func seal(code: String, of id: LoginCodeID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.seal(Array(code.utf8), for: Self.place("login_codes", "sealed_code", id.value, tenant))
    }

    package func open(code sealed: [UInt8], of id: LoginCodeID, tenant: TenantID) throws(KeyringError) -> String {
        String(
            decoding: try keyring.open(sealed, for: Self.place("login_codes", "sealed_code", id.value, tenant)),
            as: UTF8.self
        )
    }

    /// What is stored of a code. Of its row alone, and keyed: whoever reads the table learns nothing by trying a million codes.
    package func digest(code: String, of id: LoginCodeID, tenant: TenantID) -> [UInt8] {
        HMAC.sha256(Array("\(tenant):\(id):\(code)".utf8), key: keyring.sharedSecret(for: "login-code"))
    }

    /// Seals the PEM text of a key that signs; of no tenant.
    package func seal(signingKey pem: String, keyID: String) throws(KeyringError) -> [UInt8] {
        try keyring.seal(Array(pem.utf8), for: Self.place(keyID))
    }

    package func open(signingKey sealed: [UInt8], keyID: String) throws(KeyringError) -> String {
        String(decoding: try keyring.open(sealed, for: Self.place(keyID)), as: UTF8.self)
    }

    private static func place(_ table: String, _ column: String, _ row: UUID128, _ tenant: TenantID) -> SealedPlace {
        SealedPlace(table: table, column: column, row: row.bytes, tenant: tenant.value.bytes)
    }

    private static func place(_ keyID: String) -> SealedPlace {
        SealedPlace(table: "signing_keys", column: "private_key", row: Array(keyID.utf8), tenant: [])
    }
}
