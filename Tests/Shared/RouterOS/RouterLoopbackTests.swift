import Concurrency
import FoundationEssentials
import Observability
import RouterOS
import RouterOSEmulator
import SharedTesting
import TLS
import Testing

/// The client against the emulated router, over real sockets.
@Suite struct RouterLoopbackTests {
    private static let password = "correct horse"

    private static func settings(_ change: (inout EmulatedRouter.Settings) -> Void = { _ in })
        -> EmulatedRouter.Settings
    {
        var settings = EmulatedRouter.Settings()
        settings.user = "nexora"
        settings.password = password
        change(&settings)
        return settings
    }

    private static func configuration(
        _ router: EmulatedRouter,
        security: RouterConfiguration.Security = .plain,
        login: RouterConfiguration.Login = .automatic,
        password: String = password,
        host: String = "127.0.0.1",
        _ change: (inout RouterPoolSettings) -> Void = { _ in }
    ) -> RouterConfiguration {
        var pool = RouterPoolSettings()
        pool.firstPause = .milliseconds(1)
        change(&pool)
        return RouterConfiguration(
            host: host,
            port: security == .plain ? router.port : router.tlsPort ?? 0,
            security: security,
            login: login,
            user: "nexora",
            password: password,
            pool: pool
        )
    }

    /// Runs both; whatever happens, their threads end.
    private func withClient(
        _ router: EmulatedRouter,
        _ body: @escaping @Sendable (RouterOSClient, MetricsRegistry) async throws -> Void
    ) async throws {
        let registry = MetricsRegistry()
        let client = try RouterOSClient(metrics: RouterOSMetrics(registry))
        let thread = try PlatformThread.start(name: "emulator") { try? router.run() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            defer {
                client.stop()
                router.stop()
            }
            try await body(client, registry)
            client.stop()
            try await group.waitForAll()
        }
        await thread.joined()
    }

    private func failure(_ router: ManagedRouter, _ path: String = "/system/identity/print") async -> RouterOSError? {
        do throws(RouterOSError) {
            _ = try await router.run(RouterCommand(path))
            return nil
        } catch {
            return error
        }
    }

