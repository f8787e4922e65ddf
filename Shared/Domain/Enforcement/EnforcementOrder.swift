extension IDTag {
    package enum Enforcement {}
}

/// The id of the event that asked for it.
package typealias EnforcementID = ID<IDTag.Enforcement>

/// What the network shall do to a live session. The raw values are stored and told.
package enum EnforcementKind: String, Hashable, Sendable, CaseIterable {
    /// It ends.
    case disconnect
    /// It goes on under other terms.
    case change
}

/// Why it was asked for. The raw values are stored and told.
package enum EnforcementCause: String, Hashable, Sendable, CaseIterable {
    /// The service has as many sessions as it may, and a newer one was admitted (SES-06).
    case sessionLimit = "session_limit"
    /// Somebody asked for it.
    case requested
    // What a session has is not what it should have; see `TermsDifference`.
    /// Its service has another plan, or its plan other speeds.
    case plan
    /// The plan's hours with another speed began or ended.
    case window
    /// A quota is used up.
    case quota
    case boost
    /// A throttle, a boost or the walled garden is over.
    case restored
    /// Its service's end moved: it is to end by itself at another time.
    case renewed
    /// It belongs into the walled garden.
    case confined
    case suspended
    case expired
    case terminated
}

/// Where an order stands. The raw values are stored and told.
package enum EnforcementState: String, Hashable, Sendable, CaseIterable {
    /// It waits to be sent.
    case pending
    /// It is with the NAS.
    case sent
    /// The NAS says that it did it, or that there is no such session; whether that is so is watched.
    case acknowledged
    /// It is so.
    case confirmed
    /// The NAS said so, and nothing else does.
    case unproven
    /// It was not done, or nobody knows.
    case failed
    /// Another order for the same session took its place.
    case superseded

    /// Nothing changes any more.
    package var isFinal: Bool {
        switch self {
        case .pending, .sent, .acknowledged: false
        case .confirmed, .unproven, .failed, .superseded: true
        }
    }
}

/// Why an order waits, or how it ended. The raw values are stored and told.
package enum EnforcementReason: String, Hashable, Sendable, CaseIterable {
    // Confirmed.
    /// Accounting saw its end after the NAS was asked.
    case sessionOver = "session_over"
    /// It was over before anything was sent.
    case alreadyOver = "already_over"
    /// It has what it should have: nothing was to be changed.
    case alreadySo = "already_so"
    /// What it carried since is what its new speed allows, or more than its old one did.
    case rateMeasured = "rate_measured"
    /// It was reported after its old end.
    case outlived
    /// It was admitted and never began.
    case neverStarted = "never_started"
    /// The NAS has no such session, and reported nothing of it since.
    case sessionGone = "session_gone"
    // Unproven.
    /// No end of it was reported.
    case noStop = "no_stop"
    /// The NAS reports it still.
    case stillReports = "still_reports"
    /// Nothing was reported, or carried, by which a change could be told.
    case notMeasured = "not_measured"
    // Failed.
    case refused
    case tooLong = "too_long"
    case notIdentified = "not_identified"
    case cannotChange = "cannot_change"
    case cannotDisconnect = "cannot_disconnect"
    /// The NAS is no more.
    case nasGone = "nas_gone"
    /// The NAS's row is a range of addresses, and nothing of the session said from which of them.
    case noAddress = "no_address"
    /// The keyring does not open the NAS's secret.
    case secretUnreadable = "secret_unreadable"
    // Waiting, and failed once it waited for too long.
    case unanswered
    /// What answered has another secret.
    case badAuthenticator = "bad_authenticator"
    case breakerOpen = "breaker_open"
    case queueFull = "queue_full"
    /// So many sessions were to end at once that the rest waits; see `DisconnectBrake`.
    case braked
    /// Its turn did not come in time.
    case overdue
    /// Its admission has no session yet.
    case noSession = "no_session"
    /// More passes than its new speed allows.
    case exceeded
    // Superseded.
    case replaced
    /// What it was for is so no more.
    case notWanted = "not_wanted"
}

/// One request to a NAS and what became of it.
package struct EnforcementTrial: Hashable, Sendable {
    package var kind: EnforcementKind
    /// The parts that named the session, such as `user-name+acct-session-id`.
    package var set: String
    /// A word such as `acknowledged` or `refused_503`.
    package var outcome: String

    package init(kind: EnforcementKind, set: String, outcome: String) {
        self.kind = kind
        self.set = set
        self.outcome = outcome
    }
}

