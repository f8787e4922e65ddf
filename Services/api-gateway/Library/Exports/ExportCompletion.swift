import Domain
import Events
import Persistence

/// How an export ends: its row, the event that tells of it, and its entry in the audit trail, in one commit.
struct ExportCompletion: Sendable {
    enum End: Sendable {
        case completed(expires: Timestamp)
        case failed(StoredExport.Failure)
    }

    private let export: StoredExport
    private let parts: Parts
    private let now: Timestamp

    init(_ export: StoredExport, _ parts: Parts, at now: Timestamp) {
        self.export = export
        self.parts = parts
        self.now = now
    }

    /// False where it was cancelled, or is somebody else's by now: then nothing was written.
    func commit(_ end: End) async throws -> Bool {
        try await parts.database.scope(export.tenantID).transaction { transaction in
            let store = ExportStore(transaction)
            switch end {
            case .completed(let expires):
                guard try await store.complete(export, at: now, expires: expires) else { return false }
                try await announce(completed(expires), in: transaction)
            case .failed(let failure):
                guard try await store.fail(export, failure, at: now) else { return false }
                try await announce(failed(failure), in: transaction)
            }
            // Last: the chain of the tenant is locked until the end.
            try await AuditLog(transaction).append([entry(end)])
            return true
        }
    }

    private func announce(_ payload: some EventPayload, in transaction: ScopedTransaction) async throws {
        let change = IdentityChange(
            now: now,
            ids: parts.ids,
            actorID: export.userID,
            correlationID: export.requestID
        )
        try await transaction.announce(payload, tenant: export.tenantID, about: export.id.value, change)
    }

    private func completed(_ expires: Timestamp) -> ExportCompleted {
        ExportCompleted(
            exportID: export.id,
            userID: export.userID,
            entity: export.order.entity,
            format: export.order.format.rawValue,
            rows: UInt64(clamping: export.rows),
            octets: UInt64(clamping: export.octets),
            expiresAt: expires
        )
    }

    private func failed(_ failure: StoredExport.Failure) -> ExportFailed {
        ExportFailed(
            exportID: export.id,
            userID: export.userID,
            entity: export.order.entity,
            format: export.order.format.rawValue,
            reason: failure.rawValue
        )
    }

    private func entry(_ end: End) -> AuditEntry {
        var outcome = AuditOutcome.success
        var reason: String?
        if case .failed(let failure) = end {
            outcome = failure == .forbidden ? .refused : .failed
            reason = failure.rawValue
        }
        return AuditEntry(
            id: parts.ids.next(),
            tenantID: export.tenantID,
            origin: origin,
            action: .export,
            resource: AuditResource("export", export.id),
            outcome: outcome,
            reason: reason,
            change: .created([
                "entity": .text(export.order.entity), "rows": .integer(export.rows), "octets": .integer(export.octets),
            ]),
            time: now
        )
    }

    /// Whoever asked, from where he asked.
    private var origin: AuditOrigin {
        let actor: AuditActor
        if let key = export.keyID {
            actor = .apiKey(key.value)
        } else {
            actor = export.reach.hasPrefix("customer") ? .subscriber(export.userID.value) : .user(export.userID.value)
        }
        return AuditOrigin(
            actor: actor,
            impersonator: export.keyID == nil ? nil : export.userID.value,
            address: IPAddress(export.source) ?? IPAddress(ipv4: 0),
            requestID: export.requestID
        )
    }
}
