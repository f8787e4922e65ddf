/// The state of a service or of its customer, as far as access goes.
package enum AccessStatus: UInt8, Sendable {
    case pending
    case active
    case suspended
    case terminated
}

/// What a service's quotas do to its access.
package enum AccessRestriction: Hashable, Sendable {
    case none
    /// Until that instant the service has the speeds of the plan's quota at that position.
    case throttled(position: UInt8, until: Timestamp)
    /// Until that instant no login is let in.
    case blocked(until: Timestamp)

    /// What of it holds at an instant: it ends by itself.
    package func holding(at now: Timestamp) -> AccessRestriction {
        switch self {
        case .none: .none
        case .throttled(_, let until), .blocked(let until): now < until ? self : .none
        }
    }
}

/// All that the decision looks at: what the directory knows of the subscriber, and what checking the request gave.
/// Built on the stack for each request.
package struct AccessFacts: Sendable {
    package var tenantActive: Bool
    package var serviceKnown: Bool
    package var serviceStatus: AccessStatus
    package var customerStatus: AccessStatus
    package var planKnown: Bool
    package var credential: CredentialCheck
    /// When the service ends; nil is never. The instant itself is past the end (half open).
    package var expiresAt: Timestamp?
    /// What the service's quotas left of its access.
    package var restriction: AccessRestriction
    /// The plan's own limit of a session, in seconds.
    package var planSessionTimeout: UInt32?
    /// The tenant has a walled garden for those who may not use their own plan (G-20).
    package var hasWalledGarden: Bool

    package init(
        tenantActive: Bool,
        serviceKnown: Bool,
        serviceStatus: AccessStatus = .active,
        customerStatus: AccessStatus = .active,
        planKnown: Bool = true,
        credential: CredentialCheck = .missing,
        expiresAt: Timestamp? = nil,
        restriction: AccessRestriction = .none,
        planSessionTimeout: UInt32? = nil,
        hasWalledGarden: Bool = false
    ) {
        self.tenantActive = tenantActive
        self.serviceKnown = serviceKnown
        self.serviceStatus = serviceStatus
        self.customerStatus = customerStatus
        self.planKnown = planKnown
        self.credential = credential
        self.expiresAt = expiresAt
        self.restriction = restriction
        self.planSessionTimeout = planSessionTimeout
        self.hasWalledGarden = hasWalledGarden
    }
}

/// What the server answers, and why.
package enum AccessDecision: Hashable, Sendable {
    /// Admitted; the session ends by itself after so many seconds, nil for never. `confinedFor` says why the subscriber gets
    /// the walled garden's plan instead of its own.
    case accept(sessionTimeout: UInt32?, confinedFor: RejectReason? = nil)
    case reject(RejectReason)

    /// The rules' version: a session admitted under another one is looked at again at its Start.
    package static let version: UInt16 = 3
    /// A session in the walled garden ends after so many seconds at most: who has paid comes back with its own plan.
    package static let confinedSeconds: UInt32 = 900
}

/// Decides a login: a pure function of facts and time, so that any decision can be replayed and explained.
///
/// The credential is judged before the state of the service, so that nobody learns the state of another's account.
package func decideAccess(_ facts: AccessFacts, now: Timestamp) -> AccessDecision {
    guard facts.tenantActive else { return .reject(.tenantInactive) }
    guard facts.serviceKnown else { return .reject(.unknownUser) }
    switch facts.credential {
    case .unsupported: return .reject(.methodUnsupported)
    case .missing: return .reject(.credentialMissing)
    case .differs: return .reject(.wrongPassword)
    case .otherDevice: return .reject(.deviceMismatch)
    case .otherIdentity: return .reject(.identityMismatch)
    case .matches: break
    }
    if let reason = unusable(facts, now: now) {
        guard facts.hasWalledGarden, reason.confines else { return .reject(reason) }
        return .accept(sessionTimeout: AccessDecision.confinedSeconds, confinedFor: reason)
    }
    var timeout = facts.planSessionTimeout
    if let end = facts.expiresAt {
        let left = (end.microseconds - now.microseconds + 999_999) / 1_000_000
        timeout = min(timeout ?? .max, UInt32(clamping: left))
    }
    guard facts.planKnown else { return .reject(.planMissing) }
    return .accept(sessionTimeout: timeout)
}

/// Why a service cannot be used at the moment; nil when it can.
private func unusable(_ facts: AccessFacts, now: Timestamp) -> RejectReason? {
    switch (facts.serviceStatus, facts.customerStatus) {
    case (.terminated, _): return .serviceTerminated
    case (_, .terminated): return .customerTerminated
    case (.pending, _): return .servicePending
    case (.suspended, _): return .serviceSuspended
    case (_, .suspended): return .customerSuspended
    default: break
    }
    if let end = facts.expiresAt, now >= end { return .serviceExpired }
    guard case .blocked = facts.restriction.holding(at: now) else { return nil }
    return .quotaExhausted
}
