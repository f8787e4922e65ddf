import Domain
import Profiles
import RADIUS

/// A plan with its reply attributes encoded once per vendor and window, to be copied into every Access-Accept.
struct Plan {
    let row: PlanRow?
    /// The pools of ours that it names.
    var pools: NamedPools
    /// When it has which speed; nil where it has one only.
    let schedule: SpeedSchedule?
    /// The positions of quotas that throttle; their templates stand behind those of the windows.
    private let throttles: [UInt8]
    /// By `NASVendor`'s place in `allCases`, first for outside of all windows, then for each window, then for each throttle.
    private let templates: [ReplyTemplate]
    private let windowCount: Int
    /// The quotas that bound a session.
    let caps: [QuotaCap]
    /// The fastest that it ever is, bursts included; 0 for no limit.
    let fullSpeed: SpeedPair
    private static let vendors = NASVendor.allCases.count

    var isLive: Bool { row != nil }

    /// Seconds after which a session that is not heard of counts no more: three updates were missed.
    var sessionLease: UInt32 { 3 * (row?.interimInterval ?? 300) }

    /// `zone` is the tenant's; without one no window holds.
    init(row: PlanRow?, pools: NamedPools = NamedPools(), zone: TimeZoneRules? = .utc) {
        self.row = row
        self.pools = pools
        let windows = zone == nil ? [] : row?.windows ?? []
        schedule =
            windows.isEmpty
            ? nil : row.map { SpeedSchedule(base: $0.speed, windows: windows, zone: zone ?? .utc) }
        throttles = row?.throttles.map(\.position) ?? []
        let slower = row?.throttles.map { SpeedProfile(rate: $0.rate, priority: Int(row?.priority ?? 8)) } ?? []
        windowCount = windows.count
        caps = row?.caps ?? []
        fullSpeed = row.map { Self.fullSpeed([$0.speed] + windows.map(\.profile)) } ?? SpeedPair(download: 0, upload: 0)
        templates =
            row.map { row in
                ([row.speed] + windows.map(\.profile) + slower).flatMap { speed in
                    NASVendor.allCases.map { ReplyTemplate(row, speed: speed, for: $0) }
                }
            } ?? []
    }

    private static func fullSpeed(_ profiles: [SpeedProfile]) -> SpeedPair {
        func most(_ direction: KeyPath<SpeedPair, Int64>) -> Int64 {
            let rates = profiles.map { max($0.rate[keyPath: direction], $0.burst?.rate[keyPath: direction] ?? 0) }
            let isLimited = profiles.allSatisfy { $0.rate[keyPath: direction] > 0 }
            return isLimited ? rates.max() ?? 0 : 0
        }
        return SpeedPair(download: most(\.download), upload: most(\.upload))
    }

    /// The encoded attributes for a NAS of this vendor, by the speed that holds at that time, microseconds since 1970. A throttle
    /// goes before all windows; one that the plan does not know counts as none.
    func template(for vendor: NASVendor, at wallTime: Int64, throttle: UInt8 = 0) -> ReplyTemplate? {
        guard !templates.isEmpty else { return nil }
        if throttle != 0, let place = throttles.firstIndex(of: throttle) {
            return templates[(1 + windowCount + place) * Self.vendors + vendor.ordinal]
        }
        let window = schedule?.window(at: Timestamp(microseconds: wallTime)).map { $0 + 1 } ?? 0
        return templates[window * Self.vendors + vendor.ordinal]
    }
}

extension NASVendor {
    /// Place among all vendors.
    var ordinal: Int {
        switch self {
        case .generic: 0
        case .mikrotik: 1
        case .ubiquiti: 2
        case .cisco: 3
        case .huawei: 4
        case .juniper: 5
        case .nokia: 6
        case .coovachilli: 7
        }
    }
}
