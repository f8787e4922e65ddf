import Domain
import NexoraCommand
import RADIUS
import SharedTesting
import Testing

@Suite struct DictionaryCommandTests {
    /// Runs a command line, as it is typed: the dictionary needs no server.
    private func run(_ line: String) async -> CommandRun.Result {
        let heard = Heard()
        let context = CommandContext(
            console: Console(
                output: { heard.hear($0) },
                errors: { heard.hearError($0) },
                readLine: { nil },
                columns: nil,
                showsProgress: false
            ),
            environment: [:],
            backends: CommandRun.backends { await never() },
            time: TimeSource { Timestamp(microseconds: 0) }
        )
        let words = CommandRun.words(of: line)
        let code = await NexoraCommandLine(commands: allCommands, context: context).run(words)
        return CommandRun.Result(code: code, output: heard.output, errors: heard.errors)
    }

    @Test(.proves("RAD-19")) func `an attribute is shown by name or number, with its values`() async throws {
        let status = await run("dictionary acct-status-type --json")
        let record = try OutputValue(json: Array(status.output.utf8))
        #expect(record["name"] == .text("Acct-Status-Type") && record["number"] == .text("40"))
        #expect(record["type"] == .text("integer") && record["vendor"] == .null)
        guard case .list(let values) = record["values"] else {
            Issue.record("no values: \(status.output)")
            return
        }
        #expect(values.contains(.text("Start=1")) && values.contains(.text("Accounting-Off=8")))
        let rate = await run("dictionary 26.14988.8")
        #expect(rate.output.contains("Mikrotik-Rate-Limit") && rate.output.contains("Mikrotik\n"))
        let hidden = await run("dictionary Tunnel-Password --json")
        #expect(hidden.output.contains(#"["has_tag","encrypt=2"]"#))
    }

    @Test func `attributes are searched, and lists are cut with a word about it`() async throws {
        let rates = await run("dictionary rate-limit --json")
        #expect(rates.output.contains("Mikrotik-Rate-Limit"))
        let cisco = await run("dictionary 26.9 --limit 3")
        #expect(cisco.output.contains("Cisco-AVPair") && cisco.errors.contains("3 of "))
        let all = await run("dictionary --limit 2")
        #expect(all.output.split(separator: "\n").count == 3)
        let none = await run("dictionary no-such-thing")
        #expect(none.code == .notFound && none.errors.contains("no-such-thing"))
    }

    @Test(.proves("RAD-19")) func `a file of one's own is read from its folder, and problems are named`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("$INCLUDE more\nVALUE Nobody A 1\n", to: "main")
        try directory.write("ATTRIBUTE Own-Thing 9 octets[4]\n", to: "more")
        try directory.write("ATTRIBUTE One 1 string\nATTRIBUTE Two\n", to: "broken")
        try directory.write("$INCLUDE ../more\n", to: "out")
        let own = await run("dictionary own-thing --path \(directory.file("main"))")
        #expect(own.code == .success && own.output.contains("octets[4]"))
        #expect(own.errors.contains("warning: main:2: unknown attribute \"Nobody\""))
        let broken = await run("dictionary --path \(directory.file("broken"))")
        #expect(broken.code == .badData && broken.errors.contains("broken:2: expected: ATTRIBUTE"))
        let out = await run("dictionary --path \(directory.file("out"))")
        #expect(out.code == .badData && out.errors.contains("outside the dictionary's folder"))
        let missing = await run("dictionary --path \(directory.file("nowhere"))")
        #expect(missing.code == .notFound && missing.errors.contains("nowhere"))
        let folder = await run("dictionary --path \(directory.path)")
        #expect(folder.code == .badData)
    }

    @Test(.proves("RAD-19")) func `without FreeRADIUS' files the server's own dictionary serves`() throws {
        let own = try DictionaryFolder.load(nil, standard: "/nowhere/dictionary")
        #expect(own.source == "built-in" && own.dictionary.attribute(named: "Mikrotik-Rate-Limit") != nil)
        let debian = try DictionaryFolder.load(nil)
        #expect(debian.source == "/usr/share/freeradius/dictionary")
        #expect(debian.dictionary.attributes.count > own.dictionary.attributes.count)
    }
}
