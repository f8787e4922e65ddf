import Concurrency
import Documents
import Domain
import HTTPServer
import Identity
import Lifecycle
import ObjectStorage
import Observability
import Persistence

/// One attempt at one export, in one task.
final class ExportAttempt {
    /// Why an attempt ended without a file.
    private enum End: Error {
        case failed(StoredExport.Failure)
        /// It was cancelled, or somebody else has it: nothing of it may be written any more.
        case lost
        /// The process ends; another gateway goes on at once.
        case shutdown
    }

    private let parts: Parts
    private let storage: ObjectStorage
    private let policy: ExportPolicy
    private let writer: ObjectWriter
    private var export: StoredExport
    private var checkedRows: Int64 = 0
    private var checkAgain: Deadline

    init(_ export: StoredExport, _ parts: Parts, _ storage: ObjectStorage) throws {
        self.export = export
        self.parts = parts
        self.storage = storage
        policy = parts.policy.exports
        writer = storage.writer(try Self.key(export, export.attempt), contentType: export.order.format.contentType.text)
        checkAgain = .after(policy.checkPeriod)
    }

    /// Rows that the file has.
    var rows: Int64 { export.rows }

    /// Makes the file and says that it is there; or says why it is not, or leaves it to another attempt. Throws
    /// `CancellationError` alone.
    func run() async throws -> ExportMetrics.Outcome {
        do {
            guard export.attempt <= policy.attempts else { throw End.failed(.internal) }
            await clearBefore()
            try await write()
            return try await complete()
        } catch let error as CancellationError {
            throw error
        } catch {
            return await giveUp(error)
        }
    }

    // MARK: - The file

    private func write() async throws {
        guard let entity = ExportEntity.named(export.order.entity) else { throw End.failed(.invalid) }
        let reach = try await reachNow(entity)
        let reader = try entity.open(export.order, reach, parts, export.tenantID)
        while let octets = try await reader.next() {
            if GracefulShutdown.isShuttingDown { throw End.shutdown }
            try await writer.append(octets)
            export.rows = Int64(reader.rowCount)
            export.octets = Int64(writer.octets)
            export.upload = writer.upload
            if export.rows - checkedRows >= Int64(policy.rowsBetweenChecks) || checkAgain.hasPassed {
                try await check(entity)
            }
        }
        // Nothing is there before the last look.
        try await check(entity)
        try await writer.finish()
        export.upload = nil
    }

    /// Whether whoever asked still may, and whether it is still this attempt's.
    private func check(_ entity: ExportEntity) async throws {
        checkedRows = export.rows
        checkAgain = .after(policy.checkPeriod)
        _ = try await reachNow(entity)
        let (export, lease) = (export, parts.time.now() + policy.lease)
        let isOurs = try await parts.database.scope(export.tenantID).transaction { transaction in
            try await ExportStore(transaction).advance(export, until: lease)
        }
        guard isOurs else { throw End.lost }
    }

    /// How far whoever asked reaches now: as far as he did when he asked, or it ends.
    private func reachNow(_ entity: ExportEntity) async throws -> Reach {
        guard
            let actor = try await parts.accounts.actor(export.userID, in: export.tenantID, key: export.keyID),
            entity.needed.isSubset(of: actor.permissions), Reach(of: actor).word == export.reach
        else { throw End.failed(.forbidden) }
        return Reach(of: actor)
    }

    // MARK: - The end

    private func complete() async throws -> ExportMetrics.Outcome {
        let now = parts.time.now()
        let expires = now + policy.keep
        let done = ExportCompletion(export, parts, at: now)
        let isOurs = try await done.commit(.completed(expires: expires))
        guard !isOurs else { return .completed }
        // Surely nobody's: what is not known to have failed keeps its file, until another attempt or the clearing removes it.
        if let key = try? Self.key(export, export.attempt) { try? await storage.delete(key) }
        return .lost
    }

    private func giveUp(_ error: any Error) async -> ExportMetrics.Outcome {
        try? await writer.abort()
        export.upload = writer.upload
        if case End.lost = error { return .lost }
        do {
            if let failure = failure(error) {
                let end = ExportCompletion(export, parts, at: parts.time.now())
                return try await end.commit(.failed(failure)) ? .failed : .lost
            }
            let isShutdown = if case End.shutdown = error { true } else { false }
            let time = isShutdown ? nil : parts.time.now() + policy.rest
            if !isShutdown { log(error) }
            let waiting = export
            let isOurs = try await parts.database.scope(export.tenantID).transaction { transaction in
                try await ExportStore(transaction).release(waiting, until: time)
            }
            return isOurs ? .postponed : .lost
        } catch {
            // Its lease ends by itself, and somebody takes it up again.
            log(error)
            return .postponed
        }
    }

    /// What the export ends with; nil where another attempt may help.
    private func failure(_ error: any Error) -> StoredExport.Failure? {
        if case End.failed(let failure) = error { return failure }
        if case End.shutdown = error { return nil }
        // A list of which he sees nothing.
        if error is Problem { return .forbidden }
        if error is ListError { return .invalid }
        if case .tooManyRows = error as? DocumentError { return .tooManyRows }
        let isLast = export.attempt >= policy.attempts
        if let error = error as? ObjectStorageError { return isLast || error == .tooLarge ? .storage : nil }
        return isLast ? .internal : nil
    }

    /// What the attempt before this left in the store.
    private func clearBefore() async {
        guard export.attempt > 1, let key = try? Self.key(export, export.attempt - 1) else { return }
        do {
            if let upload = export.upload { try await storage.abort(key, upload: upload) }
            try await storage.delete(key)
        } catch {
            log(error)
        }
        export.upload = nil
    }

    private func log(_ error: any Error) {
        parts.logger.warn(
            "an export is tried again",
            ["export_id": .string(export.id.description), "attempt": .int(export.attempt), "error": .error(error)]
        )
    }

    static func key(_ export: StoredExport, _ attempt: Int) throws -> ObjectKey {
        guard let key = ObjectKey(export.key(ofAttempt: attempt)) else {
            throw ObjectStorageError.invalidConfiguration("no name for a file")
        }
        return key
    }
}
