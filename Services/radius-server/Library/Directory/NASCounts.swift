import Synchronization

/// What is counted of one NAS: the counters of RFC 4669 (authentication) and RFC 4671 (accounting) by their object names
/// without `radiusAuthServExt` and `radiusAccServExt`, then what its packets carry (its posture).
enum NASCount: Int, CaseIterable, Sendable {
    case accessRequests
    case dupAccessRequests
    case accessAccepts
    case accessRejects
    case accessChallenges
    case malformedAccessRequests
    case authBadAuthenticators
    case authPacketsDropped
    case authUnknownTypes

    case accountingRequests
    case dupAccountingRequests
    case accountingResponses
    case accountingBadAuthenticators
    case malformedAccountingRequests
    case accountingNoRecords
    case accountingPacketsDropped
    case accountingUnknownTypes

    /// New Access-Requests, retransmissions left out, those refused for want of a Message-Authenticator left out.
    case logins
    /// Of those, with Message-Authenticator.
    case signed
    /// With Proxy-State.
    case proxied
    /// With Proxy-State and without Message-Authenticator.
    case proxiedUnsigned
    case pap
    case chap
    case mschap
    case eap
    /// Access-Requests refused because they had no Message-Authenticator; nobody proved that they are the NAS's.
    case refusedUnsigned
    /// The same for Proxy-State.
    case refusedProxied
    /// New Accounting-Requests.
    case reports
    /// Of those, with Event-Timestamp.
    case timestamped
}

/// One NAS's counts. Updates are one relaxed atomic addition each.
final class NASCounts: Sendable {
    private let cells = InlineArray<29, Atomic<UInt64>> { _ in Atomic(0) }

    func add(_ count: NASCount) { cells[count.rawValue].wrappingAdd(1, ordering: .relaxed) }

    subscript(count: NASCount) -> UInt64 { cells[count.rawValue].load(ordering: .relaxed) }

    /// All of them, in the order of `NASCount`.
    var values: [UInt64] { NASCount.allCases.map { self[$0] } }
}
