package import Crypto
package import Domain
package import Ledger
package import Postgres

/// Signs where lanes stand, and proves entries against that. Off the writers' path: once a second, by whoever has the keyring.
package struct LedgerCheckpoints {
    private let transaction: ScopedTransaction

    /// Works through that executor, as nexora_billing. One transaction of repeatable read shows `prove` one moment.
    package init(_ executor: any PGExecutor) {
        transaction = ScopedTransaction(executor)
    }

    /// Signs the end of every lane that moved since its last checkpoint, and returns what was signed: keep copies where the
    /// database's owner cannot reach them.
    package func sign(with keyring: Keyring, now: Timestamp) async throws -> [SignedLedgerCheckpoint] {
        let rows = try await transaction.query(Self.due)
        guard !rows.isEmpty else { return [] }
        let signed = try rows.map { row in
            try LedgerCheckpoint(
                lane: Lane(
                    rootID: try row.need("tenant_id") { $0.id() },
                    currency: try LedgerColumns.currency(row, "currency")
                ),
                number: try row.need("last_batch", \.int64),
                digest: try row.need("last_digest", \.bytes),
                signedAt: now
            ).signed(with: keyring)
        }
        _ = try await transaction.query(
            """
            INSERT INTO ledger_checkpoints (tenant_id, lane, number, digest, signed_at, key_id, signature)
            SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bytea[], $5::timestamptz[], $6::bigint[], $7::bytea[])
            ON CONFLICT DO NOTHING
            """,
            [
                .uuids(signed.map(\.checkpoint.lane.rootID.value)), .int4Array(rows.map { $0["lane"].int32 }),
                .int8Array(signed.map(\.checkpoint.number)), .byteaArray(signed.map(\.checkpoint.digest)),
                .timestamptzArray(signed.map(\.checkpoint.signedAt.microseconds)),
                .int8Array(signed.map { Int64($0.signature.keyID) }), .byteaArray(signed.map(\.signature.octets)),
            ]
        )
        return signed
    }

    /// Signs what is due, once however many ask for it at a time: of those who do, one does. Returns how many lanes were signed.
    package static func signDue(on session: PostgresSession, with keyring: Keyring, now: Timestamp) async throws -> Int
    {
        try await session.transaction { transaction in
            let locked = try await transaction.query("SELECT pg_try_advisory_xact_lock(\(Self.signingLock)) AS mine")
            guard locked.first?["mine"].bool == true else { return 0 }
            return try await LedgerCheckpoints(transaction).sign(with: keyring, now: now).count
        }
    }

    /// Any number that no other lock of the database has.
    private static let signingLock = 0x4E58_4C43

    /// The checkpoints of a lane in its order.
    func list(of head: LaneHead) async throws -> [SignedLedgerCheckpoint] {
        try await transaction.query(
            "\(Self.columns) WHERE tenant_id = $1 AND lane = $2 ORDER BY number, signed_at",
            [.id(head.lane.rootID), .int4(head.number)]
        ).map { try Self.checkpoint($0, head.lane) }
    }

    /// The checkpoints of a lane behind a batch, in its order, up to another.
    func list(of head: LaneHead, after number: Int64, through last: Int64) async throws -> [SignedLedgerCheckpoint] {
        try await transaction.query(
            "\(Self.columns) WHERE tenant_id = $1 AND lane = $2 AND number > $3 AND number <= $4 ORDER BY number, signed_at",
            [.id(head.lane.rootID), .int4(head.number), .int8(number), .int8(last)]
        ).map { try Self.checkpoint($0, head.lane) }
    }

    /// The newest checkpoints of a lane, the newest first.
    func newest(of head: LaneHead, limit: Int) async throws -> [SignedLedgerCheckpoint] {
        try await transaction.query(
            "\(Self.columns) WHERE tenant_id = $1 AND lane = $2 ORDER BY number DESC, signed_at DESC LIMIT $3",
            [.id(head.lane.rootID), .int4(head.number), .int8(Int64(limit))]
        ).map { try Self.checkpoint($0, head.lane) }
    }

    /// The proof that an account's entry stands in the ledger, against the first checkpoint that covers it. Nil where there is no
    /// such entry, or no checkpoint yet.
    package func prove(_ account: AccountRef, sequence: Int64) async throws -> InclusionProof? {
        let place = try await transaction.query(
            "SELECT lane, batch, place, leg FROM ledger_entries WHERE tenant_id = $1 AND account_id = $2 AND sequence = $3",
            [.id(account.tenantID), .id(account.id), .int8(sequence)]
        ).first
        guard let place else { return nil }
        let at = try LedgerColumns.place(place)
        let leg = try place.need("leg", \.int32)
        let reader = LedgerChainReader(transaction: transaction)
        guard let head = try await reader.lane(try place.need("lane", \.int32)) else { return nil }
        let covering = try await transaction.query(
            "\(Self.columns) WHERE tenant_id = $1 AND lane = $2 AND number >= $3 ORDER BY number, signed_at LIMIT 1",
            [.id(head.lane.rootID), .int4(head.number), .int8(at.batch)]
        ).first
        guard let covering else { return nil }
        let checkpoint = try Self.checkpoint(covering, head.lane)
        let headers = try await reader.headers(of: head, from: at.batch, through: checkpoint.checkpoint.number)
        guard let rows = try await reader.rows(of: head, batch: at.batch) else { return nil }
        return InclusionProof(
            of: at,
            leg: Int16(truncatingIfNeeded: leg),
            in: rows,
            headers: headers.map(\.header),
            checkpoint: checkpoint
        )
    }

    private static func checkpoint(_ row: PGRow, _ lane: Lane) throws -> SignedLedgerCheckpoint {
        SignedLedgerCheckpoint(
            LedgerCheckpoint(
                lane: lane,
                number: try row.need("number", \.int64),
                digest: try row.need("digest", \.bytes),
                signedAt: try row.need("signed_at", \.time)
            ),
            KeyringSignature(
                keyID: try row.need("key_id") { $0.int64.flatMap { UInt32(exactly: $0) } },
                octets: try row.need("signature", \.bytes)
            )
        )
    }

    private static let columns = "SELECT number, digest, signed_at, key_id, signature FROM ledger_checkpoints"

    private static let due = """
        SELECT l.tenant_id, l.currency, l.lane, l.last_batch, l.last_digest FROM ledger_lanes l
        WHERE l.last_batch > coalesce((
            SELECT max(c.number) FROM ledger_checkpoints c WHERE c.tenant_id = l.tenant_id AND c.lane = l.lane), 0)
        ORDER BY l.tenant_id, l.currency
        """
}
