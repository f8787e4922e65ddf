/// The command line cannot be understood: what is wrong, and the command whose usage would help.
package struct UsageError: Error, Equatable {
    /// What is wrong, naming the argument. Never holds the value of a secret.
    package let message: String
    /// The words of the command it was given to; empty when none was recognised.
    package var command: String

    /// An error about the command with the given words.
    package init(_ message: String, command: String = "") {
        self.message = message
        self.command = command
    }
}
