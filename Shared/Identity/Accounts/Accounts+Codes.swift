import Crypto
package import Domain
import Persistence

/// The second factors of an account.
package struct SecondFactors: Hashable, Sendable {
    package let hasTOTP: Bool
    package let takesCodesByEmail: Bool
    /// Where codes go by SMS, its middle left out.
    package let phone: String?
    package let recoveryCodesLeft: Int
}

/// Codes that are sent: an authenticator's stand-in for who has none (IAM-09).
extension Accounts {
    // MARK: - Signing in

    /// Sends a code to somebody whose password was right. Throws `invalidToken` for a login that is over or was never begun, `notFound`
    /// for a way that he has not, `tooMany`, `throttled` or `locked`.
    package func sendLoginCode(_ text: String, by way: CodeWay, from origin: Origin) async throws {
        try admit(origin)
        guard let pending = PendingLogin(text) else { throw IdentityRefusal.invalidToken }
        let change = change(origin)
        try await write(in: pending.tenantID) { transaction in
            let users = UserRepository(transaction)
            guard try await transaction.isOpen(pending.tenantID),
                let user = try await users.find(pending.userID, forUpdate: true), user.isActive
            else { throw IdentityRefusal.invalidToken }
            let credentials = try await users.credentials(of: user)
            guard let hash = credentials.passwordHash,
                pending.holds(for: user, passwordHash: hash, key: secrets.pendingKey, at: change.now)
            else { throw IdentityRefusal.invalidToken }
            if let until = user.lock.lockedUntil, user.lock.isLocked(at: change.now) {
                throw IdentityRefusal.locked(until: until)
            }
            guard let address = credentials.address(of: way, for: user) else { throw IdentityRefusal.notFound }
            try await send(.signIn, by: way, to: address, of: user, in: pending.id, change, transaction)
            let asked = AccountRecord.user(.update, user, .act("request_login_code", ["channel": .text(way.rawValue)]))
            try await record(asked, origin.audit(.anonymous), transaction)
        }
    }

    /// What somebody whose password is right is asked for; nil where nothing but an authenticator will do.
    func choice(_ user: User, _ credentials: UserCredentials, at now: Timestamp) -> SecondFactorChoice? {
        guard let hash = credentials.passwordHash, !credentials.codeWays.isEmpty else { return nil }
        let id: LoginCodeID = ids.next()
        let pending = PendingLogin(of: user, id: id.value, passwordHash: hash, key: secrets.pendingKey, at: now)
        var hints: [CodeWay: String] = [:]
        if credentials.takesCodesByEmail { hints[.email] = Self.masked(user.email) }
        if let phone = credentials.codePhone { hints[.sms] = TelephoneNumber.masked(phone) }
        return SecondFactorChoice(
            hasTOTP: credentials.totpKey != nil,
            ways: credentials.codeWays,
            hints: hints,
            pending: pending.text
        )
    }

    /// Uses a second factor up: a code that was sent in that login where one is named, or else the authenticator's or a recovery code.
    /// The account's row is locked.
    func use(
        second code: String,
        in pending: String?,
        _ credentials: UserCredentials,
        of user: User,
        _ transaction: ScopedTransaction,
        _ now: Timestamp
    ) async throws -> SecondFactor {
        guard let pending, Self.isSixDigits(code) else {
            let users = UserRepository(transaction)
            return try await use(code, credentials.totpKey, credentials.totpLastStep, of: user, users, now)
        }
        guard let login = PendingLogin(pending), let hash = credentials.passwordHash,
            login.holds(for: user, passwordHash: hash, key: secrets.pendingKey, at: now),
            let shown = try await show(code, .signIn, in: login.id, of: user, transaction, now),
            credentials.codeWays.contains(shown)
        else { return .refused(.wrongCode) }
        return .accepted(shown == .sms ? "sms_code" : "email_code")
    }

    // MARK: - One's own factors

