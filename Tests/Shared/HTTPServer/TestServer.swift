import Concurrency
import Glibc
import HTTPServer
import Observability
import SharedTesting
import Synchronization
import Testing

/// A server under test on a free port.
final class TestServer: Sendable {
    let server: HTTPServer
    let registry: MetricsRegistry
    let port: UInt16

    init(server: HTTPServer, registry: MetricsRegistry, port: UInt16) {
        self.server = server
        self.registry = registry
        self.port = port
    }

    /// A client connected to it.
    func client() async throws -> RawClient { try await RawClient(port: port) }

    /// Sends octets on a new connection and returns all that comes until the server closes it.
    func exchange(_ octets: [UInt8]) async throws -> RawResponse {
        let client = try await client()
        try await client.send(octets)
        return try RawResponse(try await client.readToEnd())
    }

    func exchange(_ text: String) async throws -> RawResponse { try await exchange(Array(text.utf8)) }

    /// The lines of the metrics that begin with that name.
    func metric(_ name: String) -> [String] {
        String(decoding: registry.render(), as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix(name) }
    }
}

/// Runs a server for the length of `body`, then drains it and waits for its end.
func withServer(
    _ configure: (inout HTTPServerConfiguration) -> Void = { _ in },
    respond: @escaping @Sendable (Request) async -> Response,
    body: @escaping @Sendable (TestServer) async throws -> Void
) async throws {
    var configuration = HTTPServerConfiguration()
    configure(&configuration)
    let registry = MetricsRegistry()
    let server = try HTTPServer(
        configuration,
        metrics: HTTPServerMetrics(registry),
        logger: Logger(service: "test", level: .fatal, sink: SilentSink()),
        respond: respond
    )
    try await withThrowingTaskGroup { group in
        group.addTask { try await server.run() }
        group.addTask {
            try await eventually { server.port != nil }
            defer { server.drain(within: .seconds(10)) }
            try await body(TestServer(server: server, registry: registry, port: server.port ?? 0))
        }
        // Whoever fails first ends the other.
        while try await group.next() != nil {}
    }
}

/// Runs a server whose requests go through a router.
func withRouter(_ routes: [Route<Void>], body: @escaping @Sendable (TestServer) async throws -> Void) async throws {
    try await withRouter({ _ in }, routes, body: body)
}

func withRouter(
    _ configure: (inout HTTPServerConfiguration) -> Void,
    _ routes: [Route<Void>],
    body: @escaping @Sendable (TestServer) async throws -> Void
) async throws {
    let router = try Router(routes)
    try await withServer(configure, respond: { await router.respond(to: $0) }, body: body)
}

struct SilentSink: LogSink {
    func write(_ line: [UInt8]) {}
}

/// The connection broke, or nothing came in time.
struct ClientError: Error, CustomStringConvertible {
    let description: String
}

/// A TCP client that sends octets as they are. Its blocking calls run on threads of their own.
final class RawClient: Sendable {
    private static let pool = WorkerPool(name: "client", threads: 24)
    private let descriptor: Int32

    init(port: UInt16, receiveBuffer: Int32 = 0) async throws {
        descriptor = try await onThread(Self.pool) {
            let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            if receiveBuffer > 0 {
                var size = receiveBuffer
                unsafe setsockopt(made, SOL_SOCKET, SO_RCVBUF, &size, 4)
            }
            var limit = timeval(tv_sec: 20, tv_usec: 0)
            unsafe setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var on: Int32 = 1
            unsafe setsockopt(made, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let result = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    unsafe connect(made, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else { throw ClientError(description: "connect: errno \(errno)") }
            return made
        }
    }

    deinit { close(descriptor) }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ octets: [UInt8]) async throws {
        try await onThread(Self.pool) { [descriptor] in
            var sent = 0
            while sent < octets.count {
                let count = unsafe octets.withUnsafeBytes { bytes in
                    unsafe Glibc.send(
                        descriptor,
                        UnsafeRawBufferPointer(rebasing: bytes[sent...]).baseAddress,
                        bytes.count - sent,
                        Int32(MSG_NOSIGNAL)
                    )
                }
                // The server may have refused and closed already: what it said is still to be read.
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    /// What comes next; empty at the end.
    func read() async throws -> [UInt8] {
        try await onThread(Self.pool) { [descriptor] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN || errno == EWOULDBLOCK {
                throw ClientError(description: "nothing came within 20 s")
            }
            return count > 0 ? Array(buffer.prefix(count)) : []
        }
    }

    func readToEnd() async throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let more = try await read()
            if more.isEmpty { return all }
            all += more
        }
    }

    /// Reads until what came, as text, satisfies the condition.
    func read(until isEnough: (String) -> Bool) async throws -> String {
        var all: [UInt8] = []
        while true {
            let text = String(decoding: all, as: UTF8.self)
            if isEnough(text) { return text }
            let more = try await read()
            guard !more.isEmpty else { throw ClientError(description: "the server closed after: \(text)") }
            all += more
        }
    }

    /// Exactly that many octets.
    func read(count: Int) async throws -> [UInt8] {
        try await onThread(Self.pool) { [descriptor] in
            var buffer = [UInt8](repeating: 0, count: count)
            let got = unsafe recv(descriptor, &buffer, count, Int32(MSG_WAITALL))
            guard got == count else { throw ClientError(description: "\(got) of \(count) octets came") }
            return buffer
        }
    }

    /// Ends our side; the server's may go on.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends both sides without a word.
    func vanish() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// The first answer in some octets, and what stands behind its head.
struct RawResponse {
    let status: Int
    let head: String
    let body: String
    let octets: [UInt8]

    init(_ octets: [UInt8]) throws {
        let mark = Array("\r\n\r\n".utf8)
        guard let end = octets.firstRange(of: mark) else {
            throw ClientError(description: "no answer: \(String(decoding: octets, as: UTF8.self))")
        }
        head = String(decoding: octets[..<end.lowerBound], as: UTF8.self)
        self.octets = Array(octets[end.upperBound...])
        body = String(decoding: self.octets, as: UTF8.self)
        status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
    }

    func header(_ name: String) -> String? {
        for line in head.split(separator: "\r\n").dropFirst() {
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name else { continue }
            return line[line.index(after: colon)...].drop { $0 == " " }.description
        }
        return nil
    }
}
