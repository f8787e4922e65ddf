import Crypto
import Domain
import Ledger
import SharedTesting
import Testing

/// What the chain covers, and what a proof proves.
@Suite struct ChainTests {
    private static let keyring = Keyring.ephemeral()
    private static let lane = Lane(rootID: LedgerScene.root, currency: .euro)

    /// A batch of random transfers that were posted or refused.
    private static func rows(_ count: Int, batch: Int64 = 1, _ random: inout SeededRandom) throws -> BatchRows {
        let scene = LedgerScene()
        let state = LedgerState(accounts: scene.accounts)
        var made = LedgerBatch(number: batch, recordedAt: LedgerScene.start, lane: lane, state: state)
        var transfers: [TransferRef] = []
        while made.decisions.count < count || made.entries.isEmpty {
            let command = try scene.command(made.decisions.count + transfers.count, transfers, &random)
            transfers.append(command.ref)
            _ = made.apply(command)
        }
        return made.rows
    }

    private static func header(_ rows: BatchRows, number: Int64, previous: [UInt8]) -> BatchHeader {
        let leaves = rows.leaves
        return BatchHeader(
            lane: lane,
            number: number,
            epoch: 3,
            recordedAt: LedgerScene.start,
            leaves: Int32(leaves.count),
            root: MerkleTree(leaves).root,
            previous: previous
        )
    }

    /// What is expected was computed by another program, which shares no code with this one.
    @Test(.proves("WAL-12")) func `octets are those of earlier releases, and refunds have some of their own`() throws {
        let scene = LedgerScene()
        func command(_ number: UInt64, _ action: TransferCommand.Action) throws -> TransferCommand {
            TransferCommand(
                id: TransferID(LedgerScene.id(number)),
                tenantID: LedgerScene.root,
                key: try scene.keyed("key \(number)"),
                action: action,
                details: TransferDetails(.topUp)
            )
        }
        func digits(_ octets: [UInt8]) -> String {
            octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        let (till, wallet) = (scene.accounts[3].ref, scene.accounts[0].ref)
        let move = try command(1, .transfer(from: till, to: wallet, amount: LedgerScene.euro(100_000)))
        let part = try command(2, .refund(move.id, amount: LedgerScene.euro(5)))
        let fingerprints = [
            move, try command(3, .reverse(move.id)), try command(4, .refund(move.id, amount: nil)), part,
        ]
        #expect(
            fingerprints.map { digits($0.fingerprint) } == [
                "a99b7a5ed9ccd792fd26f5f3b921628883d581c9947d9786962598df129548da",
                "b98d90a99b9556f866a7778e6ed8075d57c6f97ac2f1835c41dad04c731d9f22",
                "5010d975faa0716b5b051e0f6bce7a80ae3403860d66558befcf933bf3b25312",
                "f8bc440a08a8356028a26833c016002c4b7bf6327ef9a566358a18fcc253e5a4",
            ]
        )
        var batch = LedgerBatch(
            number: 1,
            recordedAt: LedgerScene.start,
            lane: Self.lane,
            state: LedgerState(accounts: scene.accounts)
        )
        _ = batch.apply(move)
        let one = batch.header(Self.lane, epoch: 1, previous: BatchHeader.genesis)
        #expect(digits(one.digest) == "ec06abb5f125e8b04131d41a7505daf5aa0d80a422e1f2328250e77db4a3aaaf")
        _ = batch.apply(part)
        let both = batch.header(Self.lane, epoch: 1, previous: BatchHeader.genesis)
        #expect(digits(both.digest) == "09c4bae4cd45ff44270f16a9a5007cf18d5ad9172371e130349372ba2a35333a")
    }

