package import Domain
package import Observability
import Synchronization

/// A number that was counted a moment ago, or a few of them.
struct Counted<Value: Sendable>: Sendable {
    let value: Value
    let time: Timestamp
}

/// Statistics that cost a count, kept for five minutes for whoever counts the same: the same tenant's subtree, seen as far (CCH-02). One
/// count serves everybody who asks while it is made.
///
/// Holds only while `isCurrent` says that every change is heard of. What changes while it is counted is not kept.
package final class CountCache: Sendable {
    static let age: Duration = .seconds(300)

    /// Whose count: what row-level security and reach leave in it is the same for all who share this.
    private struct Place: Hashable {
        let name: String
        let scope: TenantID
        let reach: Reach
    }

    private struct Copy {
        let value: any Sendable
        let time: Timestamp
    }

    /// What came of a count that somebody else made.
    private enum Outcome: Sendable {
        case counted(any Sendable, Timestamp)
        /// It was given up, or grew old meanwhile: ask again.
        case again
    }

    private struct Count {
        let id: UInt64
        var isStale = false
        var waiting: [UInt64: CheckedContinuation<Outcome, any Error>] = [:]
    }

    private struct State {
        var copies: [Place: Copy] = [:]
        var counts: [Place: Count] = [:]
        var nextID: UInt64 = 0

        mutating func id() -> UInt64 {
            nextID += 1
            return nextID
        }
    }

    private enum Step {
        case known(Copy)
        case count(UInt64)
        case wait
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let time: TimeSource
    private let isCurrent: @Sendable () -> Bool
    private let known: CounterCell
    private let made: CounterCell
    private let joined: CounterCell

    /// So many at most; 0 keeps nothing.
    package init(
        capacity: Int = 1_000,
        time: TimeSource,
        registry: MetricsRegistry,
        isCurrent: @escaping @Sendable () -> Bool
    ) {
        self.capacity = capacity
        self.time = time
        self.isCurrent = isCurrent
        let reads = registry.counter(
            "count_cache_reads_total",
            "Statistics that were asked for, by where they came from: memory, database, or another's count.",
            labels: ["from"]
        )
        known = reads.with("memory")
        made = reads.with("database")
        joined = reads.with("another")
        registry.gauge("count_cache_counts", "Statistics kept in memory.") { [weak self] in Double(self?.size ?? 0) }
    }

    /// How many are kept.
    var size: Int { state.withLock { $0.copies.count } }

    /// What `count` finds, or found within the last five minutes, for a scope as far as somebody reaches in it. Throws what it throws.
    func value<Value: Sendable>(
        _ name: String,
        in scope: TenantID,
        as reach: Reach,
        _ count: () async throws -> Value
    ) async throws -> Counted<Value> {
        guard capacity > 0, isCurrent() else { return try await fresh(count) }
        let place = Place(name: name, scope: scope, reach: reach)
        while true {
            switch step(place) {
            case .known(let copy):
                guard let value = copy.value as? Value else { return try await fresh(count) }
                known.add()
                return Counted(value: value, time: copy.time)
            case .count(let id):
                return try await lead(place, id, count)
            case .wait:
                guard case .counted(let value, let time) = try await wait(place) else { continue }
                guard let value = value as? Value else { return try await fresh(count) }
                joined.add()
                return Counted(value: value, time: time)
            }
        }
    }

    // MARK: - What changes

    /// Forgets what the database announced: "counts TENANT" for each tenant that counts what changed, "counts" for many; a changed tree
    /// of tenants, and what is not understood, is all. Rows alone change no count.
    package func take(announcement text: String) {
        let words = text.split(separator: " ")
        if words.first == "counts", words.count == 2, let tenant = UUID128(String(words[1])) {
            forget([TenantID(tenant)])
        } else if !CachedKind.allCases.contains(where: { $0.table == words.first ?? "" }) {
            forgetAll()
        }
    }

    /// Forgets what these tenants count, before the announcement comes back.
    func forget(_ tenants: Set<TenantID>) { forget { tenants.contains($0.scope) } }

    /// Forgets what a change in that scope touched, which the audit trail tells of.
    func forget(_ entries: [AuditEntry], in scope: TenantID) {
        guard !entries.contains(where: { $0.resource.type == "tenant" }) else { return forgetAll() }
        let touched = entries.filter { $0.resource.type == "customer" }
        if !touched.isEmpty { forget(Set(touched.map(\.tenantID)).union([scope])) }
    }

    /// Anything may have changed.
    package func forgetAll() { forget { _ in true } }

    private func forget(where isTouched: (Place) -> Bool) {
        state.withLock { state in
            for place in state.copies.keys where isTouched(place) { state.copies[place] = nil }
            for place in state.counts.keys where isTouched(place) { state.counts[place]?.isStale = true }
        }
    }

    // MARK: - One count for all

    private func fresh<Value: Sendable>(_ count: () async throws -> Value) async throws -> Counted<Value> {
        made.add()
        let now = time.now()
        return Counted(value: try await count(), time: now)
    }

    private func step(_ place: Place) -> Step {
        let now = time.now()
        return state.withLock { state in
            if let copy = state.copies[place], copy.time + Self.age > now { return .known(copy) }
            // What a stale count finds may lack what its asker knows of.
            if let count = state.counts[place], !count.isStale { return .wait }
            let id = state.id()
            release(state.counts[place])
            state.counts[place] = Count(id: id)
            return .count(id)
        }
    }

    private func lead<Value: Sendable>(
        _ place: Place,
        _ id: UInt64,
        _ count: () async throws -> Value
    ) async throws -> Counted<Value> {
        do {
            let counted = try await fresh(count)
            end(place, id, .success(.counted(counted.value, counted.time)))
            return counted
        } catch is CancellationError {
            end(place, id, .success(.again))
            throw CancellationError()
        } catch {
            end(place, id, .failure(error))
            throw error
        }
    }

    /// Whoever waited asked before whatever made it stale, and may have it; nobody after.
    private func end(_ place: Place, _ id: UInt64, _ result: Result<Outcome, any Error>) {
        let waiting = state.withLock { state -> [CheckedContinuation<Outcome, any Error>] in
            guard let count = state.counts[place], count.id == id else { return [] }
            state.counts[place] = nil
            if case .success(.counted(let value, let time)) = result, !count.isStale {
                keep(Copy(value: value, time: time), at: place, &state)
            }
            return Array(count.waiting.values)
        }
        for continuation in waiting { continuation.resume(with: result) }
    }

    private func wait(_ place: Place) async throws -> Outcome {
        let id = state.withLock { $0.id() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Result<Outcome, any Error>? in
                    // Cancelled before, which nobody would tell it.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    guard let count = state.counts[place], !count.isStale else { return .success(.again) }
                    state.counts[place]?.waiting[id] = continuation
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let continuation = state.withLock { $0.counts[place]?.waiting.removeValue(forKey: id) }
            continuation?.resume(throwing: CancellationError())
        }
    }

    /// Nobody waits for a count that another has replaced.
    private func release(_ count: Count?) {
        for continuation in (count?.waiting ?? [:]).values { continuation.resume(returning: .again) }
    }

    private func keep(_ copy: Copy, at place: Place, _ state: inout State) {
        if state.copies.count >= capacity, state.copies[place] == nil {
            let now = time.now()
            state.copies = state.copies.filter { $0.value.time + Self.age > now }
            let oldest = state.copies.min { $0.value.time < $1.value.time }
            if state.copies.count >= capacity, let oldest { state.copies[oldest.key] = nil }
        }
        state.copies[place] = copy
    }
}
