import Domain
import Events
import Postgres

/// The statements that write a batch's outcome, and what the commit will have changed.
struct WritePlan {
    private let outcome: SessionOutcome
    private let applied: Int
    private var ids: EventIDs
    private(set) var statements: [PGStatement] = []

    init(_ outcome: SessionOutcome, existing: [SessionState], ids: EventIDs) {
        self.outcome = outcome
        self.ids = ids
        applied = Self.appliedRecords(outcome, existing)
        addSessions(existing)
        addUsage()
        addEvents()
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
            volumes: volumes
        )
    }

    /// The events of rows that a restart closed behind the fold's back.
    mutating func stopped(_ states: [SessionState]) -> [OutboxRow] {
        states.compactMap { .stopped($0, amended: false, id: ids.next()) }
    }

    private static func appliedRecords(_ outcome: SessionOutcome, _ existing: [SessionState]) -> Int {
        var before: [SessionID: Int64] = [:]
        before.reserveCapacity(existing.count)
        for state in existing { before[state.id] = state.recordCount }
        return outcome.rows.reduce(0) { $0 + Int($1.state.recordCount - (before[$1.state.id] ?? 0)) }
    }

    /// Rows that close go before rows that open or are new: of one key only one may be open, at every statement's end.
    private mutating func addSessions(_ existing: [SessionState]) {
        var old: [SessionID: Int] = [:]
        old.reserveCapacity(existing.count)
        for index in existing.indices { old[existing[index].id] = index }
        var (counters, closed, open, new): ([SessionState], [SessionState], [SessionState], [SessionState]) =
            ([], [], [], [])
        counters.reserveCapacity(outcome.rows.count)
        for change in outcome.rows {
            if change.isNew {
                new.append(change.state)
            } else if let index = old[change.state.id], change.state.differsOnlyInCounters(from: existing[index]) {
                counters.append(change.state)
            } else if change.state.isOpen {
                open.append(change.state)
            } else {
                closed.append(change.state)
            }
        }
        add(AccountingSQL.updateCounters, counters, \.counterColumns)
        add(AccountingSQL.update, closed, \.changeableColumns)
        add(AccountingSQL.update, open, \.changeableColumns)
        add(AccountingSQL.insert, new, \.allColumns)
    }

    private mutating func add(
        _ sql: String,
        _ states: [SessionState],
        _ columns: (borrowing [SessionState]) -> [PGValue]
    ) {
        guard !states.isEmpty else { return }
        statements.append(PGStatement(sql, columns(states)))
    }

    private mutating func addUsage() {
        struct Day: Hashable, Comparable {
            let tenantID: UUID128
            let serviceID: UUID128
            let day: Int32

            static func < (left: Day, right: Day) -> Bool {
                (left.tenantID, left.serviceID, left.day) < (right.tenantID, right.serviceID, right.day)
            }
        }
        struct Sum {
            var input: Int64 = 0
            var output: Int64 = 0
            var sessions: Int32 = 0
        }
        var sums: [Day: Sum] = [:]
        sums.reserveCapacity(outcome.deltas.count)
        for delta in outcome.deltas {
            guard let service = delta.serviceID else { continue }
            let day = Day(
                tenantID: delta.tenantID.value,
                serviceID: service.value,
                day: Int32(clamping: delta.at.day.daysSince1970)
            )
            sums[day, default: Sum()].input += delta.inputOctets
            sums[day, default: Sum()].output += delta.outputOctets
            sums[day, default: Sum()].sessions += Int32(clamping: delta.sessions)
        }
        guard !sums.isEmpty else { return }
        let sorted = sums.sorted { $0.key < $1.key }
        statements.append(
            PGStatement(
                AccountingSQL.addUsage,
                [
                    .uuids(sorted.map(\.key.tenantID)), .uuids(sorted.map(\.key.serviceID)),
                    .dateArray(sorted.map(\.key.day)), .int8Array(sorted.map(\.value.input)),
                    .int8Array(sorted.map(\.value.output)), .int4Array(sorted.map(\.value.sessions)),
                ]
            )
        )
    }

    private mutating func addEvents() {
        var rows: [OutboxRow] = []
        for event in outcome.events {
            switch event {
            case .started(let state, let reopened):
                rows.append(.started(state, reopened: reopened, id: ids.next()))
            case .stopped(let state, let amended):
                if let row = OutboxRow.stopped(state, amended: amended, id: ids.next()) { rows.append(row) }
            }
        }
        for (tenant, event) in UsageAdvanced.events(for: outcome.deltas) {
            rows.append(.advanced(event, tenant: tenant, id: ids.next()))
        }
        if !rows.isEmpty { statements.append(OutboxRow.insert(rows)) }
    }
}

/// Ascending ids for the events of one commit, from the database's clock, read while the sessions' locks were held: of
/// two commits on one session the later has the greater ids.
struct EventIDs {
    private var time: Timestamp
    private let random: @Sendable () -> UInt64

    init(from time: Timestamp, random: @escaping @Sendable () -> UInt64) {
        self.time = time
        self.random = random
    }

    /// The id and the instant it was made from.
    mutating func next() -> (id: EventID, time: Timestamp) {
        defer { time = time.adding(microseconds: 1) }
        return (EventID(UUID128.v7(at: time, random: (random(), random()))), time)
    }
}
