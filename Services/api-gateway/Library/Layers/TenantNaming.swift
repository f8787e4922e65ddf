package import Domain
import HTTPServer
package import Identity
package import Persistence
import Synchronization

/// Which tenant a request names, by its host and by `X-Tenant-ID` (TEN-02).
///
/// Neither gives anybody anything: who has signed in belongs to one tenant, and a request that names another is refused. They
/// say where somebody signs in who has not.
package final class TenantNaming: Sendable {
    private let domain: String
    private let accounts: Accounts
    private let database: TenantPool
    private let time: TimeSource
    private let known = Mutex<[String: (tenant: TenantID?, until: Timestamp)]>([:])
    private static let mostKnown = 1_000
    private static let believedFor = Duration.seconds(30)

    package init(domain: String, accounts: Accounts, database: TenantPool, time: TimeSource) {
        self.domain = domain.lowercased()
        self.accounts = accounts
        self.database = database
        self.time = time
    }

    /// The tenant that host and header name; nil where neither does. Throws where they disagree or name nobody.
    func tenant(of request: Request) async throws -> TenantID? { try await resolve(request, token: .absent) }

    /// The same for a route where nobody has signed in yet: `called` is what the body says, an id or a subdomain. Where nobody
    /// says anything it is the operator.
    func tenant(of request: Request, called text: String?) async throws -> TenantID {
        let named = try await tenant(of: request)
        if let text {
            guard let tenant = try await tenant(called: text) else { throw Self.unknown }
            if let named, named != tenant { throw Self.disagreement }
            return tenant
        }
        if let named { return named }
        return try await database.operatorTenant()
    }

    /// Throws unless a request of somebody of this tenant names no other.
    func agrees(_ request: Request, with tenant: TenantID) async throws {
        _ = try await resolve(request, token: .named(tenant))
    }

    private func resolve(_ request: Request, token: TenantClaim) async throws -> TenantID? {
        let host = try await claim(ofHost: request.headers["host"] ?? "")
        var header = TenantClaim.absent
        if let text = request.headers["x-tenant-id"] {
            header = try await tenant(called: text).map(TenantClaim.named) ?? .unknown
        }
        do throws(TenantResolutionError) {
            return try TenantResolution.resolve(
                subdomain: host,
                header: header,
                token: token
            )
        } catch {
            switch error {
            case .disagreement: throw Self.disagreement
            case .unknown: throw Self.unknown
            }
        }
    }

    private func claim(ofHost host: String) async throws -> TenantClaim {
        guard !domain.isEmpty else { return .absent }
        switch TenantHost.label(of: host, under: domain) {
        // By another name the gateway may be reached within a network; it says nothing of a tenant.
        case .none, .foreign: return .absent
        case .malformed: return .unknown
        case .named(let label): return try await tenant(ofSubdomain: label).map(TenantClaim.named) ?? .unknown
        }
    }

    private func tenant(called text: String) async throws -> TenantID? {
        if let id = TenantID(text) { return id }
        return try await tenant(ofSubdomain: text.lowercased())
    }

    private func tenant(ofSubdomain label: String) async throws -> TenantID? {
        let now = time.now()
        if let entry = known.withLock({ $0[label] }), now < entry.until { return entry.tenant }
        let tenant = try await accounts.tenant(ofSubdomain: label)
        known.withLock { known in
            if known.count >= Self.mostKnown { known = [:] }
            known[label] = (tenant, now + Self.believedFor)
        }
        return tenant
    }

    private static let unknown = Problem(.badRequest, code: "unknown_tenant", detail: "No tenant is called that.")
    private static let disagreement = Problem(
        .forbidden,
        code: "tenant_mismatch",
        detail: "Host, X-Tenant-ID and token do not name the same tenant."
    )
}
