/// In which languages words are looked for, best first.
package enum LanguageChain {
    /// What is wanted, its base language, the tenant's, that one's base, and English: `fr-CA` gives `fr-CA`, `fr`, and so on.
    /// None stands twice; what is no tag of the form `fr` or `pt-BR` is passed over.
    package static func languages(wanted: String?, tenant: String?) -> [String] {
        var found: [String] = []
        for tag in [wanted, tenant, "en"] {
            guard let tag, isTag(tag) else { continue }
            for language in [tag, String(tag.prefix { $0 != "-" })] where !found.contains(language) {
                found.append(language)
            }
        }
        return found
    }

    /// The form that the tables keep: `^[a-z]{2,3}(-[A-Z]{2})?$`.
    private static func isTag(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard let base = parts.first, (2...3).contains(base.count), parts.count <= 2 else { return false }
        guard base.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else { return false }
        return parts.count == 1
            || parts[1].count == 2 && parts[1].allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }
}
