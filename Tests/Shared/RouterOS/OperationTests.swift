import Concurrency
import Domain
import SharedTesting
import Synchronization
import Testing

@testable import RouterOS
@testable import RouterOSEmulator

/// The emulated router without a network between. `before` is called with each command: it may change the router first.
private final class DirectRouter: CommandRunner {
    private let contents: Mutex<RouterContents>
    private let before: @Sendable (RouterCommand, inout RouterContents) -> Void
    private let log = Mutex<[String]>([])

    init(
        version: String = "7.14.3",
        sessions: [String] = [],
        before: @escaping @Sendable (RouterCommand, inout RouterContents) -> Void = { _, _ in }
    ) {
        contents = Mutex(RouterContents(version: version, sessions: sessions))
        self.before = before
    }

    func rows(_ menu: String) -> [[String: String]] { contents.withLock { $0.rows(menu) } }

    /// What was asked so far, and forgets it.
    func takeLog() -> [String] {
        log.withLock { log in
            defer { log = [] }
            return log
        }
    }

    func run(_ command: RouterCommand) async throws(RouterOSError) -> RouterAnswer {
        log.withLock { $0.append(command.path) }
        let words = command.sentence(tag: nil).words.map { String(decoding: $0, as: UTF8.self) }
        let said = contents.withLock { contents in
            before(command, &contents)
            return contents.answer(words)
        }
        let replies = said.compactMap { Reply(Sentence(words: $0.map { Array($0.utf8) })) }
        if let trap = replies.first(where: { $0.kind == .trap }) { throw RouterOSError(trap: trap.row, of: command) }
        return RouterAnswer(
            rows: replies.filter { $0.kind == .row }.map(\.row),
            end: replies.last?.row ?? RouterRow()
        )
    }
}

@Suite struct OperationTests {
    private let fast = SpeedProfile(
        rate: SpeedPair(download: 50_000_000, upload: 10_000_000),
        burst: .init(
            rate: SpeedPair(download: 80_000_000, upload: 16_000_000),
            threshold: SpeedPair(download: 40_000_000, upload: 8_000_000),
            seconds: 12
        ),
        priority: 3,
        guaranteed: SpeedPair(download: 5_000_000, upload: 1_000_000)
    )

    @Test(.proves("MTK-02"), arguments: ["6.49.10", "7.14.3", "7.18.2"])
    func `a secret is made, changed, switched and removed, each twice`(version: String) async throws {
        let router = DirectRouter(version: version)
        var secret = PPPSecret(name: "bob=ros", password: "p w", remoteAddress: "10.1.2.3", comment: "line 7")
        #expect(try await router.secrets.put(secret) == .created)
        #expect(try await router.secrets.put(secret) == .unchanged)
        #expect(try await router.secrets.find("bob=ros") == secret)
        secret.password = "other"
        secret.isDisabled = true
        #expect(try await router.secrets.put(secret) == .updated)
        #expect(try await router.secrets.put(secret) == .unchanged)
        for _ in 0..<2 {
            #expect(try await router.secrets.enable("bob=ros"))
            #expect(router.rows("/ppp/secret").map { $0["disabled"] } == ["false"])
        }
        for _ in 0..<2 {
            #expect(try await router.secrets.disable("bob=ros"))
            #expect(router.rows("/ppp/secret").map { $0["disabled"] } == ["true"])
        }
        #expect(router.rows("/ppp/secret").first?["password"] == "other")
        #expect(try await router.secrets.remove("bob=ros"))
        #expect(try await !router.secrets.remove("bob=ros"))
        #expect(try await !router.secrets.enable("bob=ros"))
        #expect(try await router.secrets.find("bob=ros") == nil)
    }

