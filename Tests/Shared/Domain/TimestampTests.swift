import Domain
import SharedTesting
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-20T10:00:00.123456Z", 1_795_168_800_123_456),
            ("2026-11-20T10:00:00.120Z", 1_795_168_800_120_000), ("1969-12-31T23:59:59.999999Z", -1),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000), ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
            ("2024-02-29T12:00:00Z", 1_709_208_000_000_000),
        ] as [(String, Int64)]
    )
    func `the canonical text and the number are one`(text: String, microseconds: Int64) {
        #expect(Timestamp(text)?.microseconds == microseconds)
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    @Test(arguments: [
        ("2026-11-20T12:30:00+02:30", "2026-11-20T10:00:00Z"), ("2026-11-20t10:00:00z", "2026-11-20T10:00:00Z"),
        ("2026-11-20T10:00:00.5-00:00", "2026-11-20T10:00:00.500Z"),
        ("2026-11-20T10:00:00.123456789Z", "2026-11-20T10:00:00.123456Z"),
        ("2026-01-01T00:00:00+01:00", "2025-12-31T23:00:00Z"),
    ])
    func `other forms of RFC 3339 are read`(text: String, canonical: String) {
        #expect(Timestamp(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "2026-11-20", "2026-11-20T10:00:00", "2026-11-20 10:00:00Z", "2026-13-20T10:00:00Z", "2026-02-29T10:00:00Z",
        "2026-11-20T24:00:00Z", "2026-11-20T10:60:00Z", "2026-11-20T10:00:60Z", "2026-11-20T10:00:00.Z",
        "2026-11-20T10:00:00.1234567890Z", "2026-11-20T10:00:00+2:30", "2026-11-20T10:00:00Zx", "0000-01-01T00:00:00Z",
        "2026-11-20T10:00:00.123", "0001-01-01T00:00:00+01:00", "+026-11-20T10:00:00Z",
    ])
    func `anything else is no time`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `arithmetic saturates`() {
        let time = Timestamp(microseconds: 10_000_000)
        #expect(time + .seconds(1) == Timestamp(microseconds: 11_000_000))
        #expect(time - .milliseconds(1) == Timestamp(microseconds: 9_999_000))
        #expect(time - Timestamp(microseconds: 4_000_000) == .seconds(6))
        #expect((Timestamp(microseconds: .max) + .seconds(1)).microseconds == .max)
        #expect((Timestamp(microseconds: .min) - .seconds(1)).microseconds == .min)
        #expect(Timestamp(microseconds: .min).microseconds(since: Timestamp(microseconds: 1)) == .min)
        #expect(Timestamp(secondsSince1970: .max).microseconds == .max)
        #expect(Duration.seconds(Int64.max).wholeMicroseconds == .max)
    }

    @Test func `every day of four centuries has its date, and its date its day`() {
        var expected = (year: 1899, month: 12, day: 31)
        for number in -25_567..<(-25_567 + 146_098) {
            expected.day += 1
            if expected.day > CivilDate.length(ofMonth: expected.month, in: expected.year) {
                expected = expected.month == 12 ? (expected.year + 1, 1, 1) : (expected.year, expected.month + 1, 1)
            }
            let date = CivilDate(daysSince1970: number)
            guard date.components == expected,
                CivilDate(year: expected.year, month: expected.month, day: expected.day) == date
            else {
                Issue.record("day \(number) is \(date.components), not \(expected)")
                return
            }
        }
    }

    @Test func `a day begins at midnight UTC and a date has a text`() {
        #expect(Timestamp(microseconds: -1).day == CivilDate("1969-12-31"))
        #expect(Timestamp(microseconds: 0).day == CivilDate("1970-01-01"))
        #expect(Timestamp(microseconds: 86_399_999_999).day.daysSince1970 == 0)
        #expect(CivilDate("2026-11-20")?.start == Timestamp("2026-11-20T00:00:00Z"))
        #expect(CivilDate("2026-11-20")?.description == "2026-11-20")
        #expect(CivilDate("2026-02-28")?.adding(days: 1) == CivilDate("2026-03-01"))
        for text in ["2026-2-28", "2026-02-30", "2026-00-01", "0000-01-01", "2026/02/28", "20260-2-28"] {
            #expect(CivilDate(text) == nil)
        }
    }
}
