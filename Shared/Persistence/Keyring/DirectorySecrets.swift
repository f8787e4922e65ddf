package import Crypto
package import Domain

/// Seals and opens the directory's secrets, each bound to its own row and tenant (SEC-01).
package struct DirectorySecrets: Sendable {
    private let keyring: Keyring

    /// Works with that keyring. Check it against the database's canary first: `KeyringCanary`.
    package init(_ keyring: Keyring) {
        self.keyring = keyring
    }

    /// The same for what webhooks are signed with.
    package var webhooks: WebhookSecrets { WebhookSecrets(keyring) }

    /// Where a NAS's shared secret lives.
    package static func place(nas: NASID, tenant: TenantID) -> SealedPlace {
        SealedPlace(table: "nas_devices", column: "secret", row: nas.value.bytes, tenant: tenant.value.bytes)
    }

    /// Where a service's password lives.
    package static func place(service: ServiceID, tenant: TenantID) -> SealedPlace {
        SealedPlace(
            table: "service_credentials",
            column: "password",
            row: service.value.bytes,
            tenant: tenant.value.bytes
        )
    }

    /// Where a device's password lives.
    package static func place(device: DeviceID, tenant: TenantID) -> SealedPlace {
        SealedPlace(table: "devices", column: "password", row: device.value.bytes, tenant: tenant.value.bytes)
    }

    /// Seals a NAS's shared secret for its row.
    package func seal(secret: [UInt8], of nas: NASID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.seal(secret, for: Self.place(nas: nas, tenant: tenant))
    }

    /// Opens a NAS's shared secret.
    package func open(secret sealed: [UInt8], of nas: NASID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.open(sealed, for: Self.place(nas: nas, tenant: tenant))
    }

    /// Seals a device's password for its row.
    package func seal(password: [UInt8], of device: DeviceID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.seal(password, for: Self.place(device: device, tenant: tenant))
    }

    /// Opens a device's password.
    package func open(password sealed: [UInt8], of device: DeviceID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.open(sealed, for: Self.place(device: device, tenant: tenant))
    }

    /// Seals a service's password for its row.
    package func seal(password: [UInt8], of service: ServiceID, tenant: TenantID) throws(KeyringError) -> [UInt8] {
        try keyring.seal(password, for: Self.place(service: service, tenant: tenant))
    }

    /// Opens a service's password.
    package func open(password sealed: [UInt8], of service: ServiceID, tenant: TenantID) throws(KeyringError) -> [UInt8]
    {
        try keyring.open(sealed, for: Self.place(service: service, tenant: tenant))
    }
}
