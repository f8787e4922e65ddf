internal import Concurrency
internal import Glibc

extension RedisPlace {
    /// Where the primary is now, by its numeric address: asks the resolver or the sentinels, and waits for them up to
    /// `timeout` each. Throws `RedisError` when nobody knows.
    func primary(_ timeout: Duration) throws(RedisError) -> RedisURL {
        switch self {
        case .server(let url): return url.moved(to: try Self.numeric(url.host), port: url.port)
        case .sentinels(let sentinels, let name, let primary):
            var last = RedisError.unreachable("no sentinel")
            for sentinel in sentinels {
                do throws(RedisError) {
                    let (host, port) = try Self.ask(sentinel, name, primary, timeout)
                    return primary.moved(to: try Self.numeric(host), port: port)
                } catch {
                    last = error
                }
            }
            throw last
        }
    }

    /// A sentinel that wants a login gets the primary's.
    private static func ask(
        _ sentinel: RedisURL,
        _ name: String,
        _ primary: RedisURL,
        _ timeout: Duration
    ) throws(RedisError) -> (host: String, port: Int) {
        let question = ["SENTINEL", "get-master-addr-by-name", name]
        let answer: RedisAnswer
        do throws(RedisError) {
            answer = try RedisConnection(sentinel, timeout: timeout).ask(question)
        } catch {
            guard case .refused(let reason) = error, reason.hasPrefix("NOAUTH") else { throw error }
            let known = primary.moved(to: sentinel.host, port: sentinel.port).inDatabase(0)
            answer = try RedisConnection(known, timeout: timeout).ask(question)
        }
        guard let parts = answer.strings?.map({ String(decoding: $0, as: UTF8.self) }), parts.count == 2,
            let port = Int(parts[1])
        else { throw .refused("the sentinel knows no primary named \(name)") }
        return (parts[0], port)
    }

    /// The first address of a name, as text.
    private static func numeric(_ host: String) throws(RedisError) -> String {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &found)
        guard code == 0, let first = unsafe found else {
            throw unsafe .unreachable(host + ": " + String(cString: gai_strerror(code)))
        }
        defer { unsafe freeaddrinfo(first) }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let (address, length) = unsafe (first.pointee.ai_addr, first.pointee.ai_addrlen)
        guard unsafe getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
            throw .unreachable("\(host) has no address")
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
