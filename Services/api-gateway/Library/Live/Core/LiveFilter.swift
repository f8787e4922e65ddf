import Domain

/// Which events somebody asked for. Each set that is not empty must be met; within a set one is enough. What he may see is
/// another question: ``LiveScope``.
struct LiveFilter: Hashable, Sendable {
    /// `session.started`, or `session.*` for all of a domain.
    var kinds: Set<String> = []
    var tenants: Set<TenantID> = []
    /// Ids or names of NASes.
    var nases: Set<String> = []
    var services: Set<ServiceID> = []
    var customers: Set<CustomerID> = []
    /// User names, exactly as they were sent.
    var usernames: Set<String> = []

    /// How many values may stand in one filter, over all of its sets.
    static let maximumValues = 100

    var isEmpty: Bool { self == LiveFilter() }

    /// How many values it holds.
    var count: Int {
        kinds.count + tenants.count + nases.count + services.count + customers.count + usernames.count
    }

    /// Whether the event was asked for.
    func matches(_ event: LiveEvent) -> Bool {
        let about = event.about
        return Self.holds(kinds) { Self.covers($0, event.kind) }
            && (tenants.isEmpty || tenants.contains(event.tenantID))
            && Self.holds(nases) { name in
                name == about.nasName || about.nases.contains { $0.description == name }
            }
            && (services.isEmpty || !services.isDisjoint(with: about.services))
            && (customers.isEmpty || !customers.isDisjoint(with: about.customers))
            && (usernames.isEmpty || about.username.map(usernames.contains) == true)
    }

    /// Whether a text is a kind or a domain with `.*`.
    static func isKind(_ text: String) -> Bool {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (2...4).contains(words.count), text.utf8.count <= 64 else { return false }
        return words.indices.allSatisfy { index in
            let word = words[index]
            if word == "*" { return index == words.count - 1 }
            return !word.isEmpty && word.utf8.allSatisfy { ("a"..."z").contains(Unicode.Scalar($0)) || $0 == 95 }
        }
    }

    private static func holds(_ wanted: Set<String>, _ isMet: (String) -> Bool) -> Bool {
        wanted.isEmpty || wanted.contains(where: isMet)
    }

    private static func covers(_ pattern: String, _ kind: String) -> Bool {
        pattern.hasSuffix(".*") ? kind.hasPrefix(pattern.dropLast()) : pattern == kind
    }
}
