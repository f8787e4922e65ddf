import Billing
import Domain
import HTTPServer
import Persistence
import WireFormat

/// How one service stands with all quotas of its plan.
struct ServiceQuotaStanding: Sendable {
    let quotas: [QuotaStanding]
    let restriction: QuotaRestriction
    /// The plan's name.
    let plan: String
}

extension QuotaViews {
    /// What is told of a service's standing.
    static let standingOfService: [Schema.Property] = [
        .init("restriction", .choice(["none", "throttled", "blocked"])),
        .init("restricted_until", .nullable(.time)),
        .init("quotas", .list(standing.schema)),
    ]

    /// The members of the object.
    static func writeMembers(_ service: ServiceQuotaStanding, to json: inout JSONWriter) {
        json.key("restriction")
        json.value(service.restriction.word)
        json.key("restricted_until")
        FieldValue.time(service.restriction.until).write(to: &json)
        json.key("quotas")
        json.beginArray()
        for quota in service.quotas { standing.write(quota, to: &json) }
        json.endArray()
    }
}

extension QuotaRestriction {
    fileprivate var word: String {
        switch self {
        case .none: "none"
        case .throttled: "throttled"
        case .blocked: "blocked"
        }
    }

    fileprivate var until: Timestamp? {
        switch self {
        case .none: nil
        case .throttled(_, let until), .blocked(let until): until
        }
    }
}
