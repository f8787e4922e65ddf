package import Domain
import Postgres

// The audit trail's months, from the task that makes those of the sessions.
extension SessionHistory {
    /// Makes the trail's partitions of that day's month and of the `months - 1` months after it.
    package func ensureAuditPartitions(from day: CivilDate, months: Int) async throws(StorageFault) {
        _ = try await query(
            "SELECT ensure_audit_partitions($1, $2)",
            [.date(Int32(day.daysSince1970)), .int4(Int32(months))]
        )
    }

    /// Drops the trail's months that ended 7 years before that day (AUD-02) and that checkpoints vouch for; returns how many.
    package func dropAuditPartitions(today day: CivilDate) async throws(StorageFault) -> Int {
        try await query("SELECT drop_audit_partitions($1)", [.date(Int32(day.daysSince1970))]).first?[0].int ?? 0
    }
}
