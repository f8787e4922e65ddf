import Domain
import Persistence
import RouterOS
import Synchronization
import TLS

/// The routers that are spoken to: one pool of connections for each, made anew where its device's row changed.
final class RouterConnections: Sendable {
    /// Why a router is not spoken to: a stable word.
    struct Obstacle: Error, Hashable {
        let word: String
    }

    private struct Entry: Sendable {
        let version: Int64
        let router: ManagedRouter
    }

    private let client: RouterOSClient
    private let pool: RouterPoolSettings
    private let reachesLocal: Bool
    private let password: @Sendable (RouterTarget) -> String?
    private let entries = Mutex<[RouterRef: Entry]>([:])

    /// `password` opens a device's password; nil where the keyring does not. `reachesLocal` allows addresses of this machine: for
    /// simulators only, since a tenant says where his routers are.
    init(
        _ client: RouterOSClient,
        pool: RouterPoolSettings,
        reachesLocal: Bool,
        password: @escaping @Sendable (RouterTarget) -> String?
    ) {
        self.client = client
        self.pool = pool
        self.reachesLocal = reachesLocal
        self.password = password
    }

    /// The router as its row says now. Nothing is connected before it is asked something.
    func router(_ target: RouterTarget) throws(Obstacle) -> ManagedRouter {
        if let entry = entries.withLock({ $0[target.ref] }), entry.version == target.version { return entry.router }
        forget(target.ref)
        guard target.isActive else { throw Obstacle(word: "inactive") }
        guard target.speaksRouterOS else { throw Obstacle(word: "no_router") }
        guard let user = target.username, target.sealedPassword != nil else { throw Obstacle(word: "no_credentials") }
        guard let password = password(target) else { throw Obstacle(word: "credentials_unreadable") }
        var configuration = RouterConfiguration(
            host: target.host,
            port: target.port,
            security: try Self.security(target),
            user: user,
            password: password,
            pool: pool
        )
        configuration.reachesLocal = reachesLocal
        let router = client.router(configuration)
        entries.withLock { $0[target.ref] = Entry(version: target.version, router: router) }
        return router
    }

    /// Closes a router's connections.
    func forget(_ ref: RouterRef) {
        entries.withLock { $0.removeValue(forKey: ref) }?.router.forget()
    }

    /// Closes all connections: another process leads.
    func forgetAll() {
        let all = entries.withLock { entries in
            defer { entries = [:] }
            return Array(entries.values)
        }
        for entry in all { entry.router.forget() }
    }

    private static func security(_ target: RouterTarget) throws(Obstacle) -> RouterConfiguration.Security {
        guard target.usesTLS else { return .plain }
        guard let text = target.certificateFingerprint else { return .tls(.authorities(file: nil)) }
        guard let fingerprint = CertificateFingerprint(text) else { throw Obstacle(word: "tls") }
        return .tls(.fingerprints([fingerprint]))
    }
}
