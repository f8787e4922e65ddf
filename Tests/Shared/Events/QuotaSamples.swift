import Domain
import Events

/// What is told of quotas, and of what they and money do to a service's access.
enum QuotaSamples {
    static let events: [Samples.Sample] =
        zip(["blocked", "throttled", "boosted", "restored"], AccessChanged.Effect.allCases).map { name, effect in
            access("AccessChanged.\(name)", effect, .quota)
        }
        + zip(["unpaid", "quota", "boost", "pause", "manual"], AccessChanged.Cause.allCases).map { name, cause in
            access("AccessChanged.by-\(name)", .blocked, cause)
        } + [
            Samples.sample(
                "AccessChanged",
                AccessChanged(
                    serviceID: Samples.service,
                    customerID: Samples.customer,
                    effect: .throttled,
                    cause: .quota,
                    until: Samples.time,
                    version: 9_007_199_254_740_993
                ),
                bare: false
            ),
            Samples.sample(
                "QuotaCrossed",
                QuotaCrossed(
                    serviceID: Samples.service,
                    customerID: Samples.customer,
                    quotaID: Samples.id(13),
                    resource: "octets",
                    windowStart: .epoch,
                    windowEnd: Samples.time,
                    threshold: 95,
                    used: 9_007_199_254_740_993,
                    allowance: 9_007_199_254_741_000,
                    policy: "throttle"
                ),
                bare: false
            ),
            Samples.sample(
                "QuotaCrossed.minimal",
                QuotaCrossed(
                    serviceID: Samples.service,
                    customerID: Samples.customer,
                    quotaID: Samples.id(13),
                    resource: "",
                    windowStart: .epoch,
                    windowEnd: .epoch,
                    threshold: 0,
                    used: 0,
                    allowance: 0,
                    policy: ""
                )
            ),
        ] + metered

    private static let metered = [
        Samples.sample(
            "UsageLimitReached",
            UsageLimitReached(
                plan: "free",
                resource: "traffic",
                year: 2026,
                month: 11,
                threshold: 95,
                used: 9_007_199_254_740_993,
                limit: 9_007_199_254_741_000
            ),
            bare: false
        ),
        Samples.sample(
            "UsageLimitReached.minimal",
            UsageLimitReached(plan: "", resource: "", year: 0, month: 0, threshold: 0, used: 0, limit: 0)
        ),
    ]

    private static func access(
        _ name: String,
        _ effect: AccessChanged.Effect,
        _ cause: AccessChanged.Cause
    ) -> Samples.Sample {
        Samples.sample(
            name,
            AccessChanged(serviceID: Samples.service, customerID: Samples.customer, effect: effect, cause: cause)
        )
    }
}
