package import Billing
package import Domain
package import Postgres

/// A run, named.
package struct LifecycleRef: Hashable, Sendable {
    package let tenantID: TenantID
    package let id: LifecycleRunID

    package init(tenantID: TenantID, id: LifecycleRunID) {
        self.tenantID = tenantID
        self.id = id
    }
}

/// What is under way.
package struct LifecycleFigures: Hashable, Sendable {
    /// Runs that have not ended, by kind and state.
    package var running: [LifecycleKind: [LifecycleRun.State: Int]] = [:]
    /// Those of them that should have ended.
    package var stuck = 0

    /// Nothing is under way.
    package init() {}
}

/// A move of a run, stored.
package struct LifecycleAdvance: Hashable, Sendable {
    package let run: LifecycleRun
    /// The step that was done, or tried; nil where none was.
    package let step: LifecycleStepName?
}

/// Carries runs out (LCY-02, LCY-09): a step's effect, its row and what follows from it are one transaction, in the scope of the run's
/// own tenant and with its people's rights. Killed before its commit, nothing of a step was done; killed after it, all of it was.
package final class LifecycleWork: Sendable {
    /// Around the commit of a move.
    package enum Moment: Hashable, Sendable {
        case before(LifecycleRun.Move)
        case after(LifecycleRun.Move)
    }

    private let session: PostgresSession
    private let pool: TenantPool
    private let terms: LifecycleTerms
    /// Told of each move; what it throws, the caller gets, as if the process had died there.
    private let witness: @Sendable (Moment) throws -> Void

    /// `session` is the pipelines' and serves this alone: the leader's lock belongs to its connection.
    package init(
        _ session: PostgresSession,
        pool: TenantPool,
        terms: LifecycleTerms,
        witness: @escaping @Sendable (Moment) throws -> Void = { _ in }
    ) {
        self.session = session
        self.pool = pool
        self.terms = terms
        self.witness = witness
    }

    /// The first half of the two-number lock of whoever carries runs out.
    private static let lockClass: Int32 = 0x4C43

    /// Whether this connection leads now: the lock is had at once or another process has it.
    package func lead() async throws(StorageFault) -> Bool {
        try await guarded { try await self.session.leads(Self.lockClass) }
    }

    /// Runs whose time has come, the longest due first.
    package func due(at now: Timestamp, limit: Int) async throws(StorageFault) -> [LifecycleRef] {
        try await guarded {
            try await self.session.query(
                "SELECT tenant_id, id FROM lifecycle_runs WHERE ended_at IS NULL AND next_at <= $1 ORDER BY next_at LIMIT $2",
                [.time(now), .int8(Int64(limit))]
            ).map {
                LifecycleRef(tenantID: try $0.need("tenant_id") { $0.id() }, id: try $0.need("id") { $0.id() })
            }
        }
    }

    package func figures(at now: Timestamp) async throws(StorageFault) -> LifecycleFigures {
        try await guarded {
            var figures = LifecycleFigures()
            let rows = try await self.session.query(
                """
                SELECT kind, state, count(*) AS runs, count(*) FILTER (WHERE deadline < $1 OR (deadline IS NULL AND requested_at < $2)) AS stuck
                FROM lifecycle_runs WHERE ended_at IS NULL GROUP BY kind, state
                """,
                [.time(now), .time(now - self.terms.rules.deadline)]
            )
            for row in rows {
                figures.running[try row.choice("kind"), default: [:]][try row.choice("state")] = row["runs"].int ?? 0
                figures.stuck += row["stuck"].int ?? 0
            }
            return figures
        }
    }

    /// Makes a run's next move and stores it. Nil where there is none for now, it ended, or somebody else has it.
    package func advance(_ ref: LifecycleRef) async throws -> LifecycleAdvance? {
        let refusal: LifecycleRefusal
        do {
            return try await move(ref) { try await $0.outcome(of: $1) }
        } catch let refused as LifecycleRefusal {
            refusal = refused
        }
        // The effect's transaction is undone; what became of it is stored in one of its own, where the run still stands there.
        return try await move(ref) { _, move in move == refusal.move ? refusal.outcome : nil }
    }

    /// A run whose move threw rests before it is tried again, longer each time, so that it keeps no other from its turn. Its deadline
    /// runs from here on at the latest.
    package func postpone(_ ref: LifecycleRef, failures: Int) async throws {
        try await pool.transaction(alone: ref.tenantID) { transaction in
            let store = LifecycleStore(transaction)
            guard var locked = try await store.lock(ref.id) else { return }
            let (now, before) = (terms.time.now(), locked.run)
            locked.run.postpone(at: now, failures: failures, terms.rules)
            try await store.write(locked, was: before, ids: terms.ids, at: now)
        }
    }

    /// Removes runs that ended before that time, with their steps, at most `limit`. Returns how many.
    @discardableResult
    package func forget(before time: Timestamp, limit: Int) async throws(StorageFault) -> Int {
        try await guarded {
            try await self.session.query(
                """
                DELETE FROM lifecycle_runs WHERE (tenant_id, id) IN (
                    SELECT tenant_id, id FROM lifecycle_runs WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)
                """,
                [.time(time), .int8(Int64(limit))]
            ).affectedRows
        }
    }

    private func move(
        _ ref: LifecycleRef,
        _ outcome: (inout LifecycleStepping, LifecycleRun.Move) async throws -> LifecycleOutcome?
    ) async throws -> LifecycleAdvance? {
        var made = LifecycleRun.Move.rest
        let advance: LifecycleAdvance? = try await pool.transaction(alone: ref.tenantID) { transaction in
            let store = LifecycleStore(transaction)
            guard let locked = try await store.lock(ref.id) else { return nil }
            let now = terms.time.now()
            var stepping = LifecycleStepping(locked, transaction, terms, now)
            let move = stepping.locked.run.move(at: now, terms.rules)
            if let index = move.position {
                guard let outcome = try await outcome(&stepping, move) else { return nil }
                stepping.locked.run.take(outcome, at: now, terms.rules)
                try await store.write(stepping.locked, was: locked.run, ids: terms.ids, at: now)
                made = move
                try witness(.before(move))
                return LifecycleAdvance(run: stepping.locked.run, step: locked.run.steps[index].name)
            }
            try await store.write(stepping.locked, was: locked.run, ids: terms.ids, at: now)
            guard stepping.locked.run != locked.run else { return nil }
            return LifecycleAdvance(run: stepping.locked.run, step: nil)
        }
        if made != .rest { try witness(.after(made)) }
        return advance
    }
}

/// What steps go by besides the rows.
package struct LifecycleTerms: Sendable {
    package var rules: LifecycleRules
    /// How long the end of sessions is waited for.
    package var sessions: Duration
    package let ids: IDGenerator
    package let time: TimeSource
    /// Seals the passwords that are made.
    package let secrets: DirectorySecrets
    /// The calendar of a time zone; nil for one that is not known.
    package let calendar: @Sendable (String) -> BillingCalendar?

    package init(
        rules: LifecycleRules,
        sessions: Duration,
        ids: IDGenerator,
        secrets: DirectorySecrets,
        calendar: @escaping @Sendable (String) -> BillingCalendar?
    ) {
        self.rules = rules
        self.sessions = sessions
        self.ids = ids
        time = ids.time
        self.secrets = secrets
        self.calendar = calendar
    }
}

extension LifecycleRun.Move {
    /// Of the step that it is about.
    var position: Int? {
        switch self {
        case .perform(let index), .compensate(let index): index
        case .rest: nil
        }
    }
}

/// What cannot be done, thrown so that the transaction in which it was begun is undone.
struct LifecycleRefusal: Error {
    let move: LifecycleRun.Move
    let outcome: LifecycleOutcome
}