    @Test func `any leaf of any tree is proven by its path, and by no other`() {
        var random = SeededRandom()
        for count in 1...130 {
            // No two of them alike: a leaf is proven at the place of its twin as well.
            let leaves = (0..<count).map { random.bytes(Int.random(in: 0...40, using: &random)) + [UInt8($0)] }
            let tree = MerkleTree(leaves)
            let index = Int.random(in: 0..<count, using: &random)
            let path = tree.path(to: index)
            #expect(MerkleTree.root(leaf: leaves[index], at: index, of: count, path: path) == tree.root)
            #expect(MerkleTree.root(leaf: leaves[index] + [0], at: index, of: count, path: path) != tree.root)
            #expect(MerkleTree.root(leaf: leaves[index], at: index, of: count, path: path + [tree.root]) == nil)
            #expect(MerkleTree.root(leaf: leaves[index], at: count, of: count, path: path) == nil)
            if !path.isEmpty {
                #expect(MerkleTree.root(leaf: leaves[index], at: index, of: count, path: Array(path.dropLast())) == nil)
                #expect(MerkleTree.root(leaf: leaves[index], at: index ^ 1, of: count, path: path) != tree.root)
            }
            // 130 leaves: eight hashes.
            #expect(path.count <= 8)
        }
    }

    @Test func `the tree is that of RFC 6962`() {
        // The hashes of its reference implementation's test data: leaves "", 00, 10.
        let tree = MerkleTree([[], [0x00], [0x10]])
        #expect(hex(tree.root) == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")
        #expect(hex(MerkleTree([[]]).root) == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
    }

    private func hex(_ octets: [UInt8]) -> String {
        octets.map { String(256 + Int($0), radix: 16).dropFirst() }.joined()
    }

    @Test func `a change of any row, or of their order, changes the digest`() throws {
        var random = SeededRandom()
        for _ in 0..<100 {
            let rows = try Self.rows(Int.random(in: 1...12, using: &random), &random)
            let digest = Self.header(rows, number: 1, previous: BatchHeader.genesis).digest
            for changed in Self.changes(rows, &random) {
                #expect(Self.header(changed, number: 1, previous: BatchHeader.genesis).digest != digest)
            }
            // The rows' order in the database tells nothing.
            let shuffled = BatchRows(
                decisions: rows.decisions.shuffled(using: &random),
                entries: rows.entries.shuffled(using: &random)
            )
            #expect(Self.header(shuffled, number: 1, previous: BatchHeader.genesis).digest == digest)
            let other = random.bytes(32)
            #expect(Self.header(rows, number: 1, previous: other).digest != digest)
            #expect(Self.header(rows, number: 2, previous: BatchHeader.genesis).digest != digest)
        }
    }

    /// The rows with one thing in them changed, in many ways.
    private static func changes(_ rows: BatchRows, _ random: inout SeededRandom) -> [BatchRows] {
        var found: [BatchRows] = []
        let entry = Int.random(in: 0..<rows.entries.count, using: &random)
        for changed in changes(rows.entries[entry]) {
            var entries = rows.entries
            entries[entry] = changed
            found.append(BatchRows(decisions: rows.decisions, entries: entries))
        }
        var entries = rows.entries
        entries.remove(at: entry)
        found.append(BatchRows(decisions: rows.decisions, entries: entries))
        let place = Int.random(in: 0..<rows.decisions.count, using: &random)
        for changed in changes(rows.decisions[place]) {
            var decisions = rows.decisions
            decisions[place] = changed
            found.append(BatchRows(decisions: decisions, entries: rows.entries))
        }
        return found
    }

