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

    mutating func add(_ caps: [QuotaCap]) {
        add(UInt64(caps.count))
        for cap in caps {
            add(cap.key)
            add(UInt64(cap.meter.rawValue))
            add(cap.allowance)
            add(cap.greatestPercent)
            add(UInt64(cap.hasCheapHours ? 1 : 0))
        }
    }

    mutating func add(_ marks: [QuotaMark]) {
        add(UInt64(marks.count))
        for mark in marks {
            add(mark.key)
            add(mark.used)
            add(mark.until)
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

    mutating func caps() throws(SnapshotFormatError) -> [QuotaCap] {
        var caps: [QuotaCap] = []
        for _ in 0..<(try count()) {
            let key = try number()
            guard let meter = QuotaCap.Meter(rawValue: UInt8(clamping: try number())) else {
                throw SnapshotFormatError()
            }
            caps.append(
                QuotaCap(
                    key: key,
                    meter: meter,
                    allowance: try signed(),
                    greatestPercent: try signed(),
                    hasCheapHours: try number() == 1
                )
            )
        }
        return caps
    }

    mutating func marks() throws(SnapshotFormatError) -> [QuotaMark] {
        var marks: [QuotaMark] = []
        for _ in 0..<(try count()) {
            marks.append(QuotaMark(key: try number(), used: try signed(), until: try signed()))
        }
        return marks
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
