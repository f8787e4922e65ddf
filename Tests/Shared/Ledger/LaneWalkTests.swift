import Crypto
import Domain
import Ledger
import SharedTesting
import Testing

/// The walk along a lane: whole chains pass, and of broken ones the first discrepancy is named.
@Suite(.proves("WAL-13")) struct LaneWalkTests {
    private static let lane = Lane(rootID: LedgerScene.root, currency: .euro)

    private struct Stored {
        var header: BatchHeader
        var digest: [UInt8]
        var rows: BatchRows
    }

    /// Batches of top-ups, one behind the other.
    private static func chain(_ count: Int64) throws -> [Stored] {
        let scene = LedgerScene()
        var chain: [Stored] = []
        for number in 1...count {
            var batch = LedgerBatch(
                number: number,
                recordedAt: LedgerScene.start + .seconds(Int(number)),
                lane: lane,
                state: LedgerState(accounts: scene.accounts)
            )
            for place in 0..<3 {
                let id = UInt64(number) * 10 + UInt64(place)
                let command = TransferCommand(
                    id: TransferID(LedgerScene.id(id)),
                    tenantID: LedgerScene.root,
                    key: try scene.keyed("k\(id)"),
                    // The last is refused.
                    action: .transfer(
                        from: scene.accounts[place == 2 ? 0 : 3].ref,
                        to: scene.accounts[4].ref,
                        amount: try LedgerScene.euro(5)
                    ),
                    details: TransferDetails(.topUp)
                )
                _ = batch.apply(command)
            }
            let header = batch.header(lane, epoch: 1, previous: chain.last?.digest ?? BatchHeader.genesis)
            chain.append(Stored(header: header, digest: header.digest, rows: batch.rows))
        }
        return chain
    }

    private static func walk(_ chain: [Stored], head: Stored?, checkpoints: [LedgerCheckpoint] = []) -> LaneWalk {
        var walk = LaneWalk(lane, checkpoints: checkpoints)
        for stored in chain { walk.follow(stored.header, digest: stored.digest, rows: stored.rows) }
        walk.finish(number: head?.header.number ?? 0, digest: head?.digest ?? BatchHeader.genesis)
        return walk
    }

    private static func checkpoint(_ stored: Stored) -> LedgerCheckpoint {
        LedgerCheckpoint(
            lane: lane,
            number: stored.header.number,
            digest: stored.digest,
            signedAt: LedgerScene.start
        )
    }

    @Test func `a whole chain passes, with the checkpoints that saw it`() throws {
        let chain = try Self.chain(6)
        let walk = Self.walk(chain, head: chain.last, checkpoints: [chain[1], chain[4]].map(Self.checkpoint))
        #expect(walk.discrepancy == nil && walk.lastNumber == 6 && walk.rows == 6 * 7)
        #expect(walk.checkpoints == 2 && walk.vouchedThrough == 5)
        #expect(Self.walk([], head: nil).discrepancy == nil)
    }

    @Test func `batches that are missing, moved, cut off or added are found`() throws {
        let chain = try Self.chain(6)
        for number in 0..<6 {
            var gap = chain
            gap.remove(at: number)
            let expected: LedgerDiscrepancy =
                number == 5 ? .headDiffers(number: 5) : .batchMissing(number: Int64(number) + 2)
            #expect(Self.walk(gap, head: chain.last).discrepancy == expected)
        }
        // With the head set back, only a checkpoint knows better.
        let cut = Array(chain.prefix(3))
        #expect(Self.walk(cut, head: cut.last).discrepancy == nil)
        let vouched = [Self.checkpoint(chain[4])]
        #expect(
            Self.walk(cut, head: cut.last, checkpoints: vouched).discrepancy == .checkpointBeyondEnd(number: 5)
        )
        #expect(Self.walk(chain, head: chain[4]).discrepancy == .headDiffers(number: 6))
        #expect(Self.walk(chain + [chain[5]], head: chain.last).discrepancy == .linkBroken(number: 6))
    }

    @Test func `a walk from a verified place finds what the whole walk does behind it`() throws {
        let chain = try Self.chain(6)
        let checkpoints = [chain[1], chain[4]].map(Self.checkpoint)
        var whole = LaneWalk(Self.lane, checkpoints: checkpoints)
        #expect(whole.head == .beginning(of: Self.lane))
        for stored in chain {
            // From each place the rest is whole, with the checkpoints behind it.
            var rest = LaneWalk(after: whole.head, checkpoints: checkpoints)
            for later in chain.dropFirst(Int(whole.lastNumber)) {
                rest.follow(later.header, digest: later.digest, rows: later.rows)
            }
            rest.finish(number: 6, digest: chain[5].digest)
            #expect(rest.discrepancy == nil && rest.head.number == 6 && rest.head.digest == chain[5].digest)
            #expect(rest.checkpoints == checkpoints.count { $0.number > whole.lastNumber })
            whole.follow(stored.header, digest: stored.digest, rows: stored.rows)
        }
        // A place that the chain never had links to nothing.
        let elsewhere = VerifiedHead(lane: Self.lane, number: 3, digest: chain[3].digest)
        var lost = LaneWalk(after: elsewhere, checkpoints: [])
        lost.follow(chain[3].header, digest: chain[3].digest, rows: chain[3].rows)
        #expect(lost.discrepancy == .linkBroken(number: 4) && lost.head == elsewhere)
        var gap = LaneWalk(after: VerifiedHead(lane: Self.lane, number: 2, digest: chain[1].digest), checkpoints: [])
        gap.follow(chain[3].header, digest: chain[3].digest, rows: chain[3].rows)
        #expect(gap.discrepancy == .batchMissing(number: 4))
    }

    @Test func `an account's entries follow from each other, from wherever one begins`() throws {
        let account = LedgerScene().accounts[0]
        func entry(_ sequence: Int64, _ amount: Int64, _ after: Int64) throws -> EntryRow {
            EntryRow(
                account: account.ref,
                owner: account.owner,
                kind: account.kind,
                transfer: TransferRef(tenantID: account.ref.tenantID, id: TransferID(LedgerScene.id(1))),
                at: LanePlace(batch: 1, place: 0),
                recordedAt: LedgerScene.start,
                leg: 0,
                amount: try LedgerScene.euro(amount),
                sequence: sequence,
                balanceAfter: try LedgerScene.euro(after)
            )
        }
        func trail(_ entries: EntryRow...) -> AccountTrail {
            var trail = AccountTrail()
            for entry in entries { trail.follow(entry) }
            return trail
        }
        let whole = trail(try entry(4, 5, 12), try entry(5, -2, 10), try entry(6, 1, 11))
        let stretch = try #require(whole.stretches[account.ref])
        #expect(whole.discrepancy == nil && whole.stretches.count == 1)
        #expect([stretch.first, stretch.before, stretch.last, stretch.after] == [4, 7, 6, 11])
        let broken = LedgerDiscrepancy.sequenceBroken(account.ref.id, sequence: 6)
        #expect(trail(try entry(4, 5, 12), try entry(6, 1, 13)).discrepancy == broken)
        #expect(trail(try entry(5, 5, 12), try entry(6, 1, 14)).discrepancy == broken)
        #expect(trail(try entry(6, 5, 12), try entry(6, 1, 13)).discrepancy == broken)
    }

    @Test func `a batch that was made anew with its digest does not link, and not to its checkpoint`() throws {
        let chain = try Self.chain(4)
        var forged = chain
        let rows = BatchRows(
            decisions: chain[1].rows.decisions,
            entries: chain[1].rows.entries.filter { $0.at.place != 1 }
        )
        let header = BatchHeader(
            lane: Self.lane,
            number: 2,
            epoch: 1,
            recordedAt: chain[1].header.recordedAt,
            leaves: Int32(rows.leaves.count),
            root: MerkleTree(rows.leaves).root,
            previous: chain[0].digest
        )
        forged[1] = Stored(header: header, digest: header.digest, rows: rows)
        #expect(Self.walk(forged, head: chain.last).discrepancy == .linkBroken(number: 3))
        #expect(
            Self.walk(forged, head: chain.last, checkpoints: [Self.checkpoint(chain[1])]).discrepancy
                == .checkpointContradicts(number: 2)
        )
        // Only the rows, without the digest.
        var altered = chain
        altered[1].rows = rows
        #expect(Self.walk(altered, head: chain.last).discrepancy == .batchAltered(number: 2))
        // One leg alone, all made anew: it does not sum to zero.
        let lone = BatchRows(
            decisions: chain[0].rows.decisions,
            entries: chain[0].rows.entries.filter { !($0.at.place == 1 && $0.leg == 0) }
        )
        let first = BatchHeader(
            lane: Self.lane,
            number: 1,
            epoch: 1,
            recordedAt: chain[0].header.recordedAt,
            leaves: Int32(lone.leaves.count),
            root: MerkleTree(lone.leaves).root,
            previous: BatchHeader.genesis
        )
        var unbalanced = chain
        unbalanced[0] = Stored(header: first, digest: first.digest, rows: lone)
        #expect(
            Self.walk(unbalanced, head: chain.last).discrepancy == .unbalanced(TransferID(LedgerScene.id(11)))
        )
    }
}
