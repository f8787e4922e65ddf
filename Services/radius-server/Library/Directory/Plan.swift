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
    /// By `NASVendor`'s place in `allCases`, first for outside of all windows, then for each window.
    private let templates: [ReplyTemplate]
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
        templates =
            row.map { row in
                ([row.speed] + windows.map(\.profile)).flatMap { speed in
                    NASVendor.allCases.map { ReplyTemplate(row, speed: speed, for: $0) }
                }
            } ?? []
    }

    /// The encoded attributes for a NAS of this vendor, by the speed that holds at that time, microseconds since 1970.
    func template(for vendor: NASVendor, at wallTime: Int64) -> ReplyTemplate? {
        guard !templates.isEmpty else { return nil }
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
