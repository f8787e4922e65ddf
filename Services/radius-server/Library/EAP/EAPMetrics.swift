import Domain
import Observability

/// Figures of EAP, shared by all threads.
struct EAPMetrics: Sendable {
    /// Why a State was not gone on with.
    enum RefusedState: String, CaseIterable, Sendable {
        case unknown
        case otherNAS = "other_nas"
        case otherServer = "other_server"
    }

    let challenges: CounterCell
    let invalid: CounterCell
    let repeated: CounterCell
    let sessions: GaugeCell
    private let outcomes: [CounterCell]
    private let refusedStates: [RefusedState: CounterCell]

    init(_ registry: MetricsRegistry) {
        challenges = registry.counter("radius_eap_challenges_total", "EAP rounds: Access-Challenges sent", labels: [])
            .with()
        invalid = registry.counter(
            "radius_eap_invalid_total",
            "EAP responses passed over because they fit nothing (Error-Cause 202)",
            labels: []
        ).with()
        repeated = registry.counter(
            "radius_eap_repeats_total",
            "EAP responses that were answered before and got the same answer again",
            labels: []
        ).with()
        sessions = registry.gauge("radius_eap_sessions", "EAP conversations kept, those just over included", labels: [])
            .with()
        let results = registry.counter(
            "radius_eap_results_total",
            "EAP conversations that came to an end, by method and result",
            labels: ["method", "result"]
        )
        outcomes = AuthenticationMethod.allCases.flatMap { method in
            Self.isEAP(method)
                ? [results.with("\(method.name)", "reject"), results.with("\(method.name)", "accept")] : []
        }
        let states = registry.counter(
            "radius_eap_refused_states_total",
            "EAP responses whose State no conversation here goes on with",
            labels: ["reason"]
        )
        refusedStates = Dictionary(
            uniqueKeysWithValues: RefusedState.allCases.map { ($0, states.with($0.rawValue)) }
        )
    }

    func refuse(_ state: RefusedState) { refusedStates[state]?.add(1) }

    func end(_ method: AuthenticationMethod, accepted: Bool) {
        let methods = AuthenticationMethod.allCases.filter(Self.isEAP)
        guard let index = methods.firstIndex(of: method) else { return }
        outcomes[index * 2 + (accepted ? 1 : 0)].add(1)
    }

    /// `unsupported` stands for a conversation that ended before a method was agreed on.
    private static func isEAP(_ method: AuthenticationMethod) -> Bool {
        switch method {
        case .eapMD5, .eapMSCHAPv2, .unsupported: true
        case .pap, .chap, .mschap, .mschapv2, .mac: false
        }
    }
}
