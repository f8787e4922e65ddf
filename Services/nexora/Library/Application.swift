import Glibc

/// Runs the command line on the process's own console and environment; returns the exit code.
package func runNexora(arguments: [String]) async -> Int32 {
    let context = CommandContext(console: .process(), environment: processEnvironment())
    return await NexoraCommandLine(commands: allCommands, context: context).run(arguments).rawValue
}

/// Every command, in the order of help.
package let allCommands: [CommandSpec] = []

/// The environment's variables as they are now.
private func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = unsafe environ
    // SAFETY: environ is a list of C strings that ends with a null; nothing in this process changes it.
    while let text = unsafe entry.pointee {
        let parts = unsafe String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        unsafe entry += 1
    }
    return variables
}
