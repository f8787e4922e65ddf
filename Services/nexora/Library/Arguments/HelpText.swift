/// Help as text: of everything, of a group of commands, of one command.
package struct HelpText: Sendable {
    private let commands: [CommandSpec]

    /// Help for the given commands.
    package init(commands: [CommandSpec]) {
        self.commands = commands
    }

    /// The help for some words: the command they name, else the commands that begin with them, else all.
    package func text(for path: [String]) -> String {
        if let command = commands.first(where: { $0.path == path }) { return Self.text(of: command) }
        let group = commands.filter { $0.path.starts(with: path) }
        return overview(of: group.isEmpty ? commands : group, isAll: path.isEmpty || group.isEmpty)
    }

    private func overview(of group: [CommandSpec], isAll: Bool) -> String {
        let width = group.map(\.words.count).max() ?? 0
        var lines = ["Usage: nexora COMMAND [OPTIONS]", "", "Commands:"]
        for command in group {
            lines.append("  " + command.words.padded(to: width + 2) + command.summary)
        }
        lines += ["", "nexora COMMAND --help shows a command's options and examples."]
        guard isAll else { return lines.joined(separator: "\n") + "\n" }
        lines += ["", "Every command takes --json. Where to find the servers comes from the environment:"]
        lines += Self.environment.map { "  " + $0.0.padded(to: 22) + $0.1 }
        lines += ["", "Exit codes:"]
        lines += ExitCode.allCases.map { "  " + "\($0.rawValue)".padded(to: 4) + $0.meaning }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Settings of the environment that commands read.
    static let environment: [(String, String)] = [
        ("DATABASE_URL", "Postgres, as the owner of Nexora's tables"),
        ("NATS_URL", "NATS with JetStream (tail, explain, dlq replay, doctor)"),
        ("REDIS_URL", "Redis (doctor)"),
        ("NEXORA_KEYRING_PATH", "the keyring that opens sealed secrets; default .run/keyring"),
    ]

    private static func text(of command: CommandSpec) -> String {
        var lines = [usage(of: command), "", command.summary]
        if !command.details.isEmpty { lines += ["", command.details] }
        if !command.arguments.isEmpty {
            lines += ["", "Arguments:"]
            lines += command.arguments.map { "  " + $0.name.padded(to: 28) + $0.help }
        }
        lines += ["", "Options:"]
        for option in command.options + CommandSpec.globalOptions {
            let head = "--\(option.name)" + (option.placeholder.map { " " + $0 } ?? "")
            var help = option.help
            if !option.choices.isEmpty { help += " One of: \(option.choices.joined(separator: ", "))." }
            if option.isRepeated { help += " May be repeated." }
            if option.isRequired { help += " Required." }
            lines.append(
                head.count < 27 ? "  " + head.padded(to: 28) + help : "  " + head + "\n" + "".padded(to: 30) + help
            )
        }
        lines += ["", "Examples:"] + command.examples.map { "  " + $0 }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The one line that says how a command is written.
    package static func usage(of command: CommandSpec) -> String {
        var parts = ["Usage: nexora", command.words]
        parts += command.arguments.map { $0.isRequired ? $0.name : "[\($0.name)]" }
        parts += command.options.filter(\.isRequired).map { "--\($0.name) \($0.placeholder ?? "")" }
        return (parts + ["[OPTIONS]"]).joined(separator: " ")
    }
}

extension String {
    /// The text followed by spaces up to a width; never shortened.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
