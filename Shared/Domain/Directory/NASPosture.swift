/// What a NAS's packets carried: the evidence for what may be asked of it (CVE-2024-3596).
package struct NASPosture: Hashable, Sendable {
    /// New Access-Requests that were let in.
    package var logins: UInt64 = 0
    /// Of those, with Message-Authenticator.
    package var signed: UInt64 = 0
    /// Of those, with Proxy-State.
    package var proxied: UInt64 = 0
    /// Of those, with Proxy-State and without Message-Authenticator.
    package var proxiedUnsigned: UInt64 = 0
    package var pap: UInt64 = 0
    package var chap: UInt64 = 0
    package var mschap: UInt64 = 0
    package var eap: UInt64 = 0
    /// Refused because they had no Message-Authenticator. Nobody proved that they are the NAS's.
    package var refusedUnsigned: UInt64 = 0
    /// Refused because they had a Proxy-State and no Message-Authenticator.
    package var refusedProxied: UInt64 = 0
    /// New Accounting-Requests.
    package var reports: UInt64 = 0
    /// Of those, with Event-Timestamp.
    package var timestamped: UInt64 = 0

    package init() {}

    /// The logins that need no Message-Authenticator by themselves: those without EAP (RFC 3579 §3.2). Only they say
    /// whether the NAS sends one of its own accord.
    package var free: UInt64 { logins - min(logins, eap) }

    /// Access-Requests that would be refused were a Message-Authenticator asked for.
    package var unsigned: UInt64 { logins - min(logins, signed) + refusedUnsigned }

    /// How often something is there.
    package enum Presence: String, Hashable, Sendable {
        case unseen, never, sometimes, always

        package init(_ count: UInt64, of all: UInt64) {
            self = all == 0 ? .unseen : count == 0 ? .never : count >= all ? .always : .sometimes
        }
    }

    package var messageAuthenticator: Presence { Presence(signed, of: logins + refusedUnsigned) }
    package var proxyState: Presence { Presence(proxied + refusedProxied, of: logins + refusedProxied) }
    package var eventTimestamp: Presence { Presence(timestamped, of: reports) }

    /// The methods in use, the most frequent first.
    package var methods: [(name: String, logins: UInt64)] {
        let known = [("pap", pap), ("chap", chap), ("mschap", mschap), ("eap", eap)]
        let others = logins - min(logins, pap + chap + mschap + eap)
        return (known + [("other", others)]).filter { $0.1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
            .map { (name: $0.0, logins: $0.1) }
    }
}

/// What may be asked of a NAS beyond what its row asks now.
package enum NASTightening: String, Hashable, Sendable, CaseIterable {
    case requireMessageAuthenticator = "require-message-authenticator"
    case limitProxyState = "limit-proxy-state"

    /// What the evidence says of it.
    package enum Verdict: Hashable, Sendable {
        /// The row asks for it already.
        case done
        /// So many requests all had it, none had not.
        case proven(requests: UInt64)
        /// Nothing speaks against it, and nothing for it.
        case unproven
        /// So many requests would be refused.
        case refuses(requests: UInt64)
    }

    /// Judges by what was seen of the NAS.
    package func verdict(_ posture: NASPosture, on nas: NAS) -> Verdict {
        switch self {
        case .requireMessageAuthenticator:
            if nas.requireMessageAuthenticator { return .done }
            if posture.unsigned > 0 { return .refuses(requests: posture.unsigned) }
            return posture.free > 0 ? .proven(requests: posture.free) : .unproven
        case .limitProxyState:
            // Where a Message-Authenticator is asked for, nothing without one gets as far.
            if nas.limitProxyState { return .done }
            if posture.proxiedUnsigned > 0, !nas.requireMessageAuthenticator {
                return .refuses(requests: posture.proxiedUnsigned)
            }
            return posture.logins > 0 ? .proven(requests: posture.logins) : .unproven
        }
    }

    /// Makes the row ask for it.
    package func tighten(_ nas: inout NAS) {
        switch self {
        case .requireMessageAuthenticator: nas.requireMessageAuthenticator = true
        case .limitProxyState: nas.limitProxyState = true
        }
    }
}
