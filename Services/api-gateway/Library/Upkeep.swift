import Concurrency
import Crypto
import Domain
import Identity
import Lifecycle
import Observability
import Persistence

/// What has to be done now and then, by every gateway: each chore may be done twice, at the same time too.
struct Upkeep: Lifecycle.Service {
    struct Chore: Sendable {
        let name: String
        let period: Duration
        /// Ready while the chore is done; others only log where they fail.
        var health: HealthComponent?
        let work: @Sendable () async throws -> Void
    }

    private let chores: [Chore]
    private let parts: Parts

    /// A chore that fails is tried again.
    init(_ chores: [Chore], parts: Parts) {
        self.chores = chores
        self.parts = parts
    }

    func run() async throws {
        var due = chores.map { _ in parts.time.now() }
        var waits = chores.map { _ in Backoff(initial: .milliseconds(200), maximum: .seconds(10)) }
        while !GracefulShutdown.isShuttingDown {
            for (index, chore) in chores.enumerated() where due[index] <= parts.time.now() {
                let wait: Duration
                if try await isDone(chore) {
                    waits[index].reset()
                    wait = chore.period
                } else {
                    wait = waits[index].next()
                }
                due[index] = parts.time.now() + wait
            }
            let next = due.min() ?? parts.time.now()
            let pause = next.microseconds - parts.time.now().microseconds
            try await GracefulShutdown.pause(for: .microseconds(min(max(pause, 1_000), 60_000_000)))
        }
    }

    private func isDone(_ chore: Chore) async throws -> Bool {
        do {
            try await chore.work()
            chore.health?.set(.ready)
            return true
        } catch let error as CancellationError {
            throw error
        } catch {
            chore.health?.set(.notReady("\(chore.name): \(error)"))
            parts.logger.warn("upkeep failed", ["chore": .string(chore.name), "error": .error(error)])
            return false
        }
    }
}

extension Upkeep {
    /// Everything that a gateway keeps up. `canary` throws where the keyring is not this database's; `keys` is ready once signing
    /// keys are there.
    static func chores(
        _ parts: Parts,
        keyring: Keyring,
        keys: HealthComponent,
        canary: @escaping @Sendable () async throws -> Void
    ) -> [Chore] {
        let hour = Duration.seconds(3_600)
        let files = parts.storage.map { storage in
            Chore(name: "exports", period: .seconds(600)) { try await ExportCarrier.clear(parts, storage) }
        }
        return [
            Chore(name: "signing keys", period: .seconds(600), health: keys) {
                try await canary()
                try await parts.accounts.keys.refresh()
            },
            Chore(name: "licences", period: hour) { try await enforceLicences(parts) },
            Chore(name: "checkpoints", period: hour) {
                try await asOperator(parts) { transaction in
                    _ = try await AuditCheckpoints(transaction).sign(with: keyring, now: parts.time.now())
                }
            },
            Chore(name: "conversions", period: .seconds(30)) { try await ConversionMoves(parts).resume() },
            Chore(name: "forgetting", period: hour * 24) {
                try await parts.accounts.forget()
                let before = parts.time.now() - parts.policy.idempotencyAge
                try await asOperator(parts) { try await IdempotencyStore($0).forget(before: before) }
            },
        ] + (files.map { [$0] } ?? []) + MeteringDays(parts).chores
    }

    /// In the scope of the operator, above all tenants; nil, and nothing is done, before there is one.
    @discardableResult
    private static func asOperator<Success: Sendable>(
        _ parts: Parts,
        _ work: @Sendable (ScopedTransaction) async throws -> Success
    ) async throws -> Success? {
        guard let root = try await parts.database.operatorIfPlanted() else { return nil }
        return try await parts.database.transaction(in: root, work)
    }

    /// What tenants have today is written down, and who has more than he may is suspended when his grace ends (TEN-10, TEN-11).
    private static func enforceLicences(_ parts: Parts) async throws {
        try await asOperator(parts) { transaction in
            let store = TenancyStore(transaction, ids: parts.ids, time: parts.time)
            try await store.recordUsage()
            let round = try await store.enforceLicences()
            let entries =
                round.suspended.map { entry(parts, $0, "suspend") } + round.resumed.map { entry(parts, $0, "resume") }
            try await AuditLog(transaction).append(entries)
            for entry in entries {
                parts.logger.warn(
                    "a licence changed how a tenant stands",
                    ["tenant": .string(entry.tenantID.description), "change": .string(entry.reason ?? "")]
                )
            }
        }
    }

    private static func entry(_ parts: Parts, _ tenant: TenantID, _ action: String) -> AuditEntry {
        AuditEntry(
            id: parts.ids.next(),
            tenantID: tenant,
            origin: .system(),
            action: .update,
            resource: AuditResource("tenant", tenant),
            reason: "licence: \(action)",
            change: .created(["action": .text(action), "note": "licence"]),
            time: parts.time.now()
        )
    }
}
