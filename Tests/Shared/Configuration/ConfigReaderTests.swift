import Configuration
import SharedTesting
import Testing

private enum Acknowledge: String, CaseIterable { case journal, replicated }

@Suite struct ConfigReaderTests {
    private func problems(_ config: ConfigReader) -> [String] {
        do throws(ConfigurationError) {
            try config.finish()
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func `The environment wins over the file and the file over the default`() throws {
        let config = ConfigReader(
            environment: ["NEXORA_A_PORT": "1", "NEXORA_E": ""],
            text: "a.port = 2\n# note\n b.port=3 \n",
            name: "f"
        )
        #expect(config.int("a.port", default: 9, in: 0...10, doc: "A") == 1)
        #expect(config.port("b.port", default: 9, doc: "B") == 3)
        #expect(config.int("c.port", default: 9, in: 0...10, doc: "C") == 9)
        #expect(config.string("e", default: "kept", doc: "E") == "kept")
        try config.finish()
        let report = config.report().map { "\($0.key)=\($0.value) \($0.source)" }
        #expect(
            report == [
                "a.port=1 environment NEXORA_A_PORT", "b.port=3 file f line 3", "c.port=9 default", "e=kept default",
            ]
        )
    }

    @Test func `Every kind of value is read`() throws {
        let config = ConfigReader(
            environment: ["DATABASE_URL": "postgres://u:p@h/d"],
            text: """
                bool = off
                duration = 1h30m
                bytes = 4 MiB
                list = a, b ,c
                choice = replicated
                secret = hunter#2 = x
                """
        )
        #expect(config.bool("bool", default: true, doc: "") == false)
        #expect(config.duration("duration", in: .zero ... .seconds(86_400), doc: "") == .seconds(5_400))
        #expect(config.bytes("bytes", in: 0...(1 << 30), doc: "") == 4_194_304)
        #expect(config.list("list", doc: "") == ["a", "b", "c"])
        #expect(config.choice("choice", default: Acknowledge.journal, doc: "") == .replicated)
        #expect(config.secret("secret", doc: "").revealed == "hunter#2 = x")
        #expect(config.optionalString("none", doc: "") == nil)
        #expect(config.optionalSecret("no.secret", doc: "") == nil)
        let url = config.url("database.url", alias: "DATABASE_URL", schemes: ["postgres", "postgresql"], doc: "")
        #expect(url.revealed == "postgres://u:p@h/d")
        try config.finish()
    }

    @Test func `All problems are told at once with value, place and what is allowed`() {
        let config = ConfigReader(
            environment: ["NEXORA_RADIUS_AUTH_PORT": "99999", "NEXORA_FLAG": "maybe"],
            text: "wait = 5 parsecs\nlevel = loud\nsame = 1\nsame = 2\nnonsense\n",
            name: "/etc/n.conf"
        )
        _ = config.int("radius.auth.port", default: 1_812, in: 0...65_535, doc: "")
        _ = config.bool("flag", doc: "")
        _ = config.duration("wait", default: .seconds(5), in: .milliseconds(1) ... .seconds(60), doc: "")
        _ = config.choice("level", default: Acknowledge.journal, doc: "")
        _ = config.int("same", default: 1, in: 0...5, doc: "")
        _ = config.string("database.url", alias: "DATABASE_URL", doc: "")
        let environment = "environment NEXORA_"
        #expect(
            problems(config) == [
                "same (file /etc/n.conf line 4): set already in line 3",
                "line 5 (file /etc/n.conf line 5): not of the form key = value",
                "radius.auth.port = \"99999\" (\(environment)RADIUS_AUTH_PORT): allowed is an integer in 0...65535",
                "flag = \"maybe\" (\(environment)FLAG): allowed is true or false",
                "wait = \"5 parsecs\" (file /etc/n.conf line 1): allowed is a duration in 1ms...1m "
                    + "(units ns us ms s m h d)",
                "level = \"loud\" (file /etc/n.conf line 2): allowed is one of journal, replicated",
                "database.url: missing; set NEXORA_DATABASE_URL or DATABASE_URL (a text that is not empty)",
            ]
        )
    }

