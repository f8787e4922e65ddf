import Glibc
import SMTPServerSimulator

exit(Application.run(Array(CommandLine.arguments.dropFirst())))
