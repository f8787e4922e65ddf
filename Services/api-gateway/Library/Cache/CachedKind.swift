import Domain

/// What is kept in memory for a while. The raw value is the audit trail's word for it; its table announces its changes
/// (migration 0022).
package enum CachedKind: String, CaseIterable, Hashable, Sendable {
    case customer
    case plan
    case bandwidthProfile = "bandwidth_profile"

    var table: String {
        switch self {
        case .customer: "customers"
        case .plan: "plans"
        case .bandwidthProfile: "bandwidth_profiles"
        }
    }

    /// How long a row is kept at most (CCH-02).
    var age: Duration {
        switch self {
        case .customer: .seconds(600)
        case .plan, .bandwidthProfile: .seconds(3_600)
        }
    }
}
