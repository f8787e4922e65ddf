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
    private var bySession: [EnforcementSubject: [Standing]] = [:]
    private var byAdmission: [EnforcementSubject: [Standing]] = [:]
    private var aside: Set<EnforcementID> = []

    private struct Standing {
        let place: Int
        let order: EnforcementOrder
    }

    /// `others` are the orders under way that joined none, by the subject of the new one that they meet, the oldest first; none of them is
    /// new. Of two new ones the second meets the first.
    package init(_ new: [EnforcementOrder], among others: [EnforcementSubject: [EnforcementOrder]]) {
        for (place, order) in new.enumerated() {
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
                stand(Standing(place: place, order: order))
            }
        }
        standing.removeAll { aside.contains($0.id) }
    }

    private mutating func stand(_ new: Standing) {
        standing.append(new.order)
        if let session = Self.session(new.order) { bySession[session, default: []].append(new) }
        if let admission = Self.admission(new.order) { byAdmission[admission, default: []].append(new) }
    }

    /// The oldest first.
    private func met(by order: EnforcementOrder) -> [EnforcementOrder] {
        var met = Self.admission(order).flatMap { byAdmission[$0] } ?? []
        if let session = Self.session(order) {
            met = (bySession[session] ?? []) + met.filter { $0.order.sessionID == nil }
            met.sort { $0.place < $1.place }
        }
        return met.map(\.order)
    }

    private static func session(_ order: EnforcementOrder) -> EnforcementSubject? {
        order.sessionID.map { EnforcementSubject(order.tenantID, $0, nil) }
    }

    private static func admission(_ order: EnforcementOrder) -> EnforcementSubject? {
        order.admissionID.map { EnforcementSubject(order.tenantID, nil, $0) }
    }
}
