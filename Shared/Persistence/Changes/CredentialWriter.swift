import Crypto
package import Domain
import Postgres

/// Why a password is not made or not told.
package enum CredentialError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is one already: rotate it.
    case exists
    /// There is none.
    case absent
    /// It was told once, which is all it ever is: rotate it.
    case alreadyRevealed

    package var description: String {
        switch self {
        case .exists: "the service has a password already"
        case .absent: "the service has no password"
        case .alreadyRevealed: "the password was revealed already"
        }
    }
}

/// What may be known of a service's password at any time.
package struct CredentialStatus: Sendable, Hashable {
    package let rotatedAt: Timestamp
    /// When somebody saw it in clear; nil when nobody did since it was set.
    package let revealedAt: Timestamp?
    package let version: Int64
}

/// A password in clear, this once.
package struct RevealedPassword: Sendable {
    package let password: String
    package let service: Service
    /// What the audit entry tells: never the password.
    package let change: Change<CredentialStatus>
}

/// Makes, changes and tells the network passwords of services (RAD-16). What is stored is sealed for its row.
package struct CredentialWriter {
    /// Octets that User-Password holds (RFC 2865 §5.2).
    package static let longest = 128
    /// Characters of a generated password, 70 bits.
    private static let generatedLength = 12

    private let transaction: ScopedTransaction
    private let services: ServiceRepository
    private let secrets: DirectorySecrets

    /// Writes in that transaction. Check the keyring against the database's canary first.
    package init(_ transaction: ScopedTransaction, secrets: DirectorySecrets) {
        self.transaction = transaction
        services = ServiceRepository(transaction)
        self.secrets = secrets
    }

    /// What may be known of the password; nil where the service has none.
    package func status(_ id: ServiceID) async throws -> CredentialStatus? {
        try await status(of: try await services.find(id).found())
    }

    /// A password for a service that has none; told in the answer and never again.
    package func generate(_ id: ServiceID) async throws -> RevealedPassword {
        let service = try await services.find(id, forUpdate: true).found()
        guard try await status(of: service) == nil else { throw CredentialError.exists }
        return try await renew(service, before: nil)
    }

    /// Another password in place of the one there is; told in the answer and never again.
    package func rotate(_ id: ServiceID) async throws -> RevealedPassword {
        let service = try await services.find(id, forUpdate: true).found()
        guard let before = try await status(of: service) else { throw CredentialError.absent }
        return try await renew(service, before: before)
    }

    /// A password that somebody chose, 1 to 128 octets. `version` is that of the password it replaces, 0 for none.
    package func set(
        _ id: ServiceID,
        password: [UInt8],
        expecting version: Int64? = nil
    ) async throws -> Change<CredentialStatus> {
        guard (1...Self.longest).contains(password.count) else {
            throw ValidationError.single("password", .outOfRange(minimum: 1, maximum: Int64(Self.longest)))
        }
        let service = try await services.find(id, forUpdate: true).found()
        let before = try await status(of: service)
        try VersionConflict.check(version, before?.version ?? 0)
        try await store(password, service)
        return Change(before: before, after: try await status(of: service).found())
    }

    /// The password in clear, once after it was set or imported. Throws `alreadyRevealed` from then on.
    package func reveal(_ id: ServiceID) async throws -> RevealedPassword {
        let service = try await services.find(id, forUpdate: true).found()
        guard let before = try await status(of: service) else { throw CredentialError.absent }
        guard before.revealedAt == nil else { throw CredentialError.alreadyRevealed }
        guard let sealed = try await services.sealedPassword(of: service) else { throw CredentialError.absent }
        let password = try secrets.open(password: sealed, of: id, tenant: service.tenantID)
        return try await revealed(String(decoding: password, as: UTF8.self), service, before)
    }

    /// Takes the password away.
    package func remove(_ id: ServiceID) async throws -> Change<CredentialStatus> {
        let service = try await services.find(id, forUpdate: true).found()
        guard let before = try await status(of: service) else { throw CredentialError.absent }
        try await services.removePassword(of: service)
        return Change(before: before, after: nil)
    }

    /// A password that nobody guesses.
    static func made() -> String { Randomness.password(length: generatedLength) }

    private func renew(_ service: Service, before: CredentialStatus?) async throws -> RevealedPassword {
        let password = Self.made()
        try await store(Array(password.utf8), service)
        return try await revealed(password, service, before)
    }

    private func store(_ password: [UInt8], _ service: Service) async throws {
        try await services.setPassword(
            of: service,
            sealed: try secrets.seal(password: password, of: service.id, tenant: service.tenantID)
        )
    }

    private func revealed(
        _ password: String,
        _ service: Service,
        _ before: CredentialStatus?
    ) async throws -> RevealedPassword {
        _ = try await transaction.query(
            """
            UPDATE service_credentials SET revealed_at = clock_timestamp() WHERE tenant_id = $1 AND service_id = $2
            """,
            [.id(service.tenantID), .id(service.id)]
        )
        let after = try await status(of: service).found()
        return RevealedPassword(password: password, service: service, change: Change(before: before, after: after))
    }

    private func status(of service: Service) async throws -> CredentialStatus? {
        try await transaction.query(
            """
            SELECT rotated_at, revealed_at, row_version FROM service_credentials
            WHERE tenant_id = $1 AND service_id = $2
            """,
            [.id(service.tenantID), .id(service.id)]
        ).first.map { row in
            CredentialStatus(
                rotatedAt: try row.need("rotated_at", \.time),
                revealedAt: row["revealed_at"].time,
                version: try row.need("row_version", \.int64)
            )
        }
    }
}
