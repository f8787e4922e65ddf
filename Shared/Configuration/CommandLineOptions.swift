/// The options that every daemon takes.
package struct CommandLineOptions: Sendable, Equatable {
    /// What the process is asked to do.
    package enum Action: Sendable, Equatable {
        /// Serve until told to stop.
        case run
        /// Print the resolved configuration, or what is wrong with it, and exit.
        case check
        /// Print the version and exit.
        case version
        /// Print the options and every key and exit.
        case help
    }

    /// An option that does not exist or lacks its value.
    package struct UsageError: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    package private(set) var action = Action.run
    /// The configuration file of `--config`.
    package private(set) var configurationPath: String?

    /// Reads the arguments behind the program's name.
    package init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--check": choose(.check)
            case "--version": choose(.version)
            case "--help", "-h": choose(.help)
            case "--config":
                guard let path = rest.popFirst(), !path.isEmpty else {
                    throw UsageError(description: "--config needs the path of a file")
                }
                configurationPath = path
            case _ where argument.hasPrefix("--config=") && argument.utf8.count > 9:
                configurationPath = String(argument.dropFirst(9))
            default:
                let known = ["--config", "--check", "--version", "--help"]
                let meant = NearestKey.of(argument, among: known).map { "; did you mean \($0)?" } ?? ""
                throw UsageError(description: "unknown option \(argument)" + meant)
            }
        }
    }

    /// Where several are asked for, the most harmless wins.
    private mutating func choose(_ asked: Action) {
        let order: [Action] = [.run, .check, .version, .help]
        action = order.last { $0 == action || $0 == asked } ?? asked
    }

    /// The text of `--help`: options, then each key with its environment name, kind, default and meaning.
    package static func help(program: String, keys: [ConfigReader.Entry]) -> String {
        var text = """
            Usage: \(program) [--config FILE] [--check | --version | --help]

              --config FILE  read "key = value" lines from FILE (also NEXORA_CONFIG)
              --check        print every key with its value and source, or what is wrong (exit 78), and stop
              --version      print the version and stop
              --help         print this and stop

            Keys (environment wins over file, file over default):

            """
        for key in keys {
            text += "\n  \(key.key)  \(key.environmentNames.joined(separator: ", "))\n"
            text += "      \(key.documentation)\n      \(key.kind); default: \(key.defaultText)\n"
        }
        return text
    }
}
