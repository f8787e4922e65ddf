/// What a command works with: where it writes, its settings, time and chance.
package struct CommandContext: Sendable {
    /// Where it writes and reads.
    package let console: Console
    /// The environment's variables.
    package let environment: [String: String]
    /// Whether JSON was asked for.
    package private(set) var isJSON = false

    /// A context over the given ends.
    package init(console: Console, environment: [String: String]) {
        self.console = console
        self.environment = environment
    }

    /// The same context for a command that was asked for JSON or not.
    func with(json: Bool) -> CommandContext {
        var copy = self
        copy.isJSON = json
        return copy
    }

    /// Where results go.
    package var report: Report { Report(console: console, isJSON: isJSON) }

    /// The console with its output turned to standard error.
    var errorConsole: Console {
        Console(
            output: console.errors,
            errors: console.errors,
            readLine: console.readLine,
            columns: console.columns,
            showsProgress: false
        )
    }

    /// What an error means to the operator.
    func explain(_ error: any Error) -> CommandFailure {
        if let failure = error as? CommandFailure { return failure }
        return CommandFailure(.failed, "\(error)")
    }
}
