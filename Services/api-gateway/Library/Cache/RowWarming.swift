import Concurrency
import Domain
import Lifecycle
import Observability
import Persistence
import Synchronization

/// Fills the rows in memory once, at start, with what is asked for most: of each tenant its plans, its bandwidth profiles and its newest
/// customers (CCH-03). A request never waits for it, and where it fails rows are kept as they are asked for.
struct RowWarming: Lifecycle.Service {
    /// Of one tenant and kind.
    static let mostOfKind = 1_000

    private let parts: Parts
    private let limit: Duration

    /// For `limit` at most.
    init(_ parts: Parts, within limit: Duration = .seconds(10)) {
        (self.parts, self.limit) = (parts, limit)
    }

    /// Warms, then waits for the shutdown.
    func run() async throws {
        await warm()
        await waitForShutdown()
    }

    /// Never throws: nothing depends on it.
    func warm() async {
        guard parts.rows.mostWarmed > 0 else { return }
        let began = SystemClock.monotonicNanoseconds()
        let deadline = Deadline.after(limit)
        let found = Mutex((tenants: 0, rows: 0))
        var failure: (any Error)?
        do {
            // Before every change is heard of nothing is kept.
            while !parts.rows.isCurrentNow, !isOver(deadline) {
                try await GracefulShutdown.pause(for: .milliseconds(50))
            }
            if !isOver(deadline) { try await withDeadline(limit) { try await fill(deadline, found) } }
        } catch PersistenceError.notBootstrapped {
            // There is nobody yet.
        } catch {
            failure = error
        }
        let (tenants, rows) = found.withLock { $0 }
        parts.rows.warmed(rows)
        var fields: LogFields = [
            "rows": .int(rows), "tenants": .int(tenants),
            "is_whole": .bool(failure == nil && !deadline.hasPassed),
            "duration_seconds": .double(Double(SystemClock.monotonicNanoseconds() &- began) / 1e9),
        ]
        fields["error"] = failure.map { .error($0) }
        parts.logger.info("rows were read ahead", fields)
    }

    private func isOver(_ deadline: Deadline) -> Bool { deadline.hasPassed || GracefulShutdown.isShuttingDown }

    private func fill(_ deadline: Deadline, _ found: borrowing Mutex<(tenants: Int, rows: Int)>) async throws {
        let root = try await parts.database.operatorTenant()
        let tenants = try await parts.database.scope(root).transaction(isReading: true) {
            try await TenantRepository($0).all()
        }.filter(\.isActive).map(\.id)
        let most = parts.rows.mostWarmed
        let share = min(max(20, most / max(1, tenants.count)), Self.mostOfKind)
        for tenant in tenants {
            for read in [read(.plans, .plan), read(.bandwidthProfiles, .bandwidthProfile), read(.customers, .customer)]
            {
                let left = min(share, most - found.withLock { $0.rows })
                guard left > 0, !isOver(deadline) else { return }
                let count = try await read(tenant, left, deadline)
                found.withLock { $0.rows += count }
            }
            found.withLock { $0.tenants += 1 }
        }
    }

    private typealias Reading = (_ scope: TenantID, _ most: Int, _ deadline: Deadline) async throws -> Int

    /// Reads the first rows of a list for a scope, a page at a time; how many are kept.
    private func read<Row: Sendable>(_ resource: Resource<Row>, _ kind: CachedKind) -> Reading {
        { scope, most, deadline in
            var count = 0
            var cursor: String?
            repeat {
                let parameters = ListParameters(limit: String(min(100, most - count)), cursor: cursor)
                let query = try ListQuery(parameters, of: resource.source)
                var next: String?
                count += try await parts.rows.fill(kind, in: scope) {
                    let page = try await parts.database.scope(scope).transaction(isReading: true) { transaction in
                        try await Listing(transaction, scope: scope, cursors: parts.cursors).page(
                            of: resource.source,
                            query
                        )
                    }
                    next = page.next
                    return page.rows.compactMap { row in UUID128(resource.id(row)).map { ($0, row) } }
                }
                cursor = next
            } while cursor != nil && count < most && !isOver(deadline)
            return count
        }
    }
}
