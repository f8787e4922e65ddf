/// What an Accounting-Request reports (Acct-Status-Type, RFC 2866 §5.1).
package enum AccountingStatus: UInt8, Hashable, Sendable, CaseIterable {
    case start = 1
    case stop = 2
    case interimUpdate = 3
    /// The NAS begins to account: whatever ran on it before is over.
    case accountingOn = 7
    /// The NAS ends to account: whatever ran on it is over.
    case accountingOff = 8
}

/// One Accounting-Request as radius-server understood it: durable once journalled, immutable, the same on every resend.
package struct AccountingRecord: Hashable, Sendable {
    /// One per packet; a NAS's own retransmission is another packet and another id.
    package var id: EventID
    package var tenantID: TenantID
    package var nasID: NASID
    package var nasName: String?
    package var statusType: AccountingStatus
    /// When radius-server received the packet.
    package var receivedAt: Timestamp
    /// Acct-Delay-Time: how long the NAS had been trying to send it.
    package var delaySeconds: UInt32
    /// Acct-Session-Time: the age of the session by the NAS's own count.
    package var sessionSeconds: UInt32
    /// Acct-Session-Id, opaque. Repeated by NASes and reused after their reboots: never an identity by itself.
    package var acctSessionID: String
    /// User-Name as sent.
    package var username: String
    package var serviceID: ServiceID?
    package var customerID: CustomerID?
    /// From Class, when the NAS echoed it.
    package var admissionID: AdmissionID?
    package var callingStationID: String
    package var calledStationID: String
    package var nasPort: UInt32?
    package var nasPortID: String?
    package var nasIdentifier: String?
    package var nasIPAddress: String?
    package var framedIPv4: String?
    package var framedIPv6Prefix: String?
    package var framedIPv6Address: String?
    package var delegatedIPv6Prefix: String?
    /// Octets from the subscriber (upload) since the session began, gigawords folded in. Never negative.
    package var inputOctets: Int64
    /// Octets to the subscriber (download) since the session began, gigawords folded in. Never negative.
    package var outputOctets: Int64
    /// Whether the NAS sent a gigawords attribute: without one a counter may have wrapped at 2^32.
    package var hasGigawords: Bool
    package var inputPackets: Int64
    package var outputPackets: Int64
    /// Acct-Terminate-Cause (RFC 2866 §5.10).
    package var terminateCause: UInt32?
    package var eventTimestamp: Timestamp?
    /// The version of the access decision under which the session was admitted, from Class.
    package var decisionVersion: UInt32?
    /// The digest of the terms under which the session was admitted (``TermsDigest``), from Class.
    package var termsDigest: UInt64?
    /// When the session ends by itself because its service does, as it was admitted, from Class.
    package var grantedUntil: Timestamp?
    /// Where the packet came from; told where its NAS's row is a range of addresses, and nowhere else.
    package var sourceAddress: String?

    package init(
        id: EventID,
        tenantID: TenantID,
        nasID: NASID,
        nasName: String? = nil,
        statusType: AccountingStatus,
        receivedAt: Timestamp,
        delaySeconds: UInt32 = 0,
        sessionSeconds: UInt32 = 0,
        acctSessionID: String = "",
        username: String = "",
        serviceID: ServiceID? = nil,
        customerID: CustomerID? = nil,
        admissionID: AdmissionID? = nil,
        callingStationID: String = "",
        calledStationID: String = "",
        nasPort: UInt32? = nil,
        nasPortID: String? = nil,
        nasIdentifier: String? = nil,
        nasIPAddress: String? = nil,
        framedIPv4: String? = nil,
        framedIPv6Prefix: String? = nil,
        framedIPv6Address: String? = nil,
        delegatedIPv6Prefix: String? = nil,
        inputOctets: Int64 = 0,
        outputOctets: Int64 = 0,
        hasGigawords: Bool = false,
        inputPackets: Int64 = 0,
        outputPackets: Int64 = 0,
        terminateCause: UInt32? = nil,
        eventTimestamp: Timestamp? = nil,
        decisionVersion: UInt32? = nil,
        termsDigest: UInt64? = nil,
        grantedUntil: Timestamp? = nil,
        sourceAddress: String? = nil
    ) {
        self.id = id
        self.tenantID = tenantID
        self.nasID = nasID
        self.nasName = nasName
        self.statusType = statusType
        self.receivedAt = receivedAt
        self.delaySeconds = delaySeconds
        self.sessionSeconds = sessionSeconds
        self.acctSessionID = acctSessionID
        self.username = username
        self.serviceID = serviceID
        self.customerID = customerID
        self.admissionID = admissionID
        self.callingStationID = callingStationID
        self.calledStationID = calledStationID
        self.nasPort = nasPort
        self.nasPortID = nasPortID
        self.nasIdentifier = nasIdentifier
        self.nasIPAddress = nasIPAddress
        self.framedIPv4 = framedIPv4
        self.framedIPv6Prefix = framedIPv6Prefix
        self.framedIPv6Address = framedIPv6Address
        self.delegatedIPv6Prefix = delegatedIPv6Prefix
        self.inputOctets = inputOctets
        self.outputOctets = outputOctets
        self.hasGigawords = hasGigawords
        (self.inputPackets, self.outputPackets) = (inputPackets, outputPackets)
        self.terminateCause = terminateCause
        self.eventTimestamp = eventTimestamp
        self.decisionVersion = decisionVersion
        self.termsDigest = termsDigest
        self.grantedUntil = grantedUntil
        self.sourceAddress = sourceAddress
    }

    /// When the NAS took down what it reports: receipt less Acct-Delay-Time.
    package var takenAt: Timestamp {
        receivedAt.adding(microseconds: -Int64(delaySeconds) * 1_000_000)
    }

    /// When the session began: receipt less Acct-Delay-Time less Acct-Session-Time. The same for all its records but for
    /// whole-second rounding, whichever of them arrives first.
    package var startedAt: Timestamp {
        receivedAt.adding(microseconds: -(Int64(delaySeconds) + Int64(sessionSeconds)) * 1_000_000)
    }

    /// What this record's session is looked up by; see ``SessionKey``.
    package var sessionKey: UUID128 {
        SessionKey.compute(
            tenant: tenantID,
            nas: nasID,
            acctSessionID: acctSessionID,
            username: username,
            callingStationID: callingStationID,
            nasPort: nasPort
        )
    }

    /// Whether the record is about one session, not about all of its NAS.
    package var concernsOneSession: Bool {
        statusType != .accountingOn && statusType != .accountingOff
    }
}
