import Billing
import Domain
import Glibc
import SharedTesting
import Testing

/// Quotas, clocks and use for the tests of this folder.
enum QuotaSample {
    static let id = QuotaID(UUID128(high: 0x0192_a3b4_0000_7000, low: 0x8000_0000_0000_0001))
    static let slow = SpeedPair(download: 2_000_000, upload: 1_000_000)

    static func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    /// The rules of a zone, from the system's database.
    static func zone(_ name: String) throws -> TimeZoneRules {
        let path = "/usr/share/zoneinfo/\(name)"
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "\(path) is missing: install tzdata")
        defer { close(descriptor) }
        var octets = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe octets.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        return try #require(TimeZoneRules(file: Array(octets[..<max(count, 0)])))
    }

    static func quota(
        _ allowance: Int64,
        _ span: QuotaSpan = .month,
        policy: QuotaPolicy = .throttle(slow),
        hours: [QuotaHours] = []
    ) -> QuotaDefinition {
        QuotaDefinition(id: id, allowance: allowance, span: span, policy: policy, hours: hours)
    }

    static func counter(_ quota: QuotaDefinition, _ zone: TimeZoneRules = .utc, day: Int = 1) throws -> QuotaCounter {
        let anchor = try #require(CivilDate(year: 2026, month: 1, day: day))
        return QuotaCounter(quota: quota, calendar: QuotaCalendar(zone: zone, anchor: anchor))
    }
}
