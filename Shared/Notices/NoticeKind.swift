/// What somebody is told (NTF-04). The name stands in the database, in rules, templates and routes.
package enum NoticeKind: String, Sendable, Hashable, CaseIterable {
    // To one who waits for it.
    case verifyEmail = "verify_email"
    case resetPassword = "reset_password"
    case invitation
    case loginCode = "login_code"

    // To a customer.
    case welcome
    case paymentReceived = "payment_received"
    case paymentFailed = "payment_failed"
    case billDue = "bill_due"
    case billOverdue = "bill_overdue"
    case walletLow = "wallet_low"
    case quota80 = "quota_80"
    case quota95 = "quota_95"
    case quotaReached = "quota_reached"
    case boostApproved = "boost_approved"
    case boostRejected = "boost_rejected"
    case serviceSuspended = "service_suspended"
    case serviceRestored = "service_restored"

    // To a user about his account.
    case accountLocked = "account_locked"
    case passwordChanged = "password_changed"
    case apiKeyCreated = "api_key_created"
    case exportReady = "export_ready"
    case exportFailed = "export_failed"

    // To staff.
    case boostRequested = "boost_requested"
    case deviceOffline = "device_offline"
    case deviceOnline = "device_online"
    case loginFailuresSpiked = "login_failures_spiked"
    case poolExhausted = "pool_exhausted"
    case licenceExceeded = "licence_exceeded"
    case licenceEnded = "licence_ended"
    case webhookDisabled = "webhook_disabled"

    // Of the notifier itself.
    case digest
    case announcement
    case test

    /// Whom it concerns.
    package enum Audience: String, Sendable, Hashable, CaseIterable {
        /// The customer whose service, bill or boost it is.
        case customer
        /// The user whose account it is, whatever his role.
        case user
        /// Those of the tenant's users whose roles the rule names, and its Slack.
        case staff
    }

    /// What people may refuse as one. `security` and `access` nobody can refuse: who is locked out must learn why.
    package enum Category: String, Sendable, Hashable, CaseIterable {
        case security, access, money, usage, service, alarm, news

        package var mayBeRefused: Bool { self != .security && self != .access }
    }
}
