/// The rules that turn accounting records into sessions: pure, the same whenever and wherever they are applied.
///
/// **Which session.** A record belongs to the row with its admission id (Class) on its NAS under its Acct-Session-Id; else to
/// the row of its key whose start is nearest to its own, at most ``SessionRules/startTolerance`` away. The start compared
/// is the row's first and also the one its newest report gives, because the clock of a session that lasts months drifts.
/// Never to a row of another admission, and never to one that ended before the record's session began: after its Stop,
/// before its NAS's restart, or, for a Start, before the row's last sign of life. An interim or Stop without
/// Acct-Session-Time cannot tell its start; it belongs to the key's open row, else to the newest that the reaper closed.
///
/// **What it adds.** Reports of one session are ordered by their age. A later one counts on from the last raw counter;
/// when it has fewer octets the counter wrapped at 2^32 or was reset (see ``OctetCounter``). An earlier one is late and
/// adds nothing, unless the counter fell behind it (see ``CounterFall``). One of equal age is a repeat, and adds what
/// exceeds the known.
///
/// **Open and closed.** A Stop closes for good. A new session closes the key's older open row as replaced; when a later
/// session of the key is known already, its own row is born closed. A restart closes the rows of its NAS that began
/// before it and were not heard of after it, among them rows that a late record would make. A row closed for another
/// reason than a Stop opens again when a newer report was taken down after its end, unless the key has another open
/// row; a late Stop amends it.
package enum SessionLedger {
    /// Folds a batch into the rows that it concerns.
    ///
    /// `existing` must hold every row of the hot table with a key of the batch (``AccountingRecord/sessionKey``) and those
    /// with an admission id of the batch; other rows do no harm. They must stay locked from their reading to the commit.
    /// `knownRestarts` are restarts seen before, for records of sessions that they ended and that have no row.
    /// Folding a batch again into its own outcome gives nothing. About 1 us a record.
    package static func fold(
        records: [AccountingRecord],
        existing: [SessionState],
        knownRestarts: [NASRestart] = []
    ) -> SessionOutcome {
        var fold = SessionFold(records: records, existing: existing, knownRestarts: knownRestarts)
        return fold.run()
    }
}

/// One batch being folded.
struct SessionFold {
    /// What orders the records: by key, then by the time at which the NAS took them down.
    private struct Arrival {
        let key: UUID128
        let takenAt: Timestamp
        let age: UInt32
        let rank: UInt8
        let index: Int

        static func precedes(_ left: Arrival, _ right: Arrival) -> Bool {
            if left.key.high != right.key.high { return left.key.high < right.key.high }
            if left.key.low != right.key.low { return left.key.low < right.key.low }
            if left.takenAt != right.takenAt { return left.takenAt < right.takenAt }
            return (left.age, left.rank, left.index) < (right.age, right.rank, right.index)
        }
    }

    let records: [AccountingRecord]
    var rows: [SessionRow]
    private var restarts: [NASID: [NASRestart]] = [:]
    /// Rows by admission id, made when first asked for: usually a record's own key has its row.
    var rowsByAdmission: [AdmissionID: [Int]]?
    /// The rows of the key at hand.
    var group: [Int] = []
    var outcome = SessionOutcome()

    init(records: [AccountingRecord], existing: [SessionState], knownRestarts: [NASRestart]) {
        self.records = records
        let order = existing.indices.map { (key: existing[$0].sessionKey, index: $0) }.sorted { $0.key < $1.key }
        rows = []
        rows.reserveCapacity(existing.count + records.count / 8)
        for (_, index) in order { rows.append(SessionRow(stored: existing[index])) }
        for restart in knownRestarts { restarts[restart.nasID, default: []].append(restart) }
    }

    mutating func run() -> SessionOutcome {
        let arrivals = arrange()
        var next = 0
        var stored = 0
        let storedCount = rows.count
        while next < arrivals.count {
            let key = arrivals[next].key
            group.removeAll(keepingCapacity: true)
            while stored < storedCount, rows[stored].state.sessionKey < key { stored += 1 }
            while stored < storedCount, rows[stored].state.sessionKey == key {
                group.append(stored)
                stored += 1
            }
            while next < arrivals.count, arrivals[next].key == key {
                let arrival = arrivals[next]
                restart(upTo: arrival.takenAt, nas: records[arrival.index].nasID)
                take(arrival.index, key: key)
                next += 1
            }
        }
        finish()
        return outcome
    }

