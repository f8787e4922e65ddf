internal import Concurrency
internal import Glibc
internal import Synchronization

/// Knows where the primary is at the moment: its numeric address, as names would block a thread that polls.
///
/// `locate()` asks the resolver or the sentinels, on a thread of its own; whoever runs it repeats it every second or so, and
/// at once when a connection failed. ``current`` is free to read from any thread.
package final class RedisLocator: Sendable {
    private let place: RedisPlace
    private let timeout: Duration
    private let pool = WorkerPool(name: "redis-locator", threads: 1)
    private let state = Mutex<RedisURL?>(nil)

    /// Connecting and each answer of a sentinel may take `timeout`.
    package init(_ place: RedisPlace, timeout: Duration = .seconds(1)) {
        self.place = place
        self.timeout = timeout
    }

    deinit { pool.shutdown() }

    /// Nil until the first success.
    package var current: RedisURL? { state.withLock { $0 } }

    /// Looks again. True when the primary is another one than before.
    package func locate() async throws -> Bool {
        let (place, timeout) = (place, timeout)
        let found = try await pool.run { try Self.find(place, timeout) }
        return state.withLock { current in
            defer { current = found }
            return current != found
        }
    }

    private static func find(_ place: RedisPlace, _ timeout: Duration) throws(RedisError) -> RedisURL {
        switch place {
        case .server(let url): return url.moved(to: try numeric(url.host), port: url.port)
        case .sentinels(let sentinels, let name, let primary):
            var last = RedisError.unreachable("no sentinel")
            for sentinel in sentinels {
                do throws(RedisError) {
                    let connection = try RedisConnection(sentinel, timeout: timeout)
                    let answer = try connection.ask(["SENTINEL", "get-master-addr-by-name", name])
                    guard let parts = answer.strings?.map({ String(decoding: $0, as: UTF8.self) }), parts.count == 2,
                        let port = Int(parts[1])
                    else { throw .refused("the sentinel knows no primary named \(name)") }
                    return primary.moved(to: try numeric(parts[0]), port: port)
                } catch {
                    last = error
                }
            }
            throw last
        }
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
