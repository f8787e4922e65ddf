import Domain
import Ledger
import Persistence
import Postgres
import SharedTesting
import Testing

/// Floors that move beside a writer: a credit line is a floor below zero.
@Suite(.serialized, .proves("WAL-03", "WAL-05")) struct LedgerFloorTests {
    @Test func `a floor that moves while a batch is written counts for that batch`() async throws {
        let world = try await LedgerWorld()
        let wallet = world.wallets[0].ref
        let (writer, session) = world.writer()
        #expect(try await writer.take())
        _ = try await writer.commit([try world.topUp("a", 10)])
        let other = PostgresSession(PostgresConfiguration(url: world.url, role: "nexora_billing"))
        let late = try world.spend("b", 10)
        let answers = try await withThrowingTaskGroup(of: [TransferAnswer].self) { group in
            try await other.transaction { transaction in
                try await AccountOpener(transaction, ids: world.ids).setFloor(of: wallet, to: world.euro(5))
                // The writer read the floor that was, and waits with its row for whoever moves it.
                group.addTask { try await writer.commit([late]).answers }
                try await eventually { try await Self.isWaiting(world) }
            }
            return try await group.next() ?? []
        }
        #expect(answers.map { $0.decision?.verdict } == [.insufficient])
        let next = try await writer.commit([try world.spend("c", 5), try world.spend("d", 1)]).answers
        #expect(next.map { $0.decision?.verdict } == [.posted, .insufficient])
        #expect(try await world.verify().discrepancy == nil)
        await other.close()
        await session.close()
        await world.close()
    }

    private static func isWaiting(_ world: LedgerWorld) async throws -> Bool {
        try await world.superuser.query(
            """
            SELECT count(*) > 0 FROM pg_stat_activity
            WHERE application_name = 'lane-writer' AND datname = current_database() AND wait_event_type = 'Lock'
            """
        ).first?[0].bool == true
    }

    @Test func `floors that move all the time cost neither money nor answers`() async throws {
        let world = try await LedgerWorld()
        let wallet = world.wallets[0].ref
        let (writer, session) = world.writer()
        #expect(try await writer.take())
        let (mover, lines) = (world.billing, try [0, -200, 30].map { try world.euro($0) })
        async let moved = Self.move(wallet, lines, mover, world.ids)
        var spent: Int64 = 0
        var verdicts: Set<TransferVerdict> = []
        for number in 0..<60 {
            let commands = [try world.topUp("t\(number)", 5), try world.spend("s\(number)", 11)]
            try await eventually(within: .seconds(60)) {
                // Floors may move faster than a batch is decided anew; then the same once more.
                guard let answers = try? await writer.commit(commands).answers else { return false }
                let decided = answers.compactMap { $0.decision?.verdict }
                verdicts.formUnion(decided)
                spent += decided == [.posted, .posted] ? 11 : 0
                return decided.count == 2
            }
        }
        #expect(try await moved > 0)
        let account = try #require(try await LedgerReader(world.billing).account(wallet))
        #expect(account.balance == 60 * 5 - spent && account.isAboveFloor)
        #expect(verdicts.isSubset(of: [.posted, .insufficient]) && spent > 0)
        // And a line that lies below what is owed is refused, however low.
        let above = try world.euro(account.balance + 1)
        await #expect(throws: PersistenceError.refused(constraint: "ledger_accounts_floor")) {
            try await AccountOpener(world.billing, ids: world.ids).setFloor(of: wallet, to: above)
        }
        #expect(try await world.verify(stretch: 50).discrepancy == nil)
        await session.close()
        await world.close()
    }

    /// Moves a floor from line to line; how often it was let.
    private static func move(
        _ wallet: AccountRef,
        _ lines: [Money],
        _ session: PostgresSession,
        _ ids: IDGenerator
    ) async throws -> Int {
        var moved = 0
        for number in 0..<300 {
            do {
                try await AccountOpener(session, ids: ids).setFloor(of: wallet, to: lines[number % lines.count])
                moved += 1
            } catch PersistenceError.refused(constraint: "ledger_accounts_floor") {
                continue
            }
        }
        return moved
    }
}
