import NexoraCommand
import SharedTesting
import Testing

@Suite struct ArgumentParserTests {
    static let commands: [CommandSpec] = [
        CommandSpec(
            "tenant add",
            "Adds a tenant.",
            arguments: [ArgumentSpec("NAME", "Its name.")],
            options: [
                .value("kind", "KIND", "Its kind.", required: true, choices: ["provider", "reseller"]),
                .value("label", "TEXT", "A label.", repeated: true), .value("limit", "N", "A number."),
                .flag("force", "Asks nothing."),
            ],
            examples: ["nexora tenant add Acme --kind provider"],
            action: { _, _ in }
        ),
        CommandSpec(
            "tenant list",
            "Lists tenants.",
            arguments: [ArgumentSpec("FILTER", "A filter.", required: false)],
            examples: ["nexora tenant list"],
            action: { _, _ in }
        ),
        CommandSpec("doctor", "Checks.", examples: ["nexora doctor"], action: { _, _ in }),
    ]

    private func parse(_ line: String...) throws(UsageError) -> Invocation {
        guard case .run(_, let invocation) = try ArgumentParser(commands: Self.commands).parse(line) else {
            throw UsageError("not a command")
        }
        return invocation
    }

    private func message(_ line: String...) -> String? {
        do {
            _ = try ArgumentParser(commands: Self.commands).parse(line)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func `options are read with a space or an equals sign, flags without a value`() throws {
        let invocation = try parse(
            "tenant",
            "add",
            "Acme",
            "--kind=provider",
            "--label",
            "a=b",
            "--label",
            "",
            "--force",
            "--json"
        )
        #expect(invocation.argument("NAME") == "Acme")
        #expect(invocation.string("kind") == "provider")
        #expect(invocation.strings("label") == ["a=b", ""])
        #expect(invocation.has("force") && invocation.has("json") && !invocation.has("limit"))
        #expect(invocation.clearable("label") == .some(nil))
    }

    @Test func `global json may stand first and two dashes end the options`() throws {
        #expect(try parse("--json", "tenant", "list").has("json"))
        #expect(try parse("tenant", "list", "--", "--odd").argument("FILTER") == "--odd")
        #expect(try parse("tenant", "list").argument("FILTER") == nil)
    }

    @Test(arguments: [
        (["tenant", "ad"], "unknown command \"tenant ad\"; did you mean \"add\"?"),
        (["tenat", "list"], "unknown command \"tenat\"; did you mean \"tenant\"?"),
        (["tenant"], "\"tenant\" needs a subcommand"),
        (["tenant", "add", "A", "--knd", "x"], "unknown option \"--knd\"; did you mean \"--kind\"?"),
        (["tenant", "add", "A", "-k"], "unknown option \"-k\": options have two dashes"),
        (["tenant", "add", "A"], "--kind is required"),
        (["tenant", "add", "--kind", "provider"], "NAME is missing"),
        (["tenant", "add", "", "--kind", "provider"], "NAME is empty"),
        (["tenant", "add", "A", "B", "--kind", "provider"], "unexpected argument \"B\""),
        (["tenant", "add", "A", "--kind", "isp"], "--kind \"isp\": must be one of provider, reseller"),
        (["tenant", "add", "A", "--kind"], "--kind needs a value"),
        (["tenant", "add", "A", "--force=1", "--kind", "provider"], "--force takes no value"),
        (["tenant", "add", "A", "--limit", "1", "--limit", "2"], "--limit is given more than once"),
    ])
    func `a bad command line says what is wrong`(_ line: [String], _ expected: String) {
        #expect(throws: UsageError.self) { try ArgumentParser(commands: Self.commands).parse(line) }
        do {
            _ = try ArgumentParser(commands: Self.commands).parse(line)
        } catch {
            #expect(error.message == expected)
        }
    }

    @Test func `help is found for everything, a group and a command`() throws {
        for (line, path) in [
            ([], []), (["--help"], []), (["help", "tenant"], ["tenant"]), (["tenant", "--help"], ["tenant"]),
            (["tenant", "add", "--help"], ["tenant", "add"]), (["help", "tenant", "add"], ["tenant", "add"]),
        ] as [([String], [String])] {
            guard case .help(let found) = try ArgumentParser(commands: Self.commands).parse(line) else {
                Issue.record("\(line) is no help")
                continue
            }
            #expect(found == path)
        }
        let text = HelpText(commands: Self.commands).text(for: ["tenant", "add"])
        #expect(text.contains("Usage: nexora tenant add NAME --kind KIND [OPTIONS]"))
        #expect(text.contains("One of: provider, reseller. Required."))
        #expect(text.contains("nexora tenant add Acme --kind provider"))
    }

    @Test func `typed values are range-checked`() throws {
        let invocation = try parse("tenant", "add", "A", "--kind", "provider", "--limit", "70000")
        #expect(try invocation.integer("limit", in: 1...100_000) == 70_000)
        #expect(throws: UsageError("--limit \"70000\": must be a whole number from 1 to 65535", command: "tenant add"))
        {
            try invocation.integer("limit", in: 1...65_535)
        }
    }

    @Test(arguments: [
        ("512k", 512_000), ("50M", 50_000_000), ("2.5M", 2_500_000), ("1G", 1_000_000_000), ("1000", 1000),
        ("0.001k", 1),
    ])
    func `speeds are read with their suffix`(_ text: String, _ expected: Int64) {
        #expect(Invocation.bitRate(parsing: text) == expected)
    }

    @Test(arguments: [
        "", "0", "-1", "M", "1.5", "1.0001k", "1e6", "9999999999999999G", "1M M", " 1M", "+5", "0.0M", "1.",
    ])
    func `what is no speed is refused`(_ text: String) {
        #expect(Invocation.bitRate(parsing: text) == nil)
    }

    @Test func `arbitrary words never crash the parser`() {
        var random = SeededRandom()
        let pool = [
            "tenant", "add", "list", "--kind", "--kind=", "provider", "--", "-", "--json", "--help", "", "=", "--label",
            "é",
        ]
        for _ in 0..<2_000 {
            let line = (0..<Int.random(in: 0...7, using: &random)).map { _ in
                pool[Int.random(in: 0..<pool.count, using: &random)]
            }
            _ = try? ArgumentParser(commands: Self.commands).parse(line)
        }
    }
}
