import Glibc
import HTTPServer
import Observability

/// The program: every vendor in memory, served until the process ends.
package enum Application {
    private static let usage = """
        notice-providers --port PORT
        Serves the vendors that notices go through on 127.0.0.1, each below a path of its own, and takes their messages.

        """

    /// Runs with the process's own arguments; returns its exit status.
    package static func run(_ arguments: [String]) async -> Int32 {
        guard arguments.count == 2, arguments[0] == "--port", let port = UInt16(arguments[1]) else {
            return say(usage, 2)
        }
        var configuration = HTTPServerConfiguration()
        configuration.port = port
        configuration.limits.body = 64 << 20
        do {
            let providers = try NoticeProviders()
            let server = try HTTPServer(
                configuration,
                metrics: HTTPServerMetrics(MetricsRegistry()),
                logger: Logger(),
                respond: { await providers.respond(to: $0) }
            )
            try await server.run()
            return 0
        } catch {
            return say("notice-providers: \(error)\n", 69)
        }
    }

    private static func say(_ text: String, _ status: Int32) -> Int32 {
        let octets = Array(text.utf8)
        _ = unsafe octets.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
        return status
    }
}
