package import Domain
import Events
package import Notices
package import Postgres

/// What is held of one key for one recipient by one channel.
package struct HeldGroup: Hashable, Sendable {
    package struct Key: Hashable, Sendable {
        package var tenantID: TenantID
        package var recipientID: UUID128
        package var channel: String
        package var digestKey: String

        package init(tenantID: TenantID, recipientID: UUID128, channel: String, digestKey: String) {
            (self.tenantID, self.recipientID) = (tenantID, recipientID)
            (self.channel, self.digestKey) = (channel, digestKey)
        }

        /// Behind which every group comes.
        package static let first = Key(tenantID: TenantID(.zero), recipientID: .zero, channel: "", digestKey: "")
    }

    package var key: Key
    /// Its quiet hours are not in it; its count is 2 where more are held.
    package var held: Gathering.Held
    /// The recipient's quiet hours, in minutes of the day by the clocks of that zone.
    package var quietFrom: Int?
    package var quietUntil: Int?
    package var timeZone: String?

    package init(key: Key, held: Gathering.Held) { (self.key, self.held) = (key, held) }
}

/// What became of a group.
package struct GatheringResult: Hashable, Sendable {
    /// A message goes out: the one that was held, or a digest.
    package var isTold = false
    /// How many it stands for; 0 where it is no digest.
    package var digested = 0
    /// How many were not so any more.
    package var dropped = 0

    package init() {}
}

