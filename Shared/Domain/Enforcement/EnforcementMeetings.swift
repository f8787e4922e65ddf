/// Whom an order is about. Of two that both name their session the sessions decide, else the admissions.
package struct EnforcementSubject: Hashable, Sendable {
    package let tenantID: TenantID
    package let sessionID: SessionID?
    package let admissionID: AdmissionID?

    package init(_ order: EnforcementOrder) {
        self.init(order.tenantID, order.sessionID, order.admissionID)
    }

    package init(_ tenantID: TenantID, _ sessionID: SessionID?, _ admissionID: AdmissionID?) {
        (self.tenantID, self.sessionID, self.admissionID) = (tenantID, sessionID, admissionID)
    }
}

/// How orders that came together meet those under way and each other, see ``EnforcementMeeting``. Pure.
///
/// Thousands may come at once for a handful of sessions, for instance after a time in which nobody carried orders out: each is held
/// against those that still stand for themselves, not against every other one.
package struct EnforcementMeetings: Sendable {
    /// Orders with those that they join.
    package private(set) var joined: [(order: EnforcementOrder, with: EnforcementID)] = []
    /// New ones and others whose place is taken.
    package private(set) var superseded: [EnforcementOrder] = []
    /// The new ones that are to be carried out, in their order.
    package private(set) var standing: [EnforcementOrder] = []

    /// New ones that came before and stand for themselves.
    private var bySession: [EnforcementSubject: [EnforcementOrder]] = [:]
    private var byAdmission: [EnforcementSubject: [EnforcementOrder]] = [:]
    private var aside: Set<EnforcementID> = []

    /// `others` are the orders under way that joined none, by the subject of the new one that they meet, the oldest first; none of them is
    /// new. Of two new ones the second meets the first.
    package init(_ new: [EnforcementOrder], among others: [EnforcementSubject: [EnforcementOrder]]) {
        for order in new {
            let present = (others[EnforcementSubject(order)] ?? []) + met(by: order)
            let open = present.filter { !aside.contains($0.id) }
            let meeting = EnforcementMeeting(order, among: open)
            let taken = Set(meeting.supersedes)
            superseded += open.filter { taken.contains($0.id) }
            aside.formUnion(taken)
            if let other = meeting.joins {
                joined.append((order, other))
            } else if meeting.isSuperseded {
                superseded.append(order)
            } else {
                stand(order)
            }
        }
        standing.removeAll { aside.contains($0.id) }
    }

    private mutating func stand(_ order: EnforcementOrder) {
        standing.append(order)
        if let session = Self.session(order) { bySession[session, default: []].append(order) }
        if let admission = Self.admission(order) { byAdmission[admission, default: []].append(order) }
    }

    private func met(by order: EnforcementOrder) -> [EnforcementOrder] {
        let ofAdmission = Self.admission(order).flatMap { byAdmission[$0] } ?? []
        guard let session = Self.session(order) else { return ofAdmission }
        return (bySession[session] ?? []) + ofAdmission.filter { $0.sessionID == nil }
    }

    private static func session(_ order: EnforcementOrder) -> EnforcementSubject? {
        order.sessionID.map { EnforcementSubject(order.tenantID, $0, nil) }
    }

    private static func admission(_ order: EnforcementOrder) -> EnforcementSubject? {
        order.admissionID.map { EnforcementSubject(order.tenantID, nil, $0) }
    }
}
