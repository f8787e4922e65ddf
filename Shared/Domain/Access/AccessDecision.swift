/// The state of a service or of its customer, as far as access goes.
package enum AccessStatus: UInt8, Sendable {
    case pending
    case active
    case suspended
    case terminated
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
    /// The plan's own limit of a session, in seconds.
    package var planSessionTimeout: UInt32?

    package init(
        tenantActive: Bool,
        serviceKnown: Bool,
        serviceStatus: AccessStatus = .active,
        customerStatus: AccessStatus = .active,
        planKnown: Bool = true,
        credential: CredentialCheck = .missing,
        expiresAt: Timestamp? = nil,
        planSessionTimeout: UInt32? = nil
    ) {
        self.tenantActive = tenantActive
        self.serviceKnown = serviceKnown
        self.serviceStatus = serviceStatus
        self.customerStatus = customerStatus
        self.planKnown = planKnown
        self.credential = credential
        self.expiresAt = expiresAt
        self.planSessionTimeout = planSessionTimeout
    }
}

/// What the server answers, and why.
package enum AccessDecision: Hashable, Sendable {
    /// Admitted; the session ends by itself after so many seconds, nil for never.
    case accept(sessionTimeout: UInt32?)
    case reject(RejectReason)

    /// The rules' version: a session admitted under another one is looked at again at its Start.
    package static let version: UInt16 = 1
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
    switch (facts.serviceStatus, facts.customerStatus) {
    case (.terminated, _): return .reject(.serviceTerminated)
    case (_, .terminated): return .reject(.customerTerminated)
    case (.pending, _): return .reject(.servicePending)
    case (.suspended, _): return .reject(.serviceSuspended)
    case (_, .suspended): return .reject(.customerSuspended)
    default: break
    }
    var timeout = facts.planSessionTimeout
    if let end = facts.expiresAt {
        guard now < end else { return .reject(.serviceExpired) }
        let left = (end.microseconds - now.microseconds + 999_999) / 1_000_000
        timeout = min(timeout ?? .max, UInt32(clamping: left))
    }
    guard facts.planKnown else { return .reject(.planMissing) }
    return .accept(sessionTimeout: timeout)
}
