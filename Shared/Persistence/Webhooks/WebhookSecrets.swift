package import Crypto
package import Domain

/// Seals and opens what endpoints are signed for with, each bound to its own row and tenant (SEC-01).
package struct WebhookSecrets: Sendable {
    private let keyring: Keyring

    /// Works with that keyring. Check it against the database's canary first: `KeyringCanary`.
    package init(_ keyring: Keyring) { self.keyring = keyring }

    /// A secret keeps its place when another takes its turn: the column's name is that of the one that holds.
    package func seal(secret: [UInt8], of id: WebhookEndpointID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.seal(secret, for: Self.place("sealed_secret", id, tenant))
    }

    package func open(secret sealed: [UInt8], of id: WebhookEndpointID, tenant: TenantID) throws(KeyringError)
        -> [UInt8]
    {
        try keyring.open(sealed, for: Self.place("sealed_secret", id, tenant))
    }

    /// The private key of Ed25519.
    package func seal(key: [UInt8], of id: WebhookEndpointID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.seal(key, for: Self.place("sealed_key", id, tenant))
    }

    package func open(key sealed: [UInt8], of id: WebhookEndpointID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.open(sealed, for: Self.place("sealed_key", id, tenant))
    }

    private static func place(_ column: String, _ id: WebhookEndpointID, _ tenant: TenantID) -> SealedPlace {
        SealedPlace(table: "webhook_endpoints", column: column, row: id.value.bytes, tenant: tenant.value.bytes)
    }
}
