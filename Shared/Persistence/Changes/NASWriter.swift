package import Domain
import Postgres

/// Changes NASes of one scope.
package struct NASWriter {
    private let transaction: ScopedTransaction
    private let nases: NASRepository
    private let ids: IDGenerator

    /// Writes in that transaction.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        self.transaction = transaction
        nases = NASRepository(transaction)
        self.ids = ids
    }

    /// Stores a new NAS with its shared secret. Throws `alreadyExists` of `nas_devices_address` where packets of it could be
    /// those of another, of whatever tenant: ranges of two tenants do not overlap, but for one that both share by identifiers.
    package func create(
        tenant: TenantID,
        name: String,
        address: IPPrefix,
        secret: [UInt8],
        secrets: DirectorySecrets,
        _ edit: (inout NAS) throws -> Void = { _ in }
    ) async throws -> Change<NAS> {
        let id: NASID = ids.next()
        var nas = NAS(tenantID: tenant, id: id, name: name, address: address)
        try edit(&nas)
        nas.tenantID = tenant
        nas.id = id
        try nas.validate()
        try Self.check(secret)
        try await refuseTwin(of: nas)
        try await nases.insert(nas, sealedSecret: try secrets.seal(secret: secret, of: id, tenant: tenant))
        return Change(before: nil, after: try await nases.find(id).found())
    }

    /// Changes what `edit` changes; the secret stays. Throws as `create` and, where the NAS has another version than expected,
    /// `VersionConflict`.
    package func update(
        _ id: NASID,
        expecting version: Int64? = nil,
        _ edit: (inout NAS) throws -> Void
    ) async throws -> Change<NAS> {
        let before = try await nases.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        var nas = before
        try edit(&nas)
        nas.tenantID = before.tenantID
        nas.id = id
        try nas.validate()
        if nas.address != before.address || nas.identifier != before.identifier { try await refuseTwin(of: nas) }
        try await nases.update(nas)
        return Change(before: before, after: try await nases.find(id).found())
    }

    /// Gives a NAS another secret.
    package func replaceSecret(
        _ id: NASID,
        expecting version: Int64? = nil,
        secret: [UInt8],
        secrets: DirectorySecrets
    ) async throws -> Change<NAS> {
        try Self.check(secret)
        let before = try await nases.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        try await nases.replaceSecret(
            of: before,
            sealed: try secrets.seal(secret: secret, of: id, tenant: before.tenantID)
        )
        return Change(before: before, after: try await nases.find(id).found())
    }

    /// Removes a NAS. Its past sessions stay.
    package func delete(_ id: NASID, expecting version: Int64? = nil) async throws -> Change<NAS> {
        let before = try await nases.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        try await nases.remove(before)
        return Change(before: before, after: nil)
    }

    private static func check(_ secret: [UInt8]) throws(ValidationError) {
        guard SharedSecretStrength(octets: secret.count) != .unusable else {
            throw .single("secret", .outOfRange(minimum: 1, maximum: 253))
        }
        // It is pasted into consoles, where a line break begins another command.
        guard secret.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            throw .single("secret", .malformed(expected: "printable ASCII"))
        }
    }

    private func refuseTwin(of nas: NAS) async throws {
        let rows = try await transaction.query(
            "SELECT nas_is_taken($1::text::cidr, $2, $3, $4) AS taken",
            [.text(nas.address.description), .text(nas.identifier), .id(nas.tenantID), .id(nas.id)]
        )
        guard rows.first?["taken"].bool == false else {
            throw PersistenceError.alreadyExists(constraint: "nas_devices_address")
        }
    }
}
