import Domain
import Postgres

/// The columns in which windows and bandwidth profiles have a speed: the same in each table.
package enum SpeedColumns {
    /// In the order of ``values(_:)``.
    static let names = """
        download_bps, upload_bps, burst_download_bps, burst_upload_bps, threshold_download_bps, threshold_upload_bps, \
        burst_seconds, priority, guaranteed_download_bps, guaranteed_upload_bps
        """

    static func values(_ profile: SpeedProfile) -> [PGValue] {
        let burst = profile.burst
        func some(_ value: Int64?) -> PGValue { .number(value == 0 ? nil : value) }
        return [
            .int8(profile.rate.download), .int8(profile.rate.upload), some(burst?.rate.download),
            some(burst?.rate.upload), some(burst?.threshold.download), some(burst?.threshold.upload),
            .optionalInt4(burst?.seconds), .int4(Int32(clamping: profile.priority)), some(profile.guaranteed.download),
            some(profile.guaranteed.upload),
        ]
    }

    /// A threshold that is not there is the speed itself; a time that is not there is a second.
    static func profile(_ row: PGRow) throws -> SpeedProfile {
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
        return profile
    }

    /// A window, with its days and minutes.
    static func window(_ row: PGRow) throws -> SpeedWindow {
        SpeedWindow(
            days: Weekdays(rawValue: UInt8(clamping: try row.need("days", \.int))),
            start: try row.need("start_minute", \.int),
            end: try row.need("end_minute", \.int),
            profile: try profile(row)
        )
    }

    // MARK: - In queries

    /// A column of the profile's where the plan has a profile, else of the plan's own settings: the one or the other as a whole.
    package static func shaping(_ column: String, profile: String, settings: String) -> String {
        "CASE WHEN \(profile).id IS NULL THEN \(settings).\(column) ELSE \(profile).\(column) END"
    }

    /// The windows of an owner in one text, as `SpeedWindow(numbers:)` reads them; 0 is what is not there.
    package static func windows(_ table: String, _ reference: String, of alias: String) -> String {
        """
        (SELECT string_agg(concat_ws(',', w.days, w.start_minute, w.end_minute, w.download_bps, w.upload_bps, \
        coalesce(w.burst_download_bps, 0), coalesce(w.burst_upload_bps, 0), coalesce(w.threshold_download_bps, 0), \
        coalesce(w.threshold_upload_bps, 0), coalesce(w.burst_seconds, 0), w.priority, \
        coalesce(w.guaranteed_download_bps, 0), coalesce(w.guaranteed_upload_bps, 0)), ';' ORDER BY w.position) \
        FROM \(table) w WHERE w.tenant_id = \(alias).tenant_id AND w.\(reference) = \(alias).id)
        """
    }

    /// What ``windows(_:_:of:)`` gave.
    static func windows(_ text: String?) throws -> [SpeedWindow] {
        try (text ?? "").split(separator: ";").map { record in
            let numbers = record.split(separator: ",").compactMap { Int64($0) }
            guard let window = SpeedWindow(numbers: numbers) else { throw UnexpectedRow(column: "windows") }
            return window
        }
    }
}