    @Test(.proves("MTK-02")) func `somebody else may be faster, and the end is the same`() async throws {
        let rival = ["/ppp/secret/add", "=name=bob", "=password=theirs"]
        let isMade = Atomic<Bool>(false)
        // Between looking and adding, somebody else adds it.
        let adding = DirectRouter { command, contents in
            guard command.path.hasSuffix("/add"), !isMade.exchange(true, ordering: .relaxed) else { return }
            _ = contents.answer(rival)
        }
        #expect(try await adding.secrets.put(PPPSecret(name: "bob", password: "ours")) == .updated)
        #expect(adding.rows("/ppp/secret").map { $0["password"] } == ["ours"])
        // Between looking and setting or removing, somebody else removes it.
        let isGone = Atomic<Bool>(false)
        let setting = DirectRouter { command, contents in
            guard command.path.hasSuffix("/set"), !isGone.exchange(true, ordering: .relaxed) else { return }
            _ = contents.answer(["/ppp/secret/remove", "=.id=*2"])
        }
        _ = try await setting.secrets.put(PPPSecret(name: "bob", password: "first"))
        #expect(try await setting.secrets.put(PPPSecret(name: "bob", password: "second")) == .created)
        let removing = DirectRouter { command, contents in
            if command.path.hasSuffix("/remove") { _ = contents.answer(["/ppp/secret/remove", "=.id=*2"]) }
        }
        _ = try await removing.secrets.put(PPPSecret(name: "bob", password: "first"))
        #expect(try await !removing.secrets.remove("bob"))
    }

