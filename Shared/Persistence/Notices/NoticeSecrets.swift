package import Crypto
package import Domain
import WireFormat

/// Seals and opens what providers of notices are spoken to with, each bound to its own row and tenant (SEC-01).
package struct NoticeSecrets: Sendable {
    private let keyring: Keyring

    /// Works with that keyring. Check it against the database's canary first: `KeyringCanary`.
    package init(_ keyring: Keyring) {
        self.keyring = keyring
    }

    /// Seals a provider's secrets, by their names, for its row.
    package func seal(_ secrets: [String: String], of provider: UUID128, tenant: TenantID) throws(KeyringError)
        -> [UInt8]
    {
        try keyring.seal(NoticeTexts.write(secrets), for: Self.place(provider, tenant))
    }

    /// Opens them. What is no object of texts holds nothing: only somebody beside us can have sealed it.
    package func open(_ sealed: [UInt8], of provider: UUID128, tenant: TenantID) throws(KeyringError) -> [String:
        String]
    {
        NoticeTexts.read(try keyring.open(sealed, for: Self.place(provider, tenant)))
    }

    /// Seals a device's token for its row, which is found by the token's digest: whoever registers it again finds the same row.
    package func seal(pushToken token: String, tenant: TenantID) throws(KeyringError) -> (
        digest: [UInt8], sealed: [UInt8]
    ) {
        let digest = Digest.sha256(Array(token.utf8))
        return (digest, try keyring.seal(Array(token.utf8), for: Self.place(device: digest, tenant)))
    }

    /// Opens a device's token.
    package func open(pushToken sealed: [UInt8], digest: [UInt8], tenant: TenantID) throws(KeyringError) -> String {
        String(decoding: try keyring.open(sealed, for: Self.place(device: digest, tenant)), as: UTF8.self)
    }

    private static func place(device digest: [UInt8], _ tenant: TenantID) -> SealedPlace {
        SealedPlace(table: "push_tokens", column: "sealed_token", row: digest, tenant: tenant.value.bytes)
    }

    private static func place(_ provider: UUID128, _ tenant: TenantID) -> SealedPlace {
        SealedPlace(
            table: "notice_providers",
            column: "sealed_secrets",
            row: provider.bytes,
            tenant: tenant.value.bytes
        )
    }
}

/// A JSON object's members as texts.
enum NoticeTexts {
    /// An object of texts, in the order of their names.
    static func write(_ texts: [String: String]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            writer.key(string: name)
            writer.value(text)
        }
        writer.endObject()
        return writer.finish()
    }

    /// Numbers and yes or no become their text; what is neither is left out. Empty for what is no object.
    static func read(_ octets: [UInt8]) -> [String: String] {
        var texts: [String: String] = [:]
        var reader = JSONReader(octets)
        do throws(JSONError) {
            try reader.readMembers { reader, key throws(JSONError) in
                switch try reader.peek() {
                case .string: texts["\(key)"] = try reader.readString()
                case .number, .bool: texts["\(key)"] = String(decoding: try reader.rawValue(), as: UTF8.self)
                case .object, .array, .null: try reader.skipValue()
                }
            }
        } catch {
            return [:]
        }
        return texts
    }
}
