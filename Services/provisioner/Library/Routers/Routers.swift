import Crypto
import Domain
import Lifecycle
import Observability
import Persistence
import RouterOS

/// The part of the daemon that speaks to routers, put together.
enum Routers {
    /// Its services, in the order of their dependence.
    static func services(
        _ settings: Settings,
        _ context: DaemonContext,
        keeping: RouterOperationStore
    ) throws -> [NamedService] {
        let client = try RouterOSClient(metrics: RouterOSMetrics(context.metrics))
        let secrets = DirectorySecrets(try Keyring(path: settings.keyringPath))
        let logger = context.logger
        let worker = RouterWorker(
            keeping: keeping,
            connections: RouterConnections(
                client,
                pool: settings.routers.pool,
                reachesLocal: settings.devices.reachesLocal,
                password: { password(of: $0, secrets, logger) }
            ),
            conduct: RouterConduct(password: { password(of: $0, $1, secrets, logger) }),
            roster: RouterRoster(most: settings.routers.inFlight, waits: settings.routers.waits),
            rules: settings.routers.rules,
            pace: settings.routers.pace,
            time: Application.clock,
            metrics: RouterMetrics(context.metrics),
            health: context.health.component("routers"),
            logger: logger
        )
        return [
            NamedService("routeros") {
                try await withGracefulShutdownHandler {
                    try await client.run()
                } onShutdown: {
                    client.stop()
                }
            },
            NamedService("routers", worker),
        ]
    }

    private static func password(of target: RouterTarget, _ secrets: DirectorySecrets, _ logger: Logger) -> String? {
        guard let sealed = target.sealedPassword else { return nil }
        let ref = target.ref
        do throws(KeyringError) {
            return text(try secrets.open(password: sealed, of: ref.deviceID, tenant: ref.tenantID))
        } catch {
            logger.error(
                "the keyring does not open a device's password",
                ["device": .string("\(ref.deviceID)"), "error": .string("\(error)")]
            )
            return nil
        }
    }

    private static func password(
        of entry: RouterFacts.Entry,
        _ tenant: TenantID,
        _ secrets: DirectorySecrets,
        _ logger: Logger
    ) -> String? {
        guard let sealed = entry.sealedPassword else { return nil }
        let service = entry.service.id
        do throws(KeyringError) {
            return text(try secrets.open(password: sealed, of: service, tenant: tenant))
        } catch {
            logger.error(
                "the keyring does not open a service's password",
                ["service": .string("\(service)"), "error": .string("\(error)")]
            )
            return nil
        }
    }

    /// Nil for what is no text: a router takes nothing else.
    private static func text(_ octets: [UInt8]) -> String? { String(validating: octets, as: UTF8.self) }
}
