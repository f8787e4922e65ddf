import Glibc
import RadiusServer

exit(await Application.run())
