import Domain
import Events
import Postgres

/// The statements that write a batch's outcome, and what the commit will have changed.
struct WritePlan {
    private let outcome: SessionOutcome
    private let applied: Int
    private var ended: [EndedSession] = []
    private var observations: [CounterObservation] = []
    private var ids: EventIDs
    private(set) var statements: [PGStatement] = []
    /// How many rows the first statements change, one number each.
    private var expected: [Int] = []

    init(_ outcome: SessionOutcome, existing: StoredSessions, ids: EventIDs) {
        self.outcome = outcome
        self.ids = ids
        applied = Self.appliedRecords(outcome, existing.states)
        addSessions(existing)
        addUsage()
        addEvents()
    }

    /// Whether the statements changed the rows they were meant to.
    func isFulfilled(by results: [PGRows]) -> Bool {
        zip(expected, results).allSatisfy { $0 == $1.affectedRows }
    }

    func commit(of records: Int) -> AccountingCommit {
        var volumes: [TenantID: AccountingCommit.Volume] = [:]
        for delta in outcome.deltas {
            volumes[delta.tenantID, default: .init()].input += delta.inputOctets
            volumes[delta.tenantID, default: .init()].output += delta.outputOctets
        }
        // A restart has no row to count itself in.
        let applied = applied + outcome.restarts.count
        return AccountingCommit(
            appliedRecords: min(applied, records),
            unchangedRecords: max(0, records - applied),
            volumes: volumes,
            ended: ended,
            observations: observations
        )
    }

    /// The events of rows that a restart closed behind the fold's back.
    mutating func stopped(_ states: [SessionState]) -> [OutboxRow] {
        ended += states.compactMap { EndedSession($0) }
        return states.compactMap { .stopped($0, amended: false, id: ids.next()) }
    }

    private static func appliedRecords(_ outcome: SessionOutcome, _ existing: [SessionState]) -> Int {
        var before: [SessionID: Int64] = [:]
        before.reserveCapacity(existing.count)
        for state in existing { before[state.id] = state.recordCount }
        return outcome.rows.reduce(0) { $0 + Int($1.state.recordCount - (before[$1.state.id] ?? 0)) }
    }

    /// Rows that close go before rows that open or are new: of one key only one may be open, at every statement's end.
    private mutating func addSessions(_ existing: StoredSessions) {
        var old: [SessionID: Int] = [:]
        old.reserveCapacity(existing.states.count)
        for index in existing.states.indices { old[existing.states[index].id] = index }
        var (closed, open, new): ([SessionState], [SessionState], [SessionState]) = ([], [], [])
        var counters = StoredSessions()
        counters.reserveCapacity(outcome.rows.count)
        for change in outcome.rows {
            if let index = old[change.state.id] {
                observations.append(CounterObservation(from: existing.states[index], to: change))
            }
            if change.isNew {
                new.append(change.state)
            } else if let index = old[change.state.id], change.state.differsOnlyInCounters(from: existing.states[index])
            {
                counters.append(change.state, at: existing.places[index])
            } else if change.state.isOpen {
                open.append(change.state)
            } else {
                closed.append(change.state)
            }
        }
        add(AccountingSQL.updateCounters, counters.states) { _ in counters.counterColumns }
        add(AccountingSQL.update, closed, \.changeableColumns)
        add(AccountingSQL.update, open, \.changeableColumns)
        add(AccountingSQL.insert, new, \.allColumns)
    }

    private mutating func add(_ sql: String, _ states: [SessionState], _ columns: ([SessionState]) -> [PGValue]) {
        guard !states.isEmpty else { return }
        statements.append(PGStatement(sql, columns(states)))
        expected.append(states.count)
    }

    private mutating func addUsage() {
        struct Day: Hashable {
            let tenantID: TenantID
            let day: CivilDate
        }
        for (day, deltas) in Dictionary(
            grouping: outcome.deltas.lazy.filter { delta in
                delta.serviceID != nil && (delta.inputOctets > 0 || delta.outputOctets > 0 || delta.sessions > 0)
            },
            by: { Day(tenantID: $0.tenantID, day: $0.at.day) }
        ) {
            statements.append(
                PGStatement(
                    AccountingSQL.addUsage,
                    [
                        .uuid(high: day.tenantID.value.high, low: day.tenantID.value.low),
                        .date(Int32(clamping: day.day.daysSince1970)), .uuids(deltas.map { $0.serviceID?.value }),
                        .int8Array(deltas.map(\.inputOctets)), .int8Array(deltas.map(\.outputOctets)),
                        .int4Array(deltas.map { Int32(clamping: $0.sessions) }),
                    ]
                )
            )
        }
    }

    private mutating func addEvents() {
        var rows: [OutboxRow] = []
        for event in outcome.events {
            switch event {
            case .started(let state, let reopened, let terms, let until):
                rows.append(
                    .started(state, reopened: reopened, termsDigest: terms, grantedUntil: until, id: ids.next())
                )
            case .stopped(let state, let amended):
                if let row = OutboxRow.stopped(state, amended: amended, id: ids.next()) { rows.append(row) }
                if let session = EndedSession(state) { ended.append(session) }
            }
        }
        for (tenant, event) in UsageAdvanced.events(for: outcome.deltas) {
            rows.append(.advanced(event, tenant: tenant, id: ids.next()))
        }
        if !rows.isEmpty { statements.append(OutboxRow.insert(rows)) }
    }
}
