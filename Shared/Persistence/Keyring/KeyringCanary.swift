package import Crypto
package import Postgres

/// One sealed row that tells whether a keyring is the one this database's secrets were sealed with, before a wrong one
/// seals anything.
package enum KeyringCanary {
    /// What a check found.
    package enum Finding: Sendable, Equatable {
        /// The keyring opens the canary.
        case accepted
        /// Nothing was sealed in this database yet.
        case absent
    }

    private static let song = Array("nexora keyring canary".utf8)
    private static let place = SealedPlace(table: "keyring_canary", column: "sealed", row: [1], tenant: [])

    /// Checks the keyring. Throws `PersistenceError.wrongKeyring` when another one sealed the canary.
    package static func check(_ keyring: Keyring, on executor: any PGExecutor) async throws -> Finding {
        guard let sealed = try await executor.query("SELECT sealed FROM keyring_canary").first?["sealed"].bytes else {
            return .absent
        }
        do throws(KeyringError) {
            guard try keyring.open(sealed, for: place) == song else { throw .notSealed }
            return .accepted
        } catch {
            throw PersistenceError.wrongKeyring
        }
    }

    /// Checks the keyring, and plants the canary where there is none: from then on no other keyring is accepted.
    package static func checkOrPlant(_ keyring: Keyring, on executor: any PGExecutor) async throws {
        guard try await check(keyring, on: executor) == .absent else { return }
        try await executor.query(
            "INSERT INTO keyring_canary (sealed) VALUES ($1) ON CONFLICT DO NOTHING",
            [.bytea(try keyring.seal(song, for: place))]
        )
        // Someone else's may have come first.
        guard try await check(keyring, on: executor) == .accepted else { throw PersistenceError.wrongKeyring }
    }
}
