package import Crypto
import Domain

/// What is wrong with a proof.
package enum ProofFlaw: Hashable, Sendable, CustomStringConvertible {
    /// The entry is not a row of the batch: it was changed, or its path was.
    case entryNotInBatch
    /// The batch is not followed by the one that comes next.
    case chainBroken(number: Int64)
    /// The checkpoint vouches for another batch than the last one.
    case checkpointDiffers
    /// The checkpoint was not signed by this key.
    case signatureForged

    package var description: String {
        switch self {
        case .entryNotInBatch: "the entry is no row of its batch: it or the way to the root was changed"
        case .chainBroken(let number): "batch \(number) does not follow from the one before it"
        case .checkpointDiffers: "the checkpoint vouches for another batch"
        case .signatureForged: "the checkpoint was not signed by this key"
        }
    }
}

/// That an entry stands in the ledger as it is shown, for somebody who has nothing but the installation's public key: the entry,
/// the way from it to its batch's root, the batches up to a checkpoint, and that checkpoint. It tells nothing of other entries.
package struct InclusionProof: Hashable, Sendable {
    package let entry: EntryRow
    /// The entry's place among the batch's leaves.
    package let index: Int
    package let path: [[UInt8]]
    /// The entry's batch, then those behind it up to the checkpoint's.
    package let headers: [BatchHeader]
    package let checkpoint: SignedLedgerCheckpoint

    package init(
        entry: EntryRow,
        index: Int,
        path: [[UInt8]],
        headers: [BatchHeader],
        checkpoint: SignedLedgerCheckpoint
    ) {
        self.entry = entry
        self.index = index
        self.path = path
        self.headers = headers
        self.checkpoint = checkpoint
    }

    /// The proof that a batch's rows give; nil when the entry is none of them.
    package init?(
        of place: LanePlace,
        leg: Int16,
        in rows: BatchRows,
        headers: [BatchHeader],
        checkpoint: SignedLedgerCheckpoint
    ) {
        guard let index = rows.leafIndex(place: place.place, leg: leg),
            let entry = rows.entries.first(where: { $0.at == place && $0.leg == leg })
        else { return nil }
        self.init(
            entry: entry,
            index: index,
            path: MerkleTree(rows.leaves).path(to: index),
            headers: headers,
            checkpoint: checkpoint
        )
    }

    /// What is wrong with the proof under that public key (``Keyring/publicKey(_:for:)``); nil when it holds.
    package func flaw(publicKey: [UInt8]) throws(CryptoError) -> ProofFlaw? {
        guard let first = headers.first, let last = headers.last, first.number == entry.at.batch,
            first.lane.currency == entry.amount.currency, entry.balanceAfter.currency == entry.amount.currency,
            MerkleTree.root(leaf: LedgerEncoding.entry(entry), at: index, of: Int(first.leaves), path: path)
                == first.root
        else { return .entryNotInBatch }
        for (before, header) in zip(headers, headers.dropFirst()) {
            guard header.lane == before.lane, header.number == before.number + 1, header.previous == before.digest
            else { return .chainBroken(number: header.number) }
        }
        let vouched = checkpoint.checkpoint
        guard vouched.lane == last.lane, vouched.number == last.number, vouched.digest == last.digest else {
            return .checkpointDiffers
        }
        let holds = try checkpoint.signature.holds(for: vouched.signedOctets, publicKey: publicKey)
        return holds ? nil : .signatureForged
    }
}
