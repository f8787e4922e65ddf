import Domain
import Ledger
import SharedTesting
import Testing

/// Random commands through the batch and through the oracle: both must say the same, and what must always hold, holds.
@Suite(.proves("WAL-03", "WAL-04", "WAL-06", "WAL-09")) struct LedgerPropertyTests {
    /// Everything the ledger remembers between batches, kept as a database would.
    private struct Memory {
        var accounts: [LedgerAccountID: LedgerAccount]
        var keys: [KnownKey] = []
        var holds: [TransferRef: Hold] = [:]
        var entries: [EntryRow] = []
        var decisions: [DecisionRow] = []
        var batches: Int64 = 0

        init(_ accounts: [LedgerAccount]) {
            self.accounts = Dictionary(uniqueKeysWithValues: accounts.map { ($0.ref.id, $0) })
        }

        func state() -> LedgerState {
            let posted = decisions.filter { $0.transfer != nil }
            let reversed = Set(
                posted.filter { $0.transfer?.kind == .reverse }.compactMap { row in
                    row.transfer?.target.map { TransferRef(tenantID: row.tenantID, id: $0) }
                }
            )
            return LedgerState(
                accounts: Array(accounts.values),
                keys: keys,
                holds: Array(holds.values),
                transfers: posted.map { row in
                    let ref = TransferRef(tenantID: row.tenantID, id: row.decision.transferID)
                    return KnownTransfer(
                        ref: ref,
                        kind: row.transfer?.kind ?? .post,
                        legs: entries.filter { $0.transfer == ref }.map { Leg($0.account, $0.amount) },
                        isReversed: reversed.contains(ref),
                        refunded: refunded(ref)
                    )
                }
            )
        }

        private func refunded(_ target: TransferRef) -> Int64 {
            let refunds = decisions.filter {
                $0.transfer?.kind == .refund && $0.tenantID == target.tenantID && $0.transfer?.target == target.id
            }
            let ids = Set(refunds.map { TransferRef(tenantID: $0.tenantID, id: $0.decision.transferID) })
            return entries.filter { $0.leg == 0 && ids.contains($0.transfer) }
                .reduce(0) { $0 + $1.amount.tenThousandths }
        }

        mutating func keep(_ batch: LedgerBatch) {
            for account in batch.changedAccounts { accounts[account.ref.id] = account }
            for hold in batch.placedHolds + batch.usedHolds { holds[hold.ref] = hold }
            keys += batch.decisions.map {
                KnownKey(
                    scopedKey: ScopedKey(tenantID: $0.tenantID, key: $0.key),
                    fingerprint: $0.fingerprint,
                    decision: $0.decision
                )
            }
            entries += batch.entries
            decisions += batch.decisions
            if !batch.decisions.isEmpty { batches += 1 }
        }
    }

    @Test func `the batch decides as the oracle does, whatever is asked and however it is cut into batches`() throws {
        var random = SeededRandom()
        let scene = LedgerScene()
        var verdicts: Set<TransferVerdict> = []
        for round in 0..<250 {
            var memory = Memory(scene.accounts)
            var oracle = LedgerOracle(accounts: scene.accounts)
            var transfers: [TransferRef] = []
            var number = 0
            for step in 0..<12 {
                let now = LedgerScene.start + .seconds(step * 4)
                var batch = LedgerBatch(number: memory.batches + 1, recordedAt: now, state: memory.state())
                for _ in 0..<Int.random(in: 1...9, using: &random) {
                    let command = try scene.command(number, transfers, &random)
                    number += 1
                    transfers.append(command.ref)
                    let answer = batch.apply(command)
                    let expected = oracle.decide(command, at: now)
                    verdicts.formUnion(answer.decision.map { [$0.verdict] } ?? [])
                    #expect(answer.decision?.verdict == expected?.0, "round \(round) \(command.action)")
                    #expect(answer.decision?.transferID == expected?.1)
                    if case .decided = answer { #expect(expected?.isNew == true) }
                    if case .repeated = answer { #expect(expected?.isNew == false) }
                }
                memory.keep(batch)
                check(batch, memory, oracle)
            }
        }
        // The commands were such that each verdict but those of extremes was met.
        let missing = Set(TransferVerdict.allCases).subtracting(verdicts)
        #expect(missing.isSubset(of: [.amountTooLarge, .tooManyLegs]), "never met: \(missing)")
    }

    private func check(_ batch: LedgerBatch, _ memory: Memory, _ oracle: LedgerOracle) {
        for account in memory.accounts.values {
            #expect(account.balance == oracle.balance(account.ref))
            #expect(account.held == oracle.held(account.ref) && account.held >= 0)
            if let floor = account.floor { #expect(account.balance - account.held >= floor) }
            let own = memory.entries.filter { $0.account == account.ref }
            #expect(own.map(\.amount.tenThousandths) == oracle.moves(account.ref))
            #expect(own.map(\.sequence) == Array(1..<Int64(own.count + 1)))
            var sum: Int64 = 0
            for entry in own {
                sum += entry.amount.tenThousandths
                #expect(entry.balanceAfter.tenThousandths == sum)
            }
        }
        let sums = Dictionary(grouping: memory.entries, by: \.amount.currency).mapValues {
            $0.reduce(0) { $0 + $1.amount.tenThousandths }
        }
        #expect(sums.values.allSatisfy { $0 == 0 })
        for (_, own) in Dictionary(grouping: memory.entries, by: \.transfer) {
            #expect(own.count >= 2 && own.reduce(0) { $0 + $1.amount.tenThousandths } == 0)
        }
        for hold in memory.holds.values {
            #expect(hold.remaining >= 0 && hold.captured >= 0 && hold.released >= 0)
        }
        for entry in batch.entries { #expect(entry.at.batch == batch.number) }
    }

    @Test func `the same commands in one batch, in many, or sent again, leave the same accounts`() throws {
        var random = SeededRandom()
        let scene = LedgerScene()
        for round in 0..<100 {
            var commands: [TransferCommand] = []
            for number in 0..<40 { commands.append(try scene.command(number, commands.map(\.ref), &random)) }
            var whole = Memory(scene.accounts)
            var cut = Memory(scene.accounts)
            var batch = LedgerBatch(number: 1, recordedAt: LedgerScene.start, state: whole.state())
            let answers = commands.map { batch.apply($0) }
            whole.keep(batch)
            var rest = commands[...]
            var cutAnswers: [TransferAnswer] = []
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 1...7, using: &random))
                rest = rest.dropFirst(part.count)
                var batch = LedgerBatch(number: cut.batches + 1, recordedAt: LedgerScene.start, state: cut.state())
                cutAnswers += part.map { batch.apply($0) }
                cut.keep(batch)
            }
            #expect(answers.map { $0.decision?.verdict } == cutAnswers.map { $0.decision?.verdict }, "round \(round)")
            #expect(whole.accounts == cut.accounts && whole.holds == cut.holds)
            // Everything once more: nothing happens, and everyone hears what he heard before.
            var again = LedgerBatch(number: 2, recordedAt: LedgerScene.start + .seconds(60), state: whole.state())
            #expect(commands.map { again.apply($0).decision } == answers.map(\.decision))
            #expect(again.decisions.isEmpty && again.entries.isEmpty && again.changedAccounts.isEmpty)
            #expect(again.placedHolds.isEmpty && again.usedHolds.isEmpty)
        }
    }

    @Test(.proves("WAL-12")) func `a reversal gives every account back what it had`() throws {
        var random = SeededRandom()
        let scene = LedgerScene()
        for _ in 0..<100 {
            var memory = Memory(scene.accounts)
            var transfers: [TransferRef] = []
            for number in 0..<30 {
                let command = try scene.command(number, transfers, &random)
                transfers.append(command.ref)
                var batch = LedgerBatch(number: 1, recordedAt: LedgerScene.start, state: memory.state())
                _ = batch.apply(command)
                memory.keep(batch)
                guard batch.decisions.first?.transfer?.kind == .post else { continue }
                var back = LedgerBatch(number: 2, recordedAt: LedgerScene.start, state: memory.state())
                let reversal = TransferCommand(
                    id: TransferID(LedgerScene.id(UInt64(50_000 + number))),
                    tenantID: command.tenantID,
                    key: try scene.keyed("reverse \(number)"),
                    action: .reverse(command.id),
                    details: TransferDetails(.correction)
                )
                let before = memory.accounts
                // Nothing happened in between, so nothing can be missing for it.
                let opposite = batch.entries.map { -$0.amount.tenThousandths }
                guard back.apply(reversal).decision?.verdict == .posted else {
                    Issue.record("not reversed: \(command.action)")
                    continue
                }
                #expect(back.entries.map(\.amount.tenThousandths) == opposite)
                for account in back.changedAccounts {
                    let moved = batch.entries.filter { $0.account == account.ref }
                        .reduce(0) { $0 + $1.amount.tenThousandths }
                    #expect(account.balance == (before[account.ref.id]?.balance ?? 0) - moved)
                }
            }
        }
    }
}