    /// Splits off the restarts and orders the rest.
    private mutating func arrange() -> [Arrival] {
        var arrivals: [Arrival] = []
        arrivals.reserveCapacity(records.count)
        for index in records.indices {
            if let restart = NASRestart(records[index]) {
                outcome.restarts.append(restart)
                restarts[restart.nasID, default: []].append(restart)
                continue
            }
            let status = records[index].statusType
            arrivals.append(
                Arrival(
                    key: records[index].sessionKey,
                    takenAt: records[index].takenAt,
                    age: records[index].sessionSeconds,
                    rank: status == .start ? 0 : status == .stop ? 2 : 1,
                    index: index
                )
            )
        }
        outcome.restarts.sort { ($0.at, $0.tenantID, $0.nasID) < ($1.at, $1.tenantID, $1.nasID) }
        for nas in restarts.keys { restarts[nas]?.sort { $0.at < $1.at } }
        arrivals.sort(by: Arrival.precedes)
        return arrivals
    }

    // MARK: - One record

    private mutating func take(_ index: Int, key: UUID128) {
        if let row = match(records[index]) {
            let openElsewhere = group.contains { $0 != row && rows[$0].state.isOpen }
            let mayReopen = rows[row].state.sessionKey == key && !openElsewhere
            rows[row].apply(records[index], mayReopen: mayReopen, flush: &outcome.deltas)
        } else {
            create(index, key: key)
        }
    }

    private mutating func create(_ index: Int, key: UUID128) {
        var row = SessionRow(first: records[index], key: key)
        // A later session of the key shows that this one was over when that began.
        var successor: Timestamp?
        for other in group where rows[other].state.startedAt > row.state.startedAt {
            successor = min(successor ?? rows[other].state.startedAt, rows[other].state.startedAt)
        }
        if records[index].statusType == .stop {
            row.state.close(.stop, at: records[index].takenAt, cause: records[index].terminateCause)
        } else if let successor {
            row.state.close(.replaced, at: max(successor, row.state.lastUpdateAt))
        }
        if successor == nil {
            for other in group where rows[other].state.isOpen {
                rows[other].state.close(.replaced, at: max(row.state.startedAt, rows[other].state.lastUpdateAt))
                rows[other].changed = true
            }
        }
        group.append(rows.count)
        if let admission = row.state.admissionID { rowsByAdmission?[admission, default: []].append(rows.count) }
        rows.append(row)
    }

    // MARK: - Restarts

    /// Lets the restarts that came before a record close what they end, so that the record meets the rows as they were.
    private mutating func restart(upTo time: Timestamp, nas: NASID) {
        guard !restarts.isEmpty, let restarts = restarts[nas] else { return }
        for restart in restarts where restart.at <= time {
            for row in group { end(row, by: restart) }
        }
    }

    private mutating func end(_ row: Int, by restart: NASRestart) {
        guard restart.ends(rows[row].state) else { return }
        rows[row].state.close(.nasReboot, at: restart.at)
        rows[row].changed = true
    }

    // MARK: - The end

    private mutating func finish() {
        if !restarts.isEmpty {
            for row in rows.indices where rows[row].state.isOpen {
                for restart in restarts[rows[row].state.nasID] ?? [] { end(row, by: restart) }
            }
        }
        // Sorted by small copies: a row is large, and full of references.
        var order: [(key: UUID128, id: SessionID, row: Int)] = []
        order.reserveCapacity(rows.count)
        for row in rows.indices where rows[row].changed {
            order.append((rows[row].state.sessionKey, rows[row].state.id, row))
        }
        order.sort { $0.key == $1.key ? $0.id < $1.id : $0.key < $1.key }
        outcome.rows.reserveCapacity(order.count)
        outcome.deltas.reserveCapacity(order.count)
        for (_, _, row) in order {
            rows[row].flushUsage(to: &outcome.deltas)
            let (state, isNew, fell) = (rows[row].state, rows[row].isNew, rows[row].ranBackwards)
            outcome.rows.append(SessionChange(state: state, isNew: isNew, ranBackwards: fell))
            rows[row].tell(&outcome.events)
        }
    }
}
