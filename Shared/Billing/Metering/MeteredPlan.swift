package import Domain

/// What the ids of metered projects identify. Never instantiated.
package enum MeteringTag {
    package enum Project {}
}

/// A metered project of a tenant. Version 7.
package typealias ProjectID = ID<MeteringTag.Project>

/// A tenant's platform plan (PLN-08).
package enum MeteredPlan: String, Hashable, Sendable, CaseIterable {
    case free, pro

    /// What a month of it costs.
    package var monthlyPrice: Money {
        switch self {
        case .free: .zero(.euro)
        case .pro: (try? Money(tenThousandths: 30_000, currency: .euro)) ?? .zero(.euro)
        }
    }

    /// What it allows (FUP-12, FUP-13).
    package var limits: MeteredLimits {
        switch self {
        case .free:
            MeteredLimits(
                teams: 1,
                members: 1,
                projects: 2,
                milliCPU: 300,
                memoryOctets: 100 * MeteredLimits.megabyte,
                trafficOctets: 5 * MeteredLimits.gigabyte,
                storageOctets: 100 * MeteredLimits.megabyte,
                hasCustomDomains: false
            )
        case .pro:
            MeteredLimits(
                teams: MeteredLimits.unlimited,
                members: MeteredLimits.unlimited,
                projects: MeteredLimits.unlimited,
                milliCPU: 4_000,
                memoryOctets: 6_144 * MeteredLimits.megabyte,
                trafficOctets: 10 * MeteredLimits.gigabyte,
                storageOctets: 10_240 * MeteredLimits.megabyte,
                hasCustomDomains: true
            )
        }
    }
}

/// How much a plan allows; -1 is no limit (FUP-15).
package struct MeteredLimits: Hashable, Sendable {
    package static let unlimited: Int64 = -1
    /// 1024 times 1024: the limits in MB, 6144 and 10240, are whole GB so.
    package static let megabyte: Int64 = 1_048_576
    package static let gigabyte: Int64 = 1_073_741_824

    package let teams: Int64
    package let members: Int64
    package let projects: Int64
    /// Thousandths of a processor.
    package let milliCPU: Int64
    package let memoryOctets: Int64
    /// A month of UTC, in both directions, of all projects.
    package let trafficOctets: Int64
    /// At one time, of all projects and what the installation keeps for the tenant.
    package let storageOctets: Int64
    package let hasCustomDomains: Bool

    package func octets(of resource: MeteredResource) -> Int64 {
        switch resource {
        case .traffic: trafficOctets
        case .storage: storageOctets
        }
    }

    /// Whether one more is allowed beside `count` that there are.
    package static func allowsOneMore(beside count: Int64, limit: Int64) -> Bool {
        limit == unlimited || count < limit
    }
}

/// What is measured in octets.
package enum MeteredResource: String, Hashable, Sendable, CaseIterable {
    case traffic, storage
}

/// A month of UTC.
package struct MeteredMonth: Hashable, Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int

    /// Nil where there is no such month.
    package init?(year: Int, month: Int) {
        guard (1...9_999).contains(year), (1...12).contains(month) else { return nil }
        (self.year, self.month) = (year, month)
    }

    /// The month in which a moment lies.
    package init(at moment: Timestamp) {
        (year, month, _) = moment.day.components
    }
}
