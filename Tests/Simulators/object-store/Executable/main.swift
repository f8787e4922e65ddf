import Glibc
import ObjectStoreSimulator

exit(await Application.run(Array(CommandLine.arguments.dropFirst())))
