import Glibc
import NASSimulator

exit(await Application.run(Array(CommandLine.arguments.dropFirst())))