/// Alarms that are held, and the digests that they become; as the notifier's role, over all tenants. Any number of processes may share it:
/// of one group one of them makes a digest at a time, in one commit with the end of all that it tells.
package final class NoticeGatherings: Sendable {
    /// The most that one digest stands for; the others are told in the next.
    package static let most = 50_000
    /// Rows of one statement.
    private static let page = 2_000

    private let session: PostgresSession
    private let ids: IDGenerator

    package init(_ session: PostgresSession, ids: IDGenerator) { (self.session, self.ids) = (session, ids) }

    /// At most `limit` groups behind that one, in the order of their keys.
    package func groups(
        after key: HeldGroup.Key,
        limit: Int,
        rest: Duration,
        at now: Timestamp
    ) async throws(StorageFault) -> [HeldGroup] {
        try await guarded {
            try await self.session.query(
                GatheringSQL.groups,
                Self.values(key) + [.int8(Int64(limit))] + Self.lately(rest, now)
            ).map(Self.group)
        }
    }

    /// Tells what is held of a group, where that is still decided once it is looked at under its lock, and what is not so any more was
    /// ended: nothing happens where another process is at it, or told it a moment ago.
    package func tell(
        _ key: HeldGroup.Key,
        rest: Duration,
        at now: Timestamp,
        validity: Duration,
        decide: @Sendable (HeldGroup) -> Gathering.Decision
    ) async throws(StorageFault) -> GatheringResult {
        try await guarded {
            try await self.session.transaction { transaction in
                var result = GatheringResult()
                let name = "\(key.tenantID) \(key.recipientID) \(key.channel) \(key.digestKey)"
                guard try await transaction.query(GatheringSQL.lock, [.text(name)]).first?["mine"].bool == true,
                    let group = try await self.group(key, rest, now, transaction)
                else { return result }
                if case .hold = decide(group) { return result }
                result.dropped = try await self.drop(key, now, transaction)
                guard let left = try await self.group(key, rest, now, transaction) else { return result }
                switch decide(left) {
                case .hold: break
                case .tellOne:
                    let values = Self.values(key) + [.time(now)]
                    result.isTold = try await transaction.query(GatheringSQL.release, values).affectedRows > 0
                case .tellDigest:
                    result.digested = try await self.digest(key, now, validity, transaction)
                    result.isTold = result.digested > 0
                }
                return result
            }
        }
    }

    /// How much each recipient was told by a channel in the last hour, and whether something of his waits for that reason, in the order of
    /// what is asked.
    package func loads(
        _ asked: [(tenant: TenantID, recipient: UUID128, channel: String)],
        at now: Timestamp
    ) async throws(StorageFault) -> [(told: Int, waits: Bool)] {
        guard !asked.isEmpty else { return [] }
        return try await guarded {
            var loads = [(told: Int, waits: Bool)](repeating: (0, false), count: asked.count)
            for row in try await self.session.query(
                GatheringSQL.loads,
                [
                    .uuids(asked.map(\.tenant.value)), .uuids(asked.map(\.recipient)), .textArray(asked.map(\.channel)),
                    .text(Gathering.overflowKey), .time(now - Gathering.hour),
                ]
            ) {
                loads[try row.need("place", \.int) - 1] = (try row.need("told", \.int), try row.need("waits", \.bool))
            }
            return loads
        }
    }

    // MARK: - Private

    private static func values(_ key: HeldGroup.Key) -> [PGValue] {
        [
            .id(key.tenantID), .uuid(high: key.recipientID.high, low: key.recipientID.low), .text(key.channel),
            .text(key.digestKey),
        ]
    }

    /// Since when what was told counts: for a key's rest, and for the budget of an hour.
    private static func lately(_ rest: Duration, _ now: Timestamp) -> [PGValue] {
        [.time(now - max(rest, Gathering.hour)), .time(now - Gathering.hour)]
    }

    private static func group(_ row: PGRow) throws -> HeldGroup {
        let key = HeldGroup.Key(
            tenantID: try row.need("tenant_id") { $0.id() },
            recipientID: UUID128(row["recipient_id"]),
            channel: try row.need("channel", \.text),
            digestKey: try row.need("digest_key", \.text)
        )
        var group = HeldGroup(
            key: key,
            held: Gathering.Held(
                oldest: try row.need("oldest", \.time),
                count: max(1, try row.need("held", \.int)),
                lastTold: row["last_told"].time,
                toldLastHour: try row.need("last_hour", \.int),
                firstToldLastHour: row["first_of_hour"].time
            )
        )
        (group.quietFrom, group.quietUntil) = (row["quiet_from"].int, row["quiet_until"].int)
        group.timeZone = row["time_zone"].text
        return group
    }

    private func group(
        _ key: HeldGroup.Key,
        _ rest: Duration,
        _ now: Timestamp,
        _ transaction: PostgresSessionTransaction
    ) async throws -> HeldGroup? {
        try await transaction.query(GatheringSQL.group, Self.values(key) + Self.lately(rest, now)).first
            .map(Self.group)
    }

    private func drop(
        _ key: HeldGroup.Key,
        _ now: Timestamp,
        _ transaction: PostgresSessionTransaction
    ) async throws -> Int {
        var dropped = 0
        while true {
            let rows = Array(
                try await transaction.query(
                    GatheringSQL.drop,
                    Self.values(key) + [.time(now), .int8(Int64(Self.page))]
                )
            )
            try await tell(rows, now, transaction)
            dropped += rows.count
            if rows.count < Self.page { return dropped }
        }
    }

    /// Ends what is held, page by page, and writes the digest of it; returns how many it stands for.
    private func digest(
        _ key: HeldGroup.Key,
        _ now: Timestamp,
        _ validity: Duration,
        _ transaction: PostgresSessionTransaction
    ) async throws -> Int {
        let id: NoticeID = ids.next()
        var alarms: [DigestFacts.Alarm] = []
        var (oldest, newest): (NoticeID?, PGRow?) = (nil, nil)
        while alarms.count < Self.most {
            let rows = Array(
                try await transaction.query(
                    GatheringSQL.digest,
                    Self.values(key) + [.time(now), .id(id), .int8(Int64(Self.page))]
                )
            )
            for row in rows { alarms.append(try Self.alarm(row)) }
            oldest = try oldest ?? rows.first?.need("id") { $0.id() }
            newest = rows.last ?? newest
            try await tell(rows, now, transaction)
            if rows.count < Self.page { break }
        }
        guard let oldest, let newest, let told = DigestFacts(alarms) else { return 0 }
        try await transaction.query(
            GatheringSQL.insert,
            Self.values(key) + [
                .time(now), .id(id), .text("digest:\(oldest)"), .text(try newest.need("recipient_kind", \.text)),
                .text(newest["address"].text), .text(try newest.need("language", \.text)),
                .int2(Int16(NoticeKind.digest.terms.priority)), .text(NoticeFacts(told.values).json()),
                .time(now + validity),
            ]
        )
        return told.total
    }

    /// One whose kind this version does not know stands as what it is told with.
    private static func alarm(_ row: PGRow) throws -> DigestFacts.Alarm {
        DigestFacts.Alarm(
            NoticeKind(rawValue: try row.need("kind", \.text)) ?? .digest,
            at: try row.need("created_at", \.time),
            name: row["title"].text,
            device: row["device"].text.flatMap { UUID128($0) },
            parent: row["parent_id"].uuid.map { UUID128(high: $0.high, low: $0.low) }
        )
    }

    /// Each end is told once, in the commit that stores it.
    private func tell(_ ended: [PGRow], _ now: Timestamp, _ transaction: PostgresSessionTransaction) async throws {
        guard !ended.isEmpty else { return }
        let rows = try ended.map { try NoticeQueue.ended($0, id: ids.next(), at: now) }
        try await transaction.pipeline([OutboxRow.insert(rows)])
    }
}
