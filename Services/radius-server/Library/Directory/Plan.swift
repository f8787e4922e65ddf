import Domain
import Profiles
import RADIUS

/// A plan with its reply attributes encoded once per vendor and window, to be copied into every Access-Accept.
struct Plan {
    let row: PlanRow?
    /// The pools of ours that it names.
    var pools: NamedPools
    /// When it has which speed; no limit, where there is no plan.
    let speeds: PlanSpeeds
    /// By `NASVendor`'s place in `allCases`, for each of ``speeds``' profiles in its order; none where there is no plan.
    private let templates: [ReplyTemplate]
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
        speeds = PlanSpeeds(
            base: row?.speed ?? .unlimited,
            windows: row?.windows ?? [],
            zone: zone,
            throttles: row.map { row in
                row.throttles.map { PlanSpeeds.Throttle(position: $0.position, rate: $0.rate, of: row.speed) }
            } ?? []
        )
        caps = row?.caps ?? []
        fullSpeed = Self.fullSpeed(speeds.unthrottled)
        let profiles = speeds.profiles
        templates =
            row.map { row in
                profiles.flatMap { speed in NASVendor.allCases.map { ReplyTemplate(row, speed: speed, for: $0) }
                }
            } ?? []
    }

    private static func fullSpeed(_ profiles: ArraySlice<SpeedProfile>) -> SpeedPair {
        func most(_ direction: KeyPath<SpeedPair, Int64>) -> Int64 {
            let rates = profiles.map { max($0.rate[keyPath: direction], $0.burst?.rate[keyPath: direction] ?? 0) }
            let isLimited = profiles.allSatisfy { $0.rate[keyPath: direction] > 0 }
            return isLimited ? rates.max() ?? 0 : 0
        }
        return SpeedPair(download: most(\.download), upload: most(\.upload))
    }

    /// The encoded attributes for a NAS of this vendor, by the speed that holds at that time, microseconds since 1970; nil where
    /// there is no plan.
    func template(for vendor: NASVendor, at wallTime: Int64, throttle: UInt8 = 0) -> ReplyTemplate? {
        guard !templates.isEmpty else { return nil }
        let place = speeds.place(at: Timestamp(microseconds: wallTime), throttle: throttle)
        return templates[place * Self.vendors + vendor.ordinal]
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