    static func changes(_ row: EntryRow) -> [EntryRow] {
        let another = UUID128(high: 9, low: 9)
        func with(
            account: AccountRef? = nil,
            owner: AccountOwner? = nil,
            kind: AccountKind? = nil,
            transfer: TransferRef? = nil,
            leg: Int16? = nil,
            amount: Int64 = 0,
            sequence: Int64 = 0,
            balance: Int64 = 0,
            time: Int = 0
        ) -> EntryRow? {
            guard
                let money = try? Money(
                    tenThousandths: row.amount.tenThousandths + amount,
                    currency: row.amount.currency
                ),
                let after = try? Money(
                    tenThousandths: row.balanceAfter.tenThousandths + balance,
                    currency: row.amount.currency
                )
            else { return nil }
            return EntryRow(
                account: account ?? row.account,
                owner: owner ?? row.owner,
                kind: kind ?? row.kind,
                transfer: transfer ?? row.transfer,
                at: row.at,
                recordedAt: row.recordedAt + .microseconds(time),
                leg: leg ?? row.leg,
                amount: money,
                sequence: row.sequence + sequence,
                balanceAfter: after
            )
        }
        return [
            with(account: AccountRef(tenantID: TenantID(another), id: row.account.id)),
            with(account: AccountRef(tenantID: row.account.tenantID, id: LedgerAccountID(another))),
            with(owner: .customer(CustomerID(row.owner.id))), with(owner: .tenant(TenantID(another))),
            with(kind: .clearing(gateway: "elsewhere")),
            with(transfer: TransferRef(tenantID: row.transfer.tenantID, id: TransferID(another))),
            with(transfer: TransferRef(tenantID: TenantID(another), id: row.transfer.id)), with(leg: row.leg + 70),
            with(amount: 1), with(sequence: 1), with(balance: -1), with(time: 1),
        ].compactMap { $0 }
    }

    private static func changes(_ row: DecisionRow) -> [DecisionRow] {
        func with(
            tenant: TenantID? = nil,
            key: String? = nil,
            fingerprint: [UInt8]? = nil,
            verdict: TransferVerdict? = nil,
            transfer: TransferRow?
        ) -> DecisionRow {
            DecisionRow(
                tenantID: tenant ?? row.tenantID,
                key: key.flatMap { IdempotencyKey($0) } ?? row.key,
                fingerprint: fingerprint ?? row.fingerprint,
                decision: TransferDecision(
                    transferID: row.decision.transferID,
                    verdict: verdict ?? row.decision.verdict,
                    at: row.decision.at
                ),
                transfer: transfer
            )
        }
        var found = [
            with(tenant: TenantID(UUID128(high: 9, low: 9)), transfer: row.transfer),
            with(key: "another", transfer: row.transfer),
            with(fingerprint: row.fingerprint.map { $0 ^ 1 }, transfer: row.transfer),
            with(verdict: row.decision.verdict.isPosted ? .insufficient : .posted, transfer: row.transfer),
        ]
        guard let transfer = row.transfer else { return found }
        let details = try? TransferDetails(.refund, reference: "r", metadata: ["a": "b"])
        for (effective, details, target) in [
            (transfer.effectiveAt + .microseconds(1), transfer.details, transfer.target),
            (transfer.effectiveAt, details ?? transfer.details, transfer.target),
            (transfer.effectiveAt, transfer.details, TransferID(UUID128(high: 8, low: 8))),
        ] {
            found.append(
                with(
                    transfer: TransferRow(
                        kind: transfer.kind,
                        effectiveAt: effective,
                        recordedAt: transfer.recordedAt,
                        details: details,
                        target: target,
                        hold: transfer.hold,
                        exchange: transfer.exchange
                    )
                )
            )
        }
        return found + [with(transfer: nil)]
    }

    // MARK: - Proofs

