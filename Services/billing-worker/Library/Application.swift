import Concurrency
import Configuration
import Domain
import Events
package import Lifecycle
import Messaging
import NATS
import Observability
import Persistence
import Postgres

/// billing-worker, put together.
package enum Application {
    package static let name = "billing-worker"
    /// The port of /health, /ready and /metrics unless configured.
    package static let adminPort: UInt16 = 9_104

    /// Runs the daemon from its command line to its exit code.
    package static func run() async -> Int32 {
        await runDaemon(
            name: name,
            version: Build.version,
            adminPort: adminPort,
            configure: Settings.init,
            build: build
        )
    }

    /// The services of one process, in the order of their dependence.
    package static func build(_ settings: Settings, _ context: DaemonContext) async throws -> [NamedService] {
        let nats = try NATSClient(
            NATSConfiguration(url: settings.natsURL.revealed, name: name),
            logger: context.logger
        )
        return [
            NamedService("nats") {
                await waitForShutdown()
                try? await nats.flush(within: .seconds(1))
            }
        ]
    }

    static let clock = TimeSource { Timestamp(microseconds: SystemClock.microsecondsSince1970()) }
}
