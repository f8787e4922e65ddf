import Domain
import Notices
import Persistence

/// What staff are told as it comes, where their budget of an hour is spent: it is gathered then.
struct NoticeOverflow: Sendable {
    let gathering: Gathering
    let budgets: any NoticeBudgeting

    /// The rows as they are to be written. Of a batch each counts for those behind it; what processes write at the same moment is not
    /// seen, so that the budget may be passed by as much.
    func applied(to rows: [PlannedNotice], at now: Timestamp) async throws(StorageFault) -> [PlannedNotice] {
        let places = rows.indices.filter { rows[$0].isReleased && rows[$0].heldUntil == nil }
        guard !places.isEmpty else { return rows }
        var asked: [Recipient: (told: Int, waits: Bool)] = [:]
        for place in places { asked[Recipient(rows[place])] = (0, false) }
        let recipients = Array(asked.keys)
        let loads = try await budgets.loads(recipients.map { ($0.tenant, $0.id, $0.channel) }, at: now)
        for (recipient, load) in zip(recipients, loads) { asked[recipient] = load }
        var rows = rows
        for place in places {
            let recipient = Recipient(rows[place])
            guard var load = asked[recipient] else { continue }
            if gathering.overflows(
                priority: rows[place].priority,
                toldLastHour: load.told,
                heldForBudget: load.waits ? 1 : 0
            ) {
                rows[place].hold(under: Gathering.overflowKey, for: .budget, at: now)
                load.waits = true
            } else {
                load.told += 1
            }
            asked[recipient] = load
        }
        return rows
    }

    private struct Recipient: Hashable {
        var tenant: TenantID
        var id: UUID128
        var channel: String

        init(_ row: PlannedNotice) {
            (tenant, id, channel) = (row.tenantID, row.recipient.id, row.channel)
        }
    }
}

extension PlannedNotice {
    /// Staff are told alarms when who gathers says so, and the rest as it comes, but for their quiet hours: what came in them is gathered.
    /// Their own time is not waited for then.
    mutating func gather(_ terms: NoticeTerms, at now: Timestamp) {
        guard terms.audience == .staff else { return }
        if terms.gathers {
            hold(under: terms.category.rawValue, for: heldUntil == nil ? .gathering : .quietHours, at: now)
        } else if heldUntil != nil {
            hold(under: Gathering.overflowKey, for: .quietHours, at: now)
        } else {
            isReleased = true
        }
    }

    mutating func hold(under key: String, for reason: Gathering.Reason, at now: Timestamp) {
        (digestKey, heldFor, heldUntil, isReleased) = (key, reason.rawValue, now, false)
    }
}
