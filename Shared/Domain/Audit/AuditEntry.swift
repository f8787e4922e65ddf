extension IDTag {
    package enum AuditEntry {}
}

package typealias AuditEntryID = ID<IDTag.AuditEntry>

/// Who did it. Everyone has an id: what no person does is done by the system (F-55).
package struct AuditActor: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case user
        case apiKey = "api_key"
        case subscriber
        case system
        /// Nobody that is known: a login that failed.
        case anonymous
    }

    package let kind: Kind
    package let id: UUID128

    package init(kind: Kind, id: UUID128) {
        self.kind = kind
        self.id = id
    }

    package static func user(_ id: UUID128) -> AuditActor { AuditActor(kind: .user, id: id) }
    package static func apiKey(_ id: UUID128) -> AuditActor { AuditActor(kind: .apiKey, id: id) }
    package static func subscriber(_ id: UUID128) -> AuditActor { AuditActor(kind: .subscriber, id: id) }
    /// The installation itself: daemons, and commands at its command line.
    package static let system = AuditActor(kind: .system, id: UUID128(high: 0, low: 1))
    package static let anonymous = AuditActor(kind: .anonymous, id: .zero)
}

/// Where entries come from: made once for a request, shared by all it writes.
package struct AuditOrigin: Hashable, Sendable {
    package var actor: AuditActor
    /// Who acts under the actor's name, if anyone: of an API key, whose it is.
    package var impersonator: UUID128?
    package var address: IPAddress
    package var userAgent: String?
    /// The request's correlation or trace id.
    package var requestID: String?

    package init(
        actor: AuditActor,
        impersonator: UUID128? = nil,
        address: IPAddress,
        userAgent: String? = nil,
        requestID: String? = nil
    ) {
        self.actor = actor
        self.impersonator = impersonator
        self.address = address
        self.userAgent = userAgent.map { AuditRedaction.clip($0, to: 500) }
        self.requestID = requestID.map { AuditRedaction.clip($0, to: 128) }
    }

    /// The installation's own work, from this machine.
    package static func system(requestID: String? = nil) -> AuditOrigin {
        AuditOrigin(actor: .system, address: IPAddress(ipv4: 0x7f00_0001), requestID: requestID)
    }
}

/// The word for what was done: small letters, digits, `_` and `.`, at most 50.
package struct AuditAction: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    /// Nil unless the name is one.
    package init?(_ name: String) {
        guard (1...50).contains(name.utf8.count), name.utf8.first.map(Self.isSmall) == true,
            name.utf8.allSatisfy({ Self.isSmall($0) || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x2e })
        else { return nil }
        self.name = name
    }

    private init(known name: String) { self.name = name }

    package var description: String { name }

    private static func isSmall(_ octet: UInt8) -> Bool { (0x61...0x7a).contains(octet) }
}

extension AuditAction {
    // Any entity (AUD-07, AUD-12).
    package static let create = AuditAction(known: "create")
    package static let update = AuditAction(known: "update")
    package static let delete = AuditAction(known: "delete")
    package static let read = AuditAction(known: "read")
    package static let export = AuditAction(known: "export")
    /// A person's data ended for good; the entry vouches for what is left of those about him (``AuditErasure``).
    package static let erase = AuditAction(known: "erase")
    package static let userCreate = AuditAction(known: "user_create")
    package static let userDelete = AuditAction(known: "user_delete")
    package static let planChange = AuditAction(known: "plan_change")
    // Sign-in (AUD-04).
    package static let login = AuditAction(known: "login")
    package static let logout = AuditAction(known: "logout")
    package static let failedLogin = AuditAction(known: "failed_login")
    // Money (AUD-05).
    package static let payment = AuditAction(known: "payment")
    package static let refund = AuditAction(known: "refund")
    package static let walletDebit = AuditAction(known: "wallet_debit")
    // RADIUS (AUD-06).
    package static let sessionStart = AuditAction(known: "session_start")
    package static let sessionStop = AuditAction(known: "session_stop")
    package static let disconnect = AuditAction(known: "disconnect")
    // Addresses (AUD-08).
    package static let ipAllocate = AuditAction(known: "ip_allocate")
    package static let ipRelease = AuditAction(known: "ip_release")
    // The installation (AUD-09).
    package static let configChange = AuditAction(known: "config_change")
    package static let backupStarted = AuditAction(known: "backup_started")
}

/// The thing it was done to.
package struct AuditResource: Hashable, Sendable {
    /// One word such as `customer`, at most 50 characters.
    package let type: String
    /// At most 255 characters; nil for a list or a kind as a whole.
    package let id: String?

    package init(_ type: String, _ id: (some CustomStringConvertible)?) {
        self.type = AuditRedaction.clip(type, to: 50)
        self.id = id.map { AuditRedaction.clip($0.description, to: 255) }
    }

    /// A kind of thing as a whole.
    package init(_ type: String) {
        self.init(type, String?.none)
    }
}

/// How it ended.
package enum AuditOutcome: String, Hashable, Sendable, CaseIterable {
    case success
    /// Not allowed.
    case refused
    /// Allowed, and it did not work.
    case failed
}

/// One line of a tenant's audit trail, as its writer knows it.
package struct AuditEntry: Hashable, Sendable {
    package let id: AuditEntryID
    /// Whose trail it stands in: the tenant that the resource belongs to.
    package let tenantID: TenantID
    package let origin: AuditOrigin
    package let action: AuditAction
    package let resource: AuditResource
    package let outcome: AuditOutcome
    /// Why it was refused or failed.
    package let reason: String?
    /// Canonical JSON without secrets.
    package let old: AuditValue?
    /// Canonical JSON without secrets.
    package let new: AuditValue?
    /// When it happened, by the writer's clock.
    package let time: Timestamp
    /// What the time leaves out: 0 to 999 (F-30).
    package let nanosecond: Int

    package init(
        id: AuditEntryID,
        tenantID: TenantID,
        origin: AuditOrigin,
        action: AuditAction,
        resource: AuditResource,
        outcome: AuditOutcome = .success,
        reason: String? = nil,
        change: AuditChange = .none,
        time: Timestamp,
        nanosecond: Int = 0
    ) {
        let stored = change.stored
        self.init(
            stored: id,
            tenantID: tenantID,
            origin: origin,
            action: action,
            resource: resource,
            outcome: outcome,
            reason: reason.map { AuditRedaction.clip($0, to: 500) },
            old: stored.old,
            new: stored.new,
            time: time,
            nanosecond: min(max(nanosecond, 0), 999)
        )
    }

    /// An entry as it was read back, whatever it says: nothing is redacted or cut any more.
    package init(
        stored id: AuditEntryID,
        tenantID: TenantID,
        origin: AuditOrigin,
        action: AuditAction,
        resource: AuditResource,
        outcome: AuditOutcome,
        reason: String?,
        old: AuditValue?,
        new: AuditValue?,
        time: Timestamp,
        nanosecond: Int
    ) {
        self.id = id
        self.tenantID = tenantID
        self.origin = origin
        self.action = action
        self.resource = resource
        self.outcome = outcome
        self.reason = reason
        self.old = old
        self.new = new
        self.time = time
        self.nanosecond = nanosecond
    }
}
