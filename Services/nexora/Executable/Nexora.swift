import Glibc
import NexoraCommand

/// The operator's command line.
@main
struct Nexora {
    static func main() async {
        exit(await runNexora(arguments: Array(CommandLine.arguments.dropFirst())))
    }
}