    /// What one has.
    package func secondFactors(_ principal: Principal) async throws -> SecondFactors {
        try await write(in: principal.tenantID) { transaction in
            let user = try await himself(principal, transaction)
            let users = UserRepository(transaction)
            let credentials = try await users.credentials(of: user)
            return SecondFactors(
                hasTOTP: credentials.totpKey != nil,
                takesCodesByEmail: credentials.takesCodesByEmail,
                phone: credentials.codePhone.map(TelephoneNumber.masked),
                recoveryCodesLeft: try await users.recoveryCodesLeft(of: user)
            )
        }
    }

    /// Sends a code that shows that what is sent there arrives: to one's address, or to that number. Throws `badCredentials` as
    /// ``changePassword(_:current:to:from:)`` does, `conflict` where codes go that way already, `invalid` for what is no number, and
    /// `tooMany`.
    package func enrolCodes(
        _ principal: Principal,
        password: String,
        by way: CodeWay,
        phone: String?,
        from origin: Origin
    ) async throws {
        let number = phone.flatMap(TelephoneNumber.international)
        if way == .sms, number == nil {
            let reason = "must be a number with its country's code, such as +491701234567"
            throw IdentityRefusal.invalid(.single("phone", .conflicts(reason: reason)))
        }
        let proven = try await prove(principal, password, from: origin)
        let change = change(origin, by: principal.userID)
        try await write(in: principal.tenantID) { transaction in
            let user = try await unchanged(proven, principal, transaction)
            let credentials = try await UserRepository(transaction).credentials(of: user)
            guard !credentials.codeWays.contains(way) else { throw IdentityRefusal.conflict("channel") }
            let address = way == .sms ? number ?? "" : user.email
            try await send(.enrol, by: way, to: address, of: user, in: nil, change, transaction)
            let begun = AccountRecord.user(.update, user, .act("enrol_codes", ["channel": .text(way.rawValue)]))
            try await record(begun, principal.audit(from: origin), transaction)
        }
    }

    /// Shows that code: from now on one is asked for. Returns recovery codes, which are told this once, or none where there are some.
    /// Throws `wrongCode`, which counts as a failed login does.
    package func confirmCodes(_ principal: Principal, code: String, from origin: Origin) async throws -> [String] {
        try admit(origin)
        let change = change(origin, by: principal.userID)
        let (user, codes) = try await write(in: principal.tenantID) { transaction -> (User, [String]?) in
            let user = try await himself(principal, transaction)
            let users = UserRepository(transaction)
            let open = try await LoginCodeRepository(transaction).open(of: user, .enrol)
            guard let open, open.code.way == .sms || open.code.address == user.email,
                let way = try await show(code, .enrol, in: nil, of: user, transaction, change.now)
            else { return (user, nil) }
            try await users.addCodes(of: user, way, to: open.code.address, change)
            var codes: [String] = []
            if try await users.recoveryCodesLeft(of: user) == 0 {
                codes = (0..<RecoveryCode.count).map { _ in RecoveryCode.make() }
                try await users.replaceRecoveryCodes(of: user, with: codes.compactMap(RecoveryCode.digest))
            }
            let added = AccountRecord.user(.update, user, .act("add_codes", ["channel": .text(way.rawValue)]))
            try await record(added, principal.audit(from: origin), transaction)
            return (user, codes)
        }
        guard let codes else { throw try await count(failure(of: user, origin), .wrongCode) }
        cache.forget(principal.userID)
        return codes
    }

