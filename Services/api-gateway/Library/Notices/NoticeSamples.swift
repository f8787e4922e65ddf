import Domain
import HTTPServer
import Identity
import Notices
import Persistence
import Profiles

/// What stands in for facts where nothing has happened.
enum NoticeSamples {
    /// A value for each variable of a kind. None for what only the recipient may read, unless `withSecrets`.
    static func facts(of kind: NoticeKind, withSecrets: Bool = false) -> NoticeFacts {
        var facts = NoticeFacts()
        for variable in kind.terms.variables where withSecrets || !variable.isSecret {
            facts[variable.name] = variable.sample
        }
        return facts
    }

    /// A tenant as it speaks, in a language.
    static func setting(
        _ parts: Parts,
        of tenant: TenantID,
        language: String,
        _ transaction: ScopedTransaction
    ) async throws -> NoticeSetting {
        guard let found = try await TenantRepository(transaction).find(tenant) else { throw Problem.notFound }
        let store = TenancyStore(transaction, ids: parts.ids, time: parts.time)
        let zone = try await store.settings(of: tenant).settings.timeZone.flatMap { SystemFiles.timeZone($0) }
        return try await store.voice(of: found, language: language, zone: zone, at: parts.time.now())
    }
}
