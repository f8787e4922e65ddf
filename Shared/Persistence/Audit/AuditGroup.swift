import Concurrency
package import Domain
package import Postgres

/// Records what has no transaction of its own: sensitive reads, refusals, failed logins. Entries of many callers share a
/// transaction, because a tenant's chain takes one commit after another: alone, each would wait for the disk by itself.
///
/// `run()` must be running. Every entry is either committed when `record` returns, or `record` throws.
package final class AuditGroup: Sendable {
    private let root: TenantID
    private let entries: Combiner<TenantID, AuditEntry, Void>

    /// `session` serves this group alone and logs in as the tables' owner; `root` is the operator, above all tenants.
    /// `capacity` is how many entries may wait.
    package init(_ session: PostgresSession, root: TenantID, capacity: Int = 10_000) {
        self.root = root
        // One of them may be refused for its own sake: the others are not.
        entries = Combiner(most: 500, mostWaiting: capacity, blamesOne: { $0 is PersistenceError }) { root, batch in
            try await TenantScope(root: root).transaction(on: session) { try await AuditLog($0).append(batch) }
            return batch.map { _ in .success(()) }
        }
    }

    /// Returns once the entry is committed. Throws `overloaded` when too many wait and after the end, and what the
    /// database says of this entry; cancelling the task does not take it back.
    package func record(_ entry: AuditEntry) async throws {
        do {
            try await entries.submit(entry, to: root)
        } catch is CombinerFull {
            throw PostgresError(.overloaded, "too many audit entries wait, or the group has ended")
        }
    }

    /// Writes what comes until `finish()`, and then what still waits.
    package func run() async { await entries.run() }

    /// Takes no more entries; `run()` returns behind those that wait.
    package func finish() { entries.finish() }
}
