/// An instant to the microsecond, as Postgres and the events keep it.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    package let microseconds: Int64

    package static let microsecondsPerDay: Int64 = 86_400_000_000
    /// 1970-01-01T00:00:00Z.
    package static let epoch = Timestamp(microseconds: 0)
    /// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what RFC 3339 can write and the events may carry.
    package static let range =
        Timestamp(
            microseconds: -62_135_596_800_000_000
        )...Timestamp(
            microseconds: 253_402_300_799_999_999
        )

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Whole seconds since 1970, as RADIUS' Event-Timestamp counts; saturates.
    package init(secondsSince1970 seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        microseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// The UTC day that holds the instant.
    package var day: CivilDate {
        let days = microseconds / Self.microsecondsPerDay
        return CivilDate(daysSince1970: Int(microseconds % Self.microsecondsPerDay < 0 ? days - 1 : days))
    }

    /// The microseconds between two instants; saturates instead of overflowing.
    package func microseconds(since other: Timestamp) -> Int64 {
        let (difference, overflow) = microseconds.subtractingReportingOverflow(other.microseconds)
        guard overflow else { return difference }
        return microseconds < other.microseconds ? .min : .max
    }

    /// Saturates at the ends of `Int64`; fractions below a microsecond are cut.
    package func adding(microseconds offset: Int64) -> Timestamp {
        let (sum, overflow) = microseconds.addingReportingOverflow(offset)
        return Timestamp(microseconds: overflow ? (offset < 0 ? .min : .max) : sum)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    package static func + (left: Timestamp, right: Duration) -> Timestamp {
        left.adding(microseconds: right.wholeMicroseconds)
    }

    package static func - (left: Timestamp, right: Duration) -> Timestamp {
        left.adding(microseconds: -max(right.wholeMicroseconds, -Int64.max))
    }

    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds(since: right))
    }
}

extension Duration {
    /// The duration in microseconds, fractions cut towards zero, saturating.
    package var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }
}
