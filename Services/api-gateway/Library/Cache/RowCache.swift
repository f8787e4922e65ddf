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

    private struct State {
        var rows: [Place: [Copy]] = [:]
        /// Places in the order they were filled, from `first` on; some were emptied since.
        var order: [Place] = []
        var first = 0
        /// Grows with everything that is forgotten.
        var changes: [CachedKind: Int] = [:]
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let time: TimeSource
    private let isCurrent: @Sendable () -> Bool
    private let hits: [CachedKind: CounterCell]
    private let misses: [CachedKind: CounterCell]

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
            (state.rows[place]?.first { $0.scope == scope && $0.until > now }?.row as? Row, state.changes[kind])
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
        if state.rows[place] == nil { state.order.append(place) }
        state.rows[place, default: []].removeAll { $0.scope == copy.scope }
        state.rows[place, default: []].append(copy)
        while state.order.count - state.first > capacity {
            state.rows[state.order[state.first]] = nil
            state.first += 1
        }
        if state.first > capacity {
            state.order.removeFirst(state.first)
            state.first = 0
        }
    }
}
