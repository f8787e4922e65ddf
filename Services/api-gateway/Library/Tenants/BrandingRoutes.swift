import Domain
import HTTPServer
import Persistence

/// How a tenant's sign-in page looks (TEN-08, TEN-14).
struct BrandingRoutes {
    private let parts: Parts
    private let naming: TenantNaming

    init(_ parts: Parts, _ naming: TenantNaming) {
        self.parts = parts
        self.naming = naming
    }

    /// What of a tenant's branding everybody may know.
    private struct Face: Sendable {
        var branding = Branding()
        var logo: String?
    }

    private static let view = View<Face>([
        .init("display_name", .nullable(.text())) { .text($0.branding.displayName) },
        .init("primary_colour", .nullable(.text())) { .text($0.branding.primaryColour) },
        .init("accent_colour", .nullable(.text())) { .text($0.branding.accentColour) },
        .init("logo_url", .nullable(.text())) { .text($0.logo) },
    ])

    var routes: [GatewayRoute] {
        [
            GatewayRoute(
                .get,
                "/api/v1/branding",
                operationID: "getBranding",
                // Open: whoever sees it has not signed in yet.
                metadata: Access(
                    .open,
                    operation: Operation(
                        "tenants",
                        "How a tenant presents itself to who signs in; nulls where nobody is called so.",
                        parameters: [
                            .init("tenant", .text(63), "Its subdomain, unless the host or X-Tenant-ID names it.")
                        ],
                        .data(Self.view.schema)
                    )
                )
            ) { request in
                let branding = try await branding(request)
                return Self.view.answer(
                    Face(branding: branding, logo: Self.logo(branding.logoURL, host: request.headers["host"]))
                )
            }
        ]
    }

    /// Of nobody it is the usual one, as of somebody who has none: it does not tell who is a tenant here.
    private func branding(_ request: Request) async throws -> Branding {
        do {
            let tenant = try await naming.tenant(of: request, called: request.query["tenant"])
            return try await parts.database.transaction(in: tenant) { transaction in
                try await TenancyStore(transaction, ids: parts.ids, time: parts.time).settings(of: tenant).settings
                    .branding
            }
        } catch let problem as Problem where problem.code == "unknown_tenant" {
            return Branding()
        } catch PersistenceError.notFound {
            return Branding()
        }
    }

    /// The path of a logo that lies on the host that was asked: the pages' policy shows no other.
    static func logo(_ url: String?, host: String?) -> String? {
        guard let url, let host, !host.isEmpty else { return nil }
        let origin = "https://\(host.lowercased())/"
        guard url.lowercased().hasPrefix(origin) else { return nil }
        return "/" + url.dropFirst(origin.count)
    }
}