    @Test(.proves("MTK-02")) func `what a router refuses is told in its words`() async throws {
        let router = DirectRouter()
        let error = await #expect(throws: RouterOSError.self) {
            try await router.secrets.put(PPPSecret(name: "bob", password: "x", profile: "none such"))
        }
        #expect(error?.code == .invalidArgument && error?.disposition == .permanent)
        let text =
            "\(PPPSecret(name: "bob", password: "hunter2"))"
            + String(reflecting: PPPSecret(name: "bob", password: "hunter2"))
        #expect(!text.contains("hunter2") && !text.contains("bob"))
    }

    @Test(.proves("MTK-07")) func `a profile says the plan's speeds as RADIUS does`() async throws {
        let router = DirectRouter()
        var profile = PPPProfile(name: "gold", speed: fast, remoteAddress: "pool", onlyOne: true)
        #expect(try await router.profiles.put(profile) == .created)
        #expect(try await router.profiles.put(profile) == .unchanged)
        #expect(
            try await router.profiles.rateLimit("gold") == "10M/50M 16M/80M 8M/40M 12/12 3 1M/5M"
        )
        profile.speed = .unlimited
        #expect(try await router.profiles.put(profile) == .updated)
        #expect(try await router.profiles.rateLimit("gold") == "")
        #expect(try await router.profiles.remove("gold"))
        #expect(try await !router.profiles.remove("gold"))
        #expect(try await router.profiles.rateLimit("gold") == nil)
    }

    @Test(.proves("MTK-07"))
    func `a queue holds limit, burst, priority and parent, and is compared as the router shows it`() async throws {
        let router = DirectRouter()
        let parent = SimpleQueue(name: "all", target: "10.0.0.0/8", speed: .unlimited)
        #expect(try await router.queues.put(parent) == .created)
        var queue = SimpleQueue(name: "bob", target: "10.1.2.3", speed: fast, parent: "all", queueType: "pcq")
        #expect(try await router.queues.put(queue) == .created)
        #expect(try await router.queues.put(queue) == .unchanged)
        let row = try #require(router.rows("/queue/simple").last)
        let wanted = [
            "target": "10.1.2.3/32", "max-limit": "10000000/50000000", "limit-at": "1000000/5000000",
            "burst-limit": "16000000/80000000", "burst-threshold": "8000000/40000000", "burst-time": "12s/12s",
            "priority": "3/3", "parent": "all", "queue": "pcq-upload-default/pcq-download-default",
        ]
        for (name, value) in wanted { #expect(row[name] == value, "\(name)") }
        queue.speed = SpeedProfile(rate: SpeedPair(download: 1_000_000, upload: 500_000))
        #expect(try await router.queues.put(queue) == .updated)
        #expect(router.rows("/queue/simple").last?["burst-limit"] == "0/0")
        #expect(try await router.queues.disable("bob"))
        #expect(router.rows("/queue/simple").last?["disabled"] == "true")
        #expect(try await router.queues.remove("bob"))
        #expect(try await !router.queues.remove("bob"))
    }

    @Test(.proves("MTK-02")) func `an address stands on a list once, however it is written`() async throws {
        let router = DirectRouter()
        #expect(try await router.addressLists.add("10.0.0.5/32", to: "suspended", comment: "bob") == .created)
        #expect(try await router.addressLists.add("10.0.0.5", to: "suspended") == .unchanged)
        #expect(try await router.addressLists.add("10.0.0.5", to: "other") == .created)
        #expect(try await router.addressLists.addresses(of: "suspended") == ["10.0.0.5"])
        #expect(try await router.addressLists.remove("10.0.0.5", from: "suspended"))
        #expect(try await !router.addressLists.remove("10.0.0.5", from: "suspended"))
        #expect(try await router.addressLists.addresses(of: "other") == ["10.0.0.5"])
    }

    @Test(.proves("MTK-02")) func `sessions are listed and ended`() async throws {
        let router = DirectRouter(sessions: ["bob", "eve", "bob"])
        #expect(try await router.sessions.list().map(\.name).sorted() == ["bob", "bob", "eve"])
        let bob = try #require(try await router.sessions.find("bob").first)
        #expect(bob.uptime == .seconds(3_723) && bob.service == "pppoe" && !bob.isRADIUS)
        let id = try #require(bob.sessionID)
        #expect(try await router.sessions.disconnect(sessionID: id))
        #expect(try await !router.sessions.disconnect(sessionID: id))
        #expect(try await router.sessions.disconnect("bob"))
        #expect(try await !router.sessions.disconnect("bob"))
        #expect(try await router.sessions.list().map(\.name) == ["eve"])
    }

    @Test(.proves("MTK-04"), arguments: ["6.49.10", "7.14.3"])
    func `a router says how it is`(version: String) async throws {
        let system = DirectRouter(version: version).system
        #expect(try await system.identity() == "emulated")
        let resource = try await system.resource()
        #expect(resource.release?.major == (version.hasPrefix("6") ? 6 : 7))
        #expect(
            resource.uptime == .seconds(604_800 + 2 * 86_400 + 3 * 3_600 + 4 * 60 + 5) && resource.processorLoad == 7
        )
        let health = try await system.health()
        #expect(health.map(\.name).sorted() == ["temperature", "voltage"])
        #expect(health.first { $0.name == "temperature" }?.value == "31")
    }

    @Test(
        .proves("MTK-02"),
        arguments: [
            ("1w2d3h4m5s", 788_645_000), ("1w2d03:04:05", 788_645_000), ("00:00:09", 9_000), ("5s120ms", 5_120),
            ("0s", 0),
            ("3m", 180_000), ("", nil), ("5", nil), ("5x", nil), ("1:2", nil), ("00:61:00", nil), ("s", nil),
            ("-5s", nil),
        ] as [(String, Int64?)]
    ) func `times are read as both versions write them`(text: String, milliseconds: Int64?) {
        #expect(RouterText.duration(text) == milliseconds.map { .milliseconds($0) })
    }

    @Test(.proves("PLT-29")) func `what may help is tried again, what does not is not`() async throws {
        func attempt(_ codes: [RouterOSError.Code]) async -> RouterOSError.Code? {
            let quick = RetryingRouter(
                Failing(codes),
                backoff: .init(initial: .microseconds(1), maximum: .microseconds(1))
            )
            do throws(RouterOSError) {
                _ = try await quick.run(RouterCommand("/x/print"))
                return nil
            } catch {
                return error.code
            }
        }
        #expect(await attempt([.connectionLost, .timeout]) == nil)
        #expect(await attempt([.connectionLost, .timeout, .terminated]) == .terminated)
        for code in [RouterOSError.Code.loginRefused, .resting, .invalidArgument] {
            #expect(await attempt([code]) == code)
        }
    }
}

/// Fails so often, then answers.
private final class Failing: CommandRunner {
    let codes: Mutex<[RouterOSError.Code]>

    init(_ codes: [RouterOSError.Code]) { self.codes = Mutex(codes) }

    func run(_ command: RouterCommand) async throws(RouterOSError) -> RouterAnswer {
        let code = codes.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if let code { throw RouterOSError(code, "no") }
        return RouterAnswer()
    }
}
