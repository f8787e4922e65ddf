import Billing
import Domain
import HTTPServer
import Identity
import Ledger
import Observability
import Persistence

/// Carries conversions on, step by step: the sale, the purchase, and the sale's undoing where nothing can be bought. Each step is kept
/// before the next is asked for; whoever is interrupted asks for the last one again under its key.
struct ConversionMoves: Sendable {
    /// How old a conversion is that nobody is carrying on any more.
    static let abandonedAfter = Duration.seconds(60)
    private static let most = 100

    private let parts: Parts
    private let conversions = Resource<StoredConversion>.conversions

    init(_ parts: Parts) { self.parts = parts }

    /// As far as the ledger answers within that time for each step. `keep` writes down what it said of a step, nil that it did it.
    func carryOn(
        _ stored: StoredConversion,
        within patience: Duration,
        _ keep: (_ refusal: String?, _ step: ConversionStatus) async throws -> StoredConversion
    ) async throws -> StoredConversion {
        var stored = stored
        let root = try await parts.database.operatorTenant()
        let details = try TransferDetails.of(
            .exchange,
            stored.id.description,
            stored.description,
            [:],
            by: stored.createdBy.value
        )
        while let command = stored.conversion.command(
            stored.state.status,
            below: root,
            details,
            fresh: parts.ids.next()
        ) {
            guard let answer = try await parts.ask(command, within: patience) else { return stored }
            let step = stored.state.status
            stored = try await keep(answer.refusal, step)
            // What cannot be given back now is tried again later.
            if stored.state.status == step { return stored }
        }
        return stored
    }

    /// Writes down what the ledger said, on record.
    func keep(
        _ refusal: String?,
        of id: ConversionID,
        asked step: ConversionStatus,
        _ work: Work
    ) async throws -> StoredConversion {
        let change = try await ConversionStore(work.transaction).hear(
            refusal,
            of: id,
            asked: step,
            at: parts.time.now()
        )
        if change.before != change.after { work.record(.update, change, conversions) }
        guard let stored = change.after else { throw Problem.notFound }
        return stored
    }

    /// Carries on what nobody does any more, the oldest first, until the ledger is silent.
    func resume(olderThan age: Duration = abandonedAfter) async throws {
        guard let root = try await parts.database.operatorIfPlanted() else { return }
        let before = parts.time.now() - age
        let open = try await parts.database.transaction(in: root) {
            try await ConversionStore($0).open(before: before, limit: Self.most)
        }
        for stored in open {
            let standing = try await carryOn(stored, within: .seconds(5)) { refusal, step in
                try await resumed(refusal, stored, step, root)
            }
            if standing.state.status == .undoing {
                parts.logger.error(
                    "what was sold cannot be given back",
                    ["conversion": .string(stored.id.description), "why": .string(standing.state.failure ?? "")]
                )
            }
            guard standing != stored else { return }
        }
    }

    private func resumed(
        _ refusal: String?,
        _ stored: StoredConversion,
        _ step: ConversionStatus,
        _ root: TenantID
    ) async throws -> StoredConversion {
        try await parts.database.transaction(in: root) { transaction in
            let now = parts.time.now()
            let change = try await ConversionStore(transaction).hear(refusal, of: stored.id, asked: step, at: now)
            if change.before != change.after {
                try await AuditLog(transaction).append(
                    AuditEntry(
                        id: parts.ids.next(),
                        tenantID: stored.tenantID,
                        origin: .system(),
                        action: .update,
                        resource: AuditResource(conversions.auditType, stored.id),
                        change: AuditChange(change, by: conversions.source),
                        time: now
                    )
                )
            }
            guard let after = change.after else { throw PersistenceError.notFound }
            return after
        }
    }
}
