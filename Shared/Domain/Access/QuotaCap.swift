/// A quota of a plan that slows down or keeps out whoever uses it up, as far as a login's answer needs it.
package struct QuotaCap: Hashable, Sendable {
    /// What is counted, as the subscriber sees it.
    package enum Meter: UInt8, Hashable, Sendable, CaseIterable {
        case total
        case download
        case upload
        /// Seconds online.
        case seconds
    }

    /// The lower 63 bits of the quota's id: by them a service's marks name it, wherever it stands among the plan's.
    package var key: UInt64
    package var meter: Meter
    /// Octets or seconds in a window, without what was bought.
    package var allowance: Int64
    /// The most that an octet or second counts at any hour, in percent; 100 at least.
    package var greatestPercent: Int64
    /// Whether there are hours in which use counts less than in full.
    package var hasCheapHours: Bool

    package init(
        key: UInt64,
        meter: Meter,
        allowance: Int64,
        greatestPercent: Int64 = 100,
        hasCheapHours: Bool = false
    ) {
        self.key = key
        self.meter = meter
        self.allowance = allowance
        self.greatestPercent = max(100, greatestPercent)
        self.hasCheapHours = hasCheapHours
    }

    /// The key of a quota of that id.
    package static func key(_ id: UUID128) -> UInt64 { id.low & (.max >> 1) }

    /// What is left at an instant, as it counts, by what was told of the service. A window of which nothing was told is whole.
    package func left(_ marks: [QuotaMark], now: Timestamp) -> Int64 {
        for mark in marks where mark.key == key && mark.holds(at: now) { return mark.left(of: allowance) }
        return allowance
    }
}

/// How much of a window of one quota a service has used.
package struct QuotaMark: Hashable, Sendable {
    /// See ``QuotaCap/key``.
    package var key: UInt64
    /// Octets or seconds as they count, less what was bought: negative where more was bought than used.
    package var used: Int64
    /// Seconds since 1970; from then on another window holds, which is whole.
    package var until: Int64

    package init(key: UInt64, used: Int64, until: Int64) {
        self.key = key
        self.used = used
        self.until = until
    }

    package func holds(at now: Timestamp) -> Bool { now < Timestamp(secondsSince1970: until) }

    /// What is left of an allowance; never less than nothing.
    package func left(of allowance: Int64) -> Int64 {
        let (left, overflow) = allowance.subtractingReportingOverflow(used)
        return overflow ? (used < 0 ? .max : 0) : max(0, left)
    }

    /// Marks as a row has them: three numbers each, with commas between all of them; nil for anything else.
    package static func list(_ column: String) -> [QuotaMark]? {
        guard !column.isEmpty else { return [] }
        let fields = column.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = fields.compactMap { Int64($0) }
        guard numbers.count == fields.count, numbers.count % 3 == 0 else { return nil }
        return stride(from: 0, to: numbers.count, by: 3).map { at in
            QuotaMark(key: UInt64(bitPattern: numbers[at]), used: numbers[at + 1], until: numbers[at + 2])
        }
    }

    /// What ``list(_:)`` reads.
    package static func column(_ marks: [QuotaMark]) -> String {
        marks.map { "\(Int64(bitPattern: $0.key)),\($0.used),\($0.until)" }.joined(separator: ",")
    }
}

/// What the quotas of a service bound a session to that begins now: so that at most a hundredth of an allowance is passed over where
/// the NAS obeys. Pure; making it allocates nothing.
///
/// A NAS that ends a session at a volume or a time is told the volume or time that is left. Where it cannot, or where hours count less
/// than in full so that what is left is more than it seems, it is to report so often that at full speed no more than a hundredth passes
/// between two reports, once the cap is near.
package struct QuotaBounds: Hashable, Sendable {
    /// With so much left, in percent of the allowance, a cap is near.
    package static let nearPercent: Int64 = 20
    /// So is one that full speed reaches within so many seconds.
    package static let nearSeconds: Int64 = 3600
    /// What may pass between two reports, in percent of the allowance.
    package static let slackPercent: Int64 = 1

    /// Octets in both directions together; nil without a bound.
    package private(set) var total: Int64?
    /// Octets to the subscriber.
    package private(set) var download: Int64?
    /// Octets from the subscriber.
    package private(set) var upload: Int64?
    /// Seconds that the session may last.
    package private(set) var seconds: UInt32?
    /// Seconds between two reports at most.
    package private(set) var interim: UInt32?

    /// Whether there is any bound.
    package var isEmpty: Bool {
        total == nil && download == nil && upload == nil && seconds == nil && interim == nil
    }

    /// `speed` is the plan's fullest in bit/s, 0 for no limit; `endsAtVolume` whether the NAS ends a session at a volume;
    /// `shortest` the fewest seconds between two reports (RFC 2869 §5.16: 60). A quota of which nothing is left bounds nothing: what
    /// its policy says holds already.
    package init(
        _ caps: [QuotaCap],
        marks: [QuotaMark],
        speed: SpeedPair,
        endsAtVolume: Bool,
        shortest: UInt32,
        now: Timestamp
    ) {
        for cap in caps {
            let left = cap.left(marks, now: now)
            guard left > 0, cap.allowance > 0 else { continue }
            let pace = Self.pace(cap.meter, speed)
            if !cap.hasCheapHours, cap.meter == .seconds || endsAtVolume {
                bound(cap.meter, to: Self.plain(left, cap))
            } else if Self.isNear(left, cap, pace) {
                let wanted = max(shortest, Self.seconds(Self.slack(cap), pace))
                interim = min(interim ?? .max, wanted)
            }
        }
    }

    // MARK: - Private

    private mutating func bound(_ meter: QuotaCap.Meter, to amount: Int64) {
        switch meter {
        case .total: total = min(total ?? .max, amount)
        case .download: download = min(download ?? .max, amount)
        case .upload: upload = min(upload ?? .max, amount)
        case .seconds: seconds = min(seconds ?? .max, UInt32(clamping: amount))
        }
    }

    /// What may pass before `left` is used, whatever the hour; one at least, since nothing stands for no bound.
    private static func plain(_ left: Int64, _ cap: QuotaCap) -> Int64 {
        let (product, overflow) = left.multipliedReportingOverflow(by: 100)
        return max(1, overflow ? left / cap.greatestPercent * 100 : product / cap.greatestPercent)
    }

    /// What may pass unreported, whatever the hour.
    private static func slack(_ cap: QuotaCap) -> Int64 { cap.allowance / cap.greatestPercent * slackPercent }

    private static func isNear(_ left: Int64, _ cap: QuotaCap, _ pace: Int64) -> Bool {
        left <= cap.allowance / 100 * nearPercent || Int64(seconds(plain(left, cap), pace)) <= nearSeconds
    }

    /// Eighths of octets, or seconds, in a second at most; 0 for no limit.
    private static func pace(_ meter: QuotaCap.Meter, _ speed: SpeedPair) -> Int64 {
        switch meter {
        case .total:
            guard speed.download > 0, speed.upload > 0 else { return 0 }
            let (sum, overflow) = speed.download.addingReportingOverflow(speed.upload)
            return overflow ? .max : sum
        case .download: return max(0, speed.download)
        case .upload: return max(0, speed.upload)
        case .seconds: return 8
        }
    }

    /// Whole seconds in which an amount passes at a pace; none where it may pass at once.
    private static func seconds(_ amount: Int64, _ pace: Int64) -> UInt32 {
        guard pace > 0 else { return 0 }
        let (eighths, overflow) = amount.multipliedReportingOverflow(by: 8)
        return UInt32(clamping: overflow ? amount / pace : eighths / pace)
    }
}
