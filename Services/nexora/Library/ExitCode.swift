/// What the process tells its caller. Documented in help; scripts depend on the numbers.
package enum ExitCode: Int32, CaseIterable, Sendable {
    case success = 0
    case failed = 1
    case usage = 2
    case notFound = 3
    case conflict = 4
    case badData = 65
    case unavailable = 69
    case badSettings = 78

    /// One line for help.
    package var meaning: String {
        switch self {
        case .success: "done"
        case .failed: "failed; nothing was changed unless the text says so"
        case .usage: "the command line is wrong"
        case .notFound: "what was named does not exist"
        case .conflict: "it exists already, or something still uses it"
        case .badData: "bad rows in the input"
        case .unavailable: "a server cannot be reached"
        case .badSettings: "a setting or the keyring is wrong or missing"
        }
    }
}

/// A command's own failure: the text for the operator and the exit code.
package struct CommandFailure: Error, Equatable {
    /// The exit code.
    package let code: ExitCode
    /// What is wrong and what to do about it. Never holds a secret.
    package let message: String

    /// A failure with its text.
    package init(_ code: ExitCode, _ message: String) {
        self.code = code
        self.message = message
    }
}
