import HTTPServer
import Lifecycle

/// The HTTP server as a service: drained when the process is asked to end.
struct Listener: Lifecycle.Service {
    let server: HTTPServer
    let health: HealthComponent
    let drain: Duration

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await server.run { [health] _ in health.set(.ready) }
        } onShutdown: { [server, drain] in
            server.drain(within: drain)
        }
    }
}
