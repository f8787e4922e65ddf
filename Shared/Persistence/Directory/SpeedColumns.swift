import Domain
import Postgres

/// The columns in which windows and bandwidth profiles have a speed: the same in each table.
enum SpeedColumns {
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
}
