/// The time format of log lines.
enum RFC3339 {
    /// `2026-11-20T10:00:00.123456Z`: always six decimals, always UTC, so that lines sort as text.
    static func text(microsecondsSince1970 time: Int64) -> String {
        let (day, withinDay) = floorDivide(time, by: 86_400_000_000)
        let (year, month, dayOfMonth) = civil(daysSince1970: day)
        let second = withinDay / 1_000_000
        guard (0...9_999).contains(year) else {
            return
                "\(year)-\(padded(month, 2))-\(padded(dayOfMonth, 2))T\(clock(second)).\(padded(withinDay % 1_000_000, 6))Z"
        }
        // SAFETY: exactly the 27 octets are written that are reported.
        return unsafe String(unsafeUninitializedCapacity: 27) { octets in
            unsafe write(year, 4, at: 0, "-", octets)
            unsafe write(month, 2, at: 5, "-", octets)
            unsafe write(dayOfMonth, 2, at: 8, "T", octets)
            unsafe write(second / 3_600, 2, at: 11, ":", octets)
            unsafe write(second / 60 % 60, 2, at: 14, ":", octets)
            unsafe write(second % 60, 2, at: 17, ".", octets)
            unsafe write(withinDay % 1_000_000, 6, at: 20, "Z", octets)
            return 27
        }
    }

    /// Writes the last digits of a number, so many, and what stands behind them.
    @unsafe private static func write(
        _ number: Int64,
        _ digits: Int,
        at place: Int,
        _ end: Unicode.Scalar,
        _ octets: UnsafeMutableBufferPointer<UInt8>
    ) {
        var rest = number
        for index in stride(from: place + digits - 1, through: place, by: -1) {
            unsafe octets[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        unsafe octets[place + digits] = UInt8(ascii: end)
    }

    private static func clock(_ second: Int64) -> String {
        [second / 3_600, second / 60 % 60, second % 60].map { padded($0, 2) }.joined(separator: ":")
    }

    /// The proleptic Gregorian date, reckoned in eras of 400 years that begin on 1 March.
    private static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
