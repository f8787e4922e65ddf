import Configuration
import Testing

@Suite struct CommandLineOptionsTests {
    @Test func `Options are read in either form`() throws {
        #expect(try CommandLineOptions([]).action == .run)
        let options = try CommandLineOptions(["--config", "/etc/x", "--check"])
        #expect(options.action == .check)
        #expect(options.configurationPath == "/etc/x")
        #expect(try CommandLineOptions(["--config=/y"]).configurationPath == "/y")
        #expect(try CommandLineOptions(["--help", "--check"]).action == .help)
        #expect(try CommandLineOptions(["--version"]).action == .version)
    }

    @Test func `Wrong options are refused with the nearest`() {
        let unknown = #expect(throws: CommandLineOptions.UsageError.self) { try CommandLineOptions(["--chek"]) }
        #expect(unknown?.description == "unknown option --chek; did you mean --check?")
        #expect(throws: CommandLineOptions.UsageError.self) { try CommandLineOptions(["--config"]) }
        #expect(throws: CommandLineOptions.UsageError.self) { try CommandLineOptions(["--config="]) }
        #expect(throws: CommandLineOptions.UsageError.self) { try CommandLineOptions(["serve"]) }
    }

    @Test func `Help names every key with environment name, kind, default and meaning`() {
        let config = ConfigReader(environment: [:])
        _ = config.duration("a.wait", default: .seconds(90), in: .zero ... .seconds(120), doc: "How long to wait.")
        let help = CommandLineOptions.help(program: "radius-server", keys: config.report())
        #expect(help.contains("Usage: radius-server "))
        #expect(
            help.hasSuffix(
                """

                  a.wait  NEXORA_A_WAIT
                      How long to wait.
                      a duration in 0...2m (units ns us ms s m h d); default: 90s

                """
            )
        )
    }
}
