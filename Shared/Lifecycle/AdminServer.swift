import Concurrency
package import Observability
import Synchronization

/// `/health`, `/ready` and `/metrics` of a daemon, on a thread of its own: it answers whatever the daemon is busy with.
///
/// At most 64 connections and 8 KiB per request; a client has 5 s to send a request and 5 s to take the answer.
/// The newest connection wins over the one that idles longest. Put it first in the group: it then ends last.
package final class AdminServer: Service {
    /// Makes the answer of one path, on the admin thread; must not block.
    package typealias Route = @Sendable () -> AdminResponse

    private let address: String
    private let wantedPort: UInt16
    private let routes: [String: Route]
    private let logger: Logger
    private let onListening: @Sendable (UInt16) -> Void
    private let bound = Mutex<UInt16?>(nil)

    /// A server on a numeric address; port 0 takes a free one, which `onListening` and the log tell.
    package init(
        address: String,
        port: UInt16,
        health: Health,
        metrics: MetricsRegistry,
        logger: Logger,
        routes extra: [String: Route] = [:],
        onListening: @escaping @Sendable (UInt16) -> Void = { _ in }
    ) {
        self.address = address
        wantedPort = port
        self.logger = logger
        self.onListening = onListening
        let standard: [String: Route] = [
            "/health": { AdminResponse(body: health.healthBody()) },
            "/ready": {
                let (isReady, body) = health.readyBody()
                return AdminResponse(status: isReady ? 200 : 503, body: body)
            },
            "/metrics": {
                AdminResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics.render())
            },
        ]
        routes = standard.merging(extra) { own, _ in own }
    }

    /// The port that was bound; nil before.
    package var port: UInt16? { bound.withLock { $0 } }

    /// Serves until shutdown or cancellation. Throws `SystemError` when the address cannot be bound.
    package func run() async throws {
        let listener = try ListeningSocket(address: address, port: wantedPort)
        let wake = try EventFD()
        let failure = Monitor<(any Error)?>(nil)
        let stop = ShutdownSignal()
        let thread = try PlatformThread.start(name: "admin") { [routes, descriptor = listener.descriptor] in
            do {
                try AdminLoop(listener: descriptor, wake: wake) { path in
                    routes[path]?() ?? .refusal(404)
                }.run()
            } catch {
                failure.withLock { $0 = error }
            }
            stop.raise()
        }
        bound.withLock { $0 = listener.port }
        logger.info(
            "admin server listening",
            ["admin.address": .string(address), "admin.port": .int(Int(listener.port))]
        )
        onListening(listener.port)
        await withGracefulShutdownHandler {
            await stop.wait()
        } onShutdown: {
            wake.signal()
        }
        wake.signal()
        await thread.joined()
        extendLifetime(listener)
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
