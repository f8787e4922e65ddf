import Domain
import RADIUS

/// A plan with its reply attributes encoded once per vendor, to be copied into every Access-Accept.
struct Plan {
    let row: PlanRow?
    /// The pools of ours that it names.
    var pools: NamedPools
    /// By `NASVendor`'s place in `allCases`.
    private let templates: [[UInt8]]

    var isLive: Bool { row != nil }

    /// Seconds after which a session that is not heard of counts no more: three updates were missed.
    var sessionLease: UInt32 { 3 * (row?.interimInterval ?? 300) }

    init(row: PlanRow?, pools: NamedPools = NamedPools()) {
        self.row = row
        self.pools = pools
        templates = row.map { row in NASVendor.allCases.map { ReplyTemplate.encode(row, for: $0) } } ?? []
    }

    /// The encoded attributes for a NAS of this vendor.
    func withTemplate<R>(_ vendor: NASVendor, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe templates[vendor.ordinal].withUnsafeBytes(body)
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
