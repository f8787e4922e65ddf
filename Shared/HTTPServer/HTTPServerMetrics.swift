import Concurrency
package import Observability

/// The adapter's metrics. One per registry.
package struct HTTPServerMetrics: Sendable {
    private let requests: Counter
    private let durations: Histogram
    private let refusals: Counter
    let connections: GaugeCell
    let webSockets: GaugeCell
    let streams: GaugeCell
    let skipped: CounterCell

    /// Why something was not served as asked.
    enum Refusal: String {
        case head, headTooLarge = "head_too_large", address, busy, draining, headTime = "head_time"
        case bodyTime = "body_time", handlerTime = "handler_time", webSocket = "websocket"
    }

    /// Registers `http_requests_total`, `http_request_duration_seconds`, `http_refused_total`, `http_connections`,
    /// `http_websockets`, `http_event_streams` and `http_skipped_messages_total`.
    package init(_ registry: MetricsRegistry) {
        requests = registry.counter(
            "http_requests_total",
            "Requests answered, by the route's pattern (none: no route), method and status.",
            labels: ["route", "method", "status"]
        )
        durations = registry.histogram(
            "http_request_duration_seconds",
            "From the end of a request's head to the end of its answer, in seconds; streams and WebSockets left out.",
            labels: ["route"]
        )
        refusals = registry.counter(
            "http_refused_total",
            "Connections and requests that no handler answered, by reason.",
            labels: ["reason"]
        )
        connections = registry.gauge("http_connections", "Open connections, WebSockets left out.", labels: []).with()
        webSockets = registry.gauge("http_websockets", "Open WebSockets.", labels: []).with()
        streams = registry.gauge("http_event_streams", "Open streams of server-sent events.", labels: []).with()
        skipped = registry.counter(
            "http_skipped_messages_total",
            "Events and WebSocket messages left out because a client read too slowly.",
            labels: []
        ).with()
    }

    func refused(_ reason: Refusal) { refusals.with(reason.rawValue).add() }

    func answered(route: String, method: HTTPMethod, status: HTTPStatus) {
        requests.with(route, method.label, String(status.code)).add()
    }

    func took(route: String, since start: UInt64) {
        durations.with(route).observe(nanoseconds: SystemClock.monotonicNanoseconds() &- start)
    }
}
