package import Domain
package import Observability
import Synchronization

/// Rows that were read a moment ago, each for the scope that read it: what row-level security let one scope see is not
/// shown to another (CCH-01 to CCH-03).
///
/// Holds only while `isCurrent` says that every change is heard of. A row that changes while it is being read is not kept.
package final class RowCache: Sendable {
    /// The channel on which the database announces rows that changed.
    package static let channel = "nexora_rows"

    private struct Place: Hashable {
        let kind: CachedKind
        let id: UUID128
    }

    private struct Copy {
        let scope: TenantID
        let row: any Sendable
        let until: Timestamp
    }

    private struct Slot {
        /// When it was filled: what stands in the order under another number was emptied since.
        let turn: UInt64
        var copies: [Copy]
    }

    private struct State {
        var rows: [Place: Slot] = [:]
        /// Places in the order they were filled, from `first` on.
        var order: [(place: Place, turn: UInt64)] = []
        var first = 0
        var turn: UInt64 = 0
        /// Grows with everything that is forgotten.
        var changes: [CachedKind: Int] = [:]
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let time: TimeSource
    private let isCurrent: @Sendable () -> Bool
    private let hits: [CachedKind: CounterCell]
    private let misses: [CachedKind: CounterCell]
    private let readAhead: GaugeCell

    /// So many rows at most; 0 keeps nothing.
    package init(
        capacity: Int,
        time: TimeSource,
        registry: MetricsRegistry,
        isCurrent: @escaping @Sendable () -> Bool
    ) {
        self.capacity = capacity
        self.time = time
        self.isCurrent = isCurrent
        let reads = registry.counter(
            "row_cache_reads_total",
            "Rows that were asked for, by where they came from.",
            labels: ["kind", "from"]
        )
        func cells(_ from: String) -> [CachedKind: CounterCell] {
            Dictionary(uniqueKeysWithValues: CachedKind.allCases.map { ($0, reads.with($0.rawValue, from)) })
        }
        hits = cells("memory")
        misses = cells("database")
        readAhead = registry.gauge("row_cache_warmed_rows", "Rows that were read ahead at start.", labels: []).with()
        registry.gauge("row_cache_current", "1 while every change of a row is heard of.") { isCurrent() ? 1 : 0 }
        registry.gauge("row_cache_rows", "Rows kept in memory.") { [weak self] in Double(self?.count ?? 0) }
    }

    /// How many rows are kept.
    package var count: Int { state.withLock { $0.rows.count } }

    /// The row from memory, where it is there and not too old; else as `read` finds it.
    package func row<Row: Sendable>(
        _ kind: CachedKind,
        _ id: UUID128,
        in scope: TenantID,
        _ read: () async throws -> Row
    ) async throws -> Row {
        guard capacity > 0, isCurrent() else { return try await read() }
        let place = Place(kind: kind, id: id)
        let now = time.now()
        let (known, changes) = state.withLock { state in
            (state.rows[place]?.copies.first { $0.scope == scope && $0.until > now }?.row as? Row, state.changes[kind])
        }
        if let known {
            hits[kind]?.add()
            return known
        }
        misses[kind]?.add()
        let row = try await read()
        state.withLock { state in
            guard state.changes[kind] == changes else { return }
            keep(Copy(scope: scope, row: row, until: now + kind.age), at: place, &state)
        }
        return row
    }

    /// How many rows may be read ahead: half of what fits, so that there is room for what is asked for.
    var mostWarmed: Int { capacity / 2 }

    /// Whether every change is heard of.
    var isCurrentNow: Bool { isCurrent() }

    /// That so many rows were read ahead.
    func warmed(_ count: Int) { readAhead.set(Double(count)) }

    /// Keeps rows that were not asked for yet, by their ids, unless something of their kind changed while they were read; how many.
    func fill<Row: Sendable>(
        _ kind: CachedKind,
        in scope: TenantID,
        _ read: () async throws -> [(UUID128, Row)]
    ) async throws -> Int {
        guard capacity > 0, isCurrent() else { return 0 }
        let now = time.now()
        let changes = state.withLock { $0.changes[kind] }
        let rows = try await read()
        return state.withLock { state in
            guard state.changes[kind] == changes else { return 0 }
            for (id, row) in rows {
                keep(Copy(scope: scope, row: row, until: now + kind.age), at: Place(kind: kind, id: id), &state)
            }
            return rows.count
        }
    }

    /// Forgets what the database announced: "TABLE ID", or "TABLE" for many rows. Who sees what hangs on the tree of tenants: when
    /// that changes, or the text is not understood, nothing is kept.
    package func take(announcement text: String) {
        let words = text.split(separator: " ")
        // Those are of another cache: no row changed by itself.
        if words.first == "counts" { return }
        guard let kind = CachedKind.allCases.first(where: { $0.table == words.first ?? "" }) else { return forgetAll() }
        forget(kind, words.count == 2 ? UUID128(String(words[1])) : nil)
    }

    /// Forgets what was changed here, before its announcement comes back.
    package func forget(_ resources: [AuditResource]) {
        for resource in resources {
            if let kind = CachedKind(rawValue: resource.type) { forget(kind, resource.id.flatMap { UUID128($0) }) }
            if resource.type == "tenant" { forgetAll() }
        }
    }

    /// Anything may have changed.
    package func forgetAll() {
        for kind in CachedKind.allCases { forget(kind, nil) }
    }

    /// One row, or all of the kind.
    private func forget(_ kind: CachedKind, _ id: UUID128?) {
        state.withLock { state in
            state.changes[kind, default: 0] += 1
            if let id {
                state.rows[Place(kind: kind, id: id)] = nil
            } else {
                state.rows = state.rows.filter { $0.key.kind != kind }
            }
        }
    }

    private func keep(_ copy: Copy, at place: Place, _ state: inout State) {
        if var slot = state.rows.removeValue(forKey: place) {
            slot.copies.removeAll { $0.scope == copy.scope }
            slot.copies.append(copy)
            state.rows[place] = slot
        } else {
            state.turn += 1
            state.rows[place] = Slot(turn: state.turn, copies: [copy])
            state.order.append((place, state.turn))
        }
        while state.rows.count > capacity, state.first < state.order.count {
            let oldest = state.order[state.first]
            state.first += 1
            if state.rows[oldest.place]?.turn == oldest.turn { state.rows[oldest.place] = nil }
        }
        // Places that were emptied stand in the order until it is twice as long as it may be.
        if state.order.count > 2 * capacity + 16 {
            state.order.removeFirst(state.first)
            state.order.removeAll { state.rows[$0.place]?.turn != $0.turn }
            state.first = 0
        }
    }
}
