package import Crypto
package import Domain
import Postgres

// What only the tables' owner does, for commands.
extension Database {
    /// See `TenantPurge.purge`.
    package func purge(
        _ tenant: TenantID,
        keyring: Keyring,
        ids: IDGenerator,
        time: TimeSource
    ) async throws -> TenantPurge.Outcome {
        try await TenantPurge(session, keyring: keyring, ids: ids, time: time).purge(tenant)
    }

    /// See `LegalArchiveStore.list`.
    package func legalArchives() async throws -> [LegalArchive] {
        try await LegalArchiveStore(session).list()
    }

    /// See `LegalArchiveStore.read`.
    package func readLegalArchive(
        _ id: UUID128,
        keyring: Keyring,
        _ part: (_ source: String, _ lines: [UInt8]) throws -> Void
    ) async throws {
        try await LegalArchiveStore(session).read(id, keyring: keyring, part)
    }

    /// Shreds one archive, or with nil those whose time is over; returns how many.
    package func shredLegalArchives(_ id: UUID128?, now: Timestamp) async throws -> Int {
        let store = LegalArchiveStore(session)
        guard let id else { return try await store.shredExpired(now: now) }
        try await store.shred(id)
        return 1
    }
}
