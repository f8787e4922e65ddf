/// How entries of one tenant hang together: each link is the hash of the one before it, of its own number and time, and of
/// its content. Pure: SHA-256 comes from outside.
package struct AuditChain: Sendable {
    /// What stands before the first entry.
    package static let genesis = [UInt8](repeating: 0, count: 32)

    private let sha256: @Sendable ([UInt8]) -> [UInt8]

    package init(sha256: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        self.sha256 = sha256
    }

    /// The hash of an entry's canonical octets.
    package func content(of entry: AuditEntry) -> [UInt8] {
        sha256(AuditEncoding.entry(entry))
    }

    /// The hash that ties content to its place in the chain.
    package func link(previous: [UInt8], number: Int64, recordedAt: Timestamp, content: [UInt8]) -> [UInt8] {
        sha256(AuditEncoding.link(previous: previous, number: number, recordedAt: recordedAt, content: content))
    }
}

/// An entry as it stands in the chain.
package struct AuditRecord: Hashable, Sendable {
    package let entry: AuditEntry
    /// Counts from 1 without gaps, per tenant.
    package let number: Int64
    /// The database's time of recording; never goes back along the chain.
    package let recordedAt: Timestamp
    /// SHA-256 of the canonical entry, as it was written.
    package let contentHash: [UInt8]
    /// The link.
    package let hash: [UInt8]
    /// Its personal values were taken out afterwards: what is left is not what `contentHash` is of (``AuditErasure``).
    package let isErased: Bool

    package init(
        entry: AuditEntry,
        number: Int64,
        recordedAt: Timestamp,
        contentHash: [UInt8],
        hash: [UInt8],
        isErased: Bool = false
    ) {
        self.isErased = isErased
        self.entry = entry
        self.number = number
        self.recordedAt = recordedAt
        self.contentHash = contentHash
        self.hash = hash
    }
}

/// The newest entry of a chain, or the last of those that retention took away.
package struct AuditHead: Hashable, Sendable {
    package let number: Int64
    package let hash: [UInt8]

    package init(number: Int64, hash: [UInt8]) {
        self.number = number
        self.hash = hash
    }

    /// Of a chain without entries.
    package static let empty = AuditHead(number: 0, hash: AuditChain.genesis)
}

/// A place of a chain that the installation's key vouches for.
package struct AuditCheckpoint: Hashable, Sendable {
    package let tenantID: TenantID
    /// The entry's number.
    package let number: Int64
    /// The entry's link.
    package let hash: [UInt8]
    /// When the entry was recorded.
    package let recordedAt: Timestamp
    package let signedAt: Timestamp

    package init(tenantID: TenantID, number: Int64, hash: [UInt8], recordedAt: Timestamp, signedAt: Timestamp) {
        self.tenantID = tenantID
        self.number = number
        self.hash = hash
        self.recordedAt = recordedAt
        self.signedAt = signedAt
    }

    /// What its signature is of.
    package var signedOctets: [UInt8] { AuditEncoding.checkpoint(self) }
}
