import Concurrency
package import Domain
package import Postgres

/// Records what has no transaction of its own: sensitive reads, refusals, failed logins. Entries of many callers share a
/// transaction, because a tenant's chain takes one commit after another: alone, each would wait for the disk by itself.
///
/// `run()` must be running. Every entry is either committed when `record` returns, or `record` throws.
package final class AuditGroup: Sendable {
    private struct Waiting: Sendable {
        let entry: AuditEntry
        let answer: CheckedContinuation<Result<Void, any Error>, Never>
    }

    private let session: PostgresSession
    private let scope: TenantScope
    private let queue: BoundedQueue<Waiting>
    private static let most = 500

    /// `session` serves this group alone and logs in as the tables' owner; `root` is the operator, above all tenants.
    /// `capacity` is how many entries may wait.
    package init(_ session: PostgresSession, root: TenantID, capacity: Int = 10_000) {
        self.session = session
        scope = TenantScope(root: root)
        queue = BoundedQueue(capacity: capacity)
    }

    /// Returns once the entry is committed. Throws `overloaded` when too many wait, `closed` after the end, and what the
    /// database says of this entry; cancelling the task does not take it back.
    package func record(_ entry: AuditEntry) async throws {
        let result = await withCheckedContinuation { continuation in
            if !queue.offer(Waiting(entry: entry, answer: continuation)) {
                continuation.resume(
                    returning: .failure(
                        PostgresError(.overloaded, "too many audit entries wait, or the group has ended")
                    )
                )
            }
        }
        try result.get()
    }

    /// Writes what comes until `finish()`, and then what still waits.
    package func run() async {
        while true {
            let batch = await queue.nextBatch(maximum: Self.most)
            guard !batch.isEmpty else { break }
            await write(batch)
        }
        // Cancelled: nobody is left waiting.
        queue.finish()
        while let waiting = queue.poll() { waiting.answer.resume(returning: .failure(CancellationError())) }
    }

    /// Takes no more entries; `run()` returns behind those that wait.
    package func finish() {
        queue.finish()
    }

    private func write(_ batch: [Waiting]) async {
        do {
            try await commit(batch.map(\.entry))
            for waiting in batch { waiting.answer.resume(returning: .success(())) }
        } catch is PersistenceError where batch.count > 1 {
            // One of them is refused for its own sake: the others are not.
            await write(Array(batch[..<(batch.count / 2)]))
            await write(Array(batch[(batch.count / 2)...]))
        } catch {
            for waiting in batch { waiting.answer.resume(returning: .failure(error)) }
        }
    }

    private func commit(_ entries: [AuditEntry]) async throws {
        try await scope.transaction(on: session) { try await AuditLog($0).append(entries) }
    }
}
