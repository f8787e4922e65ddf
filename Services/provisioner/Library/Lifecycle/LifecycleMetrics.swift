import Domain
import Observability
import Persistence

/// What becomes of runs. No service is a label.
struct LifecycleMetrics: Sendable {
    private let leading: GaugeCell
    private let running: Gauge
    private let stuck: GaugeCell
    private let ended: Counter
    private let steps: Histogram

    init(_ registry: MetricsRegistry) {
        leading = registry.gauge("lifecycle_leading", "1 while this process carries runs out.").with()
        running = registry.gauge("lifecycle_runs", "Runs that have not ended.", labels: ["kind", "state"])
        stuck = registry.gauge("lifecycle_stuck", "Those of them that are past their deadline.").with()
        ended = registry.counter("lifecycle_runs_total", "Runs that ended.", labels: ["kind", "state"])
        steps = registry.histogram(
            "lifecycle_step_seconds",
            "How long one move of a step took, its commit with it.",
            labels: ["step"]
        )
    }

    func tell(_ figures: LifecycleFigures) {
        leading.set(1)
        stuck.set(Double(figures.stuck))
        for kind in LifecycleKind.allCases {
            for state in LifecycleRun.State.allCases where !state.isFinal {
                running.with(kind.rawValue, state.rawValue).set(Double(figures.running[kind]?[state] ?? 0))
            }
        }
    }

    func made(_ advance: LifecycleAdvance, in time: Duration) {
        if let step = advance.step { steps.with(step.rawValue).observe(time) }
        if advance.run.state.isFinal { ended.with(advance.run.kind.rawValue, advance.run.state.rawValue).add() }
    }

    /// This process does not carry runs out: another one's figures count.
    func rests() {
        tell(LifecycleFigures())
        leading.set(0)
    }
}
