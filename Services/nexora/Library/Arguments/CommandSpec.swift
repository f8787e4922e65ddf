/// One option of a command: `--name value`, `--name=value`, or a flag `--name`.
package struct OptionSpec: Sendable {
    /// The option's name without its dashes.
    package let name: String
    /// What stands for its value in help (`NAME`); nil for a flag.
    package let placeholder: String?
    /// One sentence for help.
    package let help: String
    /// Whether the command is refused without it.
    package let isRequired: Bool
    /// Whether it may be given more than once.
    package let isRepeated: Bool
    /// The values it takes; empty when any will do.
    package let choices: [String]

    /// An option that takes a value.
    package static func value(
        _ name: String,
        _ placeholder: String,
        _ help: String,
        required: Bool = false,
        repeated: Bool = false,
        choices: [String] = []
    ) -> Self {
        Self(
            name: name,
            placeholder: placeholder,
            help: help,
            isRequired: required,
            isRepeated: repeated,
            choices: choices
        )
    }

    /// An option without a value.
    package static func flag(_ name: String, _ help: String) -> Self {
        Self(name: name, placeholder: nil, help: help, isRequired: false, isRepeated: false, choices: [])
    }
}

/// One positional argument of a command.
package struct ArgumentSpec: Sendable {
    /// Its name in help and in error texts.
    package let name: String
    /// One sentence for help.
    package let help: String
    /// Whether the command is refused without it. Optional ones stand last.
    package let isRequired: Bool

    /// An argument; required unless said otherwise.
    package init(_ name: String, _ help: String, required: Bool = true) {
        self.name = name
        self.help = help
        self.isRequired = required
    }
}

/// A command: its words, what it takes, how it is explained and what it does.
package struct CommandSpec: Sendable {
    /// What the command does with its parsed invocation; throws what `ExitCode` maps to an exit code.
    package typealias Action = @Sendable (Invocation, CommandContext) async throws -> Void

    /// The words that name it: `["tenant", "add"]`.
    package let path: [String]
    /// One line for the list of commands.
    package let summary: String
    /// Paragraphs under the usage line; may be empty.
    package let details: String
    /// Positional arguments in order.
    package let arguments: [ArgumentSpec]
    /// Options, without the global ones.
    package let options: [OptionSpec]
    /// Lines that work when pasted; each stands with its comment above it in help.
    package let examples: [String]
    /// The command itself.
    package let action: Action

    /// A command under the given words, separated by spaces.
    package init(
        _ words: String,
        _ summary: String,
        details: String = "",
        arguments: [ArgumentSpec] = [],
        options: [OptionSpec] = [],
        examples: [String],
        action: @escaping Action
    ) {
        self.path = words.split(separator: " ").map(String.init)
        self.summary = summary
        self.details = details
        self.arguments = arguments
        self.options = options
        self.examples = examples
        self.action = action
    }

    /// The words as they are typed.
    package var words: String { path.joined(separator: " ") }

    /// Options every command takes.
    package static let globalOptions: [OptionSpec] = [
        .flag("json", "Write JSON instead of a table: one object, or an array for a list."),
        .flag("help", "Show this help."),
    ]
}
