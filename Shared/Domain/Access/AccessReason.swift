/// Why a login was refused. The raw value is the metric's and event's `reason`; the order is the order of the rules.
package enum RejectReason: UInt8, Sendable, CaseIterable {
    case tenantInactive
    case unknownUser
    case methodUnsupported
    case credentialMissing
    case wrongPassword
    case deviceMismatch
    case serviceTerminated
    case customerTerminated
    case servicePending
    case serviceSuspended
    case customerSuspended
    case serviceExpired
    case planMissing
    case sessionLimit
    case noAddress
    /// EAP: the NAS's User-Name is not the identity that the peer gave.
    case identityMismatch
    /// A quota of the plan is used up, and its policy is to block.
    case quotaExhausted

    /// The name in metrics, events and logs.
    package var name: StaticString {
        switch self {
        case .tenantInactive: "tenant_inactive"
        case .unknownUser: "unknown_user"
        case .methodUnsupported: "method_unsupported"
        case .credentialMissing: "credential_missing"
        case .wrongPassword: "wrong_password"
        case .deviceMismatch: "device_mismatch"
        case .serviceTerminated: "service_terminated"
        case .customerTerminated: "customer_terminated"
        case .servicePending: "service_pending"
        case .serviceSuspended: "service_suspended"
        case .customerSuspended: "customer_suspended"
        case .serviceExpired: "service_expired"
        case .planMissing: "plan_missing"
        case .sessionLimit: "session_limit"
        case .noAddress: "no_address"
        case .identityMismatch: "identity_mismatch"
        case .quotaExhausted: "quota_exhausted"
        }
    }

    /// Whether a subscriber refused for this may have the walled garden: what it pays for comes back when it pays (G-20).
    package var confines: Bool {
        switch self {
        case .serviceSuspended, .customerSuspended, .serviceExpired, .quotaExhausted: true
        default: false
        }
    }

    /// What the subscriber may read (Reply-Message). An unknown user and a wrong password read alike, so that names
    /// cannot be probed.
    package var message: StaticString {
        switch self {
        case .unknownUser, .wrongPassword, .credentialMissing, .identityMismatch: "Authentication failed"
        case .methodUnsupported: "Authentication method not supported"
        case .deviceMismatch: "DEVICE_MISMATCH"
        case .tenantInactive, .planMissing: "Service unavailable"
        case .serviceTerminated, .customerTerminated: "Service terminated"
        case .servicePending: "Service not yet active"
        case .serviceSuspended, .customerSuspended: "Service suspended"
        case .serviceExpired: "Service expired"
        case .quotaExhausted: "Quota used up"
        case .sessionLimit: "Too many sessions"
        case .noAddress: "No address is free"
        }
    }
}

/// How the subscriber proves who it is.
package enum AuthenticationMethod: UInt8, Sendable, CaseIterable {
    case pap
    case chap
    case mschap
    case mschapv2
    case mac
    case eapMD5
    case eapMSCHAPv2
    case unsupported

    /// The name in metrics, events and logs.
    package var name: StaticString {
        switch self {
        case .pap: "pap"
        case .chap: "chap"
        case .mschap: "mschap"
        case .mschapv2: "mschapv2"
        case .mac: "mac"
        case .eapMD5: "eap_md5"
        case .eapMSCHAPv2: "eap_mschapv2"
        case .unsupported: "unsupported"
        }
    }
}

/// What checking the credential gave, before any rule of business.
package enum CredentialCheck: UInt8, Sendable {
    /// It matches what is stored.
    case matches
    /// It does not.
    case differs
    /// The service has no credential, or the request carries none.
    case missing
    /// The request proves itself in a way that the server does not know.
    case unsupported
    /// A MAC login whose Calling-Station-Id is another device's.
    case otherDevice
    /// EAP: the NAS names somebody else than the peer does.
    case otherIdentity
}
