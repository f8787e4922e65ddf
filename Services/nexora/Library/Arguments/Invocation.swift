/// The options and arguments one command was given, checked against its specification.
package struct Invocation: Sendable {
    /// The command.
    package let command: CommandSpec
    private var values: [String: [String]] = [:]
    private var arguments: [String: String] = [:]

    init(command: CommandSpec) {
        self.command = command
    }

    /// Whether an option was given at all.
    package func has(_ name: String) -> Bool {
        values[name] != nil
    }

    /// An option's value, nil when it was not given. The last one when the option repeats.
    package func string(_ name: String) -> String? {
        values[name]?.last
    }

    /// Every value of a repeated option, in order.
    package func strings(_ name: String) -> [String] {
        values[name] ?? []
    }

    /// A positional argument, nil when it is optional and missing.
    package func argument(_ name: String) -> String? {
        arguments[name]
    }

    /// An option that the specification requires, or one that this use of the command does.
    package func required(_ name: String) throws(UsageError) -> String {
        guard let value = string(name) else { throw UsageError("--\(name) is required", command: command.words) }
        return value
    }

    /// A positional argument that the specification requires.
    package func requiredArgument(_ name: String) throws(UsageError) -> String {
        guard let value = argument(name) else { throw UsageError("\(name) is missing", command: command.words) }
        return value
    }

    /// An error about an option's value.
    package func invalid(_ name: String, _ expected: String) -> UsageError {
        UsageError("--\(name) \"\(string(name) ?? "")\": \(expected)", command: command.words)
    }

    // MARK: - Filling

    mutating func take(_ option: OptionSpec, _ value: String?) throws(UsageError) {
        if option.placeholder == nil {
            guard value == nil else { throw UsageError("--\(option.name) takes no value") }
            values[option.name] = []
            return
        }
        guard let value else { throw UsageError("--\(option.name) needs a value") }
        if !option.isRepeated && values[option.name] != nil {
            throw UsageError("--\(option.name) is given more than once")
        }
        if !option.choices.isEmpty && !option.choices.contains(value) {
            throw UsageError("--\(option.name) \"\(value)\": must be one of \(option.choices.joined(separator: ", "))")
        }
        values[option.name, default: []].append(value)
    }

    mutating func take(positional: [String]) throws(UsageError) {
        for (spec, value) in zip(command.arguments, positional) {
            guard !value.isEmpty else { throw UsageError("\(spec.name) is empty") }
            arguments[spec.name] = value
        }
        if positional.count > command.arguments.count {
            throw UsageError("unexpected argument \"\(positional[command.arguments.count])\"")
        }
        if let missing = command.arguments.dropFirst(positional.count).first(where: \.isRequired) {
            throw UsageError("\(missing.name) is missing")
        }
        if let missing = command.options.first(where: { $0.isRequired && !has($0.name) }) {
            throw UsageError("--\(missing.name) is required")
        }
    }
}
