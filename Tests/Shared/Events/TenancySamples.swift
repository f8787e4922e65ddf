import Domain
import Events

/// What becomes of tenants.
enum TenancySamples {
    static let events: [Samples.Sample] =
        TenantDeletionChanged.Phase.allCases.map { phase in
            Samples.sample(
                "TenantDeletionChanged.\(phase)",
                TenantDeletionChanged(
                    phase: phase,
                    tenantID: Samples.tenant,
                    dueAt: phase == .requested ? Samples.time : nil
                ),
                bare: phase != .requested
            )
        } + [
            Samples.sample(
                "TenantSuspended",
                TenantSuspended(sourceID: Samples.tenant, reason: .licence, note: "12 of 10 \"subscribers\""),
                bare: false
            ),
            Samples.sample(
                "TenantSuspended.minimal",
                TenantSuspended(sourceID: Samples.tenant, reason: .manual, note: "")
            ),
            Samples.sample(
                "TenantResumed",
                TenantResumed(sourceID: Samples.tenant, actorID: Samples.id(9)),
                bare: false
            ),
            Samples.sample(
                "LicenceExceeded",
                LicenceExceeded(
                    plan: "Small",
                    resource: "subscribers",
                    used: 12,
                    limit: 10,
                    suspendsAt: Samples.time
                ),
                bare: false
            ),
            Samples.sample(
                "LicenceExceeded.minimal",
                LicenceExceeded(plan: "Small", resource: nil, used: 0, limit: 0, suspendsAt: .epoch)
            ),
        ]
}
