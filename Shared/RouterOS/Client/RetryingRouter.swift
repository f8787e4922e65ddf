package import Concurrency

/// A router whose commands are repeated where that may help: after a broken connection, a timeout, while as many as may wait. Only
/// for commands that may be carried out twice, such as those of the typed operations: whether one was is not always known.
package struct RetryingRouter: CommandRunner {
    private let base: any CommandRunner
    private let attempts: Int
    private let backoff: Backoff

    /// At most so many attempts, with the waits of `backoff` between them.
    package init(_ base: any CommandRunner, attempts: Int = 3, backoff: Backoff = Backoff(maximum: .seconds(2))) {
        precondition(attempts > 0, "no attempt at all")
        self.base = base
        self.attempts = attempts
        self.backoff = backoff
    }

    package func run(_ command: RouterCommand) async throws(RouterOSError) -> RouterAnswer {
        var waits = backoff
        var left = attempts
        while true {
            left -= 1
            do throws(RouterOSError) {
                return try await base.run(command)
            } catch {
                // A router that is left alone is so for longer than anybody waits here.
                guard left > 0, error.disposition == .retry, error.code != .resting else { throw error }
                do {
                    try await pause(for: waits.next())
                } catch {
                    throw RouterOSError(.cancelled, "cancelled between two attempts", wasSent: true)
                }
            }
        }
    }
}
