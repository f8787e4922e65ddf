import Crypto
package import Domain
import Persistence
import WireFormat

/// A second factor that counts once a code of it was shown.
package struct TOTPEnrolment: Sendable {
    /// In Base32, for who types it.
    package let secret: String
    /// `otpauth://…`, for a QR code.
    package let address: String
}

extension Accounts {
    /// Makes a key for an authenticator (RFC 6238). Throws `badCredentials` as ``changePassword(_:current:to:from:)`` does, and
    /// `conflict` where a factor is in use.
    package func enrolTOTP(
        _ principal: Principal,
        password: String,
        from origin: Origin
    ) async throws -> TOTPEnrolment {
        let proven = try await prove(principal, password, from: origin)
        let key = TOTP.newKey()
        let user = proven.user
        let sealed = try secrets.seal(totpKey: key, of: user.id, tenant: user.tenantID)
        try await write(in: principal.tenantID) { transaction in
            let user = try await unchanged(proven, principal, transaction)
            try await UserRepository(transaction).beginTOTP(of: user, sealed: sealed)
            let begun = AccountRecord.user(.update, user, .act("enrol_totp"))
            try await record(begun, principal.audit(from: origin), transaction)
        }
        return TOTPEnrolment(
            secret: Base32.encode(key),
            address: TOTP.address(key: key, issuer: policy.totpIssuer, account: user.email)
        )
    }

    /// Shows a code of that key: from now on one is asked for. Returns the recovery codes, which are told this once. Throws
    /// `wrongCode`, and `notFound` where none was begun.
    package func confirmTOTP(_ principal: Principal, code: String, from origin: Origin) async throws -> [String] {
        try admit(origin)
        let codes = (0..<RecoveryCode.count).map { _ in RecoveryCode.make() }
        let change = change(origin, by: principal.userID)
        try await write(in: principal.tenantID) { transaction in
            let user = try await himself(principal, transaction)
            let users = UserRepository(transaction)
            guard let sealed = try await users.credentials(of: user).unconfirmedTOTPKey else {
                throw IdentityRefusal.notFound
            }
            let key = try secrets.open(totpKey: sealed, of: user.id, tenant: user.tenantID)
            let plain = code.filter { !$0.isWhitespace }
            guard case .accepted(let step) = TOTP.check(plain, key: key, at: change.now.wholeSeconds, after: nil) else {
                throw IdentityRefusal.wrongCode
            }
            try await users.confirmTOTP(of: user, step: step, codes: codes.compactMap(RecoveryCode.digest), change)
            try await record(.user(.update, user, .totp(true)), principal.audit(from: origin), transaction)
        }
        cache.forget(principal.userID)
        return codes
    }

    /// Makes other recovery codes; the former ones open nothing. Throws `notFound` where there is no second factor.
    package func renewRecoveryCodes(
        _ principal: Principal,
        password: String,
        from origin: Origin
    ) async throws -> [String] {
        let proven = try await prove(principal, password, from: origin)
        let codes = (0..<RecoveryCode.count).map { _ in RecoveryCode.make() }
        let change = change(origin, by: principal.userID)
        try await write(in: principal.tenantID) { transaction in
            let user = try await unchanged(proven, principal, transaction)
            let users = UserRepository(transaction)
            guard try await users.credentials(of: user).hasSecondFactor else { throw IdentityRefusal.notFound }
            try await users.replaceRecoveryCodes(of: user, with: codes.compactMap(RecoveryCode.digest))
            try await users.announceChange(user, ["recovery_codes"], change)
            let renewed = AccountRecord.user(.update, user, .secrets(["recovery_codes"], ended: 0))
            try await record(renewed, principal.audit(from: origin), transaction)
        }
        return codes
    }

    /// Takes one's second factor away, by password and a code. Throws `badCredentials` and `wrongCode`, which count as failed
    /// logins do, and `notFound` where there is none.
    package func disableTOTP(
        _ principal: Principal,
        password: String,
        code: String,
        from origin: Origin
    ) async throws {
        let proven = try await prove(principal, password, from: origin)
        let change = change(origin, by: principal.userID)
        let refusal = try await write(in: principal.tenantID) { transaction -> LoginRefusal? in
            let user = try await unchanged(proven, principal, transaction)
            let users = UserRepository(transaction)
            let credentials = try await users.credentials(of: user)
            guard let sealed = credentials.totpKey else { throw IdentityRefusal.notFound }
            let used = try await use(code, sealed, credentials.totpLastStep, of: user, users, change.now)
            if case .refused(let reason) = used { return reason }
            try await users.removeTOTP(of: user, change)
            try await record(.user(.update, user, .totp(false)), principal.audit(from: origin), transaction)
            return nil
        }
        if let refusal { throw try await count(failure(of: proven.user, origin), refusal) }
        cache.forget(principal.userID)
    }

    /// Takes somebody else's lost second factors away (`users.secure`), those that codes are sent by too; his sessions end.
    package func removeTOTP(_ id: UserID, by principal: Principal, from origin: Origin) async throws {
        let change = change(origin, by: principal.userID)
        let ended = try await write(in: principal.tenantID) { transaction in
            let user = try await managed(id, by: principal, .usersSecure, transaction)
            let users = UserRepository(transaction)
            let credentials = try await users.credentials(of: user)
            guard credentials.hasSecondFactor else { throw IdentityRefusal.notFound }
            for way in credentials.codeWays { try await users.removeCodes(of: user, way, change) }
            if user.hasTOTP { try await users.removeTOTP(of: user, change) }
            try await users.replaceRecoveryCodes(of: user, with: [])
            let sessions = LoginSessionRepository(transaction)
            let ended = try await sessions.endAll(of: user, because: .accountChanged, change)
            let lost = user.hasTOTP ? AuditChange.totp(false) : .act("remove_codes")
            try await record(.user(.update, user, lost), principal.audit(from: origin), transaction)
            return ended
        }
        await announce(ended: ended, of: id)
    }
}
