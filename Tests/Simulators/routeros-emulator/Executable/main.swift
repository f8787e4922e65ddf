import Glibc
import RouterOSEmulator

exit(Application.run(Array(CommandLine.arguments.dropFirst())))
