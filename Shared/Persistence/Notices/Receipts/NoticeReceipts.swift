package import Domain
import Events
import Notices
package import Postgres

/// What providers told, taken in: as the notifier's role, over all tenants. Any number of processes may share it: a request is read by one of
/// them, and what it says is stored in the commit that takes it away.
package final class NoticeReceipts: Sendable {
    /// How long a receipt waits for a notice that is not known by that name: what sends it may still be storing how the provider named it.
    /// Behind the last it is given up.
    private static let pauses: [Duration] = [.seconds(2), .seconds(10), .seconds(60), .seconds(300)]

    private let session: PostgresSession
    private let ids: IDGenerator

    package init(_ session: PostgresSession, ids: IDGenerator) { (self.session, self.ids) = (session, ids) }

    /// Reads requests whose time has come, at most `limit`, and stores what they say. What cannot be read within `keep` is given up.
    package func settle(
        limit: Int,
        at now: Timestamp,
        keep: Duration,
        read: @Sendable (WaitingCallback) -> CallbackReading
    ) async throws(StorageFault) -> SettledCallbacks {
        try await guarded {
            try await self.session.transaction { transaction in
                var settled = SettledCallbacks()
                let waiting = try await transaction.query(ReceiptSQL.due, [.time(now), .int8(Int64(limit))])
                    .map(Self.waiting)
                settled.looked = waiting.count
                var done: [WaitingCallback] = []
                var delayed: [(callback: WaitingCallback, pause: Duration)] = []
                for callback in waiting {
                    switch read(callback) {
                    case .refused: done.append(callback)
                    case .waits(let pause):
                        if now - callback.receivedAt < keep {
                            delayed.append((callback, pause))
                        } else {
                            done.append(callback)
                        }
                    case .read(let receipts, let replies):
                        try await self.answer(replies, callback, &settled, transaction)
                        let unmatched = try await self.take(receipts, callback, now, &settled, transaction)
                        if unmatched > 0, callback.attempts < Self.pauses.count {
                            delayed.append((callback, Self.pauses[callback.attempts]))
                        } else {
                            settled.unmatched += unmatched
                            done.append(callback)
                        }
                    }
                }
                try await self.leave(done, delayed, now, transaction)
                return settled
            }
        }
    }

    // MARK: - Private

    private static func waiting(_ row: PGRow) throws -> WaitingCallback {
        WaitingCallback(
            id: UUID128(row["id"]),
            provider: try NoticeProviderRow(row),
            callback: NoticeCallback(
                host: try row.need("host", \.text),
                target: try row.need("target", \.text),
                headers: NoticeTexts.read(Array(try row.need("headers", \.text).utf8)),
                body: try row.need("body", \.bytes)
            ),
            receivedAt: try row.need("received_at", \.time),
            attempts: try row.need("attempts", \.int)
        )
    }

    /// Stores what receipts say, each behind the one before. Returns how many of them are about nothing that is known.
    private func take(
        _ receipts: [NoticeReceipt],
        _ callback: WaitingCallback,
        _ now: Timestamp,
        _ settled: inout SettledCallbacks,
        _ transaction: PostgresSessionTransaction
    ) async throws -> Int {
        guard !receipts.isEmpty else { return 0 }
        let answers = try await transaction.pipeline(receipts.map { Self.statement($0, of: callback.provider, now) })
        var (events, unmatched): ([OutboxRow], Int) = ([], 0)
        var further: [PGStatement] = []
        for (receipt, rows) in zip(receipts, answers) {
            guard let found = rows.first else {
                unmatched += 1
                continue
            }
            guard found["moved"].bool == true else {
                settled.known += 1
                continue
            }
            settled.told[receipt.state, default: 0] += 1
            events.append(try NoticeQueue.ended(found, id: ids.next(), at: now))
            if let statement = try Self.suppression(receipt, found, now) { further.append(statement) }
        }
        settled.suppressed += further.count
        if !events.isEmpty { further.append(OutboxRow.insert(events)) }
        if !further.isEmpty { try await transaction.pipeline(further) }
        return unmatched
    }

    private static func statement(_ receipt: NoticeReceipt, of provider: NoticeProviderRow, _ now: Timestamp)
        -> PGStatement
    {
        PGStatement(
            ReceiptSQL.take,
            [
                .id(provider.id), .text(receipt.messageID),
                receipt.notice.map { .uuid(high: $0.high, low: $0.low) } ?? .null, .id(provider.tenantID),
                .text(receipt.state.rawValue), .text(receipt.state == .delivered ? nil : receipt.reason ?? "other"),
                .time(min(receipt.at, now)),
            ]
        )
    }

    /// Of the tenant whose notice it was: another's letters may still arrive there.
    private static func suppression(_ receipt: NoticeReceipt, _ row: PGRow, _ now: Timestamp) throws -> PGStatement? {
        guard let reason = receipt.suppression, let address = row["address"].text,
            let channel = row["channel"].text.flatMap(NoticeChannel.init(rawValue:)),
            channel == .email || channel == .sms
        else { return nil }
        return PGStatement(
            ReceiptSQL.suppress,
            [
                .id(try row.need("tenant_id") { $0.id() } as TenantID), .text(channel.rawValue),
                .bytea(NoticeAddress.digest(channel, address)), .text(reason.rawValue),
                .id(try row.need("id") { $0.id() } as NoticeID), .time(now),
            ]
        )
    }

    /// STOP is said to the account's number, whoever wrote from it: it holds for its tenant and those below.
    private func answer(
        _ replies: [NoticeReply],
        _ callback: WaitingCallback,
        _ settled: inout SettledCallbacks,
        _ transaction: PostgresSessionTransaction
    ) async throws {
        for reply in replies {
            let key: [PGValue] = [.id(callback.provider.tenantID), .text("sms"), .bytea(reply.digest)]
            switch reply.wish {
            case .stop:
                let values =
                    key + [.text(NoticeSuppression.Reason.stopped.rawValue), .null, .time(callback.receivedAt)]
                settled.suppressed += try await transaction.query(ReceiptSQL.suppress, values).affectedRows
            case .start: settled.allowed += try await transaction.query(ReceiptSQL.allow, key).affectedRows
            }
        }
    }

    private func leave(
        _ done: [WaitingCallback],
        _ delayed: [(callback: WaitingCallback, pause: Duration)],
        _ now: Timestamp,
        _ transaction: PostgresSessionTransaction
    ) async throws {
        var statements: [PGStatement] = []
        if !done.isEmpty {
            let keys = [PGValue.uuids(done.map(\.provider.tenantID.value)), .uuids(done.map(\.id))]
            statements.append(PGStatement(ReceiptSQL.remove, keys))
        }
        if !delayed.isEmpty {
            statements.append(
                PGStatement(
                    ReceiptSQL.delay,
                    [
                        .uuids(delayed.map(\.callback.provider.tenantID.value)), .uuids(delayed.map(\.callback.id)),
                        .timestamptzArray(delayed.map { (now + $0.pause).microseconds }),
                    ]
                )
            )
        }
        if !statements.isEmpty { try await transaction.pipeline(statements) }
    }
}
