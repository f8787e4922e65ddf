import Concurrency
import Glibc
import Observability
import SharedTesting
import Testing

@testable import Lifecycle

/// A blocking client; every read gives up after 20 s.
private final class Client: Sendable {
    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SystemError("connect", errno) }
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// What arrives until the peer closes, or until `marker`.
    func read(until marker: String? = nil) -> String {
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 { received += chunk.prefix(count) }
            let text = String(decoding: received, as: UTF8.self)
            if count <= 0 { return text }
            if let marker, text.hasSuffix(marker) { return text }
        }
    }
}

@Suite struct AdminServerTests {
    private let health = Health(version: "1")
    private let metrics = MetricsRegistry()
    private let sink = MemoryLogSink()
    private let pool = WorkerPool(name: "client", threads: 4)

    private func withServer(_ body: (UInt16) async throws -> Void) async throws {
        let logger = Logger(service: "test", sink: sink)
        let server = AdminServer(address: "127.0.0.1", port: 0, health: health, metrics: metrics, logger: logger)
        let group = ServiceGroup(
            services: [NamedService("admin", server)],
            drainDeadline: .seconds(60),
            logger: logger,
            health: health
        )
        async let running: Void = group.run()
        try await eventually { server.port != nil }
        do {
            try await body(server.port ?? 0)
        } catch {
            group.shutdown()
            throw error
        }
        group.shutdown()
        try await running
    }

    private func get(_ path: String, _ port: UInt16) async throws -> String {
        try await pool.run {
            let client = try Client(port: port)
            client.send("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return client.read()
        }
    }

    @Test func `Health, readiness and metrics are served`() async throws {
        metrics.counter("c_total", "C.").add(3)
        let part = health.component("part")
        try await withServer { port in
            #expect(try await get("/health", port).hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"))
            #expect(try await get("/ready", port).hasPrefix("HTTP/1.1 503 "))
            part.set(.ready)
            #expect(try await get("/ready", port).hasSuffix("\r\n\r\n{\"status\":\"ready\",\"reasons\":[]}"))
            let scrape = try await get("/metrics?x", port)
            #expect(scrape.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(scrape.hasSuffix("\nc_total 3\n"))
            #expect(try await get("/other", port).hasPrefix("HTTP/1.1 404 "))
        }
        #expect(sink.lines.contains { $0.contains("admin server listening") })
    }

    @Test func `One connection serves many requests, pipelined and in pieces`() async throws {
        try await withServer { port in
            let answers = try await pool.run {
                let client = try Client(port: port)
                let request = "GET /ready HTTP/1.1\r\nHost: x\r\n\r\n"
                client.send(request + request)
                var text = client.read(until: "[]}")
                for piece in request { client.send(String(piece)) }
                while text.split(separator: "HTTP/1.1 200").count < 3 { text += client.read(until: "[]}") }
                client.send("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n")
                return text + client.read()
            }
            #expect(answers.split(separator: "HTTP/1.1 ").map { $0.prefix(3) } == ["200", "200", "200", "405"])
        }
    }

    @Test func `Idle and slow clients do not keep a health check out`() async throws {
        try await withServer { port in
            let slow = try (0..<(AdminLoop.maximumConnections * 2)).map { _ in
                let client = try Client(port: port)
                client.send("GET /hea")
                return client
            }
            for _ in 0..<5 { #expect(try await get("/health", port).hasPrefix("HTTP/1.1 200")) }
            #expect(try await pool.run { slow[0].read() } == "")
        }
    }

    @Test func `An answer larger than the socket's buffer arrives whole`() async throws {
        let counter = metrics.counter("large_total", String(repeating: "h", count: 8_000), labels: ["l"])
        for index in 0..<4_096 { counter.with(String(repeating: "v", count: 1_000) + "\(index)").add() }
        let expected = metrics.render().count
        try await withServer { port in
            let text = try await get("/metrics", port)
            #expect(text.contains("Content-Length: \(expected)\r\n"))
            #expect(text.hasSuffix("4095\"} 1\n"))
        }
    }

    @Test func `An address that cannot be bound is told`() async throws {
        let taken = try ListeningSocket(address: "127.0.0.1", port: 0)
        let server = AdminServer(
            address: "127.0.0.1",
            port: taken.port,
            health: health,
            metrics: metrics,
            logger: Logger(service: "test", sink: sink)
        )
        let expected = SystemError("bind 127.0.0.1 port \(taken.port)", EADDRINUSE)
        await #expect(throws: expected) { try await server.run() }
        #expect(throws: SystemError("bind localhost", EINVAL)) {
            _ = try ListeningSocket(address: "localhost", port: 0)
        }
        let other = try ListeningSocket(address: "::1", port: 0)
        #expect(other.port > 0)
    }
}
