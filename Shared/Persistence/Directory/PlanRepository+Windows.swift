package import Domain
import Postgres

extension PlanRepository {
    /// The plan's windows in their order, with their positions.
    package func windows(of plan: Plan) async throws -> [(position: Int, window: SpeedWindow)] {
        try await transaction.query(
            """
            SELECT position, days, start_minute, end_minute, download_bps, upload_bps, burst_download_bps,
                burst_upload_bps, threshold_download_bps, threshold_upload_bps, burst_seconds, priority,
                guaranteed_download_bps, guaranteed_upload_bps
            FROM plan_speed_windows WHERE tenant_id = $1 AND plan_id = $2 ORDER BY position
            """,
            [.id(plan.tenantID), .id(plan.id)]
        ).map { row in (try row.need("position", \.int), try Self.window(row)) }
    }

    /// Puts a window behind the plan's others and returns its position. The plan must be locked
    /// (`find(_:forUpdate:)`), else two that add at once may meet at one place.
    package func addWindow(_ window: SpeedWindow, to plan: Plan) async throws -> Int {
        try window.validate()
        let known = try await windows(of: plan)
        guard known.count < SpeedWindow.most else {
            throw ValidationError.single("windows", .outOfRange(minimum: 0, maximum: Int64(SpeedWindow.most)))
        }
        let position = (known.last?.position ?? 0) + 1
        let profile = window.profile
        let burst = profile.burst
        func some(_ value: Int64?) -> PGValue { .number(value == 0 ? nil : value) }
        _ = try await transaction.query(
            """
            INSERT INTO plan_speed_windows (tenant_id, plan_id, position, days, start_minute, end_minute, download_bps,
                upload_bps, burst_download_bps, burst_upload_bps, threshold_download_bps, threshold_upload_bps,
                burst_seconds, priority, guaranteed_download_bps, guaranteed_upload_bps)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            """,
            [
                .id(plan.tenantID), .id(plan.id), .int4(Int32(clamping: position)), .int4(Int32(window.days.rawValue)),
                .int4(Int32(clamping: window.start)), .int4(Int32(clamping: window.end)),
                .int8(profile.rate.download), .int8(profile.rate.upload), some(burst?.rate.download),
                some(burst?.rate.upload), some(burst?.threshold.download), some(burst?.threshold.upload),
                .optionalInt4(burst?.seconds), .int4(Int32(clamping: profile.priority)),
                some(profile.guaranteed.download), some(profile.guaranteed.upload),
            ]
        )
        return position
    }

    /// Takes the window at a position away; the others keep theirs.
    package func removeWindow(position: Int, of plan: Plan) async throws {
        let rows = try await transaction.query(
            "DELETE FROM plan_speed_windows WHERE tenant_id = $1 AND plan_id = $2 AND position = $3",
            [.id(plan.tenantID), .id(plan.id), .int4(Int32(clamping: position))]
        )
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    private static func window(_ row: PGRow) throws -> SpeedWindow {
        let rate = SpeedPair(
            download: try row.need("download_bps", \.int64),
            upload: try row.need("upload_bps", \.int64)
        )
        var profile = SpeedProfile(rate: rate, priority: try row.need("priority", \.int))
        profile.guaranteed = SpeedPair(
            download: row["guaranteed_download_bps"].int64 ?? 0,
            upload: row["guaranteed_upload_bps"].int64 ?? 0
        )
        if let download = row["burst_download_bps"].int64, let upload = row["burst_upload_bps"].int64 {
            profile.burst = SpeedProfile.Burst(
                rate: SpeedPair(download: download, upload: upload),
                threshold: SpeedPair(
                    download: row["threshold_download_bps"].int64 ?? rate.download,
                    upload: row["threshold_upload_bps"].int64 ?? rate.upload
                ),
                seconds: row["burst_seconds"].int ?? 1
            )
        }
        return SpeedWindow(
            days: Weekdays(rawValue: UInt8(clamping: try row.need("days", \.int))),
            start: try row.need("start_minute", \.int),
            end: try row.need("end_minute", \.int),
            profile: profile
        )
    }
}
