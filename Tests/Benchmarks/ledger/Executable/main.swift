import Glibc
import LedgerLoad

exit(await LedgerLoad.run())
