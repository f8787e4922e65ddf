import Crypto

/// Where a command takes a secret from. Never the command line itself, which every user of the machine can read.
enum SecretSource: Equatable {
    case generate
    case standardInput
    case environment(String)
    case none

    /// The forms for help.
    static let forms = "generate (default), stdin (its first line) or env:NAME"

    /// Reads the option's text; generated when it was not given.
    init(_ invocation: Invocation, _ option: String, allowsNone: Bool = false) throws(UsageError) {
        switch invocation.string(option) {
        case nil, "generate": self = .generate
        case "stdin": self = .standardInput
        case "none" where allowsNone: self = .none
        case .some(let text) where text.hasPrefix("env:") && text.count > 4:
            self = .environment(String(text.dropFirst(4)))
        case .some:
            throw UsageError(
                "--\(option): must be generate, stdin or env:NAME; a secret itself never stands on the command line",
                command: invocation.command.words
            )
        }
    }

    /// The secret; nil when there is to be none.
    func secret(length: Int, context: CommandContext) throws(CommandFailure) -> GivenSecret? {
        switch self {
        case .none: return nil
        case .generate: return GivenSecret(text: Self.generated(length: length), isGenerated: true)
        case .standardInput:
            guard let line = context.console.readLine(), !line.isEmpty else {
                throw CommandFailure(.badData, "standard input has no secret on its first line")
            }
            return GivenSecret(text: line, isGenerated: false)
        case .environment(let name):
            guard let value = context.environment[name], !value.isEmpty else {
                throw CommandFailure(.badData, "the environment has no variable \(name), or it is empty")
            }
            return GivenSecret(text: value, isGenerated: false)
        }
    }

    /// Letters and digits that nobody mistakes for one another, each drawn evenly: 5.8 bits a character.
    static func generated(length: Int) -> String { Randomness.password(length: length) }
}

/// A secret as it came.
struct GivenSecret {
    let text: String
    /// Whether we made it up, so that it has to be shown once.
    let isGenerated: Bool

    /// Its octets.
    var bytes: [UInt8] { Array(text.utf8) }
}
