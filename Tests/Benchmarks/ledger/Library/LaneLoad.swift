internal import Concurrency
internal import Domain
internal import Ledger
internal import Persistence
internal import Postgres

/// Lanes side by side, each with one hot account that pays a thousand others: idempotency keys, entries, the chained digest and the
/// event in each commit.
enum LaneLoad {
    private static let wallets = 1_000
    private static let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }

    static func run(url: String, lanes: Int, batch: Int, seconds: Int) async throws -> LoadTally {
        try await withThrowingTaskGroup(of: LoadTally.self) { group in
            for _ in 0..<lanes { group.addTask { try await lane(url: url, batch: batch, seconds: seconds) } }
            return try await group.reduce(LoadTally(), +)
        }
    }

    private static func lane(url: String, batch: Int, seconds: Int) async throws -> LoadTally {
        let session = PostgresSession(
            PostgresConfiguration(url: url, role: "nexora_billing", applicationName: "ledger-load")
        )
        let ids = IDGenerator(time: clock)
        let root: TenantID = ids.next()
        let accounts = try await AccountOpener(session, ids: ids).open(wishes(root, ids))
        let lane = Lane(rootID: root, currency: .euro)
        let writer = LaneWriter(session, lane: lane, holder: "load", time: clock)
        guard try await writer.take() else { throw LaneFault.notLeading }
        var tally = LoadTally()
        let amount = try Money(tenThousandths: 100, currency: .euro)
        let make = { @Sendable () async -> [TransferCommand] in
            (0..<batch).map { _ in
                let id: TransferID = ids.next()
                return TransferCommand(
                    id: id,
                    tenantID: root,
                    key: key(id),
                    action: .transfer(
                        from: accounts[0].ref,
                        to: accounts[.random(in: 1...wallets)].ref,
                        amount: amount
                    ),
                    details: TransferDetails(.topUp)
                )
            }
        }
        let began = SystemClock.monotonicNanoseconds()
        let end = Deadline.after(.seconds(seconds))
        var commands = await make()
        while !end.hasPassed {
            // As the daemon does: the next commands are read while these are written.
            async let next = make()
            let start = SystemClock.monotonicNanoseconds()
            let commit = try await writer.commit(commands)
            tally.commits.append(SystemClock.monotonicNanoseconds() - start)
            tally.transfers += commit.answers.count { $0.decision?.verdict == .posted }
            commands = await next
        }
        tally.nanoseconds = SystemClock.monotonicNanoseconds() - began
        tally.isBalanced = try await isBalanced(session, root, tally.transfers)
        try await writer.giveBack()
        await session.close()
        return tally
    }

    private static func key(_ id: TransferID) -> IdempotencyKey {
        guard let key = IdempotencyKey(id.description) else { preconditionFailure("an id is a key") }
        return key
    }

    private static func wishes(_ root: TenantID, _ ids: IDGenerator) -> [AccountWish] {
        let till = AccountWish(
            tenantID: root,
            rootID: root,
            owner: .tenant(root),
            kind: .clearing(gateway: "till"),
            currency: .euro
        )
        return [till]
            + (0..<wallets).map { _ in
                AccountWish(tenantID: root, rootID: root, owner: .customer(ids.next()), kind: .wallet, currency: .euro)
            }
    }

    private static func isBalanced(_ session: PostgresSession, _ root: TenantID, _ transfers: Int) async throws -> Bool
    {
        let row = try await session.query(
            """
            SELECT coalesce(sum(amount), 0)::bigint AS sum, count(*) AS entries,
                (SELECT -balance FROM ledger_accounts WHERE tenant_id = $1 AND kind = 'clearing') AS paid
            FROM ledger_entries WHERE tenant_id = $1
            """,
            [.id(root)]
        ).first
        return row?["sum"].int64 == 0 && row?["entries"].int64 == Int64(2 * transfers)
            && row?["paid"].int64 == Int64(100 * transfers)
    }
}
