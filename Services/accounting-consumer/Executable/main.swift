import AccountingConsumer
import Glibc

exit(await Application.run())
