/// A row to write.
package struct SessionChange: Hashable, Sendable {
    /// The whole row as it is to be.
    package var state: SessionState
    /// Whether it is not in the table yet.
    package var isNew: Bool
    /// Whether a counter fell while the session went on, and had not wrapped.
    package var ranBackwards: Bool

    package init(state: SessionState, isNew: Bool, ranBackwards: Bool = false) {
        self.state = state
        self.isNew = isNew
        self.ranBackwards = ranBackwards
    }
}

/// Octets and seconds that a batch added to one session, booked on the UTC day on which their newest record was received.
package struct UsageDelta: Hashable, Sendable {
    package var tenantID: TenantID
    package var sessionID: SessionID
    /// Nil when nobody's service was recognised; such octets stay on the session alone.
    package var serviceID: ServiceID?
    package var customerID: CustomerID?
    /// Never negative.
    package var inputOctets: Int64
    /// Never negative.
    package var outputOctets: Int64
    /// 1 with the delta that made the session's row, else 0.
    package var sessions: Int
    /// Never negative.
    package var seconds: Int64
    /// Receipt of the newest record counted here.
    package var at: Timestamp

    package init(
        tenantID: TenantID,
        sessionID: SessionID,
        serviceID: ServiceID?,
        customerID: CustomerID?,
        inputOctets: Int64,
        outputOctets: Int64,
        sessions: Int,
        seconds: Int64 = 0,
        at: Timestamp
    ) {
        self.tenantID = tenantID
        self.sessionID = sessionID
        self.serviceID = serviceID
        self.customerID = customerID
        self.inputOctets = inputOctets
        self.outputOctets = outputOctets
        self.sessions = sessions
        self.seconds = seconds
        self.at = at
    }
}

/// What happened to a session, for those who follow sessions. Interims are not told.
package enum SessionLifecycle: Hashable, Sendable {
    /// It is on; `reopened` when it had been told stopped before. With the digest of the terms it was admitted under and until
    /// when, as the record that made or reopened it told; they are kept nowhere.
    case started(SessionState, reopened: Bool, termsDigest: UInt64? = nil, grantedUntil: Timestamp? = nil)
    /// It is over; `amended` when it had been told stopped before and now its own Stop says how it ended.
    case stopped(SessionState, amended: Bool)
}

/// All that one batch changes.
package struct SessionOutcome: Hashable, Sendable {
    /// New and changed rows, by session key, then id: every writer locks in this order. Rows that records merely
    /// repeated are not among them.
    package var rows: [SessionChange] = []
    /// At most one per session and day, in the order of the rows.
    package var deltas: [UsageDelta] = []
    /// In the order of the rows; a session that began and ended in the batch has both.
    package var events: [SessionLifecycle] = []
    /// The Accounting-On and -Off of the batch, earliest first: what is left to close among rows that the fold did not
    /// see. To be done after ``rows`` are written.
    package var restarts: [NASRestart] = []

    /// Nothing.
    package init() {}
}
