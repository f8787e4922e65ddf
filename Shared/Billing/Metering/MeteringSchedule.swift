package import Domain

/// When the daily work of metering is due, by UTC.
package enum MeteringSchedule {
    /// Storage is measured (FUP-07).
    package static let storageHour: Int64 = 4
    /// Limits are looked at again (FUP-04).
    package static let checkHour: Int64 = 6

    /// The day whose work of that hour has begun at an instant.
    package static func day(at now: Timestamp, from hour: Int64) -> CivilDate {
        now.adding(microseconds: -hour * 3_600_000_000).day
    }
}