    /// Has codes go that way no more, by password and a code of the authenticator or a recovery code. Throws `badCredentials` and
    /// `wrongCode`, which count as failed logins do, and `notFound` where none go.
    package func disableCodes(
        _ principal: Principal,
        password: String,
        code: String,
        by way: CodeWay,
        from origin: Origin
    ) async throws {
        let proven = try await prove(principal, password, from: origin)
        let change = change(origin, by: principal.userID)
        let refusal = try await write(in: principal.tenantID) { transaction -> LoginRefusal? in
            let user = try await unchanged(proven, principal, transaction)
            let users = UserRepository(transaction)
            let credentials = try await users.credentials(of: user)
            guard credentials.codeWays.contains(way) else { throw IdentityRefusal.notFound }
            let (key, step) = (credentials.totpKey, credentials.totpLastStep)
            let used = try await use(code, key, step, of: user, users, change.now)
            if case .refused(let reason) = used { return reason }
            try await users.removeCodes(of: user, way, change)
            // Recovery codes stand in for a factor; without one they are none.
            if credentials.totpKey == nil, credentials.codeWays == [way] {
                try await users.replaceRecoveryCodes(of: user, with: [])
            }
            let removed = AccountRecord.user(.update, user, .act("remove_codes", ["channel": .text(way.rawValue)]))
            try await record(removed, principal.audit(from: origin), transaction)
            return nil
        }
        if let refusal { throw try await count(failure(of: proven.user, origin), refusal) }
        cache.forget(principal.userID)
    }

    // MARK: - Codes

    /// Puts a code on its way: sealed for whoever delivers it, with the event that tells of it. Throws `tooMany`.
    private func send(
        _ purpose: LoginCode.Purpose,
        by way: CodeWay,
        to address: String,
        of user: User,
        in pending: UUID128?,
        _ change: IdentityChange,
        _ transaction: ScopedTransaction
    ) async throws {
        let codes = LoginCodeRepository(transaction)
        let since = change.now - .seconds(3_600)
        let his = try await codes.made(for: user, since: since)
        let there = try await codes.made(to: address, in: user.tenantID, since: since)
        guard policy.codes.allows(sent: his.count, last: his.last, at: change.now),
            policy.codes.allows(sent: there.count, last: there.last, at: change.now)
        else { throw IdentityRefusal.tooMany("codes") }
        let code = LoginCode(
            tenantID: user.tenantID,
            id: ids.next(),
            userID: user.id,
            purpose: purpose,
            way: way,
            address: address,
            pendingID: pending,
            createdAt: change.now
        )
        let text = Self.makeCode()
        try await codes.issue(
            code,
            digest: secrets.digest(code: text, of: code.id, tenant: code.tenantID),
            sealedCode: try secrets.seal(code: text, of: code.id, tenant: code.tenantID),
            change
        )
    }

    /// Shows a code that was sent; the way it came where it was right. What was wrong about it is counted in the same transaction.
    private func show(
        _ text: String,
        _ purpose: LoginCode.Purpose,
        in pending: UUID128?,
        of user: User,
        _ transaction: ScopedTransaction,
        _ now: Timestamp
    ) async throws -> CodeWay? {
        let codes = LoginCodeRepository(transaction)
        guard let open = try await codes.open(of: user, purpose) else { return nil }
        var code = open.code
        let digest = secrets.digest(code: text.filter { !$0.isWhitespace }, of: code.id, tenant: code.tenantID)
        let verdict = code.show(isRight: constantTimeEquals(digest, open.digest), in: pending, at: now)
        if verdict != .over { try await codes.store(code) }
        return verdict == .accepted ? code.way : nil
    }

    /// Six digits, each of a million as likely as the next.
    static func makeCode() -> String {
        while true {
            let number = Randomness.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            // What is above the last whole million would make some codes likelier.
            guard number < 4_294_000_000 else { continue }
            let digits = String(number % 1_000_000)
            return String(repeating: "0", count: 6 - digits.count) + digits
        }
    }

    static func isSixDigits(_ code: String) -> Bool {
        let plain = code.filter { !$0.isWhitespace }
        return plain.utf8.count == 6 && plain.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// `ada@example.net` is `a•••@example.net`.
    private static func masked(_ email: String) -> String {
        let parts = email.split(separator: "@", maxSplits: 1)
        return parts.count == 2 ? "\(parts[0].prefix(1))•••@\(parts[1])" : "•••"
    }
}

extension UserCredentials {
    /// Where a code goes by that way; nil where none does.
    func address(of way: CodeWay, for user: User) -> String? {
        switch way {
        case .email: takesCodesByEmail ? user.email : nil
        case .sms: codePhone
        }
    }
}
