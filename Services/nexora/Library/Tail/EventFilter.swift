/// Which events of the streams a tail shows: what the server can choose by subject, and what only the payload tells.
package struct EventFilter: Sendable, Equatable {
    /// The tenants' ids, lower case; empty shows all.
    package var tenants: Set<String> = []
    /// The NASes' ids, lower case; empty shows all.
    package var nases: Set<String> = []
    /// User names, exactly as sent; empty shows all.
    package var users: Set<String> = []
    /// Subjects with NATS' wildcards; empty shows all.
    package var subjects: [String] = []

    /// A filter that lets everything through.
    package init() {}

    /// The subjects to subscribe to in a stream that holds `prefixes`, each `<domain>.>`; empty when the stream cannot
    /// hold what is asked for. Ids stand in subjects, so that the server already leaves out other tenants.
    package func serverSubjects(prefixes: [String]) -> [String] {
        guard subjects.isEmpty else {
            return subjects.filter { subject in prefixes.contains { Self.overlap(subject, $0) } }
        }
        guard !tenants.isEmpty else { return prefixes }
        return prefixes.flatMap { prefix in
            tenants.sorted().map { tenant in
                prefix == "accounting.sessions.>"
                    ? "accounting.sessions.\(tenant).>" : "\(prefix.dropLast(2)).*.\(tenant)"
            }
        }
    }

    /// Whether an event that arrived is to be shown.
    package func matches(subject: String, tenant: String?, nas: String?, nasName: String?, user: String?) -> Bool {
        if !tenants.isEmpty && !tenants.contains(tenant ?? "") { return false }
        if !nases.isEmpty && !nases.contains(nas ?? "") && !nases.contains(nasName ?? "") { return false }
        if !users.isEmpty && !users.contains(user ?? "") { return false }
        return true
    }

    /// Whether some subject could match both patterns.
    package static func overlap(_ left: String, _ right: String) -> Bool {
        let left = left.split(separator: ".", omittingEmptySubsequences: false)
        let right = right.split(separator: ".", omittingEmptySubsequences: false)
        for index in 0..<max(left.count, right.count) {
            let a = index < left.count ? left[index] : ""
            let b = index < right.count ? right[index] : ""
            if a == ">" { return index < right.count }
            if b == ">" { return index < left.count }
            if index >= left.count || index >= right.count { return false }
            if a != b && a != "*" && b != "*" { return false }
        }
        return true
    }

    /// Whether the text is a subject NATS would take, wildcards allowed.
    package static func isValidSubject(_ text: String) -> Bool {
        let tokens = text.split(separator: ".", omittingEmptySubsequences: false)
        guard !text.isEmpty, text.utf8.count <= 255, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            return false
        }
        return tokens.indices.allSatisfy { index in
            let token = tokens[index]
            if token == ">" { return index == tokens.count - 1 }
            return !token.isEmpty && (token == "*" || (!token.contains("*") && !token.contains(">")))
        }
    }
}
