package import Domain
import Events
package import Postgres

/// The queue of notices, as the notifier's role, over all tenants. Any number of processes may share it: a notice is claimed by one of
/// them, in a commit before its provider hears of it, and what became of it is stored once, together with its event (`notice.ended`).
package final class NoticeQueue: Sendable {
    private let session: PostgresSession
    private let ids: IDGenerator
    /// Which process this is.
    private let claimer: UUID128

    package init(_ session: PostgresSession, ids: IDGenerator) {
        self.session = session
        self.ids = ids
        claimer = ids.uuid()
    }

    /// Claims notices that are due, as many as the share has room for: those that somebody waits for first, and of one priority in turn
    /// among the tenants. Who does not record them before `until` has lost them: they become `unknown`.
    package func claim(_ share: NoticeShare, at now: Timestamp, until: Timestamp) async throws(StorageFault)
        -> [ClaimedNotice]
    {
        try await guardedRows {
            var claimed: [ClaimedNotice] = []
            for (priority, limit) in share.limits.enumerated() where claimed.count < limit {
                claimed += try await self.session.query(
                    NoticeSQL.claim,
                    [
                        .int2(Int16(priority)), .time(now), .int8(Int64(limit - claimed.count)),
                        Self.uuid(self.claimer), .time(until), self.turn(), .uuids(share.without.map(\.value)),
                    ]
                ).map { try ClaimedNotice($0) }
            }
            return claimed
        }
    }

    /// Stores what became of notices that this process claimed, with each time a provider was asked and the events of those that ended,
    /// in one commit. One whose claim lapsed before stays as it ended. Returns those that were stored.
    @discardableResult
    package func record(_ records: [NoticeRecord], at now: Timestamp) async throws(StorageFault) -> Set<NoticeID> {
        guard !records.isEmpty else { return [] }
        // In one order, so that nobody waits for another who waits for him.
        let records = records.sorted { ($0.notice.tenantID, $0.notice.id) < ($1.notice.tenantID, $1.notice.id) }
        return try await guarded {
            try await self.session.transaction { transaction in
                let stored = try await transaction.query(NoticeSQL.record, self.values(records, now))
                let ids = Set(stored.compactMap { row -> NoticeID? in row[1].id() })
                let ended = records.filter { $0.state.isFinal && ids.contains($0.notice.id) }
                var further: [PGStatement] = []
                if !ended.isEmpty {
                    further.append(OutboxRow.insert(ended.flatMap { [self.event($0, now)] + self.posted($0, now) }))
                }
                let links = ended.compactMap { record in
                    record.state == .sent ? record.link.map { (record.notice.tenantID, $0) } : nil
                }
                if !links.isEmpty {
                    further.append(
                        PGStatement(NoticeSQL.clear, [.uuids(links.map(\.0.value)), .uuids(links.map(\.1.value))])
                    )
                }
                let codes = ended.compactMap { record in
                    record.state == .sent ? record.code.map { (record.notice.tenantID, $0) } : nil
                }
                if !codes.isEmpty {
                    let values = [PGValue.uuids(codes.map(\.0.value)), .uuids(codes.map(\.1.value))]
                    further.append(PGStatement(NoticeSQL.clearCodes, values))
                }
                if !further.isEmpty { try await transaction.pipeline(further) }
                return ids
            }
        }
    }

    /// Notices whose claim lapsed become `unknown`: nobody knows whether they were sent, and none is sent again by itself. At most
    /// `limit`; returns how many.
    @discardableResult
    package func lapse(at now: Timestamp, limit: Int) async throws(StorageFault) -> Int {
        try await end(NoticeSQL.lapse, now, limit)
    }

    /// Notices that waited until they were of no use any more become `expired`. At most `limit`; returns how many.
    @discardableResult
    package func expire(at now: Timestamp, limit: Int) async throws(StorageFault) -> Int {
        try await end(NoticeSQL.expire, now, limit)
    }

    /// Removes notices that ended before that time, with their attempts. At most `limit`; returns how many.
    @discardableResult
    package func prune(before time: Timestamp, limit: Int) async throws(StorageFault) -> Int {
        try await guarded {
            try await self.session.query(NoticeSQL.prune, [.time(time), .int8(Int64(limit))]).affectedRows
        }
    }

    /// How many wait, by priority.
    package func depth() async throws(StorageFault) -> [Int: Int] {
        try await guarded {
            var depth: [Int: Int] = [:]
            for row in try await self.session.query(NoticeSQL.depth) { depth[row[0].int ?? 0] = row[1].int ?? 0 }
            return depth
        }
    }

    // MARK: - Private

    /// Where the tenants' turn begins.
    private func turn() -> PGValue {
        let (high, low) = ids.random()
        return .uuid(high: high, low: low)
    }

    private func end(_ sql: String, _ now: Timestamp, _ limit: Int) async throws(StorageFault) -> Int {
        try await guardedRows {
            try await self.session.transaction { transaction in
                let ended = try await transaction.query(sql, [.time(now), .int8(Int64(limit))])
                let events = try ended.map { try Self.ended($0, id: self.ids.next(), at: now) }
                if !events.isEmpty { try await transaction.pipeline([OutboxRow.insert(events)]) }
                return events.count
            }
        }
    }

    /// What is told of a row that a statement ended.
    static func ended(_ row: PGRow, id: EventID, at now: Timestamp) throws -> OutboxRow {
        let notice: NoticeID = try row.need("id") { $0.id() }
        return OutboxRow(
            id: id,
            tenantID: try row.need("tenant_id") { $0.id() },
            aggregateID: notice.value,
            payload: NoticeEnded(
                noticeID: notice,
                kind: try row.need("kind", \.text),
                channel: try row.need("channel", \.text),
                recipientKind: try row.need("recipient_kind", \.text),
                recipientID: UUID128(row["recipient_id"]),
                state: try row.need("state", \.text),
                reason: row["reason"].text ?? "",
                attempts: UInt32(clamping: try row.need("attempts", \.int))
            ),
            createdAt: now
        )
    }

    private func event(_ record: NoticeRecord, _ now: Timestamp) -> OutboxRow {
        let notice = record.notice
        return row(
            notice.tenantID,
            NoticeEnded(
                noticeID: notice.id,
                kind: notice.kind,
                channel: notice.channel,
                recipientKind: notice.recipientKind,
                recipientID: notice.recipientID,
                state: record.state.rawValue,
                reason: Self.reason(record) ?? "",
                attempts: UInt32(clamping: record.attempts)
            ),
            now
        )
    }

    /// What a user's pages are told of what stands there from now on.
    private func posted(_ record: NoticeRecord, _ now: Timestamp) -> [OutboxRow] {
        let notice = record.notice
        guard record.state == .sent, notice.channel == "in_app", notice.recipientKind == "user" else { return [] }
        return [
            OutboxRow(
                id: ids.next(),
                tenantID: notice.tenantID,
                aggregateID: notice.id.value,
                payload: NoticePosted(noticeID: notice.id, userID: UserID(notice.recipientID), kind: notice.kind),
                createdAt: now
            )
        ]
    }

    private func row(_ tenant: TenantID, _ payload: NoticeEnded, _ now: Timestamp) -> OutboxRow {
        OutboxRow(
            id: ids.next(),
            tenantID: tenant,
            aggregateID: payload.noticeID.value,
            payload: payload,
            createdAt: now
        )
    }

    private func values(_ records: [NoticeRecord], _ now: Timestamp) -> [PGValue] {
        let asked = records.flatMap { record in
            record.asked.enumerated().map { (record.notice, Int64($0.offset + 1), $0.element) }
        }
        return [
            Self.uuid(claimer),
            .uuids(records.map(\.notice.tenantID.value)), .uuids(records.map(\.notice.id.value)),
            .textArray(records.map(\.state.rawValue)), .textArray(records.map { Self.reason($0) }),
            .textArray(records.map { Self.words($0.detail, 300) }), .int8Array(records.map { Int64($0.attempts) }),
            .timestamptzArray(records.map { $0.nextAt?.microseconds }), .uuids(records.map { $0.provider?.value }),
            .textArray(records.map { Self.words($0.providerMessage, 200) }),
            .int8Array(records.map { $0.segments.map { Int64(min(max($0, 1), 100)) } }),
            .timestamptzArray(records.map { $0.state == .sent ? now.microseconds : nil }),
            .timestamptzArray(records.map { $0.state.isFinal ? now.microseconds : nil }),
            .uuids(asked.map(\.0.tenantID.value)), .uuids(asked.map(\.0.id.value)), .int8Array(asked.map(\.1)),
            .uuids(asked.map { $0.2.provider?.value }), .textArray(asked.map(\.2.outcome.rawValue)),
            .textArray(asked.map { Self.word($0.2.reason) }), .textArray(asked.map { Self.words($0.2.detail, 300) }),
            .timestamptzArray(asked.map(\.2.at.microseconds)),
        ]
    }

    /// There is one where the schema asks for one: one notice's fault stops no other's record.
    private static func reason(_ record: NoticeRecord) -> String? {
        switch record.state {
        case .held, .failed, .dropped: word(record.reason ?? "other")
        case .queued, .sent, .expired, .unknown: word(record.reason)
        }
    }

    /// A stable word; `other` for what is none.
    private static func word(_ text: String?) -> String? {
        text.map { text in
            let isWord = text.utf8.allSatisfy { octet in
                switch octet {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
            return isWord && (1...50).contains(text.utf8.count) ? text : "other"
        }
    }

    /// What others said fits its column: without what Postgres does not take, and no longer than that.
    private static func words(_ text: String?, _ most: Int) -> String? {
        guard let text else { return nil }
        let fitting = String(String.UnicodeScalarView(text.unicodeScalars.lazy.filter { $0 != "\0" }.prefix(most)))
        return fitting.isEmpty ? nil : fitting
    }

    private static func uuid(_ id: UUID128) -> PGValue { .uuid(high: id.high, low: id.low) }
}
