package import Domain
package import Notices

extension TenancyStore {
    /// A tenant as it speaks in a language, to nobody in particular. Throws `notFound` outside the scope.
    package func voice(of tenant: Tenant, language: String, zone: TimeZoneRules?, at now: Timestamp) async throws
        -> NoticeSetting
    {
        let branding = try await settings(of: tenant.id).settings.branding
        return NoticeSetting(
            language: language,
            zone: zone,
            branding: branding,
            tenantName: tenant.name,
            now: now
        )
    }
}
