import Lifecycle

/// The operator's command line: from arguments to an exit code.
package struct NexoraCommandLine: Sendable {
    private let commands: [CommandSpec]
    private let context: CommandContext

    /// A command line of the given commands.
    package init(commands: [CommandSpec], context: CommandContext) {
        self.commands = commands
        self.context = context
    }

    /// Parses, runs and reports. Errors go to standard error, as JSON too when JSON was asked for.
    package func run(_ arguments: [String]) async -> ExitCode {
        let wantsJSON = arguments.prefix { $0 != "--" }.contains("--json")
        do {
            switch try ArgumentParser(commands: commands).parse(arguments) {
            case .help(let path): context.console.write(HelpText(commands: commands).text(for: path))
            case .version: context.console.write("nexora \(NexoraVersion.current)\n")
            case .run(let command, let invocation):
                try await command.action(invocation, context.with(json: invocation.has("json")))
            }
            return .success
        } catch let error as UsageError {
            return report(usage: error, json: wantsJSON)
        } catch {
            let failure = context.explain(error)
            tell(failure.message, code: failure.code, json: wantsJSON)
            return failure.code
        }
    }

    private func report(usage error: UsageError, json: Bool) -> ExitCode {
        tell(error.message, code: .usage, json: json)
        if !json {
            if let command = commands.first(where: { $0.words == error.command }) {
                context.console.note(HelpText.usage(of: command))
            }
            let words = error.command.isEmpty ? "" : error.command + " "
            context.console.note("Try: nexora \(words)--help")
        }
        return .usage
    }

    private func tell(_ message: String, code: ExitCode, json: Bool) {
        guard json else { return context.console.note("nexora: \(message)") }
        var error = OutputRecord()
        error.add("error", .text(message))
        error.add("exitCode", .integer(Int64(code.rawValue)))
        Report(console: context.errorConsole, isJSON: true).one(error)
    }
}

/// The version that every part of this release tells.
package enum NexoraVersion {
    /// As `nexora --version` shows it.
    package static let current = Build.version
}