    /// A chain of batches, a checkpoint of its end, and the proof of a random entry.
    private static func proof(_ random: inout SeededRandom) throws -> InclusionProof {
        let count = Int64.random(in: 1...5, using: &random)
        let at = Int64.random(in: 1...count, using: &random)
        var headers: [BatchHeader] = []
        var proven = try rows(1, batch: at, &random)
        for number in 1...count {
            let rows = try rows(Int.random(in: 1...9, using: &random), batch: number, &random)
            if number == at { proven = rows }
            headers.append(header(rows, number: number, previous: headers.last?.digest ?? BatchHeader.genesis))
        }
        let last = try #require(headers.last)
        let checkpoint = LedgerCheckpoint(
            lane: lane,
            number: last.number,
            digest: last.digest,
            signedAt: LedgerScene.start
        )
        let entry = try #require(proven.entries.randomElement(using: &random))
        return try #require(
            InclusionProof(
                of: entry.at,
                leg: entry.leg,
                in: proven,
                headers: headers.filter { $0.number >= at },
                checkpoint: try checkpoint.signed(with: keyring)
            )
        )
    }

    @Test func `a proof holds, and none that was tampered with does`() throws {
        var random = SeededRandom()
        let publicKey = try Self.keyring.publicKey(Self.keyring.activeKeyID, for: .ledgerCheckpoint)
        let wrongPurpose = try Self.keyring.publicKey(Self.keyring.activeKeyID, for: .auditCheckpoint)
        for _ in 0..<120 {
            let proof = try Self.proof(&random)
            #expect(try proof.flaw(publicKey: publicKey) == nil)
            #expect(try proof.flaw(publicKey: wrongPurpose) == .signatureForged)
            for tampered in Self.tampered(proof) {
                #expect(try tampered.flaw(publicKey: publicKey) != nil, "\(tampered)")
            }
        }
    }

    private static func tampered(_ proof: InclusionProof) -> [InclusionProof] {
        func with(
            entry: EntryRow? = nil,
            index: Int? = nil,
            path: [[UInt8]]? = nil,
            headers: [BatchHeader]? = nil,
            checkpoint: SignedLedgerCheckpoint? = nil
        ) -> InclusionProof {
            InclusionProof(
                entry: entry ?? proof.entry,
                index: index ?? proof.index,
                path: path ?? proof.path,
                headers: headers ?? proof.headers,
                checkpoint: checkpoint ?? proof.checkpoint
            )
        }
        var found = changes(proof.entry).map { with(entry: $0) }
        found += proof.path.indices.map { index in
            var path = proof.path
            path[index][7] ^= 4
            return with(path: path)
        }
        found += proof.headers.indices.flatMap { index in
            changes(proof.headers[index]).map { header in
                var headers = proof.headers
                headers[index] = header
                return with(headers: headers)
            }
        }
        found += [with(headers: []), with(headers: Array(proof.headers.dropLast()))]
        found += [with(index: proof.index + 1), with(index: -1), with(path: proof.path + [proof.headers[0].root])]
        let signed = proof.checkpoint
        let later = LedgerCheckpoint(
            lane: lane,
            number: signed.checkpoint.number,
            digest: signed.checkpoint.digest,
            signedAt: signed.checkpoint.signedAt + .seconds(1)
        )
        var octets = signed.signature.octets
        octets[3] ^= 1
        found.append(with(checkpoint: SignedLedgerCheckpoint(later, signed.signature)))
        found.append(
            with(
                checkpoint: SignedLedgerCheckpoint(
                    signed.checkpoint,
                    KeyringSignature(keyID: signed.signature.keyID, octets: octets)
                )
            )
        )
        return found
    }

    private static func changes(_ header: BatchHeader) -> [BatchHeader] {
        func with(
            lane: Lane? = nil,
            number: Int64 = 0,
            epoch: Int64 = 0,
            time: Int = 0,
            leaves: Int32 = 0,
            root: [UInt8]? = nil,
            previous: [UInt8]? = nil
        ) -> BatchHeader {
            BatchHeader(
                lane: lane ?? header.lane,
                number: header.number + number,
                epoch: header.epoch + epoch,
                recordedAt: header.recordedAt + .microseconds(time),
                leaves: header.leaves + leaves,
                root: root ?? header.root,
                previous: previous ?? header.previous
            )
        }
        let another = Lane(rootID: LedgerScene.shop, currency: .euro)
        let flipped = { (octets: [UInt8]) in octets.map { $0 ^ 0x80 } }
        return [
            with(lane: another), with(number: 1), with(epoch: 1), with(time: 1), with(leaves: 1),
            with(root: flipped(header.root)), with(previous: flipped(header.previous)),
        ]
    }
}