    @Test(.proves("MTK-02", "MTK-03")) func `a subscriber is made, seen and removed, and all of it counted`()
        async throws
    {
        let emulator = try EmulatedRouter(Self.settings { $0.sessions = ["bob"] })
        try await withClient(emulator) { (client, registry) async throws in
            let router = client.router(Self.configuration(emulator))
            #expect(try await router.secrets.put(PPPSecret(name: "bob", password: "x")) == .created)
            #expect(emulator.rows("/ppp/secret").map { $0["name"] } == ["bob"])
            #expect(try await router.sessions.disconnect("bob"))
            #expect(emulator.rows("/ppp/active").isEmpty)
            #expect(try await router.secrets.remove("bob"))
            #expect(emulator.accepted == 1 && client.levels.connections == 1)
            let text = String(decoding: registry.render(), as: UTF8.self)
            for line in [
                #"routeros_requests_total{command="/ppp/secret/add",outcome="done"} 1"#,
                #"routeros_requests_total{command="/ppp/secret/remove",outcome="done"} 1"#, "routeros_connections 1",
                "routeros_waiting 0", #"routeros_breakers{state="closed"} 1"#, "routeros_round_trip_seconds_count 6",
            ] { #expect(text.contains(line), "\(line)") }
            router.forget()
            #expect(await failure(router)?.code == .closed)
        }
    }

    @Test(.proves("MTK-03"), arguments: [true, false], RouterConfiguration.Login.allCases)
    func `old and new routers let us in`(isOld: Bool, login: RouterConfiguration.Login) async throws {
        let emulator = try EmulatedRouter(Self.settings { $0.isOld = isOld })
        try await withClient(emulator) { (client, _) async throws in
            let router = client.router(Self.configuration(emulator, login: login))
            if !isOld, login == .challenge {
                #expect(await failure(router)?.code == .loginRefused)
            } else {
                #expect(try await router.system.identity() == "emulated")
            }
            // Who is to answer a challenge never says the password.
            guard login == .challenge else { return }
            #expect(!emulator.sentences.joined().contains { $0.contains(Self.password) })
        }
    }

    @Test(.proves("MTK-04")) func `a wrong password is told, and stands nowhere`() async throws {
        let emulator = try EmulatedRouter(Self.settings())
        try await withClient(emulator) { (client, _) async throws in
            let error = await failure(client.router(Self.configuration(emulator, password: "wr0ng")))
            #expect(error?.code == .loginRefused && error?.disposition == .permanent)
            #expect(error?.description.contains("wr0ng") == false)
        }
    }

    @Test(.proves("MTK-03", "MTK-04")) func `many commands at once share few connections, and each has its own answer`()
        async throws
    {
        let emulator = try EmulatedRouter(Self.settings())
        try await withClient(emulator) { (client, _) async throws in
            let router = client.router(Self.configuration(emulator))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask { () async throws in
                        let name = "s\(number)"
                        #expect(try await router.secrets.put(PPPSecret(name: name, password: "p\(number)")) == .created)
                        #expect(try await router.secrets.find(name)?.password == "p\(number)")
                    }
                }
                try await group.waitForAll()
            }
            #expect(emulator.rows("/ppp/secret").count == 200 && (1...2).contains(emulator.accepted))
        }
    }

    @Test(.proves("MTK-03"))
    func `a certificate is verified, pinned or let be, as the configuration says`() async throws {
        let folder = try TemporaryDirectory()
        let (certificate, key) = try await Self.certificate(in: folder)
        let emulator = try EmulatedRouter(
            Self.settings {
                $0.certificate = certificate
                $0.key = key
            }
        )
        let shown = try await Self.fingerprint(of: certificate, in: folder)
        let other = try #require(CertificateFingerprint(octets: [UInt8](repeating: 7, count: 32)))
        try await withClient(emulator) { (client, _) async throws in
            func outcome(_ trust: TLSTrust, host: String = "127.0.0.1") async -> RouterOSError.Code? {
                let router = client.router(Self.configuration(emulator, security: .tls(trust), host: host))
                return await failure(router)?.code
            }
            #expect(await outcome(.authorities(file: nil)) == .tls)
            #expect(await outcome(.authorities(file: certificate)) == nil)
            // The certificate is for the address alone.
            #expect(await outcome(.authorities(file: certificate), host: "localhost") == .tls)
            #expect(await outcome(.fingerprints([other, shown])) == nil)
            #expect(await outcome(.fingerprints([other])) == .tls)
            #expect(await outcome(.anything) == nil)
            // Nobody told his password where the certificate was not believed: three logins for three that it was.
            #expect(emulator.heard.filter { $0 == "/login" }.count == 3)
        }
    }

    @Test(.proves("MTK-03")) func `TLS spoken to a plain port, and the reverse, end soon`() async throws {
        let folder = try TemporaryDirectory()
        let (certificate, key) = try await Self.certificate(in: folder)
        let emulator = try EmulatedRouter(
            Self.settings {
                $0.certificate = certificate
                $0.key = key
            }
        )
        try await withClient(emulator) { (client, _) async throws in
            var wrong = Self.configuration(emulator, security: .tls(.anything)) { $0.commandLimit = .milliseconds(500) }
            wrong.port = emulator.port
            #expect(await failure(client.router(wrong)) != nil)
            var plain = Self.configuration(emulator) { $0.commandLimit = .milliseconds(500) }
            plain.port = emulator.tlsPort ?? 0
            #expect(await failure(client.router(plain)) != nil)
        }
    }

    @Test(.proves("MTK-03", "MTK-04")) func `faults are told for what they are, and the next command is answered`()
        async throws
    {
        let emulator = try EmulatedRouter(Self.settings())
        try await withClient(emulator) { (client, _) async throws in
            let router = client.router(
                Self.configuration(emulator) {
                    $0.commandLimit = .milliseconds(400)
                    $0.cancelLimit = .milliseconds(100)
                    $0.breaker = .init(threshold: 1_000)
                }
            )
            var faults: [(Misbehaviour, Set<RouterOSError.Code>)] = []
            var fault = Misbehaviour()
            fault.dropsMidway = true
            faults.append((fault, [.connectionLost]))
            fault = Misbehaviour()
            fault.fatal = "out of memory"
            faults.append((fault, [.terminated]))
            fault = Misbehaviour()
            fault.speaksGarbage = true
            faults.append((fault, [.protocolViolation]))
            // These two last: what they leave unanswered ends the connection a little later.
            fault = Misbehaviour()
            fault.isDeaf = true
            faults.append((fault, [.timeout]))
            fault = Misbehaviour()
            fault.delay = .seconds(30)
            faults.append((fault, [.timeout]))
            for (fault, codes) in faults {
                emulator.misbehave(Misbehaviour())
                try await eventually { await failure(router) == nil }
                emulator.misbehave(fault)
                let code = await failure(router)?.code
                #expect(code.map(codes.contains) == true, "\(fault): \(String(describing: code))")
            }
            emulator.misbehave(Misbehaviour())
            try await eventually { await failure(router) == nil }
        }
    }

    @Test(.proves("MTK-04", "PLT-29")) func `a router that is away is left alone after some attempts`() async throws {
        let emulator = try EmulatedRouter(Self.settings())
        let closed = try ListeningSocket(address: "127.0.0.1", port: 0).port
        try await withClient(emulator) { (client, registry) async throws in
            var configuration = Self.configuration(emulator) {
                $0.breaker = .init(threshold: 3, pause: .seconds(600), longestPause: .seconds(600))
            }
            configuration.port = closed
            let router = client.router(configuration)
            #expect(await failure(router)?.code == .unreachable)
            #expect(router.breaker == .open)
            #expect(await failure(router)?.code == .resting)
            let text = String(decoding: registry.render(), as: UTF8.self)
            #expect(text.contains(#"routeros_connection_failures_total{reason="unreachable"} 3"#))
            #expect(text.contains(#"routeros_breakers{state="open"} 1"#))
        }
    }

    @Test(.proves("MTK-03")) func `a cancelled task is told at once, and the connection goes on`() async throws {
        let emulator = try EmulatedRouter(Self.settings())
        try await withClient(emulator) { (client, _) async throws in
            let router = client.router(Self.configuration(emulator) { $0.connections = 1 })
            await withTaskGroup(of: RouterOSError.Code?.self) { group in
                group.addTask { await failure(router, "/ppp/active/listen")?.code }
                try? await eventually { emulator.heard.contains("/ppp/active/listen") }
                group.cancelAll()
                #expect(await group.next() == .cancelled)
            }
            try await eventually { emulator.heard.contains("/cancel") }
            #expect(try await router.system.identity() == "emulated")
            #expect(emulator.accepted == 1)
        }
    }

    @Test(.proves("MTK-04")) func `an idle connection is closed`() async throws {
        let emulator = try EmulatedRouter(Self.settings())
        try await withClient(emulator) { (client, _) async throws in
            let router = client.router(Self.configuration(emulator) { $0.idleLimit = .milliseconds(50) })
            #expect(try await router.system.identity() == "emulated")
            try await eventually { client.levels.connections == 0 && emulator.open == 0 }
            #expect(try await router.system.identity() == "emulated")
            #expect(emulator.accepted == 2)
        }
    }

    @Test(.proves("MTK-03")) func `a name is looked up, and one that is none is told so`() async throws {
        let emulator = try EmulatedRouter(Self.settings())
        try await withClient(emulator) { (client, _) async throws in
            let named = client.router(Self.configuration(emulator, host: "localhost"))
            // Where localhost is ::1 too, one attempt may go there first: the next goes to the other.
            #expect(try await named.system.identity() == "emulated")
            let nobody = client.router(
                Self.configuration(emulator, host: "nobody.invalid") { $0.breaker = .init(threshold: 1) }
            )
            #expect(await failure(nobody)?.code == .unreachable)
        }
    }

    // MARK: - Certificates

    private static func openssl(_ arguments: [String], log: String) async throws {
        let child = try await ChildProcess.start("/usr/bin/openssl", arguments, log: log)
        let status = try await child.exitStatus()
        try #require(status == 0, "openssl \(arguments.first ?? "") failed")
    }

    /// As routers have them: signed by itself, for the address 127.0.0.1.
    private static func certificate(in folder: TemporaryDirectory) async throws -> (certificate: String, key: String) {
        let (certificate, key) = (folder.file("router.pem"), folder.file("router.key"))
        try await openssl(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj",
                "/CN=router", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
            ],
            log: folder.file("openssl.log")
        )
        return (certificate, key)
    }

    /// As OpenSSL's own program tells it.
    private static func fingerprint(
        of certificate: String,
        in folder: TemporaryDirectory
    ) async throws -> CertificateFingerprint {
        let file = folder.file("fingerprint")
        try await openssl(["x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"], log: file)
        let text = try String(decoding: Data(contentsOf: URL(filePath: file)), as: UTF8.self)
        let shown = text.split(separator: "=").last.flatMap {
            CertificateFingerprint(String($0.filter { !$0.isWhitespace }))
        }
        return try #require(shown)
    }
}
