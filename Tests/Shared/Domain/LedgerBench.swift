import Domain
import Testing

/// The table of sessions in memory, with what the consumer does around the fold, checking what must hold after each batch.
struct LedgerBench {
    private(set) var rows: [SessionID: SessionState] = [:]
    private(set) var deltas: [UsageDelta] = []
    private(set) var events: [SessionLifecycle] = []
    private(set) var restarts: [NASRestart] = []
    /// What went wrong, so that a property test can tell its seed once.
    private(set) var faults: [String] = []

    var open: [SessionState] { rows.values.filter(\.isOpen) }
    var sorted: [SessionState] { rows.values.sorted { $0.startedAt < $1.startedAt } }

    /// Folds a batch as the consumer does and writes what comes of it. Returns what the batch added.
    @discardableResult
    mutating func fold(_ batch: [AccountingRecord]) -> SessionOutcome {
        let keys = Set(batch.map(\.sessionKey))
        let admissions = Set(batch.compactMap(\.admissionID))
        let existing = rows.values.filter { row in
            keys.contains(row.sessionKey) || row.admissionID.map(admissions.contains) == true
        }
        let outcome = SessionLedger.fold(records: batch, existing: existing.shuffled(), knownRestarts: restarts)
        for change in outcome.rows {
            if change.isNew != (rows[change.state.id] == nil) { faults.append("isNew is wrong") }
            if let before = rows[change.state.id] { check(before, change.state) }
            rows[change.state.id] = change.state
        }
        deltas += outcome.deltas
        events += outcome.events
        for restart in outcome.restarts {
            restarts.append(restart)
            for (id, row) in rows where restart.ends(row) { rows[id]?.close(.nasReboot, at: restart.at) }
        }
        check(outcome)
        return outcome
    }

    /// Closes what the reaper would, were nothing heard since.
    mutating func reap(where stale: (SessionState) -> Bool = { _ in true }) {
        for (id, row) in rows where row.isOpen && stale(row) { rows[id]?.close(.reaper, at: row.lastUpdateAt) }
    }

    private mutating func check(_ before: SessionState, _ after: SessionState) {
        if before.closedBy == .stop {
            // Reports that its Stop overtook may still add octets; nothing else.
            var expected = before
            (expected.inputOctets, expected.outputOctets) = (after.inputOctets, after.outputOctets)
            (expected.counterFall, expected.recordCount) = (after.counterFall, after.recordCount)
            if expected != after { faults.append("a stopped row changed") }
        }
        if after.inputOctets < before.inputOctets || after.outputOctets < before.outputOctets {
            faults.append("octets fell")
        }
        if after.sessionKey != before.sessionKey || after.startedAt != before.startedAt {
            faults.append("identity changed")
        }
        if before == after { faults.append("an unchanged row is written") }
    }

    private mutating func check(_ outcome: SessionOutcome) {
        for delta in outcome.deltas where delta.inputOctets < 0 || delta.outputOctets < 0 {
            faults.append("a negative delta")
        }
        let order = outcome.rows.map { [$0.state.sessionKey, $0.state.id.value] }
        if !zip(order, order.dropFirst()).allSatisfy({ $0.lexicographicallyPrecedes($1) }) {
            faults.append("rows out of order")
        }
        var openKeys = Set<UUID128>()
        for row in rows.values {
            if row.isOpen, !openKeys.insert(row.sessionKey).inserted { faults.append("two open rows of one key") }
            if (row.endedAt == nil) != row.isOpen { faults.append("closed without an end") }
            if let end = row.endedAt, end < row.startedAt { faults.append("ended before it began") }
        }
        var sums: [SessionID: (Int64, Int64, Int)] = [:]
        for delta in deltas {
            let sum = sums[delta.sessionID] ?? (0, 0, 0)
            sums[delta.sessionID] = (sum.0 + delta.inputOctets, sum.1 + delta.outputOctets, sum.2 + delta.sessions)
        }
        for row in rows.values where sums[row.id] ?? (0, 0, 0) != (row.inputOctets, row.outputOctets, 1) {
            faults.append(
                "deltas \(sums[row.id] ?? (0, 0, 0)) are not the row's \(row.inputOctets), \(row.outputOctets)"
            )
        }
    }
}
