/// Which peers may say for whom they ask, and in which field.
///
/// One field only: a proxy that sets one of the two passes the other on as the client wrote it.
package struct TrustedProxies: Sendable {
    package enum Field: String, Sendable, CaseIterable {
        /// `X-Forwarded-For`, with `X-Forwarded-Proto`.
        case xForwarded = "x-forwarded-for"
        /// RFC 7239.
        case forwarded
    }

    private let prefixes: [NetworkPrefix]
    private let field: Field

    /// Trusts the peers in these ranges; none of them: nobody is believed.
    package init(_ prefixes: [NetworkPrefix] = [], field: Field = .xForwarded) {
        self.prefixes = prefixes
        self.field = field
    }

    package func contains(_ address: IPAddress) -> Bool { prefixes.contains { $0.contains(address) } }

    /// Who asks, and whether by TLS, when `peer` sent these fields.
    ///
    /// Each proxy adds whom it heard from at the end, so the list is read from there: the first address that is no
    /// trusted proxy is the client. What stands before it is hearsay, and so is what is malformed.
    func origin(peer: IPAddress, isTLS: Bool, headers: RequestHeaders) -> (client: IPAddress, isTLS: Bool) {
        guard contains(peer) else { return (peer, isTLS) }
        var client = peer
        var secure = isTLS
        for hop in hops(headers).reversed() {
            guard let address = hop.address else { break }
            client = address
            if let scheme = hop.scheme { secure = scheme == "https" }
            if !contains(address) { break }
        }
        return (client, secure)
    }

    private struct Hop {
        var address: IPAddress?
        var scheme: String?
    }

    private func hops(_ headers: RequestHeaders) -> [Hop] {
        switch field {
        case .xForwarded:
            let schemes = headers.list("x-forwarded-proto").map { $0.lowercased() }
            let addresses = headers.list("x-forwarded-for")
            return addresses.enumerated().map { index, text in
                // One scheme for all hops is how most proxies write it.
                let scheme = schemes.count == addresses.count ? schemes[index] : schemes.last
                return Hop(address: Self.address(text), scheme: scheme)
            }
        case .forwarded: return headers.list("forwarded").map { Self.hop($0) }
        }
    }

    /// One element of Forwarded: `for=192.0.2.60;proto=http`, `for="[2001:db8::1]:4711"`.
    private static func hop(_ element: String) -> Hop {
        var hop = Hop()
        for pair in element.split(separator: ";") {
            guard let equals = pair.firstIndex(of: "=") else { continue }
            var value = pair[pair.index(after: equals)...].trimmed
            if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
                value = String(value.dropFirst().dropLast())
            }
            switch pair[..<equals].trimmed.lowercased() {
            case "for": hop.address = address(value)
            case "proto": hop.scheme = value.lowercased()
            default: break
            }
        }
        return hop
    }

    /// An address with or without a port, IPv6 in brackets where there is one.
    private static func address(_ text: String) -> IPAddress? {
        if text.hasPrefix("[") {
            return text.firstIndex(of: "]").flatMap { IPAddress(text[text.index(after: text.startIndex)..<$0]) }
        }
        if let whole = IPAddress(text) { return whole }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? IPAddress(parts[0]) : nil
    }
}
