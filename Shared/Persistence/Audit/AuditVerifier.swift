package import Crypto
package import Domain
import Postgres

/// What a walk along one tenant's chain found.
package struct AuditVerdict: Hashable, Sendable {
    package let tenantID: TenantID
    /// How many entries were followed until the end or the flaw.
    package let entries: Int64
    /// The numbers of the first and the last of them; 0 where there are none.
    package let first: Int64
    package let last: Int64
    /// How many signed checkpoints fitted, and the number of the last entry that one vouches for.
    package let checkpoints: Int
    package let vouchedThrough: Int64
    /// Checkpoints whose key is not in the keyring, or all when there is no keyring: nothing is known of them.
    package let unknownCheckpoints: Int
    /// The first thing that is wrong; nil when nothing is.
    package let flaw: AuditFlaw?
}

/// Proves chains, or finds where they were broken. For a view that nobody changes meanwhile the transaction should be one of
/// repeatable read.
package struct AuditVerifier {
    private let transaction: ScopedTransaction
    /// How many entries are read at once.
    private let stretch: Int
    /// How long entries are kept at the least: retention has nothing younger.
    private static let retention: Duration = .seconds(7 * 365 * 86_400)

    /// Reads in that transaction.
    package init(_ transaction: ScopedTransaction, stretch: Int = 2_000) {
        self.transaction = transaction
        self.stretch = stretch
    }

    /// The tenants of the scope that have a chain, or what is left of one.
    package func tenants() async throws -> [TenantID] {
        let chains = try await transaction.query(AuditSQL.chains, [.null])
        let headless = try await transaction.query(AuditSQL.headless, [.null])
        return try
            (chains.map { try $0.need("tenant_id") { $0.id() } }
            + headless.map { try $0.need("id") { $0.id() } }).sorted()
    }

    /// Walks a tenant's whole chain. `kept` are copies of checkpoints that were kept outside the database; those of other
    /// tenants are passed over. Memory does not grow with the chain.
    package func verify(
        _ tenant: TenantID,
        keyring: Keyring?,
        kept: [SignedCheckpoint] = [],
        now: Timestamp? = nil
    ) async throws -> AuditVerdict {
        let chain = try await transaction.query(AuditSQL.chains, [.id(tenant)]).first
        let head = AuditHead(number: chain?["number"].int64 ?? 0, hash: chain?["hash"].bytes ?? AuditChain.genesis)
        let beginning = AuditHead(
            number: chain?["dropped_number"].int64 ?? 0,
            hash: chain?["dropped_hash"].bytes ?? AuditChain.genesis
        )
        let stored = try await AuditCheckpoints(transaction).list(of: tenant)
        let (vouched, unknown, forged) = try (stored + kept.filter { $0.checkpoint.tenantID == tenant }).judged(
            by: keyring
        )
        var walk = AuditWalk(chain: AuditLog.chain, checkpoints: vouched, beginning: beginning)
        var flaw = forged.map { AuditFlaw.checkpointForged(number: $0) }
        if flaw == nil { flaw = Self.beginningFlaw(beginning, vouched, now: now, checks: keyring != nil) }
        if flaw == nil {
            try await follow(tenant, &walk)
            walk.finish(head: head)
            flaw = walk.flaw
        }
        return AuditVerdict(
            tenantID: tenant,
            entries: walk.entries,
            first: walk.first ?? 0,
            last: walk.lastNumber,
            checkpoints: walk.checkpoints,
            vouchedThrough: walk.vouchedThrough,
            unknownCheckpoints: unknown,
            flaw: flaw
        )
    }

    private func follow(_ tenant: TenantID, _ walk: inout AuditWalk) async throws {
        var after: (number: Int64, recordedAt: Timestamp) = (-1, Timestamp(microseconds: 0))
        while walk.flaw == nil {
            let rows = try await transaction.query(
                AuditSQL.stretch,
                [.id(tenant), .int8(after.number), .time(after.recordedAt), .int8(Int64(stretch))]
            )
            for row in rows {
                // What cannot even be read is not what was written.
                guard let record = try? AuditSQL.record(row) else {
                    walk.refuse(number: row["number"].int64 ?? walk.lastNumber + 1)
                    return
                }
                walk.follow(record)
                after = (record.number, record.recordedAt)
            }
            guard rows.count == stretch else { return }
        }
    }

    /// What retention took away must have been vouched for, and old enough.
    private static func beginningFlaw(
        _ beginning: AuditHead,
        _ vouched: [AuditCheckpoint],
        now: Timestamp?,
        checks: Bool
    ) -> AuditFlaw? {
        guard beginning.number > 0, checks else { return nil }
        let anchor = vouched.first { $0.number == beginning.number && $0.hash == beginning.hash }
        guard let anchor else { return .beginningMissing(first: beginning.number + 1) }
        guard let now, anchor.recordedAt > now - retention else { return nil }
        return .beginningMissing(first: beginning.number + 1)
    }
}

extension AuditCheckpoint: ChainCheckpoint {}

extension SignedCheckpoint: SignedHead {
    static var purpose: Keyring.SigningPurpose { .auditCheckpoint }
}
