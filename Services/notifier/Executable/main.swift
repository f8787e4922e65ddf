import Glibc
import Notifier

// Nothing is buffered; the libraries' own handlers would run beside threads that still use them.
_exit(await Application.run())
