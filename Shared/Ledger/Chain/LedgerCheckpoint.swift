package import Crypto
package import Domain

/// A place of a lane that the installation's key vouches for.
package struct LedgerCheckpoint: Hashable, Sendable {
    package let lane: Lane
    /// The batch's number.
    package let number: Int64
    /// The batch's digest.
    package let digest: [UInt8]
    package let signedAt: Timestamp

    package init(lane: Lane, number: Int64, digest: [UInt8], signedAt: Timestamp) {
        self.lane = lane
        self.number = number
        self.digest = digest
        self.signedAt = signedAt
    }

    /// What its signature is of.
    package var signedOctets: [UInt8] { LedgerEncoding.checkpoint(self) }

    /// Signs with the active key of the ring.
    package func signed(with keyring: Keyring) throws(KeyringError) -> SignedLedgerCheckpoint {
        SignedLedgerCheckpoint(self, try keyring.sign(signedOctets, for: .ledgerCheckpoint))
    }
}

/// A checkpoint with the signature that makes it one.
package struct SignedLedgerCheckpoint: Hashable, Sendable {
    package let checkpoint: LedgerCheckpoint
    package let signature: KeyringSignature

    package init(_ checkpoint: LedgerCheckpoint, _ signature: KeyringSignature) {
        self.checkpoint = checkpoint
        self.signature = signature
    }
}
