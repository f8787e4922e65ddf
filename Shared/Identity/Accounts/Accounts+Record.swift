package import Domain
import Persistence

/// One line of the audit trail about accounts.
struct AccountRecord: Sendable {
    let action: AuditAction
    let resource: AuditResource
    let tenant: TenantID
    var outcome = AuditOutcome.success
    var reason: String?
    var change = AuditChange.none

    static func user(
        _ action: AuditAction,
        _ user: User,
        _ change: AuditChange = .none,
        reason: String? = nil,
        outcome: AuditOutcome = .success
    ) -> AccountRecord {
        AccountRecord(
            action: action,
            resource: AuditResource("user", user.id),
            tenant: user.tenantID,
            outcome: outcome,
            reason: reason,
            change: change
        )
    }

    static func key(_ action: AuditAction, _ key: APIKey, _ change: AuditChange) -> AccountRecord {
        AccountRecord(action: action, resource: AuditResource("api_key", key.id), tenant: key.tenantID, change: change)
    }
}

extension Accounts {
    /// Puts on record what a use case did, in the transaction that did it: neither is there without the other. Let it be the
    /// transaction's last statement, for the tenant's chain is locked until the end.
    func record(
        _ records: [AccountRecord],
        _ origin: AuditOrigin,
        _ transaction: ScopedTransaction
    ) async throws {
        let now = time.now()
        try await AuditLog(transaction).append(
            records.map { record in
                AuditEntry(
                    id: ids.next(),
                    tenantID: record.tenant,
                    origin: origin,
                    action: record.action,
                    resource: record.resource,
                    outcome: record.outcome,
                    reason: record.reason,
                    change: record.change,
                    time: now
                )
            }
        )
    }

    func record(_ record: AccountRecord, _ origin: AuditOrigin, _ transaction: ScopedTransaction) async throws {
        try await self.record([record], origin, transaction)
    }
}

extension Principal {
    /// What the audit trail says of him: of a key that it was the key, and whose it is.
    package func audit(from origin: Origin) -> AuditOrigin {
        switch proof {
        case .apiKey(let key): origin.audit(.apiKey(key.value), impersonator: userID.value)
        case .session: origin.audit(AuditActor(userID, role))
        }
    }
}

extension Origin {
    func audit(_ actor: AuditActor, impersonator: UUID128? = nil) -> AuditOrigin {
        AuditOrigin(
            actor: actor,
            impersonator: impersonator,
            address: address,
            userAgent: userAgent,
            requestID: correlationID
        )
    }

    /// Somebody who proved himself by something else than a session, such as a link that was sent to him.
    func audit(_ user: User) -> AuditOrigin { audit(AuditActor(user.id, user.role)) }
}

extension AuditActor {
    init(_ user: UserID, _ role: Role) {
        self = role == .customer ? .subscriber(user.value) : .user(user.value)
    }
}

// MARK: - Values

extension User {
    /// As it stands in the trail: by the names that the API has for it.
    var auditValue: AuditValue {
        [
            "email": .text(email), "name": .text(name), "role": .text(role.rawValue),
            "customer_id": .described(customerID),
            "is_active": .bool(isActive), "must_change_password": .bool(mustChangePassword),
            "has_totp": .bool(hasTOTP),
            "email_verified_at": .described(emailVerifiedAt),
            "granted": .list(grants.granted.map(\.rawValue).sorted().map { .text($0) }),
            "denied": .list(grants.denied.map(\.rawValue).sorted().map { .text($0) }),
        ]
    }
}

extension APIKey {
    var auditValue: AuditValue {
        [
            "user_id": .text(userID.description), "name": .text(name), "prefix": .text(prefix),
            "scopes": .list(scopes.map(\.rawValue).sorted().map { .text($0) }),
            "addresses": .list(addresses.map { .text($0.description) }),
            "expires_at": .described(expiresAt),
        ]
    }
}

extension AuditChange {
    /// Something that leaves no values: a word for it, and what came of it.
    static func act(_ name: String, _ members: [String: AuditValue] = [:]) -> AuditChange {
        .created(.object(members.merging(["action": .text(name)]) { _, name in name }))
    }

    /// Secrets that are others than before, and how many sessions that ended.
    static func secrets(_ names: [String], ended sessions: Int, _ members: [String: AuditValue] = [:]) -> AuditChange {
        let changed: [String: AuditValue] = [
            "changed": .list(names.map { .text($0) }), "sessions_ended": .integer(Int64(sessions)),
        ]
        return .created(.object(members.merging(changed) { _, changed in changed }))
    }

    /// The second factor is there, or is no more.
    static func totp(_ isEnabled: Bool) -> AuditChange {
        .updated(["has_totp": .bool(!isEnabled)], ["has_totp": .bool(isEnabled)])
    }
}
