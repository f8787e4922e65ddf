import Concurrency
package import Observability
import Synchronization
import WireFormat

/// How one part of a process is.
package enum HealthStatus: Sendable, Equatable {
    /// Works.
    case ready
    /// Works less well: still ready for traffic.
    case degraded(String)
    /// Does not work: the process should get no traffic.
    case notReady(String)

    var name: String {
        switch self {
        case .ready: "ready"
        case .degraded: "degraded"
        case .notReady: "not_ready"
        }
    }

    var reason: String? {
        switch self {
        case .ready: nil
        case .degraded(let reason), .notReady(let reason): reason
        }
    }
}

/// The health of one process: what `/health` and `/ready` tell.
package final class Health: Sendable {
    private let version: String
    private let started = SystemClock.monotonicNanoseconds()
    private let state = Mutex(State())

    private struct State {
        var components: [HealthComponent] = []
        var isShuttingDown = false
    }

    package init(version: String) { self.version = version }

    /// The component of that name, not ready ("starting") until it says otherwise; the same for the same name.
    package func component(_ name: String) -> HealthComponent {
        state.withLock { state in
            if let known = state.components.first(where: { $0.name == name }) { return known }
            let new = HealthComponent(name: name)
            state.components.append(new)
            return new
        }
    }

    /// From here on the process is not ready, so that balancers send nothing new.
    package func beginShutdown() { state.withLock { $0.isShuttingDown = true } }

    /// Whether nothing says that it is not ready.
    package var isReady: Bool { reasons.isEmpty }

    /// A gauge `component_ready` per component: 1 ready, 0.5 degraded, 0 not ready.
    package func register(in metrics: MetricsRegistry) {
        metrics.gauge("component_ready", "1 ready, 0.5 degraded, 0 not ready.", labels: ["component"]) { [self] in
            components.map { component in
                switch component.status {
                case .ready: MetricSample([component.name], 1)
                case .degraded: MetricSample([component.name], 0.5)
                case .notReady: MetricSample([component.name], 0)
                }
            }
        }
    }

    private var components: [HealthComponent] { state.withLock { $0.components } }

    private var reasons: [(component: String, reason: String)] {
        let (components, isShuttingDown) = state.withLock { ($0.components, $0.isShuttingDown) }
        let own = isShuttingDown ? [("process", "shutting down")] : []
        return own
            + components.compactMap { component in
                guard case .notReady(let reason) = component.status else { return nil }
                return (component.name, reason)
            }
    }

    /// The body of `/health`: `ok`, or `degraded` when a component is not simply ready.
    func healthBody() -> [UInt8] {
        let components = components.map { ($0.name, $0.status) }
        let isFine = components.allSatisfy { $0.1 == .ready }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("status")
        writer.value(isFine ? "ok" : "degraded")
        writer.key("version")
        writer.value(version)
        writer.key("uptime_seconds")
        writer.value((SystemClock.monotonicNanoseconds() - started) / 1_000_000_000)
        writer.key("components")
        writer.beginObject()
        for (name, status) in components {
            writer.key(string: name)
            writer.beginObject()
            writer.key("status")
            writer.value(status.name)
            if let reason = status.reason {
                writer.key("reason")
                writer.value(reason)
            }
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    /// The body of `/ready` and whether it is good news.
    func readyBody() -> (isReady: Bool, body: [UInt8]) {
        let reasons = reasons
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("status")
        writer.value(reasons.isEmpty ? "ready" : "not_ready")
        writer.key("reasons")
        writer.beginArray()
        for (component, reason) in reasons {
            writer.beginObject()
            writer.key("component")
            writer.value(component)
            writer.key("reason")
            writer.value(reason)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return (reasons.isEmpty, writer.bytes)
    }
}

/// The health of one part. Its reasons are shown to whoever asks, so they hold no secrets.
package final class HealthComponent: Sendable {
    package let name: String
    private let current = Mutex(HealthStatus.notReady("starting"))

    init(name: String) { self.name = name }

    /// Replaces the status.
    package func set(_ status: HealthStatus) { current.withLock { $0 = status } }

    /// The status now.
    package var status: HealthStatus { current.withLock { $0 } }
}
