package import Billing
import Concurrency
import Crypto
package import Domain
package import Ledger
package import Postgres
import Synchronization

/// Why a lane's writer wrote nothing.
package enum LaneFault: Error, Sendable, Equatable {
    /// The writer has not taken the lane, or gave it back.
    case notLeading
    /// Somebody else took the lane over: this writer never writes to it again before it takes it anew.
    case fenced
    /// More commands, or more legs, than one batch takes.
    case tooMany
    case storage(StorageFault)
}

/// What a batch decided.
package struct LaneCommit: Sendable {
    /// In the commands' order.
    package let answers: [TransferAnswer]
    /// The entries that the batch made, in their order; none of commands that were decided before.
    package let entries: [EntryRow]
    /// How the payments and corrections that commands were for ended with it, by the commands' places.
    package var endings: [Int: MoneyAnswer.Ending] = [:]
    /// The payments among them, each once.
    package var payments: [StoredPayment] = []
}

/// Writes one lane of the ledger, batch by batch. Two may be told to write the same lane: the database lets one.
///
/// A batch is one SERIALIZABLE transaction of three round trips, whatever its size: it reads, it writes, and it commits with the
/// events. It begins with the lane's row, locked and of this writer's epoch, so that a writer that was replaced writes nothing,
/// however late its statements arrive; and the batch's digest goes into that row. Times of entries come from `time` and never go back along the lane; leases go by the database's
/// clock.
package final class LaneWriter: Sendable {
    /// Commands of a batch at most.
    package static let maximumCommands = 500
    /// Legs of a batch at most, so that its event fits a message.
    package static let maximumLegs = 3000
    private static let tries = 30

    package let lane: Lane
    private let session: PostgresSession
    private let holder: String
    private let lease: Duration
    private let time: TimeSource
    private let random: @Sendable () -> UInt64
    private let term = Mutex<Term?>(nil)

    /// What the lane was taken with.
    private struct Term {
        let lane: Int32
        let epoch: Int64
    }

    /// `session` serves this writer alone, as the role nexora_billing. `holder` names this process for people; another writer of
    /// the same name takes the lane over at once, others once the lease has run out.
    package init(
        _ session: PostgresSession,
        lane: Lane,
        holder: String,
        lease: Duration = .seconds(10),
        time: TimeSource,
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }
    ) {
        self.session = session
        self.lane = lane
        self.holder = holder
        self.lease = lease
        self.time = time
        self.random = random
    }

    /// The epoch that the lane was taken with; nil while this writer does not lead.
    package var epoch: Int64? { term.withLock { $0?.epoch } }

    /// Takes the lane; false while somebody else's lease lasts. Whoever wrote before is fenced from then on.
    package func take() async throws(LaneFault) -> Bool {
        let results = try await run([
            PGStatement(
                """
                INSERT INTO ledger_lanes (tenant_id, currency) SELECT $1, $2
                WHERE NOT EXISTS (SELECT FROM ledger_lanes WHERE tenant_id = $1 AND currency = $2)
                ON CONFLICT (tenant_id, currency) DO NOTHING
                """,
                key
            ),
            PGStatement(
                """
                UPDATE ledger_lanes SET epoch = epoch + 1, holder = $3,
                    lease_until = clock_timestamp() + $4 * interval '1 microsecond'
                WHERE tenant_id = $1 AND currency = $2 AND (holder = $3 OR lease_until <= clock_timestamp())
                RETURNING lane, epoch
                """,
                key + [.text(holder), .int8(lease.wholeMicroseconds)]
            ),
        ])
        guard let row = results[1].first, let number = row["lane"].int32, let epoch = row["epoch"].int64 else {
            return false
        }
        term.withLock { $0 = Term(lane: number, epoch: epoch) }
        return true
    }

    /// Makes the lease last on while there is nothing to write; each batch does so by itself. Throws `fenced` where somebody else
    /// has taken the lane.
    package func renew() async throws(LaneFault) {
        let term = try leading()
        let rows = try await run([
            PGStatement(
                """
                UPDATE ledger_lanes SET lease_until = clock_timestamp() + $4 * interval '1 microsecond'
                WHERE tenant_id = $1 AND currency = $2 AND epoch = $3
                """,
                key + [.int8(term.epoch), .int8(lease.wholeMicroseconds)]
            )
        ])
        guard rows[0].affectedRows == 1 else { throw fence() }
    }

    /// Gives the lane back, so that the next need not wait for the lease to run out.
    package func giveBack() async throws(LaneFault) {
        let term = try leading()
        self.term.withLock { $0 = nil }
        _ = try await run([
            PGStatement(
                """
                UPDATE ledger_lanes SET lease_until = clock_timestamp(), holder = NULL
                WHERE tenant_id = $1 AND currency = $2 AND epoch = $3
                """,
                key + [.int8(term.epoch)]
            )
        ])
    }

    /// Decides the commands in their order and commits what they do, all in one batch, or nothing of it. The answers stand in the
    /// commands' order. After `storage(.outage)` nobody knows whether the batch was committed: sent again, the same commands
    /// are answered with what was decided then, or are decided now.
    package func commit(_ commands: [TransferCommand]) async throws(LaneFault) -> LaneCommit {
        let term = try leading()
        guard !commands.isEmpty else { return LaneCommit(answers: [], entries: []) }
        guard commands.count <= Self.maximumCommands,
            commands.reduce(0, { $0 + max(2, $1.action.accounts.count) }) <= Self.maximumLegs
        else { throw .tooMany }
        var last = StorageFault.conflict("never tried")
        for number in 0..<Self.tries {
            do {
                return try await attempt(commands, term)
            } catch is Fenced {
                throw fence()
            } catch {
                last = Self.fault(error)
                guard Self.isConflict(error, last) else { throw .storage(last) }
            }
            guard await waited(number) else { break }
        }
        throw .storage(last)
    }

    /// Lanes that meet on a page of an index would meet again and again at the same pace. False when the task was cancelled.
    private func waited(_ number: Int) async -> Bool {
        guard number > 0 else { return true }
        let most = UInt64(1) << min(number, 5)
        do {
            try await pause(for: .milliseconds(Int64(random() % most)))
            return true
        } catch {
            return false
        }
    }

    private func attempt(_ commands: [TransferCommand], _ term: Term) async throws -> LaneCommit {
        try await session.transaction(isolation: .serializable, settings: settings) { transaction in
            let reading = LedgerStateReading(commands, lane: term.lane)
            let results = try await transaction.pipeline(
                [PGStatement(Self.head, key + [.int8(term.epoch)])] + reading.statements
            )
            guard let head = results[0].first else { throw Fenced() }
            let number = try head.need("last_batch", \.int64) + 1
            let previous = try head.need("last_digest", \.bytes)
            // Strictly later than the batch before, so that the events' ids are in the batches' order.
            let recordedAt = max(time.now(), try head.need("last_recorded_at", \.time) + .microseconds(1))
            var batch = LedgerBatch(
                number: number,
                recordedAt: recordedAt,
                lane: lane,
                state: try reading.state(results.dropFirst())
            )
            let answers = commands.map { batch.apply($0) }
            var ids = EventIDs(from: recordedAt, random: random)
            // The batch's event goes before those of what it ended.
            let event = ids.next().id
            var endings = LedgerEndings(commands, answers, at: recordedAt)
            let writing =
                batch.decisions.isEmpty
                ? nil
                : LedgerBatchWriting(
                    batch,
                    header: batch.header(lane, epoch: term.epoch, previous: previous),
                    lane: term.lane
                )
            let statements = writing?.statements(lease: lease) ?? []
            let all = statements.map(\.statement) + endings.statements
            let written = all.isEmpty ? [] : try await transaction.pipeline(all)
            guard zip(statements, written).allSatisfy({ $0.rows == $1.affectedRows }) else {
                throw StorageFault.conflict("the ledger changed under its lock")
            }
            try endings.read(written.dropFirst(statements.count), &ids)
            let events = (writing.map { [$0.event(event)] } ?? []) + endings.events
            if !events.isEmpty { transaction.finish(with: OutboxRow.insert(events)) }
            return LaneCommit(
                answers: answers,
                entries: batch.entries,
                endings: endings.endings,
                payments: endings.payments
            )
        }
    }

    private static func fault(_ error: any Error) -> StorageFault {
        // A row that cannot be read is nothing that time mends.
        if let error = error as? UnexpectedRow { return .broken(error.description) }
        return error as? StorageFault ?? StorageFault(error)
    }

    /// Another lane's writer used the same key or id at the same moment, or a row changed: what it left is seen the next time.
    private static func isConflict(_ error: any Error, _ fault: StorageFault) -> Bool {
        if case .conflict = fault { return true }
        return (error as? PostgresError)?.sqlState == "23505"
    }

    private struct Fenced: Error {}

    private var key: [PGValue] { [.id(lane.rootID), .text(lane.currency.code)] }

    private func leading() throws(LaneFault) -> Term {
        guard let term = term.withLock({ $0 }) else { throw .notLeading }
        return term
    }

    private func fence() -> LaneFault {
        term.withLock { $0 = nil }
        return .fenced
    }

    private func run(_ statements: [PGStatement]) async throws(LaneFault) -> [PGRows] {
        do {
            return try await session.pipeline(statements)
        } catch {
            throw .storage(StorageFault(error))
        }
    }

    /// Rows are looked up by their keys: reading a table through would make every other lane's batch a conflict. And a writer that
    /// stands still between two statements keeps the lane's row locked no longer than a lease (or a second) lasts: whoever takes
    /// the lane over would wait for it without end.
    private var settings: [(String, String)] {
        [
            ("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"),
            ("idle_in_transaction_session_timeout", "\(max(1_000, lease.wholeMilliseconds))"),
        ]
    }

    private static let head = """
        SELECT last_batch, last_digest, last_recorded_at FROM ledger_lanes
        WHERE tenant_id = $1 AND currency = $2 AND epoch = $3 FOR UPDATE
        """
}
