import Domain
import Profiles
import RADIUS

extension SnapshotWriter {
    mutating func add(_ operations: [ReplyOperation]) {
        add(UInt64(operations.count))
        for operation in operations {
            add(Array(operation.action.rawValue.utf8))
            addOptional(operation.vendor.map { Array($0.rawValue.utf8) })
            add(operation.pattern.placesAndOctets)
            add(operation.octets)
        }
    }

    mutating func add(_ windows: [SpeedWindow]) {
        add(UInt64(windows.count))
        for window in windows {
            for number in [Int(window.days.rawValue), window.start, window.end, window.profile.priority] {
                add(Int64(number))
            }
            add(window.profile.rate)
            add(window.profile.guaranteed)
            let burst = window.profile.burst
            add(Int64(burst?.seconds ?? 0))
            if let burst {
                add(burst.rate)
                add(burst.threshold)
            }
        }
    }

    mutating func add(_ throttles: [QuotaThrottle]) {
        add(UInt64(throttles.count))
        for throttle in throttles {
            add(UInt64(throttle.position))
            add(throttle.rate)
        }
    }

    private mutating func add(_ speeds: SpeedPair) {
        add(speeds.download)
        add(speeds.upload)
    }
}

extension SnapshotReader {
    /// The tenant, with the time zone as this machine's database has it.
    mutating func tenant() throws(SnapshotFormatError) -> TenantRow {
        var row = TenantRow(id: try id(), isActive: try number() == 1, policy: try policy(), version: 0)
        row.timeZone = try text()
        if let name = row.timeZone { row.zone = SystemFiles.timeZone(name) }
        row.version = try signed()
        return row
    }

    mutating func operations() throws(SnapshotFormatError) -> [ReplyOperation] {
        var operations: [ReplyOperation] = []
        for _ in 0..<(try count()) {
            let action = ReplyOperator(rawValue: String(decoding: try bytes(), as: UTF8.self))
            let vendor = try text().flatMap(NASVendor.init(rawValue:))
            let pattern = AttributePattern(placesAndOctets: try bytes())
            let octets = try bytes()
            guard let action, let pattern else { throw SnapshotFormatError() }
            operations.append(ReplyOperation(action: action, vendor: vendor, pattern: pattern, octets: octets))
        }
        return operations
    }

    mutating func throttles() throws(SnapshotFormatError) -> [QuotaThrottle] {
        var throttles: [QuotaThrottle] = []
        for _ in 0..<(try count()) {
            throttles.append(QuotaThrottle(position: UInt8(clamping: try number()), rate: try speeds()))
        }
        return throttles
    }

    mutating func windows() throws(SnapshotFormatError) -> [SpeedWindow] {
        var windows: [SpeedWindow] = []
        for _ in 0..<(try count()) {
            let days = Weekdays(rawValue: UInt8(clamping: try signed()))
            let (start, end) = (Int(clamping: try signed()), Int(clamping: try signed()))
            let priority = Int(clamping: try signed())
            var profile = SpeedProfile(rate: try speeds(), priority: priority, guaranteed: try speeds())
            let seconds = Int(clamping: try signed())
            if seconds > 0 {
                profile.burst = SpeedProfile.Burst(rate: try speeds(), threshold: try speeds(), seconds: seconds)
            }
            windows.append(SpeedWindow(days: days, start: start, end: end, profile: profile))
        }
        return windows
    }

    private mutating func speeds() throws(SnapshotFormatError) -> SpeedPair {
        SpeedPair(download: try signed(), upload: try signed())
    }
}
