package import Domain
import Events
package import Postgres

/// Writes batches of accounting records: sessions, usage and the events that follow, each batch one transaction.
///
/// The transaction locks the batch's sessions, reads them, folds the records into them and writes what changed; see
/// `SessionLocks` for why no octet is counted twice however many writers run. It is idempotent: the same records again, in
/// whatever company, write nothing. Ordinary interims write no outbox row; the batch's usage is one event per tenant.
package final class AccountingWriter: Sendable {
    private let session: PostgresSession
    private let random: @Sendable () -> UInt64

    /// `session` serves this writer alone.
    package init(
        _ session: PostgresSession,
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) {
        self.session = session
        self.random = random
    }

    /// Commits the batch, or nothing of it.
    package func commit(_ records: [AccountingRecord]) async throws(StorageFault) -> AccountingCommit {
        var scope = BatchScope(records)
        do {
            // A row of an admission may stand under a key that no record of the batch has. Its lock belongs into the
            // ascending order, so the batch begins again with it; a third time means that rivals keep adding some.
            for _ in 0..<5 {
                if let commit = try await attempt(records, &scope) { return commit }
            }
        } catch let fault as StorageFault {
            throw fault
        } catch {
            throw StorageFault(error)
        }
        throw .conflict("sessions moved between keys")
    }

    /// Keeps a message that will not be delivered again, and tells of it. Twice is once.
    package func bury(_ letter: RefusedMessage, failures: Int) async throws(StorageFault) {
        do {
            try await session.transaction { transaction in
                let results = try await transaction.pipeline([letter.insert, PGStatement(AccountingSQL.clock)])
                guard results[0].affectedRows == 1 else { return }
                var ids = EventIDs(
                    from: Timestamp(microseconds: results[1].first?[0].timestamptz ?? 0),
                    random: random
                )
                let event = letter.event(id: ids.next(), deliveries: failures)
                try await transaction.pipeline([OutboxRow.insert([event])])
            }
        } catch {
            throw StorageFault(error)
        }
    }

    /// One transaction; nil, undone, when `scope` turned out too small and grew.
    private func attempt(
        _ records: [AccountingRecord],
        _ scope: inout BatchScope
    ) async throws -> AccountingCommit? {
        do {
            return try await session.transaction(settings: AccountingSQL.settings) { transaction in
                let (existing, restarts, time) = try await read(&scope, transaction)
                let outcome = SessionLedger.fold(
                    records: records,
                    existing: existing.states,
                    knownRestarts: restarts
                )
                var plan = WritePlan(outcome, existing: existing, ids: EventIDs(from: time, random: random))
                let results = try await transaction.pipeline(plan.statements)
                guard plan.isFulfilled(by: results) else {
                    throw StorageFault.conflict("sessions changed under their locks")
                }
                try await close(outcome.restarts, &plan, transaction)
                return plan.commit(of: records.count)
            }
        } catch is ScopeGrew {
            return nil
        }
    }

    /// Locks and reads: all rows of the batch's keys and admissions, the restarts of its NASes, and the instant that its
    /// events count from.
    private func read(
        _ scope: inout BatchScope,
        _ transaction: PostgresSessionTransaction
    ) async throws -> (StoredSessions, [NASRestart], Timestamp) {
        let results = try await transaction.pipeline([
            scope.lockNASes, scope.lockKeys, scope.selectByKey, scope.selectRestarts,
            PGStatement(AccountingSQL.clock),
        ])
        var existing = StoredSessions(results[2])
        let unmatched = scope.unmatchedAdmissions(existing.states)
        if !unmatched.isEmpty {
            let found = StoredSessions(
                try await transaction.pipeline([BatchScope.lock(unmatched), BatchScope.select(unmatched)])[1]
            )
            guard !scope.grow(by: found.states) else { throw ScopeGrew() }
            existing.merge(found)
        }
        return (
            existing, results[3].map(NASRestart.init), Timestamp(microseconds: results[4].first?[0].timestamptz ?? 0)
        )
    }

    /// What an Accounting-On or -Off closes beyond the rows of the batch; remembered for records that come after it.
    private func close(
        _ restarts: [NASRestart],
        _ plan: inout WritePlan,
        _ transaction: PostgresSessionTransaction
    ) async throws {
        guard !restarts.isEmpty else { return }
        let results = try await transaction.pipeline(restarts.flatMap(\.statements))
        let closed = results.joined().map(SessionState.init)
        let events = plan.stopped(closed)
        if !events.isEmpty { try await transaction.pipeline([OutboxRow.insert(events)]) }
    }

    private struct ScopeGrew: Error {}
}

extension NASRestart {
    /// A row of `AccountingSQL.restarts`.
    fileprivate init(_ row: PGRow) {
        self.init(
            tenantID: TenantID(UUID128(row[0])),
            nasID: NASID(UUID128(row[1])),
            at: Timestamp(microseconds: row[2].timestamptz ?? 0)
        )
    }

    /// Closes what it ends, with those rows as the only ones returned, and keeps it.
    fileprivate var statements: [PGStatement] {
        let nas: [PGValue] = [
            .uuid(high: tenantID.value.high, low: tenantID.value.low),
            .uuid(high: nasID.value.high, low: nasID.value.low),
        ]
        let boundary = nas + [.timestamptz(at.microseconds)]
        return [
            PGStatement(AccountingSQL.restart, boundary + [.timestamptz(aliveAfter.microseconds)]),
            PGStatement(AccountingSQL.keepRestart, boundary), PGStatement(AccountingSQL.forgetRestarts, nas),
        ]
    }
}

/// What a commit changed, for metrics.
package struct AccountingCommit: Sendable, Equatable {
    /// Octets of one tenant.
    package struct Volume: Sendable, Equatable {
        package var input: Int64 = 0
        package var output: Int64 = 0

        package init(input: Int64 = 0, output: Int64 = 0) {
            self.input = input
            self.output = output
        }
    }

    /// Records that changed something.
    package var appliedRecords: Int
    /// Repeats and late records that told nothing new.
    package var unchangedRecords: Int
    package var volumes: [TenantID: Volume]
    /// Sessions that the commit closed, or found closed.
    package var ended: [EndedSession]
    /// What it added to sessions that were known before.
    package var observations: [CounterObservation]

    package init(
        appliedRecords: Int = 0,
        unchangedRecords: Int = 0,
        volumes: [TenantID: Volume] = [:],
        ended: [EndedSession] = [],
        observations: [CounterObservation] = []
    ) {
        self.appliedRecords = appliedRecords
        self.unchangedRecords = unchangedRecords
        self.volumes = volumes
        self.ended = ended
        self.observations = observations
    }
}
