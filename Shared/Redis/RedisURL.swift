/// Where a Redis server is: `redis://[user:password@]host[:port][/database]`.
package struct RedisURL: Sendable, Equatable {
    package let host: String
    /// 6379 where the URL names none.
    package let port: Int
    package let user: String?
    let password: String?
    package let database: Int

    /// Throws `RedisError.invalidURL` with what is wrong; never repeats the password.
    package init(_ text: String) throws(RedisError) {
        let scheme = "redis://"
        guard text.hasPrefix(scheme) else { throw .invalidURL("it must begin with redis://") }
        var rest = text.dropFirst(scheme.count)
        var credentials: Substring?
        if let at = rest.lastIndex(of: "@") {
            credentials = rest[..<at]
            rest = rest[rest.index(after: at)...]
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts.count > 1 ? parts[1] : ""
        guard let database = path.isEmpty ? 0 : Int(path), database >= 0 else {
            throw .invalidURL("the database must be a number")
        }
        (host, port) = try Self.authority(parts.first ?? "")
        self.database = database
        (user, password) = try Self.split(credentials)
    }

    private init(host: String, port: Int, user: String?, password: String?, database: Int) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
    }

    /// The same login and database at another server.
    package func moved(to host: String, port: Int) -> RedisURL {
        RedisURL(host: host, port: port, user: user, password: password, database: database)
    }

    func inDatabase(_ database: Int) -> RedisURL {
        RedisURL(host: host, port: port, user: user, password: password, database: database)
    }

    private static func authority(_ text: Substring) throws(RedisError) -> (String, Int) {
        var host = text
        var port: Substring = ""
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            port = text[text.index(after: end)...]
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[colon...]
        }
        guard !host.isEmpty else { throw .invalidURL("the host is missing") }
        guard !port.isEmpty else { return (String(host), 6_379) }
        guard port.hasPrefix(":"), let number = Int(port.dropFirst()), (1...65_535).contains(number) else {
            throw .invalidURL("the port must be 1 to 65535")
        }
        return (String(host), number)
    }

    private static func split(_ credentials: Substring?) throws(RedisError) -> (String?, String?) {
        guard let credentials else { return (nil, nil) }
        let parts = credentials.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = decode(parts[0]), let password = parts.count > 1 ? decode(parts[1]) : "" else {
            throw .invalidURL("user and password must be percent-encoded UTF-8")
        }
        return (user.isEmpty ? nil : user, password.isEmpty ? nil : password)
    }

    /// Undoes percent encoding; nil where it is malformed.
    private static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "%") else {
                bytes.append(octet)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