    @Test func `Unknown keys are refused with the nearest known one`() {
        let config = ConfigReader(
            environment: [
                "NEXORA_RADIUS_AUHT_PORT": "1", "NEXORA_TEST_SEED": "1", "NEXORA_CONFIG": "", "PATH": "/bin",
            ],
            text: "radius.auth.prot = s3cret\nzzz = 1",
            name: "f"
        )
        _ = config.port("radius.auth.port", default: 1_812, doc: "")
        #expect(
            problems(config) == [
                "NEXORA_RADIUS_AUHT_PORT (environment): unknown key; did you mean NEXORA_RADIUS_AUTH_PORT?",
                "radius.auth.prot (file f line 1): unknown key; did you mean radius.auth.port?",
                "zzz (file f line 2): unknown key",
            ]
        )
    }

    @Test func `No secret appears in reports, errors or descriptions`() {
        let config = ConfigReader(
            environment: [
                "NEXORA_B_URL": "hunter2", "NATS_URL": "nats://hunter2@h:4222,nats://u:hun@ter2@i?x=hunter2",
            ],
            text: "a = hunter2",
            name: "f"
        )
        let secret = config.secret("a", doc: "")
        _ = config.url("b.url", schemes: ["nats"], doc: "")
        _ = config.url("nats.url", alias: "NATS_URL", schemes: ["nats"], doc: "")
        config.refuse("a", "not good enough")
        let said = "\(config.report()) \(problems(config)) \(secret) \(String(reflecting: secret))"
        #expect(!said.contains("hunter2") && !said.contains("ter2"))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(config.report().last?.value == "nats://***@h:4222,nats://u:***@i?...")
    }

    @Test(
        arguments: [
            ("postgres://u:p,w@h1:1,h2:2/d?sslmode=x", "postgres://u:***@h1:1,h2:2/d?..."),
            ("postgres://u:a?b@h/d", "postgres://u:***@h/d?..."), ("postgres://h/d", "postgres://h/d"),
        ])
    func `A URL is shown without its password`(url: String, shown: String) throws {
        let config = ConfigReader(environment: ["DATABASE_URL": url])
        #expect(config.url("database.url", alias: "DATABASE_URL", schemes: ["postgres"], doc: "").revealed == url)
        #expect(config.report().first?.value == shown)
        try config.finish()
    }

    @Test func `A file that cannot be read is a problem`() throws {
        let directory = try TemporaryDirectory()
        let missing = ConfigReader(environment: [:], path: directory.file("none"))
        #expect(problems(missing) == ["\(directory.file("none")): no such file"])
        let path = try directory.write("a = 1\r\n", to: "present")
        let present = ConfigReader(environment: ["NEXORA_CONFIG": path])
        #expect(present.int("a", in: 0...1, doc: "") == 1)
        #expect(problems(present).isEmpty)
        #expect(Environment.current()["PATH"] != nil)
    }

    @Test func `A rule over several keys joins the other problems`() {
        let config = ConfigReader(environment: [:], text: "low = 5", name: "f")
        _ = config.int("low", in: 0...9, doc: "")
        config.refuse("low", "must not exceed high")
        #expect(problems(config) == ["low = \"5\" (file f line 1): must not exceed high"])
    }

    @Test(
        arguments: [
            ("0", Duration.zero), ("15m", .seconds(900)), ("20ms", .milliseconds(20)), ("8d", .seconds(691_200)),
            ("1s500ms", .milliseconds(1_500)), ("7us", .microseconds(7)),
        ])
    func `A duration reads back as it is shown`(text: String, expected: Duration) throws {
        let config = ConfigReader(environment: ["NEXORA_D": text])
        #expect(config.duration("d", in: .zero ... .seconds(1_000_000), doc: "") == expected)
        let shown = try #require(config.report().first?.value)
        let again = ConfigReader(environment: ["NEXORA_D": shown])
        #expect(again.duration("d", in: .zero ... .seconds(1_000_000), doc: "") == expected)
    }

    @Test(arguments: ["", "5", "m", "5x", "-5s", "5 s s", "99999999999999999999s", "9223372036d"])
    func `What is no duration is refused`(text: String) {
        let config = ConfigReader(environment: [:], text: "d = \(text)")
        _ = config.duration("d", in: .zero ... .seconds(Int64.max / 4), doc: "")
        #expect(problems(config).count == 1)
    }
}
