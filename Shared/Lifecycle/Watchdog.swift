import Concurrency
import Glibc
import Observability

/// Ends a process whose services ignore even cancellation.
enum Watchdog {
    /// Exits with 1 unless the process is gone by itself within `limit`.
    static func start(limit: Duration, logger: Logger) {
        let never = Monitor(false)
        do {
            _ = try PlatformThread.start(name: "watchdog") {
                _ = never.wait(until: .after(limit), for: { $0 }) { _ in }
                logger.fatal("services ignore cancellation, exiting")
                _exit(ExitCode.failure)
            }
        } catch {
            logger.error("no watchdog", ["error": .error(error)])
        }
    }
}
