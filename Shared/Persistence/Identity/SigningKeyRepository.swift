package import Domain
import Postgres

/// A key that signs access tokens, as it is stored.
package struct StoredSigningKey: Sendable {
    package let term: SigningKeyTerm
    /// Its PEM text, sealed for its row.
    package let sealedPrivateKey: [UInt8]
    /// One JWK as JSON.
    package let publicJWK: String

    package init(term: SigningKeyTerm, sealedPrivateKey: [UInt8], publicJWK: String) {
        self.term = term
        self.sealedPrivateKey = sealedPrivateKey
        self.publicJWK = publicJWK
    }
}

/// The platform's signing keys. They belong to no tenant: any scope sees them.
package struct SigningKeyRepository {
    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// Every stored key, the oldest first.
    package func all() async throws -> [StoredSigningKey] {
        try await transaction.query(
            "SELECT kid, private_key, public_jwk, not_before, retired_at FROM signing_keys ORDER BY not_before, kid"
        ).map { row in
            StoredSigningKey(
                term: SigningKeyTerm(
                    keyID: try row.need("kid", \.text),
                    notBefore: try row.need("not_before", \.time),
                    retiredAt: row["retired_at"].time
                ),
                sealedPrivateKey: try row.need("private_key", \.bytes),
                publicJWK: try row.need("public_jwk", \.text)
            )
        }
    }

    /// Held until the transaction ends: of several gateways that find a key due, one makes it and the others see it.
    package func lockForRotation() async throws {
        _ = try await transaction.query("SELECT pg_advisory_xact_lock(\(Self.rotationLock))")
    }

    /// Any number that no other lock of the database has.
    private static let rotationLock = 0x4E58_4944

    /// Stores a key that takes over from those before it at its first moment, and forgets those that are `gone` by now.
    package func insert(_ key: StoredSigningKey, forgetting gone: [String] = []) async throws {
        _ = try await transaction.query(
            "UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL OR retired_at > $1",
            [.time(key.term.notBefore)]
        )
        _ = try await transaction.query(
            "INSERT INTO signing_keys (kid, private_key, public_jwk, not_before) VALUES ($1, $2, $3, $4)",
            [
                .text(key.term.keyID), .bytea(key.sealedPrivateKey), .text(key.publicJWK), .time(key.term.notBefore),
            ]
        )
        _ = try await transaction.query("DELETE FROM signing_keys WHERE kid = ANY ($1::text[])", [.textArray(gone)])
    }
}
