import Glibc
import HTTPServer
import Observability

/// The program: one bucket in memory, served until the process ends.
package enum Application {
    private static let usage = """
        object-store --port PORT --bucket NAME --access-key KEY --secret-key KEY [--region REGION]
        Serves one empty bucket of an S3-like store on 127.0.0.1, in memory.

        """

    /// Runs with the process's own arguments; returns its exit status.
    package static func run(_ arguments: [String]) async -> Int32 {
        var options: [String: String] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst(), name.hasPrefix("--"), let value = rest.popFirst() { options[name] = value }
        guard rest.isEmpty, let port = options["--port"].flatMap({ UInt16($0) }), let bucket = options["--bucket"],
            let accessKey = options["--access-key"], let secretKey = options["--secret-key"]
        else { return say(usage, 2) }
        let store = ObjectStore(
            bucket: bucket,
            accessKey: accessKey,
            secretKey: secretKey,
            region: options["--region"] ?? "us-east-1"
        )
        var configuration = HTTPServerConfiguration()
        configuration.port = port
        configuration.limits.body = 64 << 20
        do {
            let server = try HTTPServer(
                configuration,
                metrics: HTTPServerMetrics(MetricsRegistry()),
                logger: Logger(),
                respond: { await store.respond(to: $0) }
            )
            try await server.run()
            return 0
        } catch {
            return say("object-store: \(error)\n", 69)
        }
    }

    private static func say(_ text: String, _ status: Int32) -> Int32 {
        let octets = Array(text.utf8)
        _ = unsafe octets.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
        return status
    }
}
