/// Which kinds of events an endpoint wants: `session.started`, `session.*` for all of a domain, `*` for everything that is told outside.
package enum WebhookFilter {
    /// The domains whose events go out. What concerns interception is in none, nor is what one daemon tells another about messages that
    /// it could not read; a domain that is new stands here once somebody decided.
    package static let domains: Set<String> = [
        "session", "usage", "radius", "access", "ipam", "directory", "quota", "identity", "tenancy", "provisioning",
        "ledger", "billing", "wallet", "device", "export", "notice", "webhook",
    ]

    /// Sent to an endpoint that is tried out; no event of the stream.
    package static let test = "webhook.test"

    /// Whether a text is `*`, a kind, or a domain (or a part of one) with `.*` behind it.
    package static func isPattern(_ text: String) -> Bool {
        if text == "*" { return true }
        let words = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (2...4).contains(words.count), text.utf8.count <= 64 else { return false }
        return words.indices.allSatisfy { index in
            let word = words[index]
            if word.elementsEqual("*".utf8) { return index > words.startIndex && index == words.endIndex - 1 }
            return !word.isEmpty
                && word.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") }
        }
    }

    /// Whether a pattern can match what goes out.
    package static func isTold(_ pattern: String) -> Bool { pattern == "*" || domains.contains(domain(of: pattern)) }

    /// The domains that patterns speak of.
    package static func domains(of patterns: [String]) -> Set<String> {
        patterns.contains("*") ? domains : Set(patterns.map(domain(of:)))
    }

    /// Whether an event of that kind is wanted, and is one that goes out.
    package static func matches(_ patterns: [String], _ kind: String) -> Bool {
        guard domains.contains(domain(of: kind)) else { return false }
        return patterns.contains { pattern in
            if pattern == "*" || pattern == kind { return true }
            return pattern.hasSuffix(".*") && kind.hasPrefix(pattern.dropLast())
        }
    }

    private static func domain(of kind: String) -> String { String(kind.prefix { $0 != "." }) }
}
