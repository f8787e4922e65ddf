import Glibc
import NexoraCommand

/// The operator's command line.
@main
struct Nexora {
    static func main() async {
        // Nothing is buffered; the libraries' own handlers would run beside threads that still use them.
        _exit(await runNexora(arguments: Array(CommandLine.arguments.dropFirst())))
    }
}
