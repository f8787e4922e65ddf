/// Where to find the primary: one server, or sentinels that know which server it is.
package enum RedisPlace: Sendable, Equatable {
    case server(RedisURL)
    /// `redis+sentinel://[user:password@]host[:port],host[:port].../name[/database]`: user, password and database are the
    /// primary's; the port of a sentinel is 26379 where none is named.
    case sentinels([RedisURL], name: String, primary: RedisURL)

    /// Throws `RedisError.invalidURL` with what is wrong; never repeats a password.
    package init(_ text: String) throws(RedisError) {
        let scheme = "redis+sentinel://"
        guard text.hasPrefix(scheme) else {
            self = .server(try RedisURL(text))
            return
        }
        var rest = text.dropFirst(scheme.count)
        var credentials: Substring = ""
        if let at = rest.lastIndex(of: "@") {
            credentials = rest[...at]
            rest = rest[rest.index(after: at)...]
        }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, !parts[1].isEmpty else {
            throw .invalidURL("it must be redis+sentinel://HOST:PORT,HOST:PORT/NAME")
        }
        var sentinels: [RedisURL] = []
        for host in parts[0].split(separator: ",", omittingEmptySubsequences: false) {
            let plain = try RedisURL("redis://\(host)")
            sentinels.append(host.contains(":") ? plain : plain.moved(to: plain.host, port: 26_379))
        }
        let primary = try RedisURL("redis://\(credentials)primary/\(parts.count == 3 ? parts[2] : "")")
        self = .sentinels(sentinels, name: String(parts[1]), primary: primary)
    }
}
