package import Domain
package import Postgres

/// Moves sessions that ended long ago out of the hot table into monthly partitions, and drops partitions that are past
/// their retention (ACC-09).
package struct SessionHistory: Sendable {
    private let session: PostgresSession

    package init(_ session: PostgresSession) {
        self.session = session
    }

    /// Makes the partitions of that day's month and of the `months - 1` months after it.
    package func ensurePartitions(from day: CivilDate, months: Int) async throws(StorageFault) {
        _ = try await query(
            MaintenanceSQL.ensurePartitions,
            [.date(Int32(day.daysSince1970)), .int4(Int32(months))]
        )
    }

    /// Drops the partitions that ended before that day; returns how many.
    package func dropPartitions(before day: CivilDate) async throws(StorageFault) -> Int {
        try await query(MaintenanceSQL.dropPartitions, [.date(Int32(day.daysSince1970))]).first?[0].int ?? 0
    }

    /// When the longest ended session of the hot table ended, if before `time`.
    package func oldestEnded(before time: Timestamp) async throws(StorageFault) -> Timestamp? {
        let rows = try await query(MaintenanceSQL.oldestEnded, [.timestamptz(time.microseconds)])
        return rows.first?[0].timestamptz.map(Timestamp.init(microseconds:))
    }

    /// Moves at most `limit` sessions that ended before `time`; returns how many were found and how many moved.
    ///
    /// A session whose lock another transaction holds stays for the next round. Its row cannot be amended while it moves:
    /// whoever would needs the key lock that this transaction has.
    package func move(endedBefore time: Timestamp, limit: Int) async throws(StorageFault) -> (found: Int, moved: Int) {
        do {
            return try await session.transaction { transaction in
                let found = try await transaction.query(
                    MaintenanceSQL.ended,
                    [.timestamptz(time.microseconds), .int8(Int64(limit))]
                )
                let ended = try await transaction.locked(found.map(SessionReference.init))
                guard !ended.isEmpty else { return (found.count, 0) }
                let moved = try await transaction.query(
                    MaintenanceSQL.move,
                    [
                        .uuids(ended.map(\.tenantID)),
                        .uuids(ended.map(\.id)), .timestamptz(time.microseconds),
                    ]
                )
                return (found.count, moved.affectedRows)
            }
        } catch {
            throw StorageFault(error)
        }
    }

    /// How many sessions are open, by tenant and NAS.
    package func live() async throws(StorageFault) -> [LiveSessions] {
        try await query(MaintenanceSQL.live, []).map { row in
            LiveSessions(
                tenantID: TenantID(UUID128(row[0])),
                nasID: NASID(UUID128(row[1])),
                count: row[2].int ?? 0
            )
        }
    }

    func query(_ sql: String, _ parameters: [PGValue]) async throws(StorageFault) -> PGRows {
        do {
            return try await session.query(sql, parameters)
        } catch {
            throw StorageFault(error)
        }
    }
}

/// The open sessions of one NAS.
package struct LiveSessions: Sendable, Equatable {
    package let tenantID: TenantID
    package let nasID: NASID
    package let count: Int

    package init(tenantID: TenantID, nasID: NASID, count: Int) {
        self.tenantID = tenantID
        self.nasID = nasID
        self.count = count
    }
}
