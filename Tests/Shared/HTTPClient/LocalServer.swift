import HTTPServer
import Observability
import SharedTesting
import Testing

/// Runs a server of ours on a free port for the length of `body`, which is given its URL.
func withLocalServer(
    bodyLimit: Int = 32 << 20,
    respond: @escaping @Sendable (Request) async -> Response,
    body: @escaping @Sendable (String) async throws -> Void
) async throws {
    var configuration = HTTPServerConfiguration()
    configuration.limits.body = bodyLimit
    let server = try HTTPServer(
        configuration,
        metrics: HTTPServerMetrics(MetricsRegistry()),
        logger: Logger(service: "test", level: .fatal, sink: SilentSink()),
        respond: respond
    )
    try await withThrowingTaskGroup { group in
        group.addTask { try await server.run() }
        group.addTask {
            try await eventually { server.port != nil }
            defer { server.drain(within: .seconds(10)) }
            try await body("http://127.0.0.1:\(server.port ?? 0)")
        }
        while try await group.next() != nil {}
    }
}

struct SilentSink: LogSink {
    func write(_ line: [UInt8]) {}
}
