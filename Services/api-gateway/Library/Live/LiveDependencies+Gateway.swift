import Domain
import HTTPServer
import Identity
import Persistence

extension LiveDependencies {
    /// The gateway's own: its accounts, its tenants, its audit trail.
    init(_ parts: Parts, _ naming: TenantNaming) {
        let authentication = Authentication(accounts: parts.accounts, naming: naming)
        self.init(
            standing: { request in await authentication.standing(of: request) },
            tenants: {
                let tenants = try await parts.database.transaction(in: try await parts.database.operatorTenant()) {
                    try await TenantRepository($0).all()
                }
                return Dictionary(tenants.map { ($0.id, $0.parentID) }, uniquingKeysWith: { first, _ in first })
            },
            record: { principal, request, filter in
                let caller = try request.caller
                let entry = AuditEntry(
                    id: parts.ids.next(),
                    tenantID: principal.tenantID,
                    origin: caller.audit,
                    action: .read,
                    resource: AuditResource("events", nil as String?),
                    change: .created(["filter": .text(filter)]),
                    time: parts.time.now()
                )
                try await parts.audit.record(entry)
            },
            allowsOrigin: { origin, request in Self.allows(origin, request, parts.policy.origins) },
            now: { parts.time.now() }
        )
    }

    /// Pages of this server, and of the origins that may call; programs send no origin.
    static func allows(_ origin: String?, _ request: Request, _ allowed: [String]) -> Bool {
        guard let origin else { return true }
        if allowed.contains(origin) || allowed.contains("*") { return true }
        guard let host = request.headers["host"]?.lowercased() else { return false }
        return origin.lowercased() == (request.isSecure ? "https://" : "http://") + host
    }
}
