extension SessionFold {
    /// The row that the record belongs to, nil when its session has none; ``group`` holds the rows of its key.
    mutating func match(_ record: borrowing AccountingRecord) -> Int? {
        if let admission = record.admissionID {
            for row in group where rows[row].state.admissionID == admission { return row }
            if let row = underAnotherKey(record, admission) { return row }
        }
        let start = record.startedAt
        var nearest: Int?
        var least = SessionRules.startTolerance
        for row in group where accepts(row, record.admissionID) {
            let distance = rows[row].distance(fromStart: start)
            guard distance <= SessionRules.startTolerance, !ended(row, beforeStart: start, of: record.statusType) else {
                continue
            }
            if let best = nearest {
                guard distance < least || distance == least && isPreferred(row, to: best) else { continue }
            }
            nearest = row
            least = distance
        }
        if nearest == nil, record.statusType != .start, record.sessionSeconds == 0 { return ageless(record) }
        return nearest
    }

    /// A NAS may learn the Calling-Station-Id or rewrite the user name after the Start. The Acct-Session-Id must be the
    /// same: one admission can have several sessions (a roaming client with a cached key echoes its old Class).
    private mutating func underAnotherKey(_ record: borrowing AccountingRecord, _ admission: AdmissionID) -> Int? {
        if rowsByAdmission == nil {
            var found: [AdmissionID: [Int]] = [:]
            for row in rows.indices {
                if let admission = rows[row].state.admissionID { found[admission, default: []].append(row) }
            }
            rowsByAdmission = found
        }
        let (tenant, nas, session) = (record.tenantID, record.nasID, record.acctSessionID)
        return rowsByAdmission?[admission]?.first { row in
            rows[row].state.nasID == nas && rows[row].state.tenantID == tenant
                && rows[row].state.acctSessionID == session
        }
    }

    /// Two admissions are two sessions; where either side does not know, the start decides.
    private func accepts(_ row: Int, _ admission: AdmissionID?) -> Bool {
        guard let admission, let known = rows[row].state.admissionID else { return true }
        return admission == known
    }

    /// Whether the row's session was over when one with that start began. Within the tolerance of starts this tells apart
    /// a subscriber who is back at once under a repeated id.
    private func ended(_ row: Int, beforeStart start: Timestamp, of status: AccountingStatus) -> Bool {
        switch (rows[row].state.closedBy, rows[row].state.endedAt) {
        case (.stop, let end?): return start > end.adding(microseconds: SessionRules.rounding)
        case (.nasReboot, let end?): return start >= end
        default:
            // Of an open row only a Start is believed: taking another record's delay for a new session would count
            // all its octets twice.
            return status == .start && rows[row].state.sessionSeconds > 0
                && start > rows[row].state.lastUpdateAt.adding(microseconds: SessionRules.rounding)
        }
    }

    /// Between two rows equally near, the open one, then the younger.
    private func isPreferred(_ row: Int, to other: Int) -> Bool {
        let (left, right) = (rows[row].state, rows[other].state)
        if left.isOpen != right.isOpen { return left.isOpen }
        return (left.startedAt, left.id) > (right.startedAt, right.id)
    }

    /// The row for a record that cannot say how old its session is.
    private func ageless(_ record: borrowing AccountingRecord) -> Int? {
        var found: Int?
        for row in group where accepts(row, record.admissionID) {
            let state = rows[row].state
            guard state.isOpen || state.closedBy == .reaper, state.startedAt <= record.takenAt else { continue }
            guard let best = found else {
                found = row
                continue
            }
            if isPreferred(row, to: best) { found = row }
        }
        return found
    }
}
