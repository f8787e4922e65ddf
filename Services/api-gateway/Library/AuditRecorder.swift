import Concurrency
package import Domain
import Lifecycle
package import Persistence
import Synchronization

/// Records what has no transaction of its own: sensitive reads and refusals. Ready once the database told who stands above all
/// tenants.
package final class AuditRecorder: Sendable {
    private let group = Mutex<AuditGroup?>(nil)
    private let make: @Sendable () async throws -> AuditGroup

    /// `make` is tried until it works.
    package init(make: @escaping @Sendable () async throws -> AuditGroup) {
        self.make = make
    }

    /// Returns once the entry is committed; throws otherwise: what must be on record does not happen without.
    package func record(_ entry: AuditEntry) async throws {
        guard let group = group.withLock({ $0 }) else {
            throw PersistenceError.notBootstrapped
        }
        try await group.record(entry)
    }

    /// Writes entries until the process shuts down, and then what still waits.
    package func run() async throws {
        var waits = Backoff(initial: .milliseconds(100), maximum: .seconds(5))
        while !GracefulShutdown.isShuttingDown {
            if let made = try? await make() {
                group.withLock { $0 = made }
                return await serve(made)
            }
            try await GracefulShutdown.pause(for: waits.next())
        }
    }

    private func serve(_ group: AuditGroup) async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await group.run() }
            tasks.addTask {
                await waitForShutdown()
                group.finish()
            }
            await tasks.waitForAll()
        }
    }
}
