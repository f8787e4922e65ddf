import Billing
import Observability
import Persistence

/// What the subscriptions' part of the daemon counts.
struct SubscriptionMetrics: Sendable {
    private let steps: CounterCell
    private let states: Counter
    private let charges: Counter
    private let reminders: CounterCell
    private let failures: CounterCell
    private let inFlight: GaugeCell

    init(_ registry: MetricsRegistry) {
        steps = registry.counter("subscription_steps_total", "Subscriptions that were due and were looked at.").with()
        states = registry.counter(
            "subscription_states_total",
            "Subscriptions that entered a state.",
            labels: ["state"]
        )
        charges = registry.counter(
            "bill_charges_total",
            "Wallets asked for a bill, by what was answered: paid, refused or unknown.",
            labels: ["outcome"]
        )
        reminders = registry.counter("bill_reminders_total", "Customers told of a bill that is not paid.").with()
        failures = registry.counter(
            "subscription_failures_total",
            "Subscriptions that could not be looked at and wait an hour."
        ).with()
        inFlight = registry.gauge("bill_charges_in_flight", "Wallets that are being asked.").with()
    }

    func stepped(_ round: SubscriptionRound) {
        steps.add(round.found)
        for (state, count) in round.entered { states.with(state.rawValue).add(count) }
        reminders.add(round.reminders)
        failures.add(round.failures.count)
    }

    func answered(_ outcome: String) { charges.with(outcome).add(1) }

    func asking(_ count: Int) { inFlight.set(Double(count)) }
}
