import Concurrency
import Domain
import Lifecycle
import ObjectStorage
import Observability
import Persistence

/// Carries exports out, a few at a time, whichever gateway they were asked of (EXP-03).
struct ExportCarrier: Lifecycle.Service {
    private let parts: Parts
    private let storage: ObjectStorage
    private let metrics: ExportMetrics
    private let policy: ExportPolicy

    init(_ parts: Parts, _ storage: ObjectStorage, _ metrics: ExportMetrics) {
        self.parts = parts
        self.storage = storage
        self.metrics = metrics
        policy = parts.policy.exports
    }

    /// Until the process shuts down; what is under way then is left to another gateway.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<policy.jobs { group.addTask { try await work() } }
            try await group.waitForAll()
        }
    }

    private func work() async throws {
        var waits = Backoff(initial: .milliseconds(200), maximum: .seconds(10))
        while !GracefulShutdown.isShuttingDown {
            do {
                if try await carryOne() {
                    waits.reset()
                    continue
                }
                try await GracefulShutdown.pause(for: policy.poll)
            } catch let error as CancellationError {
                throw error
            } catch {
                parts.logger.warn("exports cannot be carried out", ["error": .error(error)])
                try await GracefulShutdown.pause(for: waits.next())
            }
        }
    }

    /// Takes one that waits, or that somebody let go, and makes an attempt at it; false where there is none.
    func carryOne() async throws -> Bool {
        guard let export = try await claim() else { return false }
        metrics.running.add(1)
        defer { metrics.running.add(-1) }
        let attempt = try ExportAttempt(export, parts, storage)
        let outcome = try await attempt.run()
        metrics.ended(outcome)
        if outcome == .completed { metrics.wrote(attempt.rows) }
        return true
    }

    /// One for this gateway, of any tenant.
    func claim() async throws -> StoredExport? {
        guard let root = try await parts.database.operatorIfPlanted() else { return nil }
        let now = parts.time.now()
        return try await parts.database.transaction(in: root) { transaction in
            try await ExportStore(transaction).claim(
                at: now,
                until: now + policy.lease,
                perTenant: policy.jobsPerTenant
            )
        }
    }
}

extension ExportCarrier {
    /// Removes files whose time is over, and what failed and cancelled exports left; every gateway does, and twice does no harm. What
    /// the store does not give up now is tried again.
    static func clear(_ parts: Parts, _ storage: ObjectStorage) async throws {
        guard let root = try await parts.database.operatorIfPlanted() else { return }
        let now = parts.time.now()
        let policy = parts.policy.exports
        while true {
            let due = try await parts.database.transaction(in: root) { transaction in
                try await ExportStore(transaction).uncleared(at: now, endedBefore: now - policy.lease, limit: 100)
            }
            for export in due { try await clear(export, storage, parts) }
            guard due.count == 100 else { break }
        }
        try await parts.database.transaction(in: root) { transaction in
            try await ExportStore(transaction).forget(before: now - policy.remember)
        }
    }

    private static func clear(_ export: StoredExport, _ storage: ObjectStorage, _ parts: Parts) async throws {
        // Of an attempt that was believed dead something may have come later.
        for attempt in stride(from: export.attempt, to: 0, by: -1) {
            let key = try ExportAttempt.key(export, attempt)
            if attempt == export.attempt, let upload = export.upload { try await storage.abort(key, upload: upload) }
            try await storage.delete(key)
        }
        let now = parts.time.now()
        try await parts.database.transaction(in: export.tenantID) { transaction in
            try await ExportStore(transaction).markCleared(export, at: now)
        }
    }
}
