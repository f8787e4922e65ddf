import Billing
import Observability
import Persistence

/// What the boosts' part of the daemon counts.
struct BoostMetrics: Sendable {
    private let states: Counter
    private let charges: Counter
    private let failures: CounterCell

    init(_ registry: MetricsRegistry) {
        states = registry.counter("boost_states_total", "Boosts that entered a state.", labels: ["state"])
        charges = registry.counter(
            "boost_charges_total",
            "Wallets asked for a boost, by what was answered: paid, refused or unknown.",
            labels: ["outcome"]
        )
        failures = registry.counter("boost_failures_total", "Boosts that could not be looked at and wait an hour.")
            .with()
    }

    func stepped(_ round: BoostRound) {
        for (state, count) in round.entered { states.with(state.rawValue).add(count) }
        failures.add(round.failures.count)
    }

    func answered(_ outcome: String) { charges.with(outcome).add(1) }
}