/// An order to change or end a live session, and where it stands. What happens to it: see `EnforcementOrder+Lifecycle`.
package struct EnforcementOrder: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: EnforcementID
    package let kind: EnforcementKind
    package let cause: EnforcementCause
    package let nasID: NASID
    package var sessionID: SessionID?
    package let admissionID: AdmissionID?
    package var serviceID: ServiceID?
    /// What whoever asked follows.
    package let operationID: UUID128?
    package let correlationID: String?
    package let traceparent: String?
    /// When it was asked for, by the clock of whoever did.
    package let requestedAt: Timestamp
    /// When it came here.
    package let storedAt: Timestamp

    package internal(set) var state = EnforcementState.pending
    package internal(set) var reason: EnforcementReason?
    /// Error-Cause of the refusal that ended it.
    package internal(set) var errorCause: UInt32?
    /// How often the NAS was asked.
    package internal(set) var attempts = 0
    /// When it was given to be sent, last.
    package internal(set) var sentAt: Timestamp?
    package internal(set) var answeredAt: Timestamp?
    package internal(set) var endedAt: Timestamp?
    /// When it is looked at again; nil once it has ended.
    package internal(set) var nextAt: Timestamp?
    /// Of a change: what it wants, as it was when it was sent last.
    package internal(set) var goal: EnforcementGoal?
    /// Of a change: what the NAS acknowledged, or, while it waits, the only way that is left.
    package internal(set) var way: EnforcementKind?
    /// Of a change: the session's first record after the acknowledgement, and then each one that proved nothing.
    package internal(set) var base: SessionMeter?

    /// A new one, to be carried out at once.
    package init(
        tenantID: TenantID,
        id: EnforcementID,
        kind: EnforcementKind,
        cause: EnforcementCause,
        nasID: NASID,
        sessionID: SessionID? = nil,
        admissionID: AdmissionID? = nil,
        serviceID: ServiceID? = nil,
        operationID: UUID128? = nil,
        correlationID: String? = nil,
        traceparent: String? = nil,
        requestedAt: Timestamp,
        storedAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.id = id
        self.kind = kind
        self.cause = cause
        self.nasID = nasID
        self.sessionID = sessionID
        self.admissionID = admissionID
        self.serviceID = serviceID
        self.operationID = operationID
        self.correlationID = correlationID
        self.traceparent = traceparent
        self.requestedAt = requestedAt
        self.storedAt = storedAt
        nextAt = storedAt
    }

    /// Where a stored one stands, as it was read back.
    package struct Standing: Hashable, Sendable {
        package var state: EnforcementState
        package var reason: EnforcementReason?
        package var errorCause: UInt32?
        package var attempts: Int
        package var sentAt: Timestamp?
        package var answeredAt: Timestamp?
        package var endedAt: Timestamp?
        package var nextAt: Timestamp?
        package var goal: EnforcementGoal?
        package var way: EnforcementKind?
        package var base: SessionMeter?

        package init(
            state: EnforcementState,
            reason: EnforcementReason?,
            errorCause: UInt32?,
            attempts: Int,
            sentAt: Timestamp?,
            answeredAt: Timestamp?,
            endedAt: Timestamp?,
            nextAt: Timestamp?,
            goal: EnforcementGoal? = nil,
            way: EnforcementKind? = nil,
            base: SessionMeter? = nil
        ) {
            self.state = state
            self.reason = reason
            self.errorCause = errorCause
            self.attempts = attempts
            self.sentAt = sentAt
            self.answeredAt = answeredAt
            self.endedAt = endedAt
            self.nextAt = nextAt
            self.goal = goal
            self.way = way
            self.base = base
        }
    }

    /// The same order where it stands.
    package func standing(_ standing: Standing) -> EnforcementOrder {
        var order = self
        order.state = standing.state
        order.reason = standing.reason
        order.errorCause = standing.errorCause
        order.attempts = standing.attempts
        order.sentAt = standing.sentAt
        order.answeredAt = standing.answeredAt
        order.endedAt = standing.endedAt
        order.nextAt = standing.nextAt
        order.goal = standing.goal
        order.way = standing.way
        order.base = standing.base
        return order
    }
}
