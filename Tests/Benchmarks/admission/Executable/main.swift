import AdmissionLoad
import Glibc

exit(await AdmissionLoad.run())
