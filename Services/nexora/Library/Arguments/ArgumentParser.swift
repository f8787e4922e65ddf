/// What a command line asks for.
package enum ParsedCommandLine: Sendable {
    /// Run this command.
    case run(CommandSpec, Invocation)
    /// Show help: of one command, of the commands under some words, or of all.
    case help(path: [String])
    /// Show the version.
    case version
}

/// Turns arguments into a command and its values. Pure: reads nothing but its input.
package struct ArgumentParser: Sendable {
    private let commands: [CommandSpec]

    /// A parser for the given commands.
    package init(commands: [CommandSpec]) {
        self.commands = commands
    }

    /// Parses the arguments after the program's name.
    package func parse(_ arguments: [String]) throws(UsageError) -> ParsedCommandLine {
        var words: [String] = []
        var rest = arguments[...]
        // Words that name a command come first; options may stand before them only when they are global flags.
        var leadingFlags: [String] = []
        while let next = rest.first {
            if next == "--version" && words.isEmpty { return .version }
            if words.isEmpty && (next == "--help" || next == "-h" || next == "help") {
                return .help(path: rest.dropFirst().filter { !$0.hasPrefix("-") })
            }
            if next == "--json" && find(words) == nil {
                leadingFlags.append(next)
                rest = rest.dropFirst()
                continue
            }
            guard !next.hasPrefix("-"), commands.contains(where: { $0.path.starts(with: words + [next]) }) else {
                break
            }
            words.append(next)
            rest = rest.dropFirst()
        }
        guard let command = find(words) else {
            if rest.contains("--help") || rest.contains("-h") || (arguments.isEmpty) { return .help(path: words) }
            throw unknownCommand(words: words, next: rest.first)
        }
        if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
            return .help(path: command.path)
        }
        do {
            return .run(command, try invocation(of: command, leadingFlags + rest))
        } catch {
            throw UsageError(error.message, command: command.words)
        }
    }

    private func find(_ words: [String]) -> CommandSpec? {
        commands.first { $0.path == words }
    }

    private func unknownCommand(words: [String], next: String?) -> UsageError {
        guard let next else {
            return UsageError(
                "\"\(words.joined(separator: " "))\" needs a subcommand",
                command: words.joined(separator: " ")
            )
        }
        let candidates = Set(
            commands.filter { $0.path.starts(with: words) && $0.path.count > words.count }.map { $0.path[words.count] }
        )
        let typed = (words + [next]).joined(separator: " ")
        return UsageError(
            "unknown command \"\(typed)\"" + NearestWord.hint(for: next, among: candidates.sorted()),
            command: words.joined(separator: " ")
        )
    }

    private func invocation(of command: CommandSpec, _ arguments: [String]) throws(UsageError) -> Invocation {
        var invocation = Invocation(command: command)
        let options = command.options + CommandSpec.globalOptions
        var positional: [String] = []
        var index = arguments.startIndex
        var onlyPositional = false
        while index < arguments.endIndex {
            let argument = arguments[index]
            index += 1
            if onlyPositional || !argument.hasPrefix("-") || argument == "-" {
                positional.append(argument)
                continue
            }
            if argument == "--" {
                onlyPositional = true
                continue
            }
            guard argument.hasPrefix("--") else {
                throw UsageError("unknown option \"\(argument)\": options have two dashes")
            }
            let body = argument.dropFirst(2)
            let name = String(body.prefix { $0 != "=" })
            guard let option = options.first(where: { $0.name == name }) else {
                throw UsageError(
                    "unknown option \"--\(name)\""
                        + NearestWord.hint(for: name, among: options.map(\.name), prefix: "--")
                )
            }
            var value: String?
            if body.count > name.count {
                value = String(body.dropFirst(name.count + 1))
            } else if option.placeholder != nil {
                guard index < arguments.endIndex else { throw UsageError("--\(name) needs a value") }
                value = arguments[index]
                index += 1
            }
            try invocation.take(option, value)
        }
        try invocation.take(positional: positional)
        return invocation
    }
}
