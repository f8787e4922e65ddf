/// The rules for where events may be sent. Names are resolved by who connects, and what they lead to is looked at then
/// (``IPAddress/isPublic``): a name says nothing of the address that it has a moment later.
package enum WebhookURL {
    /// What is wrong with a URL; nil where nothing is. `allowPrivate` is the operator's word: plain http, any port and any host.
    package static func problem(of url: String, allowPrivate: Bool) -> FieldProblem? {
        guard (1...2_048).contains(url.utf8.count), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return .malformed(expected: "a URL of 1 to 2048 printable ASCII characters")
        }
        guard let parts = Parts(url) else {
            return .conflicts(reason: "must name a host, as https://example.net/hooks does")
        }
        guard !parts.hasCredentials else { return .conflicts(reason: "must not hold credentials") }
        guard !url.utf8.contains(UInt8(ascii: "#")) else { return .conflicts(reason: "must not hold a fragment") }
        guard !allowPrivate else { return nil }
        guard parts.isSecure else { return .conflicts(reason: "must begin with https://") }
        guard parts.port == 443 || (1_024...65_535).contains(parts.port) else {
            return .conflicts(reason: "must use port 443 or one from 1024 to 65535")
        }
        switch parts.host {
        case .address(let address) where !address.isPublic:
            return .conflicts(reason: "must not lead to a private address")
        case .name(let name) where !name.utf8.contains(UInt8(ascii: ".")) || name.hasSuffix(".localhost"):
            return .conflicts(reason: "must name a host of the public Internet")
        case .address, .name: return nil
        }
    }

    /// The host of a URL, for who is told of it: the rest may hold a secret. Empty for what is no such URL.
    package static func host(of url: String) -> String { Parts(url)?.host.description ?? "" }

    /// A URL taken apart (RFC 3986 §3), as far as the rules ask.
    private struct Parts {
        let isSecure: Bool
        let hasCredentials: Bool
        let host: NetworkHost
        let port: Int

        init?(_ url: String) {
            let scheme = url.prefix { $0 != ":" }
            guard scheme == "https" || scheme == "http", url.dropFirst(scheme.count).hasPrefix("://") else {
                return nil
            }
            isSecure = scheme == "https"
            let rest = url.dropFirst(scheme.count + 3)
            // A backslash is a slash to some readers, and part of the host to others.
            guard !rest.utf8.contains(UInt8(ascii: "\\")) else { return nil }
            let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            hasCredentials = authority.utf8.contains(UInt8(ascii: "@"))
            let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
            let name: Substring
            let tail: Substring
            if place.hasPrefix("[") {
                guard let end = place.firstIndex(of: "]") else { return nil }
                name = place[place.index(after: place.startIndex)..<end]
                tail = place[place.index(after: end)...]
                guard IPAddress(String(name))?.family == .ipv6 else { return nil }
            } else {
                name = place.prefix { $0 != ":" }
                tail = place.dropFirst(name.count)
                guard !name.utf8.contains(UInt8(ascii: ":")) else { return nil }
            }
            guard let host = NetworkHost(String(name)) else { return nil }
            self.host = host
            if tail.isEmpty {
                port = isSecure ? 443 : 80
            } else {
                let digits = tail.dropFirst()
                guard tail.hasPrefix(":"), (1...5).contains(digits.utf8.count),
                    digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                    let number = Int(digits), (1...65_535).contains(number)
                else { return nil }
                port = number
            }
        }
    }
}

extension IPAddress {
    /// Whether it belongs to the public Internet: none of the ranges that IANA keeps for special purposes (RFC 6890 and the registries
    /// that follow it), no multicast, and no IPv6 form that leads to such an IPv4 address.
    package var isPublic: Bool {
        if family == .ipv4 { return !Self.special4.contains { $0.contains(self) } }
        // Global unicast is 2000::/3 alone (RFC 4291 §2.4); what is kept out of it stands in the table.
        guard bits.high >> 61 == 0b001, !Self.special6.contains(where: { $0.contains(self) }) else { return false }
        // 2002::/16 carries an IPv4 address in its next 32 bits (RFC 3056).
        guard bits.high >> 48 == 0x2002 else { return true }
        return IPAddress(ipv4: UInt32(truncatingIfNeeded: bits.high >> 16)).isPublic
    }

    private static let special4: [IPPrefix] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap { IPPrefix($0) }

    private static let special6: [IPPrefix] = [
        // Teredo, benchmarking, ORCHID and the rest of the protocol assignments; documentation; 6to4 is looked into.
        "2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20",
    ].compactMap { IPPrefix($0) }
}
