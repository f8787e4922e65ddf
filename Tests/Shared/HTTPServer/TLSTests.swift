import FoundationEssentials
import Glibc
import HTTPServer
import SharedTesting
import Testing

@Suite struct TLSTests {
    /// A key and a certificate for localhost, made for this test.
    private func material(_ folder: TemporaryDirectory) async throws -> TLSMaterial {
        let child = try await ChildProcess.start(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", folder.file("key.pem"), "-out", folder.file("cert.pem"),
            ],
            log: folder.file("openssl.log")
        )
        try #require(try await child.exitStatus() == 0)
        return try TLSMaterial(certificateFile: folder.file("cert.pem"), keyFile: folder.file("key.pem"))
    }

    /// What curl or openssl prints.
    private func run(_ folder: TemporaryDirectory, _ executable: String, _ arguments: [String]) async throws -> String {
        let log = folder.file("out-\(UInt64.random(in: 0 ... .max))")
        let child = try await ChildProcess.start(executable, arguments, log: log)
        _ = try await child.exitStatus()
        // Frames are no text.
        return String(decoding: try Data(contentsOf: URL(filePath: log)), as: UTF8.self)
    }

    @Test(.proves("SEC-02")) func `TLS 1.3 is spoken, and nothing older`() async throws {
        let folder = try TemporaryDirectory()
        let material = try await material(folder)
        try await withServer({ $0.tls = material }) { request in
            let body = (try? await request.body.collect()) ?? []
            return .text("secure \(request.isSecure) \(body.count)")
        } body: { server in
            let url = "https://127.0.0.1:\(server.port)/"
            let trust = ["-s", "--cacert", folder.file("cert.pem"), url]
            let newest = try await run(folder, "/usr/bin/curl", trust)
            #expect(newest == "secure true 0")
            #expect(try await run(folder, "/usr/bin/curl", ["-d", "abc"] + trust) == "secure true 3")
            #expect(try await run(folder, "/usr/bin/curl", ["--tls-max", "1.2", "-d", "abc"] + trust).isEmpty)
            for version in ["-tls1_2", "-tls1_1", "-tls1"] {
                let old = [
                    "s_client", version, "-cipher", "DEFAULT@SECLEVEL=0", "-connect", "127.0.0.1:\(server.port)",
                ]
                #expect(try await !run(folder, "/usr/bin/openssl", old).contains("BEGIN CERTIFICATE"), "\(version)")
            }
        }
    }

    @Test func `a key that is not the certificate's is an error`() async throws {
        let folder = try TemporaryDirectory()
        let other = try TemporaryDirectory()
        _ = try await material(folder)
        _ = try await material(other)
        let mixed = try TLSMaterial(certificateFile: folder.file("cert.pem"), keyFile: other.file("key.pem"))
        await #expect(throws: HTTPServerError.self) {
            try await withServer({ $0.tls = mixed }) { _ in
                .text("")
            } body: { _ in
            }
        }
    }

    @Test func `a key that everyone may read, and a file that is not there, are errors`() async throws {
        let folder = try TemporaryDirectory()
        _ = try await material(folder)
        let certificate = folder.file("cert.pem")
        #expect(throws: HTTPServerError.self) {
            try TLSMaterial(certificateFile: certificate, keyFile: folder.file("absent.pem"))
        }
        #expect(unsafe chmod(folder.file("key.pem"), 0o644) == 0)
        #expect(throws: HTTPServerError.self) {
            try TLSMaterial(certificateFile: certificate, keyFile: folder.file("key.pem"))
        }
    }

    @Test func `WebSockets, streams and a drain work over TLS`() async throws {
        let folder = try TemporaryDirectory()
        let material = try await material(folder)
        try await withServer({ configuration in
            configuration.tls = material
            configuration.limits.webSocket.closeWithin = .milliseconds(200)
        }) { request in
            if request.headers["upgrade"] != nil {
                return .webSocket(request, allowsOrigin: { _ in true }) { socket in
                    _ = socket.send(.text("hello over tls"))
                    socket.close(.normal, reason: "done")
                    while await socket.receive() != nil {}
                }
            }
            return .events { stream in
                for index in 0..<3 { _ = stream.offer(ServerSentEvent(data: "event \(index)")) }
            }
        } body: { server in
            let url = "https://127.0.0.1:\(server.port)/"
            let trust = ["-s", "--max-time", "20", "--cacert", folder.file("cert.pem"), url]
            let events = try await run(folder, "/usr/bin/curl", trust)
            #expect(events == "data: event 0\n\ndata: event 1\n\ndata: event 2\n\n")
            let handshake = try folder.write(WebSocketClient.handshake(), to: "handshake")
            let talk = "openssl s_client -quiet -connect 127.0.0.1:\(server.port) <\(handshake)"
            let socket = try await run(folder, "/bin/sh", ["-c", talk])
            #expect(socket.contains("101 Switching"))
            #expect(socket.contains("hello over tls"))
        }
    }
}
