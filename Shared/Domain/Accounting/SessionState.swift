/// Why a session's row is closed. Only a Stop is final: the others are our own conclusions, which the NAS may refute.
package enum SessionEnd: String, Hashable, Sendable, CaseIterable {
    /// The NAS reported the end.
    case stop
    /// Nothing was heard of it for too long.
    case reaper
    /// Its NAS sent Accounting-On or Accounting-Off after it began.
    case nasReboot = "nas_reboot"
    /// A later session has its key.
    case replaced
}

/// One session as table sessions keeps it: every column, in its order.
package struct SessionState: Hashable, Sendable {
    package var tenantID: TenantID
    /// The id of the record that made the row, so that the same record makes the same row wherever it is folded.
    package var id: SessionID
    package var sessionKey: UUID128
    package var nasID: NASID
    package var serviceID: ServiceID?
    package var customerID: CustomerID?
    package var username: String
    package var acctSessionID: String
    package var admissionID: AdmissionID?
    package var startedAt: Timestamp
    /// When the NAS took down the newest report of it: receipt less delay.
    package var lastUpdateAt: Timestamp
    /// Nil exactly while ``closedBy`` is.
    package var endedAt: Timestamp?
    package var closedBy: SessionEnd?
    package var terminateCause: UInt32?
    /// The age the newest report gave.
    package var sessionSeconds: Int64
    /// Octets from the subscriber since the start, wraps and resets resolved; never falls.
    package var inputOctets: Int64
    /// Octets to the subscriber since the start, wraps and resets resolved; never falls.
    package var outputOctets: Int64
    /// The highest count reported.
    package var inputPackets: Int64
    /// The highest count reported.
    package var outputPackets: Int64
    /// The NAS's own counter in the newest report, to recognise a wrap or a reset by.
    package var rawInputOctets: Int64
    package var rawOutputOctets: Int64
    /// The newest place where they fell; nil while they only grew.
    package var counterFall: CounterFall?
    package var nasPort: UInt32?
    package var nasPortID: String?
    package var callingStationID: String
    package var calledStationID: String
    package var framedIPv4: String?
    package var framedIPv6Prefix: String?
    package var framedIPv6Address: String?
    package var delegatedIPv6Prefix: String?
    /// Where its NAS's packets come from, by the newest report that said so; nil where the NAS's row is one address.
    package var nasAddress: String?
    /// How many records changed the row. Repeats and late records that told nothing new are not among them.
    package var recordCount: Int64

    package init(
        tenantID: TenantID,
        id: SessionID,
        sessionKey: UUID128,
        nasID: NASID,
        serviceID: ServiceID?,
        customerID: CustomerID?,
        username: String,
        acctSessionID: String,
        admissionID: AdmissionID?,
        startedAt: Timestamp,
        lastUpdateAt: Timestamp,
        endedAt: Timestamp?,
        closedBy: SessionEnd?,
        terminateCause: UInt32?,
        sessionSeconds: Int64,
        inputOctets: Int64,
        outputOctets: Int64,
        inputPackets: Int64,
        outputPackets: Int64,
        rawInputOctets: Int64,
        rawOutputOctets: Int64,
        counterFall: CounterFall?,
        nasPort: UInt32?,
        nasPortID: String?,
        callingStationID: String,
        calledStationID: String,
        framedIPv4: String?,
        framedIPv6Prefix: String?,
        framedIPv6Address: String?,
        delegatedIPv6Prefix: String?,
        nasAddress: String? = nil,
        recordCount: Int64
    ) {
        self.tenantID = tenantID
        self.id = id
        self.sessionKey = sessionKey
        self.nasID = nasID
        self.serviceID = serviceID
        self.customerID = customerID
        self.username = username
        self.acctSessionID = acctSessionID
        self.admissionID = admissionID
        self.startedAt = startedAt
        self.lastUpdateAt = lastUpdateAt
        self.endedAt = endedAt
        self.closedBy = closedBy
        self.terminateCause = terminateCause
        self.sessionSeconds = sessionSeconds
        self.inputOctets = inputOctets
        self.outputOctets = outputOctets
        self.inputPackets = inputPackets
        self.outputPackets = outputPackets
        self.rawInputOctets = rawInputOctets
        self.rawOutputOctets = rawOutputOctets
        self.counterFall = counterFall
        self.nasPort = nasPort
        self.nasPortID = nasPortID
        self.callingStationID = callingStationID
        self.calledStationID = calledStationID
        self.framedIPv4 = framedIPv4
        self.framedIPv6Prefix = framedIPv6Prefix
        self.framedIPv6Address = framedIPv6Address
        self.delegatedIPv6Prefix = delegatedIPv6Prefix
        self.nasAddress = nasAddress
        self.recordCount = recordCount
    }

    package var isOpen: Bool { closedBy == nil }

    /// Closes the row, or closes it for a weightier reason. It never ends before it began.
    package mutating func close(_ end: SessionEnd, at time: Timestamp, cause: UInt32? = nil) {
        closedBy = end
        endedAt = max(time, startedAt)
        if let cause { terminateCause = cause }
    }

    /// Undoes a close that was refuted.
    package mutating func reopen() {
        precondition(closedBy != .stop, "a session that its NAS stopped never opens again")
        closedBy = nil
        endedAt = nil
        terminateCause = nil
    }
}

extension SessionState {
    /// The row that a session's first record makes: open, and with all that the record counted.
    init(first record: AccountingRecord, key: UUID128) {
        self.init(
            tenantID: record.tenantID,
            id: SessionID(record.id.value),
            sessionKey: key,
            nasID: record.nasID,
            serviceID: record.serviceID,
            customerID: record.customerID,
            username: record.username,
            acctSessionID: record.acctSessionID,
            admissionID: record.admissionID,
            startedAt: record.startedAt,
            lastUpdateAt: record.takenAt,
            endedAt: nil,
            closedBy: nil,
            terminateCause: nil,
            sessionSeconds: Int64(record.sessionSeconds),
            inputOctets: max(0, record.inputOctets),
            outputOctets: max(0, record.outputOctets),
            inputPackets: max(0, record.inputPackets),
            outputPackets: max(0, record.outputPackets),
            rawInputOctets: max(0, record.inputOctets),
            rawOutputOctets: max(0, record.outputOctets),
            counterFall: nil,
            nasPort: record.nasPort,
            nasPortID: record.nasPortID,
            callingStationID: record.callingStationID,
            calledStationID: record.calledStationID,
            framedIPv4: record.framedIPv4,
            framedIPv6Prefix: record.framedIPv6Prefix,
            framedIPv6Address: record.framedIPv6Address,
            delegatedIPv6Prefix: record.delegatedIPv6Prefix,
            nasAddress: record.sourceAddress,
            recordCount: 1
        )
    }
}
