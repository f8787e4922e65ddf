import Domain
import Observability

/// The counters of RFC 4669 and RFC 4671 by NAS, read at each scrape from where the packets count.
enum NASMetrics {
    /// NASes with series of their own; what the others count is summed up under "other".
    static let maximumNASes = 4_096

    /// Registers one family per counter of the two MIBs, with labels tenant and nas.
    static func register(_ lives: NASLives, in registry: MetricsRegistry) {
        for (count, name, help) in families {
            registry.counter("radius_nas_\(name)_total", help, labels: ["tenant", "nas"]) {
                samples(of: count, lives.all)
            }
        }
    }

    static func samples(of count: NASCount, _ lives: [NASLive]) -> [MetricSample] {
        var samples = lives.prefix(maximumNASes).map { live in
            MetricSample([live.tenant.description, live.id.description], Double(live.counts[count]))
        }
        if lives.count > maximumNASes {
            let rest = lives.dropFirst(maximumNASes).reduce(UInt64(0)) { $0 &+ $1.counts[count] }
            samples.append(MetricSample(["other", "other"], Double(rest)))
        }
        return samples
    }

    private static let families: [(NASCount, String, String)] = [
        (.accessRequests, "access_requests", "radiusAuthServExtAccessRequests (RFC 4669)"),
        (.dupAccessRequests, "dup_access_requests", "radiusAuthServExtDupAccessRequests"),
        (.accessAccepts, "access_accepts", "radiusAuthServExtAccessAccepts"),
        (.accessRejects, "access_rejects", "radiusAuthServExtAccessRejects"),
        (.accessChallenges, "access_challenges", "radiusAuthServExtAccessChallenges"),
        (.malformedAccessRequests, "malformed_access_requests", "radiusAuthServExtMalformedAccessRequests"),
        (.authBadAuthenticators, "auth_bad_authenticators", "radiusAuthServExtBadAuthenticators"),
        (.authPacketsDropped, "auth_packets_dropped", "radiusAuthServExtPacketsDropped"),
        (.authUnknownTypes, "auth_unknown_types", "radiusAuthServExtUnknownTypes"),
        (.accountingRequests, "accounting_requests", "radiusAccServExtRequests (RFC 4671)"),
        (.dupAccountingRequests, "dup_accounting_requests", "radiusAccServExtDupRequests"),
        (.accountingResponses, "accounting_responses", "radiusAccServExtResponses"),
        (.accountingBadAuthenticators, "accounting_bad_authenticators", "radiusAccServExtBadAuthenticators"),
        (.malformedAccountingRequests, "malformed_accounting_requests", "radiusAccServExtMalformedRequests"),
        (.accountingNoRecords, "accounting_no_records", "radiusAccServExtNoRecords: nothing is answered unrecorded"),
        (.accountingPacketsDropped, "accounting_packets_dropped", "radiusAccServExtPacketsDropped"),
        (.accountingUnknownTypes, "accounting_unknown_types", "radiusAccServExtUnknownTypes"),
    ]
}
