package import Domain

/// A service's session that a commit closed: what tells its slot in Redis.
package struct EndedSession: Sendable, Hashable {
    package let serviceID: ServiceID
    /// Nil where the NAS does not echo Class: then the device tells the slot.
    package let admissionID: AdmissionID?
    package let nasID: NASID
    package let callingStationID: String
    package let nasPort: UInt32?

    package init(
        serviceID: ServiceID,
        admissionID: AdmissionID?,
        nasID: NASID,
        callingStationID: String,
        nasPort: UInt32?
    ) {
        self.serviceID = serviceID
        self.admissionID = admissionID
        self.nasID = nasID
        self.callingStationID = callingStationID
        self.nasPort = nasPort
    }

    /// Nil for a session that is open, or nobody's.
    init?(_ state: SessionState) {
        guard !state.isOpen, let service = state.serviceID else { return nil }
        self.init(
            serviceID: service,
            admissionID: state.admissionID,
            nasID: state.nasID,
            callingStationID: state.callingStationID,
            nasPort: state.nasPort
        )
    }
}
