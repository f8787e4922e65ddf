import Glibc
import NoticeProvidersSimulator

exit(await Application.run(Array(CommandLine.arguments.dropFirst())))
